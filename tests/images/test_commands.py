"""What an administrator types about images: listed, built by name, tested, saved, loaded, pushed, pulled, pruned."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hub import image_record
from hub.adapters.engine import Engine
from hub.folders import Folders
from tests.instance import ROOT, free_port, text_of

FREE = "spark"  # no hub on this machine runs it, so that it can be taken away


@pytest.fixture
def config(folders: Folders, tags: dict[str, str], tmp_path: Path) -> Path:
    path = tmp_path / "hub.yaml"
    path.write_text(f"name: chtest-images\ndata: {folders.data}\n", encoding="utf-8")
    return path


def command(config: Path, *words: str, code: int = 0) -> str:
    line = [str(ROOT / "campushub"), f"--config={config}", "images", *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_list_is_words_for_people_and_data_for_programs(config: Path, tags: dict[str, str]) -> None:
    told = {one["name"]: one for one in json.loads(command(config, "list", "--json"))}
    assert told["deep-learning"]["parent"] == "frameworks"
    assert tags["spark"].endswith(told["spark"]["content"])
    assert all(one["size"] > 0 for one in told.values() if one["cuda"] is None)
    assert told["torch-gpu"]["cuda"] == 13
    assert "deep-learning" in command(config, "list")


def test_names_that_there_are_not_are_said(config: Path) -> None:
    assert "there is no image 'deeplearning'" in command(config, "build", "deeplearning", code=1)
    assert "not a course's image, or not built: proxy" in command(config, "test", "proxy", code=1)
    assert "there is no image 'x'" in command(config, "bom", "x", code=1)


def test_built_again_only_when_it_is_gone(config: Path, tags: dict[str, str]) -> None:
    began = time.monotonic()
    assert "every image is there already" in command(config, "build")
    assert time.monotonic() - began < 10
    Engine.connect().remove_tag(tags[FREE])
    assert f"image {FREE}: " in command(config, "build", FREE)


def test_plain_image_passes(config: Path) -> None:
    assert "image base: server: good" in command(config, "test", "base")


def test_saved_erased_loaded(config: Path, tags: dict[str, str], folders: Folders, tmp_path: Path) -> None:
    command(config, "save", str(tmp_path / "disk"), FREE)
    assert "there already" in command(config, "save", str(tmp_path / "disk"), FREE)
    Engine.connect().remove_tag(tags[FREE])
    command(config, "load", str(tmp_path / "disk"))
    assert image_record.read(folders.images)[FREE]["tag"] == tags[FREE]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Debian's own registry on the loopback address."""
    if shutil.which("docker-registry") is None:
        words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "docker-registry"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    settings = tmp_path / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
        encoding="utf-8",
    )
    program = subprocess.Popen(["docker-registry", "serve", str(settings)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            requests.get(f"http://127.0.0.1:{port}/v2/", timeout=2)
            break
        except requests.RequestException:
            time.sleep(0.2)
    yield f"127.0.0.1:{port}"
    program.terminate()
    program.wait(timeout=30)


def test_pushed_erased_pulled(config: Path, tags: dict[str, str], registry: str) -> None:
    engine = Engine.connect()
    before = engine.image(tags[FREE])
    command(config, "push", registry, FREE)
    engine.remove_tag(tags[FREE])
    command(config, "pull", registry, FREE)
    after = engine.image(tags[FREE])
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert "image front: there" in command(config, "pull", registry, "front"), "what is there is not fetched"


def test_registry_that_is_silent_is_said(config: Path) -> None:
    assert "127.0.0.1:9" in command(config, "push", "127.0.0.1:9", FREE, code=1)


def test_bill_and_pruning(config: Path, tags: dict[str, str]) -> None:
    assert json.loads(command(config, "bom", "base"))["bomFormat"] == "CycloneDX"
    assert text_of(command(config, "prune")).endswith("images removed")
    assert Engine.connect().image(tags["base"]) is not None
