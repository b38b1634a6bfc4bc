"""What courses ask for comes onto the machine once, is what was meant, and stays whatever its source does."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import mirror_notes
from hub.mirror_notes import Note
from hub.services.mirror_book import Book
from hub.services.mirror_files import Round
from hub.settings import Settings
from tests.file_source import Source, served

PENGUINS = b"species,island\nAdelie,Torgersen\n" * 40_000  # 1.2 MB, in two pieces


@pytest.fixture
def source() -> Iterator[Source]:
    with served() as one:
        one.files["/penguins.csv"] = PENGUINS
        yield one


@dataclass
class Mirror:
    """One mirror whose settings and clock a test changes."""

    folder: Path
    now: datetime
    said: list[str]

    def settings(self, courses: dict[str, Any]) -> Settings:
        about = {key: {"title": key, **course} for key, course in courses.items()}
        return Settings.model_validate({"data": self.folder, "reserve": "1M", "courses": about})

    def run(self, courses: dict[str, Any], *, again: bool = False) -> dict[str, Note]:
        settings = self.settings(courses)
        Round(settings, Book(settings.folders, self.said.append, lambda: self.now), again).run()
        return mirror_notes.read(settings.folders.mirror_notes)

    def index(self, course: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.of(course) / ".campushub.json").read_text())["entries"]
        return found

    def of(self, course: str) -> Path:
        return self.folder / "data" / "courses" / course


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    for name in ("data", "docs"):
        (tmp_path / name).mkdir()
    return Mirror(tmp_path, datetime(2026, 11, 29, 12, tzinfo=UTC), [])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def penguins(source: Source, **more: Any) -> dict[str, Any]:
    return {"penguins": {"source": f"{source.url}/penguins.csv", "sha256": digest(PENGUINS), **more}}


def test_data_come_once_and_lie_once_for_two_courses(mirror: Mirror, source: Source) -> None:
    courses = {"nn": {"data": penguins(source)}, "ml": {"data": penguins(source, library="seaborn")}}
    mirror.run(courses)
    mirror.run(courses)
    assert len(source.asked) == 1
    one, other = (mirror.of(course) / "penguins" / "penguins.csv" for course in courses)
    assert one.read_bytes() == PENGUINS
    assert one.samefile(other), "one copy on the disk"
    assert one.stat().st_mode & 0o777 == 0o444
    assert mirror.index("ml") == [
        {
            "name": "penguins",
            "path": "penguins/penguins.csv",
            "urls": [f"{source.url}/penguins.csv"],
            "library": "seaborn",
            "licence": "",
            "sha256": digest(PENGUINS),
            "size": len(PENGUINS),
            "unpacked": False,
        }
    ]


def test_source_that_vanishes_in_mid_transfer_is_gone_on_with(mirror: Mirror, source: Source) -> None:
    source.breaks_after = 1_100_000
    courses = {"nn": {"data": penguins(source)}}
    note = mirror.run(courses)["data/nn/penguins"]
    assert note.away
    assert "does not answer to the end" in note.trouble or "ended after" in note.trouble
    assert mirror.index("nn") == []
    source.breaks_after = None
    mirror.now += timedelta(minutes=5)
    mirror.run(courses)
    assert len(source.asked) == 1, "a source that failed is left alone for a while"
    mirror.now += timedelta(minutes=11)
    note = mirror.run(courses)["data/nn/penguins"]
    assert note.is_there
    assert not note.trouble
    assert source.asked[-1][1].startswith("bytes=1"), "the rest alone was asked for"
    assert (mirror.of("nn") / "penguins" / "penguins.csv").read_bytes() == PENGUINS


def test_source_that_knows_no_ranges_is_begun_anew(mirror: Mirror, source: Source) -> None:
    source.breaks_after, source.knows_ranges = 1_100_000, False
    courses = {"nn": {"data": penguins(source)}}
    mirror.run(courses)
    source.breaks_after = None
    assert mirror.run(courses, again=True)["data/nn/penguins"].is_there


def test_source_that_changed_between_two_attempts_is_fetched_from_the_start(mirror: Mirror, source: Source) -> None:
    source.files["/penguins.csv"], source.breaks_after = b"x" * len(PENGUINS), 1_100_000
    courses = {"nn": {"data": penguins(source)}}
    mirror.run(courses)
    source.files["/penguins.csv"], source.breaks_after = PENGUINS, None
    assert mirror.run(courses, again=True)["data/nn/penguins"].is_there


def test_source_whose_bytes_changed_is_refused_in_words(mirror: Mirror, source: Source) -> None:
    source.files["/penguins.csv"] = PENGUINS + b"one more\n"
    note = mirror.run({"nn": {"data": penguins(source)}})["data/nn/penguins"]
    assert "gives other bytes than were meant" in note.trouble
    assert digest(PENGUINS + b"one more\n") in note.trouble
    assert not note.away, "somebody has to look"
    assert mirror_notes.mistakes([note]) == [note]
    assert mirror.index("nn") == []


def test_what_is_here_stays_when_the_settings_ask_for_a_new_version_that_does_not_come(
    mirror: Mirror, source: Source
) -> None:
    archive = zipped({"index.html": b"<h1>"})
    source.files["/docs.zip"] = archive
    docs = {"source": f"{source.url}/docs.zip", "sha256": digest(archive), "title": "NumPy"}
    mirror.run({"nn": {"data": penguins(source), "docs": {"numpy": docs}}})
    source.status = 503
    newer = {"nn": {"data": penguins(source, sha256="0" * 64), "docs": {"numpy": {**docs, "sha256": "0" * 64}}}}
    notes = mirror.run(newer, again=True)
    assert (mirror.of("nn") / "penguins" / "penguins.csv").read_bytes() == PENGUINS
    assert mirror.index("nn")[0]["sha256"] == digest(PENGUINS)
    assert (mirror.folder / "docs" / "archives" / notes["docs/nn/numpy"].version[:12] / "index.html").exists()
    assert all(note.away for note in notes.values())
    source.status, source.files["/penguins.csv"] = 200, b"new\n"
    mirror.run({"nn": {"data": penguins(source, sha256=digest(b"new\n"))}}, again=True)
    assert (mirror.of("nn") / "penguins" / "penguins.csv").read_bytes() == b"new\n"
    assert [path.name for path in (mirror.folder / "data" / "blobs").iterdir()] == [digest(b"new\n")]


def test_new_version_takes_the_place_of_the_old_one(mirror: Mirror, source: Source) -> None:
    mirror.run({"nn": {"data": penguins(source)}})
    source.files["/penguins.csv"] = b"new\n"
    mirror.run({"nn": {"data": penguins(source, sha256=digest(b"new\n"))}})
    assert (mirror.of("nn") / "penguins" / "penguins.csv").read_bytes() == b"new\n"
    assert [path.name for path in (mirror.folder / "data" / "blobs").iterdir()] == [digest(b"new\n")]


def test_data_that_nobody_asks_for_any_more_go(mirror: Mirror, source: Source) -> None:
    mirror.run({"nn": {"data": penguins(source)}})
    mirror.run({"nn": {}})
    assert list((mirror.folder / "data" / "blobs").iterdir()) == []
    assert not (mirror.of("nn") / "penguins").exists()
    assert mirror.index("nn") == []


def test_data_damaged_on_the_disk_are_fetched_again_at_night(mirror: Mirror, source: Source) -> None:
    courses = {"nn": {"data": penguins(source)}}
    mirror.run(courses)
    blob = mirror.folder / "data" / "blobs" / digest(PENGUINS)
    blob.chmod(0o644)
    blob.write_bytes(b"rot")
    mirror.run(courses, again=True)
    assert (mirror.of("nn") / "penguins" / "penguins.csv").read_bytes() == PENGUINS


def test_file_of_this_machine_is_a_source_too(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"weights")
    about = {"source": str(tmp_path / "weights.h5"), "sha256": digest(b"weights"), "also": ["https://x.example/w.h5"]}
    mirror.run({"nn": {"data": {"weights": about}}})
    assert (mirror.of("nn") / "weights" / "weights.h5").read_bytes() == b"weights"
    assert mirror.index("nn")[0]["urls"] == ["https://x.example/w.h5"]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], *links: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for link in links:
            archive.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archive_is_unpacked_once_and_answers_for_itself_too(mirror: Mirror, source: Source, pack: Any) -> None:
    archive = pack({"photos/one.npy": b"1", "photos/deep/two.npy": b"2"})
    source.files["/photos.bin"] = archive
    about = {"source": f"{source.url}/photos.bin", "sha256": digest(archive), "unpack": True}
    mirror.run({"nn": {"data": {"street": about}}, "ml": {"data": {"street": about}}})
    one, other = (mirror.of(course) / "street/photos/deep/two.npy" for course in ("nn", "ml"))
    assert one.read_bytes() == b"2"
    assert one.samefile(other)
    assert (mirror.of("nn") / mirror.index("nn")[0]["archive"]).read_bytes() == archive


def test_archive_writes_nothing_outside_its_folder(mirror: Mirror, source: Source, tmp_path: Path) -> None:
    bad = tarred(
        {"../../escaped": b"x", "/rooted": b"x", "out/through": b"x", "good": b"x"},
        link("out", str(tmp_path / "there")),
    )
    (tmp_path / "there").mkdir()
    source.files["/bad.tar"] = bad
    about = {"source": f"{source.url}/bad.tar", "sha256": digest(bad), "unpack": True}
    mirror.run({"nn": {"data": {"bad": about}}})
    found = sorted(str(path.relative_to(mirror.of("nn"))) for path in (mirror.of("nn") / "bad").rglob("*"))
    assert found == ["bad/good", "bad/out", "bad/out/through", "bad/rooted"]
    assert list((tmp_path / "there").iterdir()) == []
    assert not list(tmp_path.rglob("escaped"))


def locked() -> bytes:
    """A zip whose one file says that it has a password, as PKWARE's APPNOTE 4.4.4 has it: bit 0 of its flags."""
    content = bytearray(zipped({"a.csv": b"1"}))
    for at, signature in ((6, b"PK\x03\x04"), (8, b"PK\x01\x02")):
        content[content.index(signature) + at] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [locked(), zipped({"a.csv": b"1" * 5000})[:-40], tarred({"a": b"1" * 5000})[:-20], gzip.compress(b"1")[:-9]],
)
def test_archive_that_cannot_be_unpacked_is_said_and_keeps_nothing_else_back(
    mirror: Mirror, source: Source, content: bytes
) -> None:
    source.files["/bad.bin"] = content
    bad = {"source": f"{source.url}/bad.bin", "sha256": digest(content), "unpack": True}
    notes = mirror.run({"nn": {"data": {"bad": bad, **penguins(source)}}})
    assert mirror_notes.mistakes(notes.values()) == [notes["data/nn/bad"]]
    assert notes["data/nn/penguins"].is_there


