"""Whose work a file is, when staff hand in for students: by the names in its path.

Pure. A student is named by the name they sign in with, their full name (its words in any order), their e-mail or their
student id, as whole words of a folder's, an archive's or the file's own name. Nothing is guessed: what names nobody, or can
be two, is left with the reason. Which notebook a file is, is for `hub.handed_in`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from hub.handed_in import is_cache, is_notebook
from hub.handed_in_words import listed
from hub.likeness import COPY, folded

MOODLE = re.compile(r"^(?P<name>.+?)_\d+_assignsubmission_", re.IGNORECASE)
YEAR = re.compile(r"(19|20)\d\d")
SHORT = 3  # characters of a word that may also mean something else

NOBODY = "Neither its name nor its folders name a student of the course."
SYSTEMS = "Written by a computer, not by a student."


@dataclass(frozen=True)
class Student:
    """Somebody for whom staff may hand in, with all that can name them."""

    name: str
    full_name: str
    email: str
    student_id: str

    @property
    def shown(self) -> str:
        return f"{self.full_name} ({self.name})"

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(words(self.full_name)) | frozenset(words(self.name))

    @cached_property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """The words that name them when they stand one after the other."""
        full = words(self.full_name)
        joined = (("".join(full),), ("".join(reversed(full)),)) if len(full) > 1 else ()
        plain = (words(self.name), words(self.student_id), words(self.email))
        return tuple({one for one in (*plain, *joined) if one})


@dataclass(frozen=True)
class Belonging:
    """Each path is in one of the two: with its student, by name, as the path among that student's files, or with a reason."""

    belongs: Mapping[str, Mapping[str, str]]
    left: Mapping[str, str]


@dataclass(frozen=True)
class Whose:
    """Who is named in paths. `known` are names of the assignment's own, which name nobody."""

    students: Sequence[Student]
    known: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, students: Iterable[Student], names: Iterable[str]) -> Whose:
        """With the names of course, assignment and released files, each part of which says nothing about whose a file is."""
        parts = {part for name in names for part in PurePosixPath(name).parts}
        known = {words(form) for part in parts for form in (part, PurePosixPath(part).stem)}
        longest_first = sorted(known - {()}, key=lambda phrase: (-len(phrase), phrase))
        return cls(tuple(students), tuple(longest_first))

    def sort(self, paths: Iterable[str]) -> Belonging:
        """Every path to its student, or left with the reason."""
        found: dict[str, dict[str, str]] = {}
        left: dict[str, str] = {}
        for path in sorted(set(paths)):
            who, told = self._look(path)
            if who:
                found.setdefault(who, {})[path] = told
            else:
                left[path] = told
        return Belonging({who: _apart(mine) for who, mine in sorted(found.items())}, left)

    def _look(self, path: str) -> tuple[str, str]:
        """A student's name and the path among their files, or nobody and the reason."""
        if is_cache(path):
            return "", SYSTEMS
        *folders, last = PurePosixPath(path).parts
        named = [(place, who) for place, part in enumerate(folders) if (who := self.named(_stem_of_folder(part)))]
        own = self.named(PurePosixPath(last).stem)
        people = {one.name: one for _, who in named for one in who}
        if not named or (is_notebook(path) and own and not people.keys() & {one.name for one in own}):
            people |= {one.name: one for one in own}
        if len(people) > 1:
            several = listed([one.shown for one in people.values()], "or")
            return "", f"It can be of {several}. Put it into a folder with one student's name."
        if not people:
            return "", NOBODY
        inside = folders[named[-1][0] + 1 :] if named else []
        return next(iter(people)), str(PurePosixPath(*inside, last))

    def named(self, text: str) -> tuple[Student, ...]:
        """Whom a folder or file of this name can be of: nobody, one, or several that cannot be told apart."""
        moodle = MOODLE.match(text)
        plain = folded(moodle["name"] if moodle else text)
        while plain != (shorter := COPY.sub("", plain)) and shorter:
            plain = shorter
        said = self._without_known(words(plain))
        places = {one: where for one in self.students if (where := _places(one, said))}
        whole = frozenset(range(len(said)))
        if moodle:  # the name there is a whole one
            places = {one: where for one, where in places.items() if where == whole}
        longest = [one for one, where in places.items() if not any(where < other for other in places.values())]
        if len(longest) != 1:
            return tuple(longest)
        rest = {said[place] for place in whole - places[longest[0]] if len(said[place]) > 1} - longest[0].words
        return (*longest, *(one for one in self.students if one is not longest[0] and rest & one.words))

    def _without_known(self, said: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in self.known:
            for start in reversed(range(len(said) - len(phrase) + 1)):
                if said[start : start + len(phrase)] == phrase:
                    said = said[:start] + said[start + len(phrase) :]
        return said


def words(text: str) -> tuple[str, ...]:
    """The words of a name, without case, accents and what stands between them."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W_]+", plain))


def _stem_of_folder(part: str) -> str:
    """An archive is a folder with an ending; other folders have none, though an e-mail looks as if."""
    return part[:-4] if part.lower().endswith(".zip") else part


def _places(student: Student, said: tuple[str, ...]) -> frozenset[int]:
    """The places of the words that name a student; none when nothing does."""
    found: set[int] = set()
    for phrase in student.phrases:
        for start in range(len(said) - len(phrase) + 1):
            if said[start : start + len(phrase)] == phrase and (len(phrase) > 1 or _clear(phrase[0], said)):
                found.update(range(start, start + len(phrase)))
    full = set(words(student.full_name))
    if full and full <= set(said) and (len(full) > 1 or full == set(said)):
        found.update(place for place, word in enumerate(said) if word in full)
    return frozenset(found)


def _clear(word: str, said: tuple[str, ...]) -> bool:
    """Whether a single word names somebody: alone always; beside others not when it may be a number, a year or initials."""
    short = len(word) < SHORT or (word.isdigit() and (len(word) <= SHORT or YEAR.fullmatch(word) is not None))
    return not short or set(said) == {word}


def _apart(mine: Mapping[str, str]) -> dict[str, str]:
    """Paths among one student's files; as they arrived when two would be the same."""
    same = len({folded(path) for path in mine.values()}) < len(mine)
    return {path: path if same else mine[path] for path in mine}
