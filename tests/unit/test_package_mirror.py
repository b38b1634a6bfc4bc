"""The package mirror in the settings, at the firewall and among the images; what its cache keeps. devpi itself is not here."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from threading import Thread

import campushub_packages
import pytest

from hub import firewall, images, mirror_notes, packages_client
from hub.provision import variables
from hub.settings import Settings, parts
from tests.instance import ROOT

WITHOUT = Settings()
WITH = Settings.model_validate({"package_mirror": {"upstream": "https://pypi.org/simple"}})


def test_without_an_upstream_there_is_no_mirror_no_image_of_it_and_no_way_to_it() -> None:
    known = images.read(ROOT)
    doors = [rule for rule in firewall.rules(WITHOUT) if WITHOUT.address("packages") in rule.words]
    assert ("packages" in parts(WITHOUT), "packages" in images.of_parts(known, WITHOUT), doors) == (False, False, [])
    assert "packages" in parts(WITH)
    assert set(images.of_parts(known, WITH)) - set(images.of_parts(known, WITHOUT)) == {"packages"}


def test_students_reach_one_port_of_the_mirror_before_all_else_is_rejected() -> None:
    found = [rule for rule in firewall.rules(WITH) if WITH.address("packages") in rule.words]
    (door,) = found
    assert door.words[-6:] == ("-d", "172.30.64.5", "--dport", "8060", "-j", "ACCEPT")
    chain = [rule for rule in firewall.rules(WITH) if (rule.program, rule.chain) == (door.program, door.chain)]
    assert chain[-1].words == ("-j", "REJECT")
    assert len(firewall.rules(WITH)) == len(firewall.rules(WITHOUT)) + 1


def test_switching_it_on_starts_no_other_part_anew() -> None:
    given = [variables(settings, ROOT, ROOT / "config" / "hub.yaml") for settings in (WITHOUT, WITH)]
    assert given[0]["campushub_settings_id"] == given[1]["campushub_settings_id"]
    assert [told["campushub_packages"]["wanted"] for told in given] == [False, True]
    assert given[1]["campushub_packages"]["upstream"] == "https://pypi.org/simple/"


def test_docker_hands_out_no_fixed_address() -> None:
    told = variables(WITH, ROOT, ROOT / "config" / "hub.yaml")
    handed_out = IPv4Network(told["campushub_students"]["range"])
    assert not any(IPv4Address(one) in handed_out for one in told["campushub_addresses"]["students"].values())


def kept(folder: Path, *ages: int) -> None:
    """Files of 100 kB that were used so many hours ago, and one that is on its way."""
    for hours in ages:
        path = folder / "+files" / str(hours) / "package.whl"
        path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(100_000))
        os.utime(path, (path.stat().st_mtime - 3600 * hours,) * 2)
    (folder / "+files" / "coming.whl-tmp").write_bytes(b"half")


def there(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.rglob("*.whl")}


def test_cache_that_is_too_large_loses_what_was_used_longest_ago(tmp_path: Path) -> None:
    kept(tmp_path, 1, 2, 3, 4)
    newest = (tmp_path / "+files" / "1" / "package.whl").stat().st_mtime
    for most, left in ((1_000_000, 4), (250_000, 2)):
        found = campushub_packages.prune(tmp_path, most, 0)
        assert (found.files, found.used) == (left, newest)
        assert found.bytes >= left * 100_000
    assert there(tmp_path) == {"1", "2"}
    assert (tmp_path / "+files" / "coming.whl-tmp").exists()


def test_cache_gives_way_before_the_disk_is_full(tmp_path: Path) -> None:
    kept(tmp_path, 1, 2)
    assert campushub_packages.prune(tmp_path, 1_000_000, 2**62) == campushub_packages.Kept()
    assert there(tmp_path) == set()


TOLD = {"why_away": "", "since": 0.0, "looked": 60.0, "bytes": 5_000_000, "files": 3, "used": 0.0}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (TOLD, "packages 5.0 MB 59 min ago https://pypi.org/simple/"),
        (TOLD | {"used": 3000.0}, "packages 5.0 MB 10 min ago https://pypi.org/simple/"),
        (TOLD | {"why_away": "no answer", "used": 3000.0}, "packages 5.0 MB 10 min ago no answer"),
        ({}, "packages not yet there it does not answer; `sudo ./campushub doctor` says what to do"),
    ],
)
def test_status_of_the_mirror_has_a_line_for_packages(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, object], says: str
) -> None:
    monkeypatch.setattr(packages_client, "state", lambda _: told)
    assert packages_client.note(WITHOUT) is None
    note = packages_client.note(WITH)
    assert note is not None
    line = mirror_notes.line(note, datetime.fromtimestamp(3600, UTC))
    assert " ".join(line.split()) == says


@pytest.mark.parametrize(
    ("path", "passes"),
    [
        ("/root/pypi/+simple/numpy/", True),
        ("/root/pypi/+simple/numpy", True),
        ("/root/pypi/+f/abc/0123/numpy-2.0-py3-none-any.whl", True),
        ("/root/pypi/+simple/", False),
        ("/root/pypi/+simple/numpy/refresh", False),
        ("/root/pypi", False),
        ("/root/pypi/numpy/2.0", False),
        ("/+login", False),
        ("/+status", False),
        ("/", False),
    ],
)
def test_mirror_lets_through_what_pip_reads(path: str, passes: bool) -> None:
    assert bool(campushub_packages.READ.fullmatch(path)) is passes


def test_another_upstream_has_a_cache_of_its_own(tmp_path: Path) -> None:
    told = [campushub_packages.Told(tmp_path, upstream, 1, 1, 1) for upstream in ("https://a/", "https://b/")]
    assert told[0].server != told[1].server


def test_file_that_two_want_comes_once_and_the_second_waits_until_it_is_sent(tmp_path: Path) -> None:
    coming, path, order = campushub_packages.Coming(tmp_path), "/root/pypi/+f/abc/big.whl", []
    kept = tmp_path / "+files" / path[1:]

    def second() -> None:
        with coming.turn(path) as keep:
            order.append(f"second, kept: {kept.exists()}")
            assert list(keep([b"there"])) == [b"there"]

    with coming.turn(path) as keep:
        answer = keep([b"part", b"part"])
    other = Thread(target=second)
    other.start()
    other.join(0.2)
    order.append("first is sent")
    kept.parent.mkdir(parents=True)
    kept.touch()
    answer.close()
    other.join(5)
    assert order == ["first is sent", "second, kept: True"]


def test_file_that_could_not_be_had_is_tried_again_by_the_next(tmp_path: Path) -> None:
    coming, path = campushub_packages.Coming(tmp_path), "/root/pypi/+f/abc/big.whl"
    with coming.turn(path):
        pass  # an answer of 502 is passed to nobody
    with pytest.raises(OSError, match="gone"), coming.turn(path):
        raise OSError("gone")
    with coming.turn(path) as keep:
        assert list(keep([b"there"])) == [b"there"]
