"""Docker as this machine's engine: what images, containers and networks are there, and how one is built.

The only importer of the docker library beside `hub.adapters.sandboxes` and DockerSpawner.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import docker
import docker.errors
import requests

from hub.trouble import Trouble

PATIENCE = 600  # seconds without a word from Docker during a build


@dataclass(frozen=True)
class PresentImage:
    """An image on this machine: its id and its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True)
class Engine:
    """A connection to Docker."""

    client: Any

    @classmethod
    def connect(cls) -> Engine:
        """Raises Trouble when no Docker daemon answers."""
        try:
            client = docker.from_env(timeout=PATIENCE)
            client.ping()
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise Trouble(
                f"Docker does not answer ({error}); `campushub up` starts it, `campushub status` says more"
            ) from None
        return cls(client)

    def image(self, name: str) -> PresentImage | None:
        try:
            found = self.client.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
        return PresentImage(found["Id"], found["Size"])

    def load_root(self, archive: Path, tag: str, changes: Iterable[str]) -> None:
        """Make an image of a root file system's tar."""
        repository, _, label = tag.rpartition(":")
        with archive.open("rb") as file:
            said = self.client.api.import_image_from_data(file, repository, label, changes=list(changes))
        if "errorDetail" in said:
            raise Trouble(f"Docker did not take the root file system: {said}")

    def build(self, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build a context with the builder every Docker has; raises Trouble with the step's last lines."""
        with TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(context, arcname=".", filter=_without_owner)
            packed.seek(0)
            lines: list[str] = []
            for part in self.client.api.build(
                fileobj=packed,
                custom_context=True,
                tag=tag,
                buildargs=dict(arguments),
                rm=True,
                forcerm=True,
                decode=True,
            ):
                lines.append(part.get("stream", "").rstrip())
                if "error" in part:
                    told = "\n  ".join(line for line in lines[-15:] if line)
                    raise Trouble(f"the image {tag} could not be built: {part['error']}\n  {told}")


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
