"""What runs: CampusHub's parts, the images they are made from, and containers that nobody owns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from hub import image_record, images
from hub.adapters import databases
from hub.adapters.engine import Container
from hub.checks import UP, Examined, Finding, Note
from hub.grading import READY_SECONDS
from hub.settings import CORE_PARTS
from hub.status import fault, look

STARTING = timedelta(minutes=3)  # a server may run this long before JupyterHub has written it down
SANDBOX_MORE = timedelta(seconds=READY_SECONDS + 180)  # it may have waited, on top of a submission's own time


def parts(examined: Examined) -> Iterator[Finding | Note]:
    name, found = examined.settings.name, look(examined.settings)
    yield from map(Note, found.notes)
    for part, service in found.services.items():
        if not service.ok:
            restart = f"`sudo docker restart {name}-{part}`" if service.state.startswith("running") else f"`{UP}`"
            yield Finding(
                f"{fault(part, service)[0]}.",
                f"docker ps: {name}-{part} is {service.state}",
                f"{restart}; `sudo ./campushub logs {part}` says why it came so",
            )


def _remedy(name: str) -> str:
    """What makes one image again, and no other."""
    course = name.removeprefix(image_record.own(""))
    return f"images build {name}" if course == name else f"course image {course}"


def built(examined: Examined) -> Iterator[Finding]:
    """Images that are recorded and not there, older than the checkout, or not what the parts were made from."""
    path = examined.settings.folders.images
    record = image_record.read(path)
    for name, about in record.items():
        # Documentation that the front has needs its image no longer; the next `up` makes it again.
        if not name.startswith(image_record.DOCUMENTS) and examined.engine.image(about["tag"]) is None:
            yield Finding(
                f"The image '{name}' is not in Docker, so no server can be started from it.",
                f"{about['tag']}, recorded in {path}",
                f"`sudo ./campushub {_remedy(name)}`",
            )
    known = images.read(examined.root)
    ids = images.content_ids(examined.root, known)
    in_use = {*images.of_parts(known, examined.settings), *examined.settings.images}
    stale = [
        name for name in known if name in in_use and record.get(name, {}).get("tag") != images.tag(name, ids[name])
    ]
    if stale:
        yield Finding(
            f"The checkout is newer than what runs: {', '.join(stale)} changed since the last `up`.",
            f"the images' content against {path}",
            f"`{UP}`",
        )
    recorded = {about["id"] for about in record.values()}
    for container in examined.engine.containers_of(examined.settings.name):
        if container.part and container.image not in recorded and not stale:
            seen = f"docker inspect {container.name}: {container.image[:19]} is not in {path}"
            yield Finding(f"The {container.part} still runs an earlier image.", seen, f"`{UP}`")


def owners(examined: Examined) -> Iterator[Finding]:
    """Containers of this hub that belong to nobody, and strangers on the students' network."""
    settings, engine = examined.settings, examined.engine
    found = engine.containers_of(settings.name)
    store, hub = settings.folders.service / "store.sqlite", settings.folders.hub / "jupyterhub.sqlite"
    people = databases.people(store) if store.exists() else frozenset()
    servers = databases.servers(hub) if hub.exists() else frozenset()
    for container in found:
        why = _without_owner(examined, container, people, servers)
        if why:
            yield _stray(container.name, why, f"docker ps --filter label=campushub.instance={settings.name}")
    ours = {container.name for container in found}
    for name in engine.members(f"{settings.name}-students"):
        if name not in ours:
            where = f"docker network inspect {settings.name}-students"
            yield _stray(name, "it is on the students' network and is not CampusHub's", where)


def _stray(name: str, why: str, seen: str) -> Finding:
    return Finding(f"The container {name} has no owner: {why}.", seen, f"`sudo docker rm -f {name}`")


def _without_owner(
    examined: Examined, container: Container, people: frozenset[str], servers: frozenset[tuple[str, str]]
) -> str:
    age, settings = examined.now - container.created, examined.settings
    if container.sandbox:
        longest = timedelta(seconds=settings.sandbox.seconds) + SANDBOX_MORE
        return "it is a sandbox and has outlived its submission" if age > longest else ""
    if container.part:
        known = container.part in CORE_PARTS and container.name == f"{settings.name}-{container.part}"
        return "" if known else f"this version has no part '{container.part}' of that name"
    if container.person is None:
        return "it is neither a part, nor a server, nor a sandbox"
    if container.person not in people:
        return f"the store knows nobody called '{container.person}'"
    if container.course not in settings.courses:
        return f"the course '{container.course}' is not in the settings any more"
    if (container.person, container.server) not in servers and age > STARTING:
        return f"JupyterHub knows no running server '{container.server}' of {container.person}"
    return ""
