"""What an administrator decides, as frozen values.

Knows the settings and their defaults; every default, help text, schema and reference page comes from here.
How a file is read and how its mistakes are told is `hub.settings_file`, where data lies is `hub.folders`; nothing here
touches a file, Docker or HTTP.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hub.folders import Folders

COURSE_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
COURSE_KEY_LENGTH = 24
RESERVED_PREFIXES = ("gpu-", "grade-")
PAGES = {"api", "feedback", "password", "receipts", "static"}  # below /courses/, beside the courses
PERSON_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def parse_size(value: object) -> int:
    """Bytes of a text like 512M or 4G (powers of 1024); raises ValueError in the reader's words."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value > 0:
            return value
        raise ValueError("a size is more than nothing; write it like 512M or 4G")
    match = re.fullmatch(r"(\d+)([KMGT])", str(value))
    if match is None or int(match[1]) == 0:
        raise ValueError(f"'{value}' is not a size; write it like 512M or 4G")
    return int(match[1]) * _UNITS[match[2]]


def size_text(size: int) -> str:
    """The shortest exact text of a size in bytes: 512M, 4G."""
    for unit in "TGMK":
        if size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)


def parse_network(value: object) -> IPv4Network:
    try:
        return IPv4Network(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is not a network; write it like 172.30.64.0/21") from None


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(size_text),
    Field(json_schema_extra={"type": ["string", "integer"], "pattern": r"^\d+[KMGT]?$"}),
]
Subnet = Annotated[
    IPv4Network,
    BeforeValidator(parse_network),
    PlainSerializer(str),
    Field(json_schema_extra={"type": "string"}),
]


def course_key(key: str) -> str:
    """A course's key as it is; raises ValueError when it cannot be one (design.md, decision 12)."""
    if len(key) > COURSE_KEY_LENGTH:
        raise ValueError(f"'{key}' is longer than {COURSE_KEY_LENGTH} characters")
    if key.startswith(RESERVED_PREFIXES):
        raise ValueError(f"'{key}' may not start with gpu- or grade-; those names are taken")
    if key in PAGES:
        raise ValueError(f"'{key}' is the name of a page; give the course another key")
    if COURSE_KEY.fullmatch(key) is None:
        raise ValueError(
            f"'{key}' cannot be a course's key; use lower-case letters, digits and single dashes, starting with a letter"
        )
    return key


def person_name(name: str) -> str:
    """A person's sign-in name as it is; raises ValueError when it cannot be one."""
    if PERSON_NAME.fullmatch(name) is None:
        raise ValueError(
            f"'{name[:70]}' cannot be a name; use lower-case letters, digits and . _ @ -, at most 64, no spaces or accents"
        )
    return name


def _image(name: str, info: ValidationInfo) -> str:
    known: frozenset[str] | None = (info.context or {}).get("images")
    if known is None or name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there is {', '.join(sorted(known))}"
    raise ValueError(f"no image is called '{name}'; {hint}")


def _git_source(source: str | None) -> str | None:
    if source is None or re.match(r"(https?://|ssh://|git@[^:]+:|/)\S+$", source):
        return source
    raise ValueError(f"'{source}' is neither a git URL (https://…, ssh://…) nor an absolute path")


def _absolute(path: Path) -> Path:
    if not path.is_absolute() or path == Path("/"):
        raise ValueError(f"'{path}' is not a folder's absolute path; write it like /srv/campushub")
    return path


def _time_zone(name: str) -> str:
    if name and name not in available_timezones():
        close = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"no time zone is called '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
    return name


