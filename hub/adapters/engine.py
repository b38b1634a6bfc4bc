"""Docker as this machine's engine: what images, containers and networks are there, and how one is built.

The only importer of the docker library beside `hub.adapters.sandboxes`, `hub.adapters.gpu_containers` and DockerSpawner.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import docker
import docker.errors
import requests

from hub.trouble import Trouble

PATIENCE = 600  # seconds without a word from Docker during a build
WORK_SECONDS = 1800  # for a program that fetches or installs packages
BEHIND = 128  # of a processor's 1024 shares: builds and checks stand behind people's servers when all are busy
BUILD = "campushub.build"  # label of the containers in which images are made


@dataclass(frozen=True)
class PresentImage:
    """An image on this machine: its id, its size in bytes, and the id of the layer at its root, which tells its Debian."""

    id: str
    size: int
    root: str


@dataclass(frozen=True)
class Layer:
    """What an image says of itself beside its files: variables of its environment and labels."""

    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


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

    def about(self) -> dict[str, Any]:
        """What Docker tells of itself at /info."""
        return dict(self.client.api.info())

    def root_folder(self) -> Path:
        """The folder in which Docker keeps images and containers."""
        return Path(self.about()["DockerRootDir"])

    def run_once(self, image: str, command: list[str]) -> str:
        """What a program prints in a new container of an image, without a network; raises Trouble when it fails."""
        try:
            said = self.client.containers.run(image, command, network_mode="none", remove=True, cap_drop=["ALL"])
        except docker.errors.DockerException as error:
            raise Trouble(f"{' '.join(command[:2])} failed in the image {image}: {error}") from None
        return str(said.decode(errors="replace"))

    def run_as_root(self, image: str, command: Sequence[str], mounts: Mapping[Path, str], *, network: bool) -> None:
        """Run a program in a new container of an image and forget the container; raises Trouble when it fails.

        Mounts are folders and files of this machine and their places inside; they can be written to.
        """
        with self._root(image, command, mounts, network=network):
            return

    def run_as_student(
        self,
        image: str,
        command: Sequence[str],
        mounts: Mapping[Path, str],
        *,
        memory: int,
        seconds: int,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run a program as a student's server runs it: their uid, no rights, no network, `memory` bytes, a home of its own.

        What it prints. Mounts are read only. Raises Trouble with its last lines when it fails or takes longer than `seconds`.
        """
        host = self.client.api.create_host_config(
            binds=[f"{path}:{inside}:ro" for path, inside in mounts.items()],
            network_mode="none",
            cpu_shares=BEHIND,
            mem_limit=memory,
            memswap_limit=memory,
            pids_limit=512,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            init=True,
            shm_size="256m",
            tmpfs={"/tmp": "size=1g,mode=1777", "/home/jovyan": "size=1g,mode=700,uid=1000,gid=1000"},
        )
        with self._finished(image, command, host, user="1000", seconds=seconds, environment=environment) as made:
            return str(self.client.api.logs(made, stderr=False).decode(errors="replace"))

    def add_layer(
        self, parent: str, tag: str, command: Sequence[str], mounts: Mapping[Path, str], about: Layer
    ) -> None:
        """Run a program as root in a container of an image, without a network, and keep what it changed as a new image.

        Everything else about the image stays, and variables are added to its environment. Raises Trouble when it fails.
        """
        config = dict(self.client.api.inspect_image(parent)["Config"])
        given = dict(one.split("=", 1) for one in config.get("Env") or ()) | dict(about.environment)
        config |= {"Env": [f"{name}={value}" for name, value in given.items()]}
        config["Labels"] = {**(config.get("Labels") or {}), **about.labels}
        repository, _, label = tag.rpartition(":")
        with self._root(parent, command, mounts, network=False) as made:
            self.client.api.commit(made, repository, label, conf=config, message=" ".join(command))

    @contextmanager
    def _root(self, image: str, command: Sequence[str], mounts: Mapping[Path, str], *, network: bool) -> Iterator[str]:
        """The id of a container in which a program has done its work as root; it goes afterwards."""
        host = self.client.api.create_host_config(
            binds=[f"{path}:{inside}" for path, inside in mounts.items()],
            network_mode="default" if network else "none",
            cpu_shares=BEHIND,
        )
        with self._finished(image, command, host, user="0", seconds=WORK_SECONDS) as made:
            yield made

    @contextmanager
    def _finished(
        self,
        image: str,
        command: Sequence[str],
        host: Any,
        *,
        user: str,
        seconds: int,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        """The id of a container whose program has ended well; it goes afterwards."""
        api, about = self.client.api, {"user": user, "labels": {BUILD: image}, "environment": dict(environment or {})}
        try:
            made = api.create_container(image, list(command), host_config=host, **about)["Id"]
        except docker.errors.APIError as error:
            raise Trouble(f"Docker: {error.explanation or error}") from None
        try:
            api.start(made)
            code = api.wait(made, timeout=seconds)["StatusCode"]
            if code:
                said = api.logs(made, tail=30).decode(errors="replace").strip().splitlines()
                memory = " (out of memory)" if api.inspect_container(made)["State"]["OOMKilled"] else ""
                raise Trouble("\n  ".join([f"{' '.join(command[:3])} ended with status {code}{memory}", *said[-12:]]))
            yield made
        except requests.Timeout:
            raise Trouble(f"{' '.join(command[:3])} did not end within {seconds} seconds") from None
        except (docker.errors.APIError, requests.RequestException) as error:
            raise Trouble(f"Docker: {getattr(error, 'explanation', None) or error}") from None
        finally:
            api.remove_container(made, force=True, v=True)

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

    def follow_in(self, name: str, command: list[str], report: Callable[[str], None]) -> int:
        """Run a program in a running container and pass on each line that it prints; its exit status. Raises Trouble."""
        try:
            made, left = self.client.api.exec_create(name, command), b""
            for piece in self.client.api.exec_start(made["Id"], stream=True):
                *whole, left = (left + piece).split(b"\n")
                for line in whole:
                    report(line.decode(errors="replace"))
            return int(self.client.api.exec_inspect(made["Id"])["ExitCode"] or 0)
        except docker.errors.APIError as error:
            raise Trouble(f"{name}: {error.explanation}") from None

    def image(self, name: str) -> PresentImage | None:
        try:
            found = self.client.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
        return PresentImage(found["Id"], found["Size"], found["RootFS"]["Layers"][0])

    def remove_tag(self, name: str) -> None:
        """Take a name away from an image; the image goes with it, unless something is built on it."""
        try:
            self.client.api.remove_image(name)
        except docker.errors.ImageNotFound:
            return

    def remove_images(self, prefix: str, *, kept: Collection[str]) -> list[str]:
        """Remove images whose tags start so, but those that are kept or that a container has; and cut-off builds.

        The tags that went.
        """
        for left in self.client.api.containers(all=True, filters={"label": BUILD, "status": "exited"}):
            self.client.api.remove_container(left["Id"], v=True)
        used = {one["ImageID"] for one in self.client.api.containers(all=True)}
        gone = []
        for found in self.client.api.images(name=None):
            for tag in found["RepoTags"] or ():
                if tag.startswith(prefix) and tag not in kept and found["Id"] not in used:
                    with suppress(docker.errors.APIError):  # somebody has just started it
                        self.remove_tag(tag)
                        gone.append(tag)
        self._forget_stages()
        return gone

    def export(self, tag: str) -> Iterator[bytes]:
        """An image with all it is built on, as Docker writes it to a file."""
        try:
            yield from self.client.api.get_image(tag)
        except (docker.errors.APIError, requests.RequestException) as error:
            raise Trouble(f"Docker: {error}") from None

    def load(self, archive: IO[bytes]) -> None:
        """Take what `export` has given; raises Trouble when Docker does not."""
        try:
            for said in self.client.api.load_image(archive):
                if "error" in said:
                    raise Trouble(f"Docker: {said['error']}")
        except (docker.errors.APIError, requests.RequestException) as error:
            raise Trouble(f"Docker: {error}") from None

    def push(self, tag: str, name: str) -> None:
        """Send an image to a registry as `registry/repository:tag`; raises Trouble with what the registry says."""
        repository, _, label = name.rpartition(":")
        self.client.api.tag(tag, repository, label)
        try:
            for said in self.client.api.push(repository, label, stream=True, decode=True):
                if "error" in said:
                    raise Trouble(f"{name}: {said['error']}")
        finally:
            self.remove_tag(name)

    def pull(self, name: str, tag: str) -> None:
        """Fetch an image from a registry and give it a name of this machine; raises Trouble when it is not there."""
        repository, _, label = name.rpartition(":")
        try:
            self.client.api.pull(repository, label)
        except docker.errors.APIError as error:
            raise Trouble(f"{name}: {error.explanation or error}") from None
        self.client.api.tag(name, *tag.rsplit(":", 1))
        self.remove_tag(name)

    @contextmanager
    def file_of(self, tag: str, path: str) -> Iterator[IO[bytes]]:
        """One file of an image that need not be able to run; raises Trouble when it is not there."""
        made = self.client.api.create_container(tag, ["none"], labels={BUILD: tag})["Id"]
        try:
            with TemporaryFile() as packed:
                for block in self.client.api.get_archive(made, path)[0]:
                    packed.write(block)
                packed.seek(0)
                with tarfile.open(fileobj=packed) as archive:
                    file = archive.extractfile(archive.getmembers()[0])
                    if file is None:
                        raise Trouble(f"{path} of {tag} is no file")
                    yield file
        except docker.errors.APIError as error:
            raise Trouble(f"{tag}: {error.explanation or error}") from None
        finally:
            self.client.api.remove_container(made, force=True, v=True)

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
            try:
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
                        raise Trouble(f"{part['error']}\n  {told}")
            finally:
                self._forget_stages()

    def _forget_stages(self) -> None:
        """Stages of a build that have done their work would stay on the disk: hundreds of megabytes without a name."""
        self.client.api.prune_images(filters={"dangling": True, "label": BUILD})


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