def test_wrong_address_is_a_mistake_and_no_outage(mirror: Mirror, source: Source) -> None:
    del source.files["/penguins.csv"]
    note = mirror.run({"nn": {"data": penguins(source)}})["data/nn/penguins"]
    assert "answers 404" in note.trouble
    assert not note.away


def test_file_that_is_not_there_is_a_mistake(mirror: Mirror, tmp_path: Path) -> None:
    about = {"source": str(tmp_path / "weights.h5"), "sha256": "0" * 64}
    note = mirror.run({"nn": {"data": {"weights": about}}})["data/nn/weights"]
    assert "there is no file" in note.trouble
    assert not note.away


def test_what_is_no_archive_is_said(mirror: Mirror, source: Source) -> None:
    note = mirror.run({"nn": {"data": penguins(source, unpack=True)}})["data/nn/penguins"]
    assert "neither an archive (zip, tar) nor a packed file" in note.trouble


@pytest.mark.parametrize("way", [gzip, bz2, lzma])
def test_packed_file_is_unpacked_under_the_name_that_each_course_gives_it(
    mirror: Mirror, source: Source, way: Any
) -> None:
    packed = way.compress(b"1,2\n" * 1_000_000)
    end = {gzip: "gz", bz2: "bz2", lzma: "xz"}[way]
    source.files["/rows"] = packed
    about = {"source": f"{source.url}/rows", "sha256": digest(packed), "unpack": True}
    for name in (f"rows.csv.{end}", f"other.csv.{end}"):
        rows = {"nn": {"data": {"rows": {**about, "file": name}}}, "ml": {"data": {"rows": about}}}
        mirror.run(rows)
        place = mirror.of("nn") / "rows"
        assert [path.name for path in place.iterdir()] == [name.removesuffix(f".{end}")]
        assert (mirror.of("nn") / mirror.index("nn")[0]["archive"]).read_bytes() == packed
    (one,), other = place.iterdir(), mirror.of("ml") / "rows" / "rows"
    assert one.read_bytes() == b"1,2\n" * 1_000_000
    assert one.samefile(other)


