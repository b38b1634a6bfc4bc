"""What an administrator decides, as frozen values.

Knows the settings and their defaults; every default, help text, schema and reference page comes from here. How one value
reads is `hub.values`, how a file is read and its mistakes are told `hub.settings_file`, where data lies `hub.folders`;
nothing here touches a file, Docker or HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from hub.folders import Folders
from hub.gpu_settings import Gpus
from hub.mirror_settings import Data, Docs, GitSource, ProvidedName, Repository
from hub.package_settings import PackageMirror
from hub.values import (
    CourseKey,
    Model,
    PersonName,
    Size,
    Subnet,
    absolute_folder,
    domain_name,
    git_source,
    image_name,
    optional_image,
    package,
    time_zone,
)

CLAIMS = {"oidc": "preferred_username", "github": "email", "google": "email"}


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
    processes: int = Field(512, ge=32, description="processes and threads of one submission")
    output: Size = Field("20M", description="bytes that may come back from one submission")  # type: ignore[assignment]
    at_once: int = Field(0, ge=0, le=256, description="submissions executed at the same time; 0: one for each core")
    ready: int = Field(1, ge=0, le=16, description="sandboxes that wait, started, for the next submission of an image")

    def places(self, cores: int) -> int:
        """How many run at the same time on a machine with so many cores."""
        return self.at_once or cores


class Https(Model):
    """How the domain is served. Files are absolute paths, or relative to the folder of the settings."""

    port: int = Field(443, ge=1, le=65_535, description="port of HTTPS, on every address of the machine")
    redirect_port: int = Field(80, ge=0, le=65_535, description="port from which people are sent to HTTPS; 0: none")
    certificate_file: Path | None = Field(
        None, description="PEM file of the certificate and those that lead to its root; empty: an authority of its own"
    )
    key_file: Path | None = Field(None, description="PEM file of the certificate's private key")

    @model_validator(mode="after")
    def _belong_together(self) -> Https:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together; give both, or neither")
        if self.port == self.redirect_port:
            raise ValueError(f"port and redirect_port are both {self.port}; give one of them another number, or 0")
        return self


class Login(Model):
    """How people sign in. The hub's own accounts can always be used, beside a provider too."""

    method: Literal["accounts", "oidc", "github", "google"] = Field(
        "accounts",
        description="accounts: names and passwords kept by CampusHub itself; the others: a provider as well",
    )
    title: str = Field("", max_length=60, description="what stands on the button after 'Sign in with'")
    issuer: str = Field(
        "", description="oidc: address of the provider; github: address of a GitHub Enterprise Server, if it is one"
    )
    client_id: str = Field("", description="what the provider calls this hub")
    client_secret_file: Path | None = Field(
        None, description="file of the secret that goes with it; absolute, or relative to the folder of the settings"
    )
    claim: str = Field(
        "",
        description="what of the provider's word matches the roster: `email` its column email, anything else its column "
        f"name; empty: {', '.join(f'{method} `{claim}`' for method, claim in CLAIMS.items())}",
    )

    @model_validator(mode="after")
    def _complete(self) -> Login:
        if self.method == "accounts":
            return self
        needed = ("client_id", "client_secret_file", *(("issuer",) if self.method == "oidc" else ()))
        if missing := [key for key in needed if not getattr(self, key)]:
            raise ValueError(f"{self.method} needs {' and '.join(missing)} as well")
        if self.issuer and not re.fullmatch(r"https://[^\s/]\S*|http://(localhost|[\d.]+)(:\d+)?(/\S*)?", self.issuer):
            raise ValueError(
                f"the issuer '{self.issuer}' is not an address that can be trusted; write it like https://login.example.edu "
                "(http:// is taken for an address by its numbers only, for trying things out)"
            )
        return self

    @property
    def matches(self) -> str:
        """The claim in use."""
        return self.claim or CLAIMS.get(self.method, "")


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
    image: Annotated[str, AfterValidator(image_name)] = Field(
        "base", description="the image of its servers, one of images/images.yaml"
    )
    gpu_image: Annotated[str | None, AfterValidator(optional_image)] = Field(
        None, description="the image of its servers with a GPU; empty: the course has none"
    )
    material: Annotated[str | None, AfterValidator(git_source)] = Field(
        None, description="git repository of its notebooks: a URL or an absolute path"
    )
    packages: tuple[Annotated[str, AfterValidator(package)], ...] = Field(
        (),
        description="Python packages beside the image's, as pip writes them; campushub-packages.txt of the material adds",
    )
    notebooks: tuple[str, ...] = Field(
        ("**/*.ipynb",), description="which notebooks must run before an image with these packages is taken"
    )
    example: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9-]*$", description="content to begin with: a folder of config/examples"
    )
    branch: str = Field("main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", description="branch of the material")
    material_also: tuple[GitSource, ...] = Field(
        (), description="other addresses under which links of nbgitpuller name the material"
    )
    repositories: Mapping[ProvidedName, Repository] = Field({}, description="git repositories beside the material")
    data: Mapping[ProvidedName, Data] = Field(
        {}, description="data sets and weights that its people find at /data/NAME"
    )
    docs: Mapping[ProvidedName, Docs] = Field({}, description="documentation beside that of the image")
    archived: bool = Field(
        False, description="a course of an earlier term: its staff may look at everything, nobody else comes in"
    )
    limits: LimitsOfCourse = Field(LimitsOfCourse(), description="where it differs from the limits of all")


