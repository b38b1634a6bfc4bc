"""The command's words for images: build, list, test, save, load, push, pull, bom, prune."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from hub import bom, image_build, image_files, image_tests, images
from hub.adapters.engine import Engine
from hub.cli_ground import ROOT, say, settings_of
from hub.trouble import Trouble
from hub.up import need_root


def add_to(words: Any) -> None:
    """Add them to the command's words (argparse's object for what may follow)."""
    image = words.add_parser("images", help="what servers are made of").add_subparsers(required=True)
    build = image.add_parser("build", help="build what is not there yet: these, or all but those with CUDA")
    build.add_argument("names", nargs="*", metavar="NAME")
    build.set_defaults(run=run_build)
    listing = image.add_parser("list", help="which images there are, and which are built")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=run_list)
    test = image.add_parser("test", help="whether courses' images are fit for use: these, or all that are built")
    test.add_argument("names", nargs="*", metavar="NAME")
    test.set_defaults(run=run_test)
    for word, run, where, about in (
        ("save", run_save, "folder", "write images to files, to carry them to another machine"),
        ("load", run_load, "folder", "take images out of files that `save` has written"),
        ("push", run_push, "registry", "send images to a registry"),
        ("pull", run_pull, "registry", "fetch this checkout's images from a registry"),
    ):
        one = image.add_parser(word, help=about)
        one.add_argument(where)
        one.add_argument("names", nargs="*", metavar="NAME")
        one.set_defaults(run=run)
    bill = image.add_parser("bom", help="the bill of materials of an image, as CycloneDX")
    bill.add_argument("name", metavar="NAME")
    bill.set_defaults(run=run_bom)
    image.add_parser("prune", help="remove images of earlier checkouts that nobody uses").set_defaults(run=run_prune)


def run_build(options: argparse.Namespace) -> None:
    need_root("images build")
    if not image_build.build(ROOT, settings_of(options.config).folders, names=options.names or None, report=say):
        print("every image is there already")


def run_list(options: argparse.Namespace) -> None:
    found = images.listed(ROOT, Engine.connect())
    if options.json:
        print(json.dumps(found, indent=2))
        return
    width = max(len(one["name"]) for one in found)
    for one in found:
        size = f"{one['size'] / 1e6:.0f} MB" if one["size"] else "not built"
        print(f"{one['name']:<{width}} {one['content']} {size:>10}  {one['summary']}")


def run_test(options: argparse.Namespace) -> int:
    need_root("images test")
    known, engine = images.read(ROOT), Engine.connect()
    ids = images.content_ids(ROOT, known)
    tags = {name: images.tag(name, ids[name]) for name in known if known[name].course}
    there = [name for name in tags if engine.image(tags[name]) is not None]
    if missing := [name for name in options.names if name not in there]:
        raise Trouble(
            f"not a course's image, or not built: {', '.join(missing)}; there is: {', '.join(there) or 'none'}"
        )
    failed = []
    for name in options.names or there:
        failed += image_tests.test(ROOT, tags[name], known[name], known, report=say)
    for sentence in failed:
        print(sentence)
    return 1 if failed or not there else 0


def run_save(options: argparse.Namespace) -> None:
    need_root("images save")
    image_files.save(ROOT, Path(options.folder), options.names, report=say)


def run_load(options: argparse.Namespace) -> None:
    need_root("images load")
    image_files.load(ROOT, Path(options.folder), options.names, report=say)
    image_build.record(ROOT, settings_of(options.config).folders)


def run_push(options: argparse.Namespace) -> None:
    need_root("images push")
    image_files.push(ROOT, options.registry, options.names, report=say)


def run_pull(options: argparse.Namespace) -> None:
    need_root("images pull")
    image_files.pull(ROOT, options.registry, options.names, report=say)
    image_build.record(ROOT, settings_of(options.config).folders)


def run_bom(options: argparse.Namespace) -> None:
    known, engine = images.read(ROOT), Engine.connect()
    if options.name not in known:
        raise Trouble(f"there is no image '{options.name}'; there is: {', '.join(known)}")
    tag = images.tag(options.name, images.content_ids(ROOT, known)[options.name])
    if engine.image(tag) is None:
        raise Trouble(
            f"the image '{options.name}' is not built; `sudo ./campushub images build {options.name}` makes it"
        )
    print(json.dumps(bom.of(ROOT, engine, tag, known[options.name], known), indent=2))


def run_prune(options: argparse.Namespace) -> None:
    need_root("images prune")
    image_files.prune(ROOT, settings_of(options.config).folders, report=say)
