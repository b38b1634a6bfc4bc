"""What the exchange's client does in a person's home: packs, unpacks, keeps, and says what is wrong."""

import io
import os
import tarfile
import zipfile
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from campushub_client import folders
from campushub_client.archive import Archive
from campushub_client.service import SILENT, Service, ServiceError
from jupyter_server.services.contents.fileio import atomic_writing


def tar_of(**files: str) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed


def test_fetching_again_keeps_what_was_written(tmp_path: Path) -> None:
    target = tmp_path / "ps1"
    folders.unpack(tar_of(a="1", b="2"), target, keep=True)
    (target / "a").write_text("mine", encoding="utf-8")
    (target / "b").unlink()
    assert folders.unpack(tar_of(a="1", b="2"), target, keep=True) == ["b"]
    assert (target / "a").read_text(encoding="utf-8") == "mine"


def test_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        folders.unpack(io.BytesIO(b"this is no tar" * 100), tmp_path / "ps1")
    assert list(tmp_path.iterdir()) == []


def test_path_that_climbs_is_not_written(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    packed.seek(0)
    with pytest.raises(OSError, match="leads out"):
        folders.unpack(packed, tmp_path / "inner" / "ps1")
    assert not (tmp_path / "outside").exists()


def test_what_is_ours_takes_the_place_of_what_was_handed_in(tmp_path: Path) -> None:
    (tmp_path / "s" / "submission_id").mkdir(parents=True)
    (tmp_path / "s" / "submission_id" / "x").write_text("theirs", encoding="utf-8")
    folders.write_beside(tmp_path / "s", {"submission_id": "ours"})
    assert (tmp_path / "s" / "submission_id").read_text(encoding="utf-8") == "ours"


def test_hand_in_leaves_checkpoints_and_feedback_out_and_keeps_links_as_links(tmp_path: Path) -> None:
    for name in ("a.ipynb", ".ipynb_checkpoints/a.ipynb", "feedback/attempt-1/a.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with folders.packed(tmp_path) as packed, tarfile.open(fileobj=packed) as archive:
        found = {member.name: member.issym() for member in archive}
    assert found == {"a.ipynb": False, "link": True}


def test_digest_is_of_names_and_content_alone(tmp_path: Path) -> None:
    def digest() -> str:
        with folders.packed(tmp_path) as packed:
            found: str = folders.digest(packed)
            assert packed.tell() == 0
            return found

    (tmp_path / "a").write_text("x", encoding="utf-8")
    first = digest()
    os.utime(tmp_path / "a", (1, 1))
    assert digest() == first
    (tmp_path / "b").symlink_to("a")
    second = digest()
    (tmp_path / "b").unlink()
    (tmp_path / "b").symlink_to("elsewhere")
    third = digest()
    (tmp_path / "b").unlink()
    (tmp_path / "a").rename(tmp_path / "c")
    assert len({first, second, third, digest()}) == 4


def test_notebook_that_is_being_saved_is_handed_in_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it is on the disk, as JupyterLab's save leaves it for a moment; the rest comes while it is waited for."""
    notebook = tmp_path / "a.ipynb"
    notebook.write_text("old", encoding="utf-8")
    with ExitStack() as save:
        file = save.enter_context(atomic_writing(str(notebook)))
        file.write("new")
        file.flush()
        assert sorted(path.name for path in tmp_path.iterdir()) == [".~a.ipynb", "a.ipynb"]

        def ends(_: float) -> None:
            file.write(" and whole")
            save.close()

        monkeypatch.setattr("time.sleep", ends)
        with folders.packed(tmp_path) as packed, tarfile.open(fileobj=packed) as archive:
            assert archive.getnames() == ["a.ipynb"]
            assert archive.extractfile("a.ipynb").read() == b"new and whole"  # type: ignore[union-attr]


def test_what_goes_or_grows_meanwhile_holds_no_hand_in_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.ipynb", "b.tmp", "c.log"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    add = tarfile.TarFile.add
    pauses: list[float] = []

    def meanwhile(archive: tarfile.TarFile, path: Path, **options: str | bool) -> None:
        (tmp_path / "b.tmp").unlink(missing_ok=True)
        add(archive, path, **options)  # type: ignore[arg-type]
        with (tmp_path / "c.log").open("a", encoding="utf-8") as log:
            log.write("more")

    monkeypatch.setattr(tarfile.TarFile, "add", meanwhile)
    monkeypatch.setattr("time.sleep", pauses.append)
    with folders.packed(tmp_path) as packed, tarfile.open(fileobj=packed) as archive:
        assert archive.getnames() == ["a.ipynb", "c.log"]
    assert len(pauses) == folders.LOOKS - 1


def test_file_that_shrinks_under_every_look_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tar that says more bytes than it has is no hand-in."""
    (tmp_path / "a.ipynb").write_text("x" * 999, encoding="utf-8")
    header = tarfile.TarFile.gettarinfo

    def meanwhile(archive: tarfile.TarFile, name: Path, arcname: str) -> tarfile.TarInfo:
        member = header(archive, name, arcname)
        (tmp_path / "a.ipynb").write_text("x" * (member.size - 1), encoding="utf-8")
        return member

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", meanwhile)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(OSError, match="unexpected end of data"), folders.packed(tmp_path):
        pass


async def test_archive_has_every_file_but_caches_and_links(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("hello", encoding="utf-8")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "big").write_text("no", encoding="utf-8")
    (tmp_path / "link").symlink_to("/etc/passwd")
    packed = b"".join([chunk async for chunk in Archive(tmp_path).chunks()])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["work/a.txt"]
        assert archive.read("work/a.txt") == b"hello"


def test_persons_proxy_and_netrc_are_not_for_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("default login asha password mine", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"grader": true}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert Service(f"http://127.0.0.1:{server.server_port}", "ours").grader_is_there()
        server.shutdown()
    assert asked == ["token ours"]


def test_silent_service_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(ServiceError, match="Nothing is lost"):
        Service("http://127.0.0.1:1", "token").submit("c", "a", io.BytesIO(b""))
    assert "Nothing is lost" in SILENT


def test_outside_of_campushub_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAMPUSHUB_SERVICE_URL", "CAMPUSHUB_TOKEN_FILE", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServiceError, match="only in a server"):
        Service.from_environment()
