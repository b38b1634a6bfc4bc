"""Docker as this machine's engine: what images, containers and networks are there, and how one is built.

The only importer of the docker library beside `hub.adapters.sandboxes` and DockerSpawner.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
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
class Container:
    """A container on this machine; `part`, `instance` and `data` are none for one that is not CampusHub's own part.

    `person`, `server` and `course` are none for one that is not a person's server.
    """

    name: str
    state: str  # Docker's word: running, restarting, exited, …
    instance: str | None
    part: str | None
    data: str | None
    image: str  # the id of what it runs
    created: datetime
    person: str | None = None  # whose server it is, and which
    server: str | None = None
    course: str | None = None
    sandbox: bool = False


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
            if "PermissionError" in str(error):
                raise Trouble("Docker answers root only; run the same command with sudo") from None
            absent = any(word in str(error) for word in ("FileNotFoundError", "ConnectionRefusedError"))
            why = "" if absent else f" ({error})"
            raise Trouble(f"Docker does not answer{why}; `sudo ./campushub up` starts it") from None
        return cls(client)

    @classmethod
    def is_there(cls) -> bool:
        """Whether a Docker daemon answers."""
        try:
            cls.connect()
        except Trouble:
            return False
        return True

    def containers_named(self, prefix: str) -> list[Container]:
        """Every container, running or not, whose name starts like this."""
        listed = self.client.api.containers(all=True, filters={"name": f"^/{prefix}"})
        return sorted((_container(found) for found in listed), key=lambda one: one.name)

    def publishes(self, name: str, port: int) -> bool:
        """Whether a container of this name runs and has this port of the machine."""
        try:
            found = self.client.api.inspect_container(name)
        except docker.errors.NotFound:
            return False
        places = (found["HostConfig"]["PortBindings"] or {}).values() if found["State"]["Running"] else ()
        return any(one["HostPort"] == str(port) for place in places for one in place or ())

    def containers_of(self, instance: str) -> list[Container]:
        """Every container of an instance: its parts, people's servers, sandboxes."""
        listed = self.client.api.containers(all=True, filters={"label": f"campushub.instance={instance}"})
        return sorted((_container(found) for found in listed), key=lambda one: one.name)

    def log(self, name: str, lines: int) -> list[str]:
        """The last lines a container wrote; one line that says so when it is not there."""
        try:
            said = self.client.api.logs(name, tail=lines, timestamps=True)
        except docker.errors.NotFound:
            return ["(not there)"]
        return [str(line) for line in said.decode(errors="replace").splitlines()]

    def remove(self, name: str, *, seconds: int = 10) -> None:
        """Stop a container, with some seconds to end by itself, and remove it."""
        try:
            self.client.api.stop(name, timeout=seconds)
            self.client.api.remove_container(name, v=True, force=True)
        except docker.errors.NotFound:
            return

    def networks(self) -> dict[str, list[IPv4Network]]:
        """The IPv4 subnets of every network of this engine, by its name."""
        found = {}
        for network in self.client.api.networks():
            subnets = [one.get("Subnet", "") for one in (network["IPAM"].get("Config") or ())]
            found[network["Name"]] = [IPv4Network(subnet) for subnet in subnets if "." in subnet]
        return found

    def members(self, network: str) -> list[str]:
        """The names of the running containers on a network; none when it is not there."""
        try:
            found = self.client.api.inspect_network(network)
        except docker.errors.NotFound:
            return []
        return sorted(one["Name"] for one in (found.get("Containers") or {}).values())

    def name_servers(self, name: str) -> list[str]:
        """Where a container asks for names; empty when nothing was said, and Docker's own way is taken."""
        try:
            return list(self.client.api.inspect_container(name)["HostConfig"].get("Dns") or ())
        except docker.errors.NotFound:
            return []

    def root_folder(self) -> Path:
        """The folder in which Docker keeps images and containers."""
        return Path(self.client.api.info()["DockerRootDir"])

    def run_once(self, image: str, command: list[str]) -> str:
        """What a program prints in a new container of an image, without a network; raises Trouble when it fails."""
        try:
            said = self.client.containers.run(image, command, network_mode="none", remove=True, cap_drop=["ALL"])
        except docker.errors.DockerException as error:
            raise Trouble(f"{' '.join(command[:2])} failed in the image {image}: {error}") from None
        return str(said.decode(errors="replace"))

    def remove_network(self, name: str) -> None:
        try:
            self.client.api.remove_network(name)
        except docker.errors.NotFound:
            return

    def run_in(self, name: str, command: list[str]) -> str:
        """What a program in a running container prints; raises Trouble when it fails."""
        try:
            made = self.client.api.exec_create(name, command)
            said = self.client.api.exec_start(made["Id"]).decode(errors="replace")
            code = self.client.api.exec_inspect(made["Id"])["ExitCode"]
        except docker.errors.APIError as error:
            raise Trouble(f"{name}: {error.explanation}") from None
        if code:
            last = "\n  ".join(said.strip().splitlines()[-8:])
            raise Trouble(f"{' '.join(command[:4])} failed in {name}:\n  {last}")
        return str(said)

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


def _container(found: Mapping[str, Any]) -> Container:
    labels = found.get("Labels") or {}
    return Container(
        name=found["Names"][0].removeprefix("/"),
        state=found["State"],
        instance=labels.get("campushub.instance"),
        part=labels.get("campushub.part"),
        data=labels.get("campushub.data"),
        person=labels.get("campushub.person"),
        server=labels.get("campushub.server"),
        course=labels.get("campushub.course"),
        sandbox="campushub.sandbox" in labels,
        image=found["ImageID"],
        created=datetime.fromtimestamp(found["Created"], UTC),
    )


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
