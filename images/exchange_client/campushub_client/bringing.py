"""Brings a folder of a home to the newest state of a repository; the person's edits win, and upstream's versions lie beside.

git fetches, lists and keeps; which file becomes what is decided file by file (`differences`), since git merges lines.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from campushub_client.addresses import public, resolve
from campushub_client.changes import Changes, State
from campushub_client.differences import Fate, Files, decide
from campushub_client.placing import Placing, look, obstacle
from campushub_client.repository import NOBODY, PULLED, SUBMODULE, GitFailed, Repository, git

ARRIVING = "refs/campushub/wanted"
MINE, MERGED = "What you changed, as CampusHub found it", "The course's material, with what you changed"
Lines = Generator[str, None, Changes]


@dataclass(frozen=True)
class Wanted:
    """What is to be brought: `reference` is a branch's or tag's whole name, or a commit's; a depth of 0 brings all history."""

    url: str
    reference: str
    commit: str
    depth: int

    @property
    def branch(self) -> str:
        return self.reference.removeprefix("refs/heads/").removeprefix("refs/tags/")

    @property
    def depths(self) -> tuple[str, ...]:
        return ("--depth", str(self.depth)) if self.depth > 0 else ()


TOP = PurePosixPath()


@dataclass(frozen=True)
class Place:
    """Where a folder lies in the whole material, and whether that is new in this home."""

    path: PurePosixPath = TOP
    fresh: bool = False

    def below(self, path: str) -> Place:
        return Place(self.path / path, self.fresh)

    @property
    def is_top(self) -> bool:
        return not self.path.parts


def bring(folder: Path, wanted: Wanted) -> Lines:
    """Bring it all into a folder, which may be there or not; remembers what changed. Raises GitFailed."""
    if folder.exists() and not folder.is_dir():
        raise GitFailed(
            f"There is a file '{folder.name}' where the material's folder belongs. Rename it and try again."
        )
    fresh = not folder.exists() or not any(folder.iterdir())
    if fresh:
        yield f"Copying {wanted.url}\n"
        _clone(folder, wanted)
        if not _links(Repository(folder).files("HEAD")):
            return Changes()
    return (yield from _mended(folder, wanted, Place(fresh=fresh)))


def _clone(folder: Path, wanted: Wanted) -> None:
    """Make the folder at once, so that a copy that is cut off leaves nothing in its place."""
    beside = folder.with_name(f".{folder.name}.arriving")
    if beside.exists():
        shutil.rmtree(beside)
    words = ("-c", "advice.detachedHead=false", "clone", "--quiet", *wanted.depths, "--branch", wanted.branch)
    git(*words, "--", wanted.url, str(beside))
    Repository(beside).run("update-ref", PULLED, "HEAD^{commit}")
    beside.rename(folder)


def _mended(folder: Path, wanted: Wanted, within: Place) -> Lines:
    """Update; a repository that the machine left broken is put aside, and the files in the folder count as the person's."""
    try:
        return (yield from Update(_opened(folder, wanted), wanted, within).run())
    except GitFailed:
        place = folder / ".git"
        if not place.is_dir() or Repository(folder).is_sound():
            raise
        place.rename(folder / f".git-broken-{datetime.now(UTC):%Y%m%d%H%M%S%f}")
    yield "What git knew of this folder was broken and is put aside.\n"
    return (yield from Update(_opened(folder, wanted), wanted, within).run())


