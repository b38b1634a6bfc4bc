"""The world outside, as far as a course asks for it: stand-in sources on this machine that a hub mirrors, and a cut between them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.file_source import Source, served
from tests.instance import Instance

PENGUINS = b"species,island\nAdelie,Torgersen\n" * 40_000
SHA256 = hashlib.sha256(PENGUINS).hexdigest()


@dataclass
class World:
    """The sources outside, and the hub whose course mirrors them."""

    instance: Instance
    source: Source
    upstream: Path

    @property
    def repository(self) -> str:
        return f"{self.source.url}/upstream.git"

    def push(self, name: str, text: str) -> None:
        """Publish a commit, as a plain web server gives it out."""
        work = self.upstream
        (work / name).write_text(text, encoding="utf-8")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--allow-empty", f"--message={name}")
        self.publish()

    def rewrite(self) -> None:
        """Give the last commit another one's place, which somebody does who forces a push."""
        git(self.upstream, "branch", "--force", "before")
        git(self.upstream, "commit", "--quiet", "--amend", "--message=rewritten")
        self.publish()

    def restore(self) -> None:
        git(self.upstream, "reset", "--quiet", "--hard", "before")
        self.publish()

    def publish(self) -> None:
        work = self.upstream
        git(work, "update-server-info")
        for path in (work / ".git").rglob("*"):
            if path.is_file():
                self.source.files[f"/upstream.git/{path.relative_to(work / '.git')}"] = path.read_bytes()

    def sync(self) -> str:
        return sync(self.instance)


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@contextmanager
def mirrored(instance: Instance, course: str, upstream: Path) -> Iterator[World]:
    """A course that has data and a repository from outside, while the block runs."""
    git(upstream, "init", "--quiet", "--initial-branch=main")
    with served(f"{instance.core}.1") as source:
        world = World(instance, source, upstream)
        source.files["/penguins.csv"] = PENGUINS
        world.push("lesson.md", "first")
        wanted = {
            "repositories": {"lessons": {"source": world.repository}},
            "data": {"penguins": {"source": f"{source.url}/penguins.csv", "sha256": SHA256, "library": "seaborn"}},
        }
        with asking(instance, course, wanted) as said:
            assert f"data/{course}/penguins " in said, said
            assert f"git/{course}/lessons " in said, said
            assert "all as it should be" in said, said
            yield world


@contextmanager
def with_pages(instance: Instance, course: str, pages: Mapping[str, str]) -> Iterator[str]:
    """A course brings documentation of its own, an archive of these pages; the address below which they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in pages.items():
            archive.writestr(f"handbook-1.2/{name}", text)
    content = packed.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    with served(f"{instance.core}.1") as source:
        source.files["/handbook.zip"] = content
        about = {"source": f"{source.url}/handbook.zip", "sha256": sha256, "title": "A handbook", "licence": "BSD"}
        with asking(instance, course, {"docs": {"handbook": about}}) as said:
            assert f"docs/{course}/handbook " in said, said
            source.files.clear()  # nobody needs it any more
            yield f"/docs/archives/{sha256[:12]}/"


@contextmanager
def asking(instance: Instance, course: str, wanted: Mapping[str, object]) -> Iterator[str]:
    """What a course asks for stands in the settings that the parts read, as `up` writes them, and was mirrored; what was said."""
    deployed = instance.data / "config" / "hub.yaml"
    before = deployed.read_text(encoding="utf-8")
    lines = "".join(f"    {key}: {json.dumps(about)}\n" for key, about in wanted.items())
    head, mark, rest = before.partition(f"\n  {course}:\n")
    assert mark
    deployed.write_text(f"{head}{mark}{lines}{rest}", encoding="utf-8")
    try:
        yield sync(instance)
    finally:
        deployed.write_text(before, encoding="utf-8")
        sync(instance)


def sync(instance: Instance) -> str:
    done = instance.command("mirror", "sync", check=False)
    return done.stdout + done.stderr


@contextmanager
def cut_off(instance: Instance) -> Iterator[None]:
    """Every way out of the hub's own network is closed, as when the campus' line is down; people reach the hub as ever."""
    new = ["-s", f"{instance.core}.0/24", "-m", "conntrack", "--ctstate", "NEW", "-j", "REJECT"]
    rules = [["INPUT", *new], ["DOCKER-USER", "!", "-d", f"{instance.core}.0/24", *new]]
    for rule in rules:
        subprocess.run(["iptables", "-I", *rule], check=True)
    try:
        yield
    finally:
        for rule in rules:
            subprocess.run(["iptables", "-D", *rule], check=True)