CourseKey = Annotated[str, AfterValidator(course_key)]
PersonName = Annotated[str, AfterValidator(person_name)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Limits(Model):
    """What one server may use at most."""

    cpu: float = Field(2, gt=0, description="processor cores")
    memory: Size = Field("2G", description="memory; swap is not added to it")  # type: ignore[assignment]
    processes: int = Field(512, ge=64, description="processes and threads")
    shared_memory: Size = Field("256M", description="/dev/shm, which data loaders use")  # type: ignore[assignment]
    open_files: int = Field(4096, ge=256, description="open files of one process")


class LimitsOfCourse(Model):
    """What a course changes about the limits of its servers; what is left out stays as set for all."""

    cpu: float | None = Field(None, gt=0, description="processor cores")
    memory: Size | None = Field(None, description="memory")
    processes: int | None = Field(None, ge=64, description="processes and threads")
    shared_memory: Size | None = Field(None, description="/dev/shm")
    open_files: int | None = Field(None, ge=256, description="open files of one process")


class Sandbox(Model):
    """What one submission may use while it is graded."""

    seconds: int = Field(300, ge=10, le=86_400, description="wall-clock time of one submission")
    memory: Size = Field("1G", description="memory of one submission")  # type: ignore[assignment]
    cpu: float = Field(1, gt=0, description="processor cores of one submission")
    processes: int = Field(128, ge=32, description="processes and threads of one submission")
    output: Size = Field("20M", description="bytes that may come back from one submission")  # type: ignore[assignment]
    at_once: int = Field(2, ge=1, le=256, description="submissions executed at the same time")


class Login(Model):
    """How people sign in."""

    method: Literal["accounts"] = Field(
        "accounts", description="accounts: names and passwords kept by CampusHub itself"
    )


class Network(Model):
    """Addresses that CampusHub takes for itself inside the machine; change them if the campus uses them."""

    students: Subnet = Field("172.30.64.0/21", description="the network of people's servers, /21 or larger")  # type: ignore[assignment]
    core: Subnet = Field("172.30.72.0/24", description="the network of CampusHub's own parts, /24 or larger")  # type: ignore[assignment]

    @field_validator("students", "core")
    @classmethod
    def _large_enough(cls, network: IPv4Network, info: ValidationInfo) -> IPv4Network:
        longest = 21 if info.field_name == "students" else 24
        if network.prefixlen > longest:
            raise ValueError(f"'{network}' is too small; take a /{longest} or larger")
        return network

    @model_validator(mode="after")
    def _apart(self) -> Network:
        if self.students.overlaps(self.core):
            raise ValueError(f"students '{self.students}' and core '{self.core}' overlap; move one of them")
        return self


class Course(Model):
    """One course: its title, its image and its material."""

    title: str = Field(min_length=1, max_length=120, description="what people read")
    image: Annotated[str, AfterValidator(_image)] = Field(
        "base", description="the image of its servers, one of images/images.yaml"
    )
    material: Annotated[str | None, AfterValidator(_git_source)] = Field(
        None, description="git repository of its notebooks: a URL or an absolute path"
    )
    branch: str = Field("main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", description="branch of the material")
    limits: LimitsOfCourse = Field(LimitsOfCourse(), description="where it differs from the limits of all")


class Settings(Model):
    """The whole hub in one file."""

    admins: tuple[PersonName, ...] = Field((), description="names of the people who administer every course")
    name: str = Field(
        "campushub",
        pattern=r"^[a-z][a-z0-9-]{0,19}$",
        description="name of this hub on the machine: first word of its containers and networks",
    )
    port: int = Field(8000, ge=1, le=65_535, description="port on this machine's loopback address")
    data: Annotated[Path, AfterValidator(_absolute)] = Field(
        Path("/srv/campushub"), description="folder of all data, an absolute path"
    )
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "", description="time zone of dates on pages, like Asia/Kolkata; empty: the machine's"
    )
    idle_minutes: int = Field(60, ge=1, description="minutes without activity after which a server is ended")
    reserve: Size = Field("5G", description="free disk below which no server starts and no work is accepted")  # type: ignore[assignment]
    backup_days: int = Field(7, ge=1, description="days after which `doctor` says that the last backup is too old")
    submission_limit: Size = Field("100M", description="size of one submission at most")  # type: ignore[assignment]
    login: Login = Field(Login(), description="how people sign in")
    limits: Limits = Field(Limits(), description="what one server may use, unless its course says otherwise")
    sandbox: Sandbox = Field(Sandbox(), description="what one submission may use while it is graded")
    network: Network = Field(Network(), description="addresses used inside the machine")
    courses: Mapping[CourseKey, Course] = Field({}, description="the courses, by key")

    def limits_of(self, course: str) -> Limits:
        """The limits of a course's servers; those of all for a course that is not there."""
        found = self.courses.get(course)
        own = found.limits.model_dump(exclude_none=True) if found else {}
        return Limits.model_validate({**self.limits.model_dump(), **own})

    def address(self, part: Literal["gateway", "hub", "proxy", "service"]) -> str:
        """The fixed address of a part on the students' network."""
        return str(self.network.students[{"gateway": 1, "hub": 2, "proxy": 3, "service": 4}[part]])

    def core_address(self, part: str) -> str:
        """The fixed address of a part on the core network."""
        return str(self.network.core[CORE_PARTS.index(part) + 2])

    @property
    def folders(self) -> Folders:
        return Folders(self.data)


CORE_PARTS = ("hub", "proxy", "service", "grader", "worker", "culler", "front")


def as_data(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, for JSON and YAML."""
    return settings.model_dump(mode="json")
