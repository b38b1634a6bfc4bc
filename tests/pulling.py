"""A course's repository that changes, and a home that its material is pulled into, with real git."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from campushub_client import changes
from campushub_client.puller import Puller


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Upstream:
    """A course's repository that its instructor works on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def publish(self, **files: str | None) -> None:
        """Commit these files, by names in which `__` is a dot; none is a file that is removed."""
        for name, text in files.items():
            path = name.replace("__", ".")
            if text is None:
                (self.folder / path).unlink()
            else:
                self.write(path, text)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message=x")


class Home:
    """A person's home, and the material's folder in it."""

    def __init__(self, home: Path, upstream: Upstream) -> None:
        self.home, self.upstream, self.folder = home, upstream, home / "nn"

    def pull(self, **more: Any) -> list[str]:
        return list(Puller(str(self.upstream.folder), str(self.folder), branch="main", **more).pull())

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def told(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = changes.told(self.home)
        return found

    def names(self) -> set[str]:
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir())
        return {str(path) for path in found if path.parts[0] != ".git"}
