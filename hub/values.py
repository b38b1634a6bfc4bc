"""How one value of the settings reads: sizes, networks, names, addresses, and what is told of a wrong one."""

from __future__ import annotations

import difflib
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

COURSE_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
COURSE_KEY_LENGTH = 24
RESERVED_PREFIXES = ("gpu-", "grade-")
PAGES = {"api", "feedback", "help", "password", "receipts", "static"}  # below /courses/, beside the courses
PERSON_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
ADDRESS = re.compile(r"[\d.]+")


class Model(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


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


def image_name(name: str, info: ValidationInfo) -> str:
    known: frozenset[str] | None = (info.context or {}).get("images")
    if known is None or name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there is {', '.join(sorted(known))}"
    raise ValueError(f"no image is called '{name}'; {hint}")


def optional_image(name: str | None, info: ValidationInfo) -> str | None:
    return image_name(name, info) if name is not None else None


PACKAGE = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._, -]+\])?"
    r"(?:\s*(?:[<>=!~]=|===|[<>])\s*[A-Za-z0-9.*+!_-]+(?:\s*,\s*(?:[<>=!~]=|[<>])\s*[A-Za-z0-9.*+!_-]+)*)?"
)


def package(text: str) -> str:
    """A Python package as pip writes it: a name, with or without versions; no address, file or option."""
    if not PACKAGE.fullmatch(text):
        raise ValueError(f"'{text}' is not a package; write its name, with or without a version: lightgbm==4.6.0")
    return text


def git_source(source: str | None) -> str | None:
    return source if source is None else git_address(source)


def git_address(source: str) -> str:
    if re.match(r"(https?://|ssh://|git@[^:]+:|/)\S+$", source):
        return source
    raise ValueError(f"'{source}' is neither a git URL (https://…, ssh://…) nor an absolute path")


def web_address(address: str) -> str:
    if re.match(r"https?://[^\s/]+(/\S*)?$", address):
        return address
    raise ValueError(f"'{address}' is not a URL; write it like https://data.example.edu/penguins.csv")


def web_source(source: str) -> str:
    if source.startswith("/") and not source.endswith("/"):
        return source
    try:
        return web_address(source)
    except ValueError:
        raise ValueError(f"'{source}' is neither a URL (https://…) nor a file's absolute path") from None


def sha256_text(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    raise ValueError(f"'{text}' is not a SHA-256; it has 64 digits of 0-9 and a-f, as `sha256sum FILE` writes it")


def provided_name(name: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,59}", name):
        return name
    raise ValueError(
        f"'{name}' is no name for this: small letters, digits, '.', '_' and '-', at most 60, like weather-light"
    )


def absolute_folder(path: Path) -> Path:
    if not path.is_absolute() or path == Path("/"):
        raise ValueError(f"'{path}' is not a folder's absolute path; write it like /srv/campushub")
    return path


def time_zone(name: str) -> str:
    if name and name not in available_timezones():
        close = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"no time zone is called '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
    return name


def domain_name(name: str | None) -> str | None:
    if name is None or (DOMAIN.fullmatch(name) and not ADDRESS.fullmatch(name)):
        return name
    raise ValueError(
        f"'{name}' is not a domain; write its name alone, in lower case, like jupyter.example.edu"
        + (", and its port under https" if ":" in name else "")
    )


CourseKey = Annotated[str, AfterValidator(course_key)]
PersonName = Annotated[str, AfterValidator(person_name)]
