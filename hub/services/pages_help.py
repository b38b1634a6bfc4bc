"""What students and instructors can read and print: the pages of docs/howto, as they are, for everybody."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from tornado.web import RequestHandler

from hub.services.page import OWN
from hub.services.state import PREFIX

TEXTS = Path(__file__).resolve().parent.parent.parent / "docs" / "howto"
PAGES = {"student": "For students", "instructor": "For instructors"}


@cache
def rendered(name: str) -> str:
    """One page as HTML; its text is ours, and markup in it is taken as text all the same."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return str(markdown.render((TEXTS / f"{name}.md").read_text(encoding="utf-8")))


class Help(RequestHandler):
    """A page that can be read before anybody has signed in: whoever cannot sign in needs it most."""

    def get(self, name: str = "") -> None:
        self.set_header("Content-Security-Policy", OWN)
        name = name or "student"
        self.render("help.html", prefix=PREFIX, person=None, name=name, pages=PAGES, text=rendered(name))


HANDLERS = (("help", Help), (f"help/({'|'.join(PAGES)})", Help))
