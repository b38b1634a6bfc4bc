"""Fails when a package that was asked for cannot be imported. Arguments: the names as they stand in requirements.in."""

import importlib
import importlib.metadata
import re
import sys


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


modules: dict[str, list[str]] = {}
for module, packages in importlib.metadata.packages_distributions().items():
    for package in packages:
        modules.setdefault(plain(package), []).append(module)

failed = []
for name in sys.argv[1:]:
    found = [module for module in modules.get(plain(name), ()) if module.isidentifier() and not module.startswith("_")]
    if not found:
        failed.append(f"{name}: not installed, or it has nothing to import")
    for module in found:
        try:
            importlib.import_module(module)
        except BaseException as error:
            failed.append(f"{name}: import {module}: {type(error).__name__}: {error}")
sys.exit("\n".join(failed) or 0)
