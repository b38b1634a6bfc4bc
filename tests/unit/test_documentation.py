"""Documentation: what an image documents, what the front is given, and how docstrings become pages."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from hub import documentation, image_record, images
from hub.settings import Settings
from hub.up import with_documentation
from tests.instance import ROOT

KNOWN = images.read(ROOT)
DOCUMENTED = [image for image in KNOWN.values() if image.documents]
TOOLS = ROOT / "images" / "docs"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    sys.modules.pop("pages", None)
    import pages  # type: ignore[import-not-found]

    return pages


@pytest.fixture
def python_pages(pages: Any) -> Any:
    import python_pages  # type: ignore[import-not-found]

    return python_pages


# -- which libraries, in which image


def test_every_image_of_a_course_has_its_documentation() -> None:
    assert {image.parent for image in DOCUMENTED} == images.course_images(ROOT)
    assert all(image.name == f"{image_record.DOCUMENTS}{image.parent}" for image in DOCUMENTED)


@pytest.mark.parametrize("image", DOCUMENTED, ids=lambda image: image.name)
def test_image_documents_python_first_then_what_is_its_own(image: images.Image) -> None:
    known = (TOOLS / "libraries.toml").read_text(encoding="utf-8")
    found = images.libraries(ROOT, image)
    assert found[0] == "python"
    assert all(f"[{name}]\n" in known for name in found[1:])
    assert len(found) == len(set(found))


def test_change_of_a_page_changes_the_documentation_and_no_image_of_a_course(tmp_path: Path) -> None:
    before = images.content_ids(ROOT, KNOWN)
    root = tmp_path / "root"
    for part in ("images", "hub", "docs/howto"):
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        (root / part).symlink_to(ROOT / part) if part != "images" else _copied(root / part)
    (root / "jupyterhub_config.py").symlink_to(ROOT / "jupyterhub_config.py")
    with (root / "images" / "docs" / "docs.css").open("a", encoding="utf-8") as file:
        file.write("/* changed */")
    after = images.content_ids(root, images.read(root))
    assert {name for name in before if before[name] != after[name]} == {image.name for image in DOCUMENTED}


def _copied(target: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "images", target, ignore=shutil.ignore_patterns("__pycache__"))


def test_documentation_comes_after_every_image_of_a_course() -> None:
    assert with_documentation(["base", "deep-learning"], KNOWN) == [
        *("base", "deep-learning"),
        *("docs-base", "docs-deep-learning"),
    ]


# -- what the front is given


@dataclass
class FakeEngine:
    """Docker with images of documentation: tag by what their archive says of itself."""

    archives: dict[str, dict[str, Any]]
    opened: int = 0

    @contextmanager
    def file_of(self, tag: str, path: str) -> Iterator[IO[bytes]]:
        assert path == "/docs.tar.gz"
        self.opened += 1
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            text = json.dumps(self.archives[tag]).encode()
            member = tarfile.TarInfo("./docs.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        packed.seek(0)
        yield packed


def told(version: str) -> dict[str, Any]:
    return {"image": "base", "libraries": [{"name": "python", "title": "Python", "version": version}]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings.model_validate({"data": tmp_path, "courses": {"demo": {"title": "Demo", "image": "base"}}})
    for folder in (found.folders.docs / "archives" / "0123456789ab", found.folders.config):
        folder.mkdir(parents=True)
    return found


def publish(settings: Settings, engine: FakeEngine, tag: str) -> bool:
    image_record.write(settings.folders.images, {"docs-base": {"tag": tag, "id": "sha256:1", "size": 1}})
    return documentation.publish(settings, engine, report=print)  # type: ignore[arg-type]


def test_newer_documentation_takes_the_place_of_the_older_and_archives_stay(settings: Settings) -> None:
    first, second = "campushub/docs-base:aaaaaaaaaaaa", "campushub/docs-base:bbbbbbbbbbbb"
    engine, docs = FakeEngine({first: told("3.11.2"), second: told("3.11.3")}), settings.folders.docs
    assert publish(settings, engine, first)
    assert image_record.documentation(settings.folders.documented, "base") == "/docs/base-aaaaaaaaaaaa/"
    assert "Python 3.11.2" in (docs / "index.html").read_text(encoding="utf-8")
    assert not publish(settings, engine, first)
    assert engine.opened == 1, "unpacked once for one content"
    assert publish(settings, engine, second)
    assert {path.name for path in docs.iterdir()} == {"archives", "base", "base-bbbbbbbbbbbb", "index.html"}
    assert (docs / "archives" / "0123456789ab").exists()
    assert "../base-bbbbbbbbbbbb/index.html" in (docs / "base" / "index.html").read_text(encoding="utf-8")


def test_unpacking_that_was_cut_off_is_begun_again(settings: Settings) -> None:
    tag = "campushub/docs-base:aaaaaaaaaaaa"
    half = settings.folders.docs / ".new-base-aaaaaaaaaaaa"
    half.mkdir()
    (half / "rest").write_text("of before", encoding="utf-8")
    assert publish(settings, FakeEngine({tag: told("3.11.2")}), tag)
    assert [path.name for path in (settings.folders.docs / "base-aaaaaaaaaaaa").iterdir()] == ["docs.json"]
    assert not half.exists()


def test_image_without_documentation_has_no_address(settings: Settings) -> None:
    image_record.write(settings.folders.images, {})
    documentation.publish(settings, FakeEngine({}), report=print)  # type: ignore[arg-type]
    assert image_record.documentation(settings.folders.documented, "base") is None
    assert "There is none yet" in (settings.folders.docs / "index.html").read_text(encoding="utf-8")


def test_notebooks_of_an_assignment_cannot_run_in_documentation() -> None:
    record = {name: {"tag": name} for name in ("base", "docs-base", "courses/demo")}
    assert image_record.for_courses(record) == ["base"]


# -- docstrings and pages


def test_session_of_python_in_a_docstring_becomes_a_block_of_code(pages: Any) -> None:
    text = "Adds.\n\nExamples:\n    >>> add(1, 2)\n    3\n\n    And so on."
    assert pages.fenced(text) == (
        "Adds.\n\nExamples:\n\n    ```python\n    >>> add(1, 2)\n    3\n    ```\n\n    And so on."
    )
    assert pages.fenced("```\n>>> add(1, 2)\n```") == "```\n>>> add(1, 2)\n```"


def test_section_of_googles_form_keeps_its_code(pages: Any) -> None:
    made = pages.as_markdown("Adds.\n\nExample:\n    >>> add(1, 2)\n    3\n\nArgs:\n    x: a number\n", "google")
    assert "###### Example\n\n\n```python\n>>> add(1, 2)\n3\n```" in made
    assert "Args:\n    x: a number\n" in made


def test_nothing_of_a_docstring_is_fetched_from_elsewhere_or_leads_nowhere(pages: Any) -> None:
    html = '<h2 id="x">Notes:</h2><img src="https://example.org/a.png"><a href="../lost.md">lost</a> <a href="https://example.org">far</a>'
    assert pages.calmed(html) == '<h3>Notes</h3>lost <a href="https://example.org">far</a>'
    html = '<a href="a href=&quot;https://example.org/a&quot;&gt;https://example.org/a&lt;/a">a\npaper</a> <a href="b.md">two\nlines</a>'
    assert pages.calmed(html) == '<a href="https://example.org/a">a\npaper</a> two\nlines'


def test_name_of_a_thing_with_a_page_is_a_link_to_it(pages: Any) -> None:
    library = pages.Library(
        "NumPy", "2.4", "numpy", {"numpy.linalg.norm": "numpy.linalg.norm.html", "numpy": "numpy.html"}
    )
    assert pages.linked("<code>norm()</code>", library, "numpy.linalg").startswith('<a href="numpy.linalg.norm.html">')
    assert pages.linked("<code>other</code>", library, "numpy.linalg") == "<code>other</code>"


def test_page_of_python_has_the_way_back_and_headings_that_a_search_leads_to(python_pages: Any) -> None:
    text = (
        '<head></head><body><div class="body" role="main"><section id="examples">\n<h2>Examples</h2></section>'
        '<a href="/license.html">licence</a></div></body>'
    )
    made = python_pages.changed(text, "../../", "3.11.2", True)
    assert '<h2 id="examples">' in made
    assert 'href="../../index.html">Documentation' in made
    assert 'href="../license.html"' in made
    assert "data-pagefind-body" in made
    assert "data-pagefind-body" not in python_pages.changed(text, "../../", "3.11.2", False)
