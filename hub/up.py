"""From a bare machine to a running hub: each step looks first and does only what is missing, so it can be run again.

The steps themselves are elsewhere: Ansible's playbooks, `hub.images`, `hub.demo`. This file is their order.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hub import (
    certificates,
    course_images,
    documentation,
    examples,
    front_client,
    gpu_machine,
    image_build,
    images,
    mirror,
    provision,
    rosters,
)
from hub.adapters.engine import Engine
from hub.durable import write_durably
from hub.settings import CORE_PARTS, Settings
from hub.settings_file import load
from hub.trouble import Trouble

Report = Callable[[str], None]

READY_SECONDS = 180
GRADER = "the grader"
READY_PAGES = ("/front/health", "/courses/api/health", "/hub/health")


def up(root: Path, config: Path, *, report: Report) -> None:
    """Bring everything up; raises SettingsInvalid or Trouble before anything is changed where that can be known."""
    need_root("up")
    first = _example_when_missing(root, config, report)
    settings = load(config, images=images.course_images(root))
    _need_files(settings, config)
    _need_ports(settings)
    given = provision.variables(settings, root, config)
    changed = 0
    if not Engine.is_there():
        with _step("Docker", report):
            changed += provision.play(root, "engine.yml", given)
    _need_name(settings)
    _need_networks(settings)
    tell_docker_for_gpus(settings, report)
    with _step("machine: Docker, folders, network, firewall", report):
        changed += provision.play(root, "machine.yml", given)
    if settings.gpus.slots and settings.gpus.toolkit.managed:
        with _step("GPUs: NVIDIA's tool, description of the devices", report):
            changed += provision.play(root, "gpus.yml", given)
    with _step("images", report):
        built, without = _build_images(root, settings, report=lambda line: report(f"  {line}"))
        changed += built
    with _step("hub: proxy, hub, service, grader, worker, culler, mirror, front", report):
        changed += examples.make_material(settings, root)
        changed += documentation.publish(settings, Engine.connect(), report=lambda line: report(f"  {line}"))
        changed += provision.play(root, "hub.yml", given)
        wait_until_ready(settings)
    with _step("people and courses", report):
        changed += rosters.admit_admins(settings, report=lambda line: report(f"  {line}"))
        changed += examples.make(settings, root, report=lambda line: report(f"  {line}"))
    settings.folders.restored_from.unlink(missing_ok=True)  # a restore ends here
    _tell_the_end(settings, root, config, changed=changed + first, report=report)
    if without:
        raise Trouble("\n".join(["", "Not every image that courses ask for is there:", *without]))


def need_root(word: str) -> None:
    if os.geteuid() != 0:
        raise Trouble(f"`campushub {word}` changes the machine; run it with sudo: sudo ./campushub {word}")


def _example_when_missing(root: Path, config: Path, report: Report) -> int:
    if config.exists() or config != root / "config" / "hub.yaml":
        return 0
    report(f"settings: writing {config.relative_to(root)} from the example; change it whenever you like")
    write_durably(config, (root / "config" / "examples" / "hub.yaml").read_bytes(), mode=0o644)
    return 1


def _build_images(root: Path, settings: Settings, *, report: Report) -> tuple[bool, list[str]]:
    """Build what CampusHub runs as, and the courses' images; whether any was built, and why others were not.

    A course whose image cannot be built keeps nobody else waiting.
    """
    known, without = images.read(root), []
    built = image_build.build(root, settings.folders, names=images.of_parts(known, settings), report=report)
    for name in with_documentation(settings.images, known):
        try:
            built |= image_build.build(root, settings.folders, names=[name], report=report)
        except Trouble as trouble:
            report(str(trouble))
            without.append(str(trouble))
    for course in settings.courses:
        try:
            built |= course_images.bring_up(root, settings, course, again=False, report=report)
        except Trouble as trouble:
            report(str(trouble))
            without.append(str(trouble))
    return built, without


def with_documentation(names: Iterable[str], known: Mapping[str, images.Image]) -> list[str]:
    """Images, and after all of them the documentation of each: notebooks come first."""
    names = list(names)
    return [*names, *(image.name for image in known.values() if image.documents and image.parent in names)]


@contextmanager
def _step(name: str, report: Report) -> Iterator[None]:
    began = time.monotonic()
    report(f"{name} …")
    yield
    report(f"{name}: ready after {time.monotonic() - began:.0f} s")


def _need_ports(settings: Settings) -> None:
    """Raises Trouble when another program listens where the front is to."""
    wanted = [("127.0.0.1", settings.port, "port")]
    if settings.domain is not None:
        wanted.append(("", settings.https.port, "https.port"))
        if settings.https.redirect_port:
            wanted.append(("", settings.https.redirect_port, "https.redirect_port"))
    for address, port, setting in wanted:
        _need_port(settings, address, port, setting)


def _need_port(settings: Settings, address: str, port: int, setting: str) -> None:
    if Engine.is_there() and Engine.connect().publishes(f"{settings.name}-front", port):
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            return
        except OSError:
            raise Trouble(
                f"another program listens on port {port} of this machine. End it, or set another `{setting}` "
                "in the settings; nothing was changed."
            ) from None


def _need_files(settings: Settings, config: Path) -> None:
    """Raises Trouble when a file that the settings name is not there or is of no use."""
    if (files := provision.certificate_files(settings, config)) is not None and settings.domain is not None:
        certificates.need_good(*files, settings.domain, datetime.now(UTC))
    secret = provision.sign_in_secret(settings, config)
    if secret is not None and not (secret.is_file() and secret.read_bytes().strip()):
        raise Trouble(
            f"{secret} is not there or empty; put the secret of `login.client_id` in it. Nothing was changed."
        )
    for one in mirror.files(settings):
        if one.source.startswith("/") and not Path(one.source).is_file():
            raise Trouble(
                f"courses.{one.course}.{one.kind}.{one.name}: there is no file {one.source}. Nothing was changed."
            )


def _need_name(settings: Settings) -> None:
    """Raises Trouble when containers of this name belong to something else."""
    engine = Engine.connect()
    parts = {f"{settings.name}-{part}" for part in CORE_PARTS}
    for found in engine.containers_named(f"{settings.name}-"):
        if found.name in parts and found.instance != settings.name:
            raise Trouble(
                f"a container is called '{found.name}' already and is not CampusHub's. Remove it, or set another "
                "`name` in the settings."
            )
        if found.name in parts and found.data != str(settings.data):
            raise Trouble(
                f"a hub called '{settings.name}' runs on this machine already, with its data in {found.data}. "
                "Set another `name` in the settings."
            )


def _need_networks(settings: Settings) -> None:
    """Raises Trouble when another of Docker's networks has addresses that the settings want."""
    ours = {f"{settings.name}-students": settings.network.students, f"{settings.name}-core": settings.network.core}
    for name, subnets in Engine.connect().networks().items():
        for wanted in ours.values():
            if name not in ours and any(wanted.overlaps(subnet) for subnet in subnets):
                raise Trouble(
                    f"the addresses {wanted} are taken by Docker's network '{name}'. Set other addresses under "
                    "`network` in the settings."
                )


