"""What an administrator decides about the package mirror: whose packages it keeps, and how much of them.

Plain values with their defaults, a part of `hub.settings`.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from hub.values import Model, Size

PACKAGES_PORT = 8060  # of the mirror, on both networks
PAGES = "root/pypi/+simple/"  # below it, what pip reads
UPSTREAM = re.compile(r"https://[^\s/@?#]+(/[^\s@?#]*)?|http://(localhost|[\d.]+)(:\d+)?(/[^\s@?#]*)?")


def index_address(address: str) -> str:
    """An index's address with a slash at its end; raises ValueError for one that cannot be trusted."""
    if address and UPSTREAM.fullmatch(address) is None:
        raise ValueError(
            f"'{address}' is not an index that can be trusted; write it like https://pypi.org/simple/, without a name and "
            "a password (http:// is taken for an address by its numbers only, within the campus)"
        )
    return address if not address or address.endswith("/") else f"{address}/"


class PackageMirror(Model):
    """The mirror from which `pip install` is served in people's servers."""

    upstream: Annotated[str, AfterValidator(index_address)] = Field(
        "",
        description="the index whose packages it keeps: https://pypi.org/simple/ or the campus' own mirror; empty: no mirror",
    )
    size: Size = Field("20G", description="disk that kept packages may use; those used longest ago go first")  # type: ignore[assignment]
