"""Pulls of material through many rounds of random edits on both sides, some of them cut off: nothing that a person wrote is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from campushub_client.puller import Puller

from tests.pulling import Home, Upstream, git


class Years:
    """Random edits on both sides, with pulls that are cut off in between."""

    NAMES = (
        "a.ipynb",
        "b.md",
        "c.txt",
        "week/d.ipynb",
        "week/e.md",
        "week",
        "deep/er/f.md",
        "deep",
        "g-new.md",
        "g.md",
    )

    def __init__(self, seed: int, upstream: Upstream, home: Home) -> None:
        self.chance, self.upstream, self.home, self.number = random.Random(seed), upstream, home, 0

    def text(self, who: str) -> str:
        self.number += 1
        return (
            "\n".join(f"{who} {self.number} {line}" for line in range(self.chance.randrange(4))) + f"{who}{self.number}"
        )

    def edit(self, folder: Path, who: str) -> None:
        for _ in range(self.chance.randrange(4)):
            path = folder / self.chance.choice(self.NAMES)
            if self.chance.random() < 0.3:
                if path.is_file():
                    path.unlink()
            elif not path.is_dir() and not any(one.is_file() for one in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.text(who), encoding="utf-8")

    def touch_what_lies_beside(self) -> None:
        beside = sorted(name for name in self.home.names() if "-new" in name)
        if beside and self.chance.random() < 0.3:
            self.home.write(self.chance.choice(beside), self.text("mine"))

    def contents(self, folder: Path) -> dict[str, str]:
        found = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
        return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found}

    def cut_off(self) -> None:
        lines = Puller(str(self.upstream.folder), str(self.home.folder), branch="main").pull()
        for _ in range(self.chance.randrange(1, 4)):
            next(lines, "")
        lines.close()

    def round(self) -> None:
        was = self.contents(self.upstream.folder)
        self.edit(self.upstream.folder, "theirs")
        for folder in sorted(self.upstream.folder.rglob("*"), reverse=True):
            if folder.is_dir() and ".git" not in folder.parts and not any(folder.iterdir()):
                folder.rmdir()
        self.upstream.publish()
        self.edit(self.home.folder, "mine")
        self.touch_what_lies_beside()
        before = {name: text for name, text in self.contents(self.home.folder).items() if "mine" in text}
        if self.chance.random() < 0.3:
            self.cut_off()
            self.look(before)
        self.home.pull()
        self.look(before)
        after, theirs = self.contents(self.home.folder), self.contents(self.upstream.folder)
        for name, text in theirs.items():
            hidden = self.is_hidden(name)
            assert text == was.get(name) or text in after.values(), f"{name} has not arrived"
            # Where the course comes to use the name of a file beside, that file counts as the person's.
            assert hidden or after[name] == text or "mine" in after[name] or name == "g-new.md", name
        assert not git(self.home.folder, "status", "--porcelain", "--untracked-files=no")
        assert git(self.home.folder, "merge-base", "HEAD", "origin/main") == git(
            self.upstream.folder, "rev-parse", "HEAD"
        )

    def is_hidden(self, name: str) -> bool:
        """Whether the person has a file where the course has a folder, or a folder of that name."""
        parents = Path(name).parents[:-1]
        return (self.home.folder / name).is_dir() or any((self.home.folder / parent).is_file() for parent in parents)

    def look(self, before: dict[str, str]) -> None:
        after = self.contents(self.home.folder)
        assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("seed", range(3))
def test_years_of_edits_on_both_sides_lose_nothing_that_the_person_wrote(
    seed: int, upstream: Upstream, home: Home
) -> None:
    years = Years(seed, upstream, home)
    for _ in range(15):
        years.round()
