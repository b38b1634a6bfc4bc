"""What the lines of a shell would fetch."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from hub.downloads import Download, Kind, Wanted, tables

SEPARATORS = {";", "&", "&&", "|", "||", "(", ")", "`"}
BEFORE_A_PROGRAM = {"sudo", "-m", "time", "env", "exec", "nohup", "python", "python3", "then", "do", "else", "if", "!"}
WITH_A_WORD = {
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VERBS = {"install", "add", "download", "create", "pip"}
LONGEST = 60  # characters of a command that are shown
ADDRESS = re.compile(r"(?:https?|ftp)://\S+|git@[\w.-]+:\S+|ssh://\S+")


def found(command: str) -> Iterator[Download]:
    """What one line would fetch, which may hold several commands."""
    for words in _split(command):
        kind, rest = _program(words)
        if kind is not None:
            past = kind is Kind.FILE and rest[0].rpartition("/")[2] not in tables.ANSWERED
            yield replace(_of(kind, rest), code=f"`{command[:LONGEST]}`", by_path=past)


def _of(kind: Kind, words: list[str]) -> Download:
    """What a command fetches, by its words from the program's name on."""
    links = [word.rstrip("'\"") for word in words if ADDRESS.fullmatch(word)]
    wanted = tuple(Wanted(link, _kept_as(link, words), whole="$" not in link and "{" not in link) for link in links)
    match kind:
        case Kind.PACKAGE | Kind.CONDA:
            packages = tuple(_packages(words))
            told = ", ".join(packages) or "packages"
            return Download(kind, f"the packages {told}" if len(packages) > 1 else f"the package {told}", (), packages)
        case Kind.REPOSITORY:
            told = links[0] if links else "the one of this folder"
            return Download(kind, f"the repository {told}", wanted)
        case Kind.PROGRAM:
            named = " ".join(word for word in words[1:] if not word.startswith("-"))
            return Download(kind, f"programs from outside ({words[0]} {named[:LONGEST]})")
    if not links:
        return Download(kind, f"what {words[0]} fetches", ())
    return Download(kind, f"the file {links[0]}" if len(links) == 1 else f"{len(links)} files", wanted)


def _kept_as(link: str, words: list[str]) -> str:
    """The name of the file at an address: the one that is said, else the address's last part."""
    for flag, word in pairwise(words):
        if flag in ("-O", "-o", "--output", "--output-document") and not word.startswith(("-", "http", "ftp")):
            return word.rpartition("/")[2] if word != "/dev/null" else ""
    return link.partition("?")[0].rstrip("/").rpartition("/")[2]


def _packages(words: list[str]) -> Iterator[str]:
    """What pip or conda is asked for: names as they are written, files and addresses as they stand."""
    rest = iter(words[1:])
    for word in rest:
        if word in WITH_A_WORD:
            what = next(rest, "")
            if word in ("-r", "--requirement"):
                yield f"those of {what}"
        elif not word.startswith(("-", ".", "/")) and not word.endswith(".whl") and word not in VERBS:
            yield word


def _program(words: list[str]) -> tuple[Kind | None, list[str]]:
    """What kind of download a command makes, with its words from the program's name on."""
    rest = words
    while rest and (_is_before(rest[0]) or (rest[0][:1] == "-" and len(rest) > 1)):
        rest = rest[1:]
    if not rest:
        return None, []
    program = rest[0].rpartition("/")[2]
    kind = next((kind for name, verb, kind in tables.COMMANDS if program == name and (not verb or verb in rest)), None)
    asks = program in ("curl", "wget") and len(rest) == 1
    return (None if asks or {"--version", "--help"} & set(rest[1:2]) else kind), rest


def _is_before(word: str) -> bool:
    """Whether a word stands before a program's name: `sudo`, `python -m`, a variable that is set."""
    name, sign, _ = word.partition("=")
    return word in BEFORE_A_PROGRAM or word.endswith(("/python", "/python3")) or bool(sign and name.isidentifier())


def _split(command: str) -> Iterator[list[str]]:
    """The commands of a line, each as its words."""
    text = command.replace("{sys.executable}", "python").replace("$sys.executable", "python")
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()`")
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError:
        words = text.split()
    words = words[: next((place for place, word in enumerate(words) if word.startswith("#")), len(words))]
    while words:
        end = next((place for place, word in enumerate(words) if set(word) <= set("".join(SEPARATORS))), len(words))
        yield words[:end]
        words = words[end + 1 :]