def _opened(folder: Path, wanted: Wanted) -> Repository:
    try:
        repository = Repository(folder)
        repository.names("HEAD")
    except GitFailed:
        git("-c", "init.defaultBranch=main", "init", "--quiet", at=folder)
        repository = Repository(folder)
        if wanted.reference.startswith("refs/heads/"):
            repository.run("symbolic-ref", "HEAD", wanted.reference)
        repository.run("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        repository.run("config", "remote.origin.url", wanted.url)
    return repository


class Update:
    """One folder, brought from what was pulled last to what is wanted now."""

    def __init__(self, repository: Repository, wanted: Wanted, within: Place) -> None:
        self.repository, self.wanted, self.within = repository, wanted, within
        self.folder = repository.folder
        self.state = State.of(repository.git_dir)
        self.tracking = f"refs/remotes/origin/{wanted.branch}" if wanted.reference.startswith("refs/heads/") else ""

    def run(self) -> Lines:
        head, head_tree, pulled, tracked, here = self.repository.names(
            "HEAD^{commit}", "HEAD^{tree}", f"{PULLED}^{{commit}}", f"{self.tracking or PULLED}^{{commit}}", ARRIVING
        )
        self.repository.begin(head)
        base = self._base(head, pulled, tracked)
        new = base
        if self.wanted.commit != base:
            yield f"Bringing the newest state of {self.wanted.url}\n"
            new = here if here == self.wanted.commit else self._fetch(head)
        before = self.repository.files(base)
        after = before if new == base else self.repository.files(new)
        placing, mine = yield from self._files(_plain(before), _plain(after), head, head_tree, new)
        changes = placing.changes if base else Changes(kept=placing.changes.kept)
        changes = yield from self._submodules(new, _links(after), _links(before), changes)
        self._commit(head, mine, base, new, placing)
        self._remember(changes, base, new)
        self._refer(head, new, pulled, tracked)
        self.repository.install()
        return changes

    def _base(self, head: str, pulled: str, tracked: str) -> str:
        """What was brought last, by us or by nbgitpuller itself; empty when nothing was."""
        if not head or not tracked or tracked == pulled:
            return pulled
        try:
            met = self.repository.ask("merge-base", head, tracked)
            if pulled and self.repository.ask("merge-base", pulled, met) != pulled:
                return pulled
        except GitFailed:  # a history that was cut at its depth has no place where they meet
            return pulled
        return met

    def _fetch(self, head: str) -> str:
        """Fetch; a history that is whole stays so, another gets no longer than it is."""
        depths = self.wanted.depths if self.repository.is_shallow or not head else ()
        self.repository.run(
            "fetch", "--quiet", "--no-tags", *depths, "--", self.wanted.url, f"+{self.wanted.reference}:{ARRIVING}"
        )
        return self.repository.names(f"{ARRIVING}^{{commit}}")[0]

    def _files(
        self, before: Files, after: Files, head: str, head_tree: str, new: str
    ) -> Generator[str, None, tuple[Placing, str]]:
        """Decide and place; the person's state of before, as a commit, for what they have written is never lost."""
        paths = {*before, *after}
        moved = {path for path in paths if before.get(path) != after.get(path)}
        seen = {path: look(self.folder / path) for path in paths}
        there = {path for path, found in seen.items() if found}
        uncertain = self._snapshot(moved, [path for path in moved if path in there and path not in before])
        tree = self.repository.ask("write-tree")
        mine = head if tree == head_tree else self._new_commit(tree, MINE, [head] if head else [])
        decisions = decide(before, after, self.repository.files(tree) if moved else {}, there, uncertain)
        wanted = [one.path for one in decisions if one.fate in (Fate.WRITE, Fate.BESIDE)]
        if wanted:
            self.repository.stage(new, wanted)
        placing = Placing(self.folder, self.repository.staged, set(after), self.state.beside)
        for one in sorted(decisions, key=lambda one: one.fate is not Fate.REMOVE):  # a folder may become a file
            placing.carry_out(one, seen[one.path])
            if one.what:
                yield f"{self.within.path / one.path}: {one.what}{', yours is kept' if one.fate is Fate.BESIDE else ''}\n"
        if placing.placed:
            self.repository.take(placing.placed)
        return placing, mine

    def _snapshot(self, moved: set[str], untracked: list[str]) -> set[str]:
        """Put what the person has into our index; the paths of which git could not say what is in them."""
        with suppress(GitFailed):  # what could not be read is found below
            self.repository.run("add", "--update", "--ignore-errors")
        plain = [path for path in untracked if self._can_be_read(path)]
        if plain:
            self.repository.take(plain)
        if not moved:
            return set()
        rows = os.fsdecode(self.repository.run("diff-files", "--name-only", "-z")).split("\0")
        return {row for row in rows if row}

    def _can_be_read(self, path: str) -> bool:
        place = self.folder / path
        return not obstacle(self.folder, path) and (
            place.is_symlink() or (place.is_file() and os.access(place, os.R_OK))
        )

    def _new_commit(self, tree: str, message: str, parents: list[str]) -> str:
        return self.repository.ask(
            "commit-tree", tree, "-m", message, *(word for one in parents for word in ("-p", one))
        )

    def _commit(self, head: str, mine: str, base: str, new: str, placing: Placing) -> None:
        """What HEAD will be: upstream's own commit while the person has changed nothing."""
        if base == new and mine == head and not placing.placed:
            self.result = head
            return
        tree = self.repository.ask("write-tree")
        new_tree, mine_tree = self.repository.names(f"{new}^{{tree}}", f"{mine or new}^{{tree}}")
        if tree == new_tree and (not head or head in (base, new)):
            self.result = new
        elif base == new and head:
            self.result = mine if tree == mine_tree else self._new_commit(tree, MERGED, [mine])
        else:
            self.result = self._new_commit(tree, MERGED, [*([mine] if mine else []), new])

    def _remember(self, changes: Changes, base: str, new: str) -> None:
        if self.within.is_top:
            self.state.report(changes, f"{base[:12]}-{new[:12]}", datetime.now(UTC).isoformat(timespec="seconds"))
        self.state.save(self.repository.git_dir)

    def _refer(self, head: str, new: str, pulled: str, tracked: str) -> None:
        if self.result == head and new == pulled == (tracked or new):
            return
        lines = [f"update HEAD {self.result} {head or NOBODY}", f"update {PULLED} {new}"]
        if self.tracking:
            lines.append(f"update {self.tracking} {new}")
        self.repository.run("update-ref", "--stdin", given="".join(f"{line}\n" for line in lines).encode())
        if head != self.result and self.tracking:
            self.repository.run("config", "remote.origin.url", self.wanted.url)

    def _submodules(self, new: str, links: dict[str, str], before: dict[str, str], changes: Changes) -> Lines:
        """Bring the repositories in this one; one that cannot be had is named, and all else goes on."""
        urls = dict(self._urls(new)) if links else {}
        for path, commit in links.items():
            inside, place = Wanted(urls.get(path, ""), commit, commit, self.wanted.depth), self.folder / path
            had = (place / ".git").exists()
            try:
                if not inside.url or obstacle(self.folder, path) or (place.exists() and not place.is_dir()):
                    raise GitFailed(f"'{path}' cannot be brought")
                place.mkdir(parents=True, exist_ok=True)
                found = yield from _mended(place, inside, self.within.below(path))
            except GitFailed as trouble:
                if not had:
                    shutil.rmtree(place / ".git", ignore_errors=True)
                yield f"{self.within.path / path}: {trouble}\n"
                changes.missing.append(path)
                continue
            if not had and not self.within.fresh:
                changes.new.append(path)
            changes.add(found, path)
            if before.get(path) != commit:
                self.repository.run("update-index", "--add", "--cacheinfo", f"{SUBMODULE},{commit},{path}")
        return changes

    def _urls(self, new: str) -> Iterator[tuple[str, str]]:
        """Paths of submodules with their addresses."""
        try:
            rows = self.repository.run("config", "--blob", f"{new}:.gitmodules", "-z", "--list")
        except GitFailed:
            return
        told = dict(row.split("\n", 1) for row in os.fsdecode(rows).split("\0") if "\n" in row)
        for key, path in told.items():
            if key.startswith("submodule.") and key.endswith(".path"):
                url = told.get(f"{key.removesuffix('.path')}.url", "")
                yield path, resolve(public(self.wanted.url), url)


def _plain(files: Files) -> Files:
    return {path: about for path, about in files.items() if about[0] != SUBMODULE}


def _links(files: Files) -> dict[str, str]:
    return {path: name for path, (mode, name) in files.items() if mode == SUBMODULE}