def tell_docker_for_gpus(settings: Settings, report: Report) -> None:
    """Say what `up` does about this machine's Docker so that GPUs can be lent; raises Trouble when that would end what runs."""
    if settings.gpus.slots and Engine.is_there():
        docker = gpu_machine.Docker.of(Engine.connect().about())
        if (step := gpu_machine.step(docker, len(settings.gpus.slots))) is not gpu_machine.Step.NOTHING:
            report(f"Docker {docker.version}: {step.value}, so that GPUs can be lent")


def wait_until_ready(settings: Settings) -> None:
    """Return once every page answers; raises Trouble when one does not in time."""
    until = time.monotonic() + READY_SECONDS
    waiting = [*READY_PAGES, GRADER]
    while waiting := [page for page in waiting if not _is_ready(settings, page)]:
        if time.monotonic() > until:
            raise Trouble(
                f"{', '.join(waiting)} did not answer within {READY_SECONDS} s; `campushub status` and "
                "`campushub logs` say more"
            )
        time.sleep(0.5)


def _is_ready(settings: Settings, page: str) -> bool:
    if page == GRADER:
        return bool(front_client.health(settings).get("grader"))
    return front_client.answers(settings, page)


def _tell_the_end(settings: Settings, root: Path, config: Path, *, changed: int, report: Report) -> None:
    report("")
    report("Nothing had to be changed." if not changed else "CampusHub is up.")
    report(f"  Address        {settings.url}/")
    for line in _about_authority(settings):
        report(f"  {line}")
    for line in examples.accounts(settings, root):
        report(f"  {line}")
    report(f"  Next           open the address and sign in; then put your courses into {config} and run this again")


def _about_authority(settings: Settings) -> list[str]:
    """What an administrator hands out, so that browsers trust a hub that is its own authority."""
    if settings.domain is None or settings.https.certificate_file is not None:
        return []
    lines = [f"Root           {settings.authority_url} ({settings.folders.authority})"]
    if settings.folders.authority.exists():
        lines.append(f"Fingerprint    {certificates.fingerprint(settings.folders.authority)}")
    return lines
