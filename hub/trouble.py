"""The one error that reaches people as a sentence: what is wrong and what to do about it."""


class Trouble(Exception):
    """Something that the reader can act on; its text is shown as it is, without a traceback."""
