"""A folder of a home as a git repository: git's plain commands on an index of our own, so that a person's git is not in the way.

What a git that was killed has left behind (locks, half a merge, an index that cannot be read) is cleared here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LOCK_SECONDS = 10  # a lock that is older than this, and whose git does not run, was left behind
TURN_SECONDS = 300  # for another server of the same person to end its pull
SUBMODULE = "160000"  # the mode of a submodule in a tree of git's
NOBODY = "0" * 40
PULLED = "refs/campushub/pulled"  # what was brought last
WHO = {"NAME": "CampusHub", "EMAIL": "campushub@localhost"}
WHO_COMMITS = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
OWN_PLACE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")
BOILERPLATE = ("Could not read from remote", "Please make sure you have", "and the repository exists", "Cloning into")
HALF = ("MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "AUTO_MERGE", "SQUASH_MSG")


class GitFailed(Exception):
    """A command of git's that failed; says what git said."""


def git(*words: str, given: bytes = b"", at: Path | None = None, more: Mapping[str, str] | None = None) -> bytes:
    """What git prints. Raises GitFailed."""
    inherited = {name: value for name, value in os.environ.items() if name not in OWN_PLACE}
    environment = {**inherited, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **WHO_COMMITS, **(more or {})}
    done = subprocess.run(["git", *words], input=given, capture_output=True, cwd=at, env=environment, check=False)
    if done.returncode:
        raise GitFailed(_sentence(done.stderr.decode(errors="replace")) or f"git {words[0]}: {done.returncode}")
    return done.stdout


def _sentence(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if not line.startswith(("hint:", "warning:"))]
    told = [line.removeprefix("fatal: ").removeprefix("error: ").removeprefix("campushub: ") for line in lines]
    return " ".join(line for line in told if line and not line.startswith(BOILERPLATE))


@contextmanager
def turn(home: Path) -> Iterator[None]:
    """One pull at a time in a home, of whichever server; a pull that is killed gives its turn back."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    until = time.monotonic() + TURN_SECONDS
    try:
        while not _have(folder):
            if time.monotonic() > until:
                raise GitFailed("Another of your servers brings material at the moment. Try again in a few minutes.")
            time.sleep(0.1)
        yield
    finally:
        os.close(folder)


def _have(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that locks no folders: git's own locks have to do
        return True
    return True


class Repository:
    """One folder that is a repository. Commands use an index of our own, a copy of the person's until `install`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git_dir = folder / ".git"
        if self.git_dir.is_file():  # a submodule as git itself makes it
            self.git_dir = Path(os.fsdecode(git("rev-parse", "--absolute-git-dir", at=folder)).rstrip("\n"))
        self.index = self.git_dir / "campushub-index"
        self.staged = self.git_dir / "campushub-staged"

    @property
    def is_shallow(self) -> bool:
        return (self.git_dir / "shallow").exists()

    def run(self, *words: str, given: bytes = b"", index: Path | None = None) -> bytes:
        where = ("--git-dir", str(self.git_dir), "--work-tree", str(self.folder), "-c", "core.fsmonitor=false")
        return git(*where, *words, given=given, at=self.folder, more={"GIT_INDEX_FILE": str(index or self.index)})

    def ask(self, *words: str) -> str:
        return os.fsdecode(self.run(*words)).strip()

    def names(self, *expressions: str) -> list[str]:
        """git's names of what these mean; empty where it means nothing."""
        asked = "".join(f"{one}\n" for one in expressions).encode()
        lines = os.fsdecode(self.run("cat-file", "--batch-check=%(objectname)", given=asked)).splitlines()
        return ["" if line.endswith((" missing", " ambiguous")) else line for line in lines]

    def files(self, tree: str) -> dict[str, tuple[str, str]]:
        """Every path in a tree, with its mode and the name of its content; nothing for no tree."""
        rows = os.fsdecode(self.run("ls-tree", "-r", "-z", tree)).split("\0") if tree else []
        cut = [row.partition("\t") for row in rows if row]
        return {path: (about[:6], about.split()[2]) for about, _, path in cut}

    def begin(self, head: str) -> None:
        """Clear what was left behind, and begin our own index with what is committed."""
        self._clear_locks()
        shutil.rmtree(self.staged, ignore_errors=True)
        words = ("read-tree", "--reset", head) if head else ("read-tree", "--empty")
        try:
            shutil.copyfile(self.git_dir / "index", self.index)  # keeps what git knows of files that are as they were
            self.run(*words)
        except (OSError, GitFailed):
            self.index.unlink(missing_ok=True)
            self.run(*words)

    def take(self, paths: Sequence[str]) -> None:
        """Put files into our index as they lie in the folder; what does not lie there goes from it."""
        named = b"".join(os.fsencode(path) + b"\0" for path in paths)
        self.run("update-index", "--add", "--remove", "--replace", "-z", "--stdin", given=named)

    def stage(self, tree: str, paths: Sequence[str]) -> None:
        """Write files of a tree into the folder `staged`, as git would check them out."""
        beside = self.git_dir / "campushub-staged-index"
        self.run("read-tree", tree, index=beside)
        named = b"".join(os.fsencode(path) + b"\0" for path in paths)
        self.run("checkout-index", "-f", "-z", "--stdin", f"--prefix={self.staged}/", given=named, index=beside)
        beside.unlink()

    def install(self) -> None:
        """Make our index the person's, unless their own git is about to write it."""
        lock = self.git_dir / "index.lock"
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            return
        self.index.replace(lock)
        lock.replace(self.git_dir / "index")
        for name in HALF:
            (self.git_dir / name).unlink(missing_ok=True)
        shutil.rmtree(self.staged, ignore_errors=True)

    def is_sound(self) -> bool:
        """Whether everything is there that is committed; false after the machine went off while git was writing."""
        none = self.git_dir / "campushub-none"  # an index can be made anew
        try:
            self.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress", index=none)
        except GitFailed:
            return False
        return True

    def _clear_locks(self) -> None:
        for own in ("campushub-index.lock", "campushub-staged-index.lock"):
            (self.git_dir / own).unlink(missing_ok=True)
        locks = [*self.git_dir.glob("*.lock"), *(self.git_dir / "refs").rglob("*.lock")]
        for lock in locks:
            while (left := _seconds_left(lock)) > 0:
                time.sleep(min(left, 0.2))
            if not _git_runs_in(self.folder):
                lock.unlink(missing_ok=True)


def _seconds_left(lock: Path) -> float:
    try:
        return LOCK_SECONDS - (time.time() - lock.stat().st_mtime)
    except OSError:
        return 0


def _git_runs_in(folder: Path) -> bool:
    """Whether a git of the person's own works here, in this container."""
    inside = str(folder.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().startswith("git"):
                place = str((process / "cwd").readlink())
                if place == inside or place.startswith(f"{inside}/"):
                    return True
        except OSError:
            continue
    return False