def test_documentation_has_its_first_page_at_the_top(mirror: Mirror, source: Source) -> None:
    archive = zipped({"numpy-html/index.html": b"<h1>", "numpy-html/a/index.html": b"<h2>", "README": b""})
    source.files["/docs.zip"] = archive
    about = {"source": f"{source.url}/docs.zip", "sha256": digest(archive), "title": "NumPy"}
    mirror.run({"nn": {"docs": {"numpy": about}}})
    place = mirror.folder / "docs" / "archives" / digest(archive)[:12]
    assert sorted(path.name for path in place.iterdir()) == ["a", "index.html"]


def test_short_outage_is_nobodys_business_and_a_long_one_is_told_once() -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    notes = [Note(f"data/nn/{name}", "x").failed(now, "no connection", away=True) for name in "ab"]
    assert not mirror_notes.outage(notes, now + timedelta(minutes=9))
    told = mirror_notes.outage(notes, now + timedelta(minutes=11))
    assert "Since 29 November 12:00" in told
    assert "data/nn/a, data/nn/b" in told


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"source": "https://x.example/", "sha256": "0" * 64}, "does not end with a file's name"),
        ({"source": "ftp://x.example/a", "sha256": "0" * 64}, "neither a URL"),
        ({"source": "https://x.example/a", "sha256": "123"}, "is not a SHA-256"),
        ({"source": "https://x.example/a", "sha256": "0" * 64, "library": "torch-hub"}, "unpack: true"),
        ({"source": "https://x.example/a", "sha256": "0" * 64, "file": "../a"}, "is no name for a file"),
    ],
)
def test_mistake_in_the_settings_is_told(mirror: Mirror, about: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mirror.settings({"nn": {"data": {"one": about}}})
