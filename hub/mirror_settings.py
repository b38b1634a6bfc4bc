"""What a course's people are to find on this machine instead of fetching it: data, documentation, repositories.

Everything is pinned by its SHA-256, so that what is fetched is what was meant, whoever answers.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from hub.values import Model, git_address, provided_name, sha256_text, web_address, web_source

Library = Literal["seaborn", "keras-datasets", "keras-models", "torch-checkpoints", "torch-hub"]
ProvidedName = Annotated[str, AfterValidator(provided_name)]
GitSource = Annotated[str, AfterValidator(git_address)]
FILE_NAME = re.compile(r"[^/\0-\x1f.][^/\0-\x1f]{0,199}")


class _Fetched(Model):
    """Something that is fetched once and checked."""

    source: Annotated[str, AfterValidator(web_source)] = Field(description="where it is: a URL or an absolute path")
    sha256: Annotated[str, AfterValidator(sha256_text)] = Field(
        description="SHA-256 of its bytes, as `sha256sum` writes it"
    )
    licence: str = Field("", max_length=200, description="under which licence it may be used")


class Data(_Fetched):
    """A data set, or the weights of a model; people find it at /data/NAME."""

    file: str = Field("", description="the name of its file; empty: as in the source")
    also: tuple[Annotated[str, AfterValidator(web_address)], ...] = Field(
        (), description="other public URLs under which notebooks ask for it"
    )
    library: Library | None = Field(None, description="which library looks for it in a folder of its own; empty: none")
    unpack: bool = Field(
        False,
        description="whether it is an archive (zip, tar) or a packed file (gz, bz2, xz), and people are to find what is in it",
    )

    @model_validator(mode="after")
    def _has_a_name(self) -> Data:
        if not FILE_NAME.fullmatch(self.file_name):
            raise ValueError(
                f"'{self.file_name}' is no name for a file; give one under `file`, like penguins.csv"
                if self.file
                else "the source does not end with a file's name; give one under `file`, like penguins.csv"
            )
        if self.library == "torch-hub" and not self.unpack:
            raise ValueError("torch-hub looks for the folder of a repository; write `unpack: true`")
        return self

    @property
    def file_name(self) -> str:
        """The name of its file."""
        path = self.source if self.source.startswith("/") else unquote(urlsplit(self.source).path)
        return self.file or PurePosixPath(path).name

    @property
    def addresses(self) -> tuple[str, ...]:
        """The public URLs under which notebooks ask for it."""
        return (*(() if self.source.startswith("/") else (self.source,)), *self.also)


class Docs(_Fetched):
    """Documentation as an archive (zip, tar) of HTML pages."""

    title: str = Field(min_length=1, max_length=120, description="what people read")


class Repository(Model):
    """A git repository beside the course's material: for links of nbgitpuller, and for submodules."""

    source: GitSource = Field(description="where it is: a git URL or an absolute path")
    also: tuple[GitSource, ...] = Field((), description="other addresses under which links and submodules name it")