class Settings(Model):
    """The whole hub in one file."""

    admins: tuple[PersonName, ...] = Field((), description="names of the people who administer every course")
    name: str = Field(
        "campushub",
        pattern=r"^[a-z][a-z0-9-]{0,19}$",
        description="name of this hub on the machine: first word of its containers and networks",
    )
    domain: Annotated[str | None, AfterValidator(domain_name)] = Field(
        None, description="name under which people reach the hub by HTTPS; empty: on this machine only, without HTTPS"
    )
    https: Https = Field(Https(), description="how the domain is served")
    port: int = Field(8000, ge=1, le=65_535, description="port on this machine's loopback address")
    data: Annotated[Path, AfterValidator(absolute_folder)] = Field(
        Path("/srv/campushub"), description="folder of all data, an absolute path"
    )
    timezone: Annotated[str, AfterValidator(time_zone)] = Field(
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
    gpus: Gpus = Field(Gpus(), description="the GPUs that are lent")
    package_mirror: PackageMirror = Field(PackageMirror(), description="where `pip install` finds packages")
    courses: Mapping[CourseKey, Course] = Field({}, description="the courses, by key")

    def limits_of(self, course: str) -> Limits:
        """The limits of a course's servers; those of all for a course that is not there."""
        found = self.courses.get(course)
        own = found.limits.model_dump(exclude_none=True) if found else {}
        return Limits.model_validate({**self.limits.model_dump(), **own})

    @property
    def images(self) -> list[str]:
        """Every image that courses name."""
        found = [{course.image, course.gpu_image} for course in self.courses.values()]
        return sorted({name for names in found for name in names if name is not None})

    def lends_to(self, course: str) -> bool:
        """Whether a course's people may ask for a GPU."""
        found = self.courses.get(course)
        return bool(self.gpus.slots) and found is not None and found.gpu_image is not None and not found.archived

    def address(self, part: Literal["gateway", "hub", "proxy", "service", "packages"]) -> str:
        """The fixed address of a part on the students' network."""
        number = {"gateway": 1, "hub": 2, "proxy": 3, "service": 4, "packages": 5}
        return str(self.network.students[number[part]])

    def core_address(self, part: str) -> str:
        """The fixed address of a part on the core network."""
        return str(self.network.core[CORE_PARTS.index(part) + 2])

    @property
    def url(self) -> str:
        """The address that people open, without a slash at its end."""
        if self.domain is None:
            return f"http://127.0.0.1:{self.port}"
        return f"https://{self.domain}" + ("" if self.https.port == 443 else f":{self.https.port}")

    @property
    def authority_url(self) -> str:
        """Where people get the root certificate of the hub's own authority, before they trust its HTTPS."""
        port = self.https.redirect_port
        plain = f"http://{self.domain}" + ("" if port == 80 else f":{port}")
        return (plain if port else self.url) + "/front/authority.crt"

    @property
    def folders(self) -> Folders:
        return Folders(self.data)


# Their addresses on the core network follow this order: a new part goes to the end.
CORE_PARTS = ("hub", "proxy", "service", "grader", "worker", "culler", "front", "agent", "mirror", "packages")


def parts(settings: Settings) -> tuple[str, ...]:
    """The parts that this hub runs: the agent only where GPUs are lent, others where they are set."""
    wanted = {
        "agent": bool(settings.gpus.slots),
        "packages": bool(settings.package_mirror.upstream),
    }
    return tuple(part for part in CORE_PARTS if wanted.get(part, True))


def as_data(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, for JSON and YAML."""
    return settings.model_dump(mode="json")
