"""Fails when an image holds what none should: rights, caches, wheels, secrets, packages without bytecode; or has no locale."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

MACHINE = {"/proc", "/sys", "/dev", "/home/jovyan", "/tmp", "/mnt"}
LEFT = ("/root/", "/var/cache/apt/", "/var/lib/apt/lists/", "/wheels/")
NOT_COMPILED_AT_MOST = 0.01  # templates and tests for other Pythons, which do not compile


def files(top: str) -> Iterator[os.DirEntry[str]]:
    try:
        inside = list(os.scandir(top))
    except OSError:
        return
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            if entry.path not in MACHINE:
                yield from files(entry.path)
        else:
            yield entry


def faults() -> Iterator[str]:
    if os.getuid() == 0:
        yield "it runs as root"
    if "ü".encode(sys.getfilesystemencoding()) != "ü".encode() or os.environ.get("LANG") != "C.UTF-8":
        yield "its locale is not C.UTF-8"
    for name in os.environ:
        if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD")):
            yield f"{name} is in its environment"
    sources = without = 0
    for entry in files("/"):
        about, path = entry.stat(follow_symlinks=False), Path(entry.path)
        if about.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(about.st_mode):
            yield f"{path} runs with others' rights"
        if entry.path.startswith(LEFT) and about.st_size and path.name not in (".bashrc", ".profile"):
            yield f"{path} was left by the build"
        if path.suffix == ".whl" and "_bundled" not in path.parts and not entry.path.startswith("/usr/share/"):
            yield f"{path} is a wheel"
        if path.suffix == ".py" and entry.path.startswith("/opt/env/"):
            sources += 1
            without += not (path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc").exists()
    if without > sources * NOT_COMPILED_AT_MOST:
        yield f"{without} of {sources} Python files have no bytecode, which students cannot write"
    if any(Path("/usr/local/share/ca-certificates").glob("*")):
        yield "it holds certificate authorities of the machine that it was built on"


sys.exit("\n".join(faults()) or 0)
