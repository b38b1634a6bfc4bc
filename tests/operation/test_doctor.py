"""Each fault that the doctor claims to see: made, seen, mended by the very command that is told, gone."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import socketserver
import sqlite3
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import debian, firewall
from hub.adapters.engine import Engine
from hub.backup import backup
from hub.checks import Examined, Finding, Note, machine, network, versions
from hub.doctor import CHECKS
from hub.exchange import Receipt
from hub.settings import Settings
from hub.settings_file import load
from tests.instance import ROOT, Instance
from tests.small_hub import NOW, make
from tests.unit.test_certificates import write


@dataclass(frozen=True)
class Patient:
    """A hub as the doctor sees it; `command` is what stands for ./campushub in what the doctor says."""

    settings: Settings
    config: Path
    engine: Engine
    command: str
    now: datetime | None = None
    deep: bool = False

    def found(self, subject: str) -> list[Finding]:
        examined = Examined(self.settings, ROOT, self.config, self.engine, self.now or datetime.now(UTC), self.deep)
        return [one for one in CHECKS[subject](examined) if isinstance(one, Finding)]

    def one(self, subject: str, about: str) -> Finding:
        """The finding about something; fails when there is none."""
        told = self.found(subject)
        match = [one for one in told if about in f"{one.wrong} {one.seen}"]
        assert match, f"nothing about '{about}' in {told}"
        return match[0]

    def follow(self, finding: Finding) -> None:
        """Type the first command that a finding names, as it stands there."""
        words = re.search(r"`(.+?)`", finding.mend)
        assert words, finding.mend
        typed = words[1].replace("sudo ", "").replace("./campushub", self.command)
        done = subprocess.run(typed, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{typed}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def patient(instance: Instance) -> Iterator[Patient]:
    engine = Engine.connect()
    yield Patient(load(instance.config), instance.config, engine, f"{ROOT}/campushub --config={instance.config}")
    engine.client.close()


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Patient]:
    """Settings of a hub that does not run."""
    engine = Engine.connect()
    yield Patient(Settings(name="chtest-nowhere", data=tmp_path / "none"), tmp_path / "hub.yaml", engine, "true")
    engine.client.close()


@pytest.fixture
def small(tmp_path: Path, patient: Patient) -> tuple[Patient, Receipt]:
    """A hub's data without its containers, with a backup; ./campushub is not run for it."""
    settings, receipt = make(tmp_path / "srv")
    assert backup(settings, tmp_path / "backups", keep=None, now=NOW, report=lambda _: None)
    return replace(patient, settings=settings, command="true", now=NOW), receipt


def mended(patient: Patient, subject: str, about: str) -> None:
    """See a fault, do what is said, see that it is gone."""
    patient.follow(patient.one(subject, about))
    left = [one for one in patient.found(subject) if about in f"{one.wrong} {one.seen}"]
    assert left == []


def doctor(instance: Instance, *words: str) -> tuple[int, str]:
    done = instance.command("doctor", *words, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


# -- the whole round -----------------------------------------------------------------------------------------------------


def test_nothing_is_found_on_a_hub_that_is_well(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.command("backup", str(tmp_path / "backups"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # all that cron gives
    code, said = doctor(instance)
    assert code == 0, said
    assert said.splitlines()[-1] == f"nothing found; looked at: {', '.join(CHECKS)}"
    told = json.loads(doctor(instance, "--json", "--deep")[1])
    assert told["ok"] is True
    assert told["looked_at"] == list(CHECKS)


def test_docker_that_does_not_answer_is_the_one_finding(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    code, said = doctor(instance)
    assert code == 1
    assert "! docker: Docker does not answer" in said
    assert "mend  `sudo ./campushub up`" in said


def test_hub_that_is_not_there_is_the_one_finding(instance: Instance, tmp_path: Path) -> None:
    config = tmp_path / "hub.yaml"
    text = instance.config.read_text(encoding="utf-8")
    config.write_text(text.replace(str(instance.data), str(tmp_path / "none")), encoding="utf-8")
    code, said = doctor(replace(instance, config=config))
    assert code == 1
    assert f"! data: There is no hub in {tmp_path}/none yet." in said


def test_check_that_cannot_look_does_not_keep_the_others_from_it(
    small: tuple[Patient, Receipt], tmp_path: Path
) -> None:
    patient, _ = small
    patient.settings.folders.images.write_text("{", encoding="utf-8")
    config = tmp_path / "small.yaml"
    config.write_text((patient.settings.folders.config / "hub.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    command = [str(ROOT / "campushub"), f"--config={config}", "doctor", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert any(one["subject"] == "images" and "could not be looked at" in one["wrong"] for one in told["findings"])
    assert {"parts", "firewall"} <= {one["subject"] for one in told["findings"]}


# -- disk, clock ---------------------------------------------------------------------------------------------------------


def test_disk_under_the_reserve(instance: Instance, patient: Patient) -> None:
    short = replace(patient, settings=patient.settings.model_copy(update={"reserve": 900 * 1024**4}))
    finding = short.one("disk", "MB are free")
    assert "the largest homes are" in finding.mend or "there are no homes" in finding.mend
    assert "set a lower `reserve`" in finding.mend
    assert patient.found("disk") == []


def test_disk_without_room_for_more_files(tmp_path: Path) -> None:
    image, place = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(20_000_000)
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-N", "400", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        assert list(machine.room(place, 1, str)) == []
        many = [place / str(number) for number in range(os.statvfs(place).f_favail - 10)]
        for path in many:
            path.touch()
        assert "Only 10 more files" in next(machine.room(place, 1, str)).wrong
        for path in many:
            path.unlink()
        assert list(machine.room(place, 1, str)) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_clock_that_was_set_back(small: tuple[Patient, Receipt]) -> None:
    patient, _ = small
    behind = replace(patient, now=NOW - timedelta(days=1))
    assert "set back" in behind.one("clock", "times that have not come yet").wrong
    assert [one for one in patient.found("clock") if "set back" in one.wrong] == []


def test_clock_that_nothing_keeps_right() -> None:
    """Whether a machine is synchronised is systemd's word; the tests' machine may have no systemd."""
    assert "Nothing keeps" in next(machine.synchronised(["echo", "no"])).wrong
    assert list(machine.synchronised(["echo", "yes"])) == []


# -- certificates --------------------------------------------------------------------------------------------------------


@contextmanager
def serving(certificate: Path, key: Path) -> Iterator[int]:
    """Something that answers with a certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.get_request = lambda: _greeted(context, server.socket)  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _greeted(context: ssl.SSLContext, listening: socket.socket) -> tuple[socket.socket, Any]:
    connection, address = listening.accept()
    return context.wrap_socket(connection, server_side=True), address


def under(patient: Patient, port: int, certificate: Path, key: Path) -> Patient:
    """The hub under the domain hub.example.edu, with a certificate from files."""
    https = patient.settings.https.model_copy(update={"port": port, "certificate_file": certificate, "key_file": key})
    return replace(patient, settings=patient.settings.model_copy(update={"domain": DOMAIN, "https": https}))


def about_certificates(patient: Patient) -> str:
    return " ".join(one.wrong + one.seen for one in patient.found("certificates"))


DOMAIN = "hub.example.edu"


@pytest.mark.parametrize(
    ("name", "begins", "ends", "sentence"),
    [
        ("other.example.edu", -1, 90, "it is for other.example.edu, not for hub.example.edu"),
        (DOMAIN, -90, -1, "Browsers refuse the certificate: it ended on"),
        (DOMAIN, 1, 90, "it begins only on"),
        (DOMAIN, -1, 20, "in 19 days"),
    ],
)
def test_certificate_that_cannot_go_on(
    nowhere: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, begins: int, ends: int, sentence: str
) -> None:
    files = write(tmp_path, name, begins=begins, ends=ends, now=datetime.now(UTC))
    with serving(*files) as port:
        seen = under(nowhere, port, *files)
        assert sentence in about_certificates(seen)
        assert "Put renewed files in the place of" in seen.one("certificates", sentence).mend
    good = write(tmp_path, DOMAIN, now=datetime.now(UTC))
    monkeypatch.setenv("SSL_CERT_FILE", str(good[0]))
    with serving(*good) as port:
        assert under(nowhere, port, *good).found("certificates") == []


def test_chain_that_leads_to_no_root_this_machine_knows(
    nowhere: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write(tmp_path, DOMAIN, now=datetime.now(UTC))
    with serving(*files) as port:
        assert "do not trust the certificate: self-signed" in about_certificates(under(nowhere, port, *files))
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        assert under(nowhere, port, *files).found("certificates") == []


def test_files_that_the_next_up_would_refuse_or_the_front_has_not_yet(
    nowhere: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "newer").mkdir()
    files = write(tmp_path, DOMAIN, now=datetime.now(UTC))
    newer = write(tmp_path / "newer", DOMAIN, ends=200, now=datetime.now(UTC))
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with serving(*files) as port:
        assert "does not belong to" in about_certificates(under(nowhere, port, files[0], newer[1]))
        assert "serves an earlier certificate" in about_certificates(under(nowhere, port, *newer))
        assert under(nowhere, port, *files).found("certificates") == []


def test_file_that_is_gone_while_the_hubs_own_copy_serves(
    nowhere: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write(tmp_path, DOMAIN, now=datetime.now(UTC))
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    (tmp_path / "srv/front").mkdir(parents=True)
    for source, name in zip(files, ("certificate.pem", "key.pem"), strict=True):
        shutil.copy(source, tmp_path / "srv/front" / name)
    with serving(*files) as port:
        lost = under(nowhere, port, tmp_path / "gone.pem", tmp_path / "gone.key")
        lost = replace(lost, settings=lost.settings.model_copy(update={"data": tmp_path / "srv"}))
        assert "is gone; the hub's own copy serves" in about_certificates(lost)
        assert under(nowhere, port, *files).found("certificates") == []


def test_front_that_answers_nobody(instance: Instance, patient: Patient) -> None:
    assert patient.found("certificates") == []
    instance.part("front").stop(timeout=2)
    mended(patient, "certificates", "Nothing answers with a certificate")


# -- the network ---------------------------------------------------------------------------------------------------------


def iptables(*words: str) -> None:
    subprocess.run(["iptables", "-w", *words], check=True)


def test_firewall_rule_that_is_gone(patient: Patient) -> None:
    iptables("-D", firewall.chains(patient.settings)[0], "2")
    mended(patient, "firewall", "rules of the students' network are missing")


def test_rules_that_are_all_there_in_another_order(patient: Patient) -> None:
    chain, others = firewall.chains(patient.settings)[0], ("-i", firewall.bridge(patient.settings), "-j", "ACCEPT")
    iptables("-D", chain, "-j", "REJECT")
    iptables("-I", chain, "1", "-j", "REJECT")
    iptables("-I", "DOCKER-USER", "1", *others)
    try:
        assert firewall.missing(patient.settings) == []
        told = firewall.overtaken(patient.settings)
        assert [line.split()[:3] for line in told] == [["iptables", "-A", chain], ["iptables", "-A", "DOCKER-USER"]]
        mended(patient, "firewall", "Other rules let packets pass before")
    finally:
        iptables("-D", "DOCKER-USER", *others)


def test_bridged_packets_that_pass_the_firewall_by(tmp_path: Path) -> None:
    """On a copy: the machine's own switch is everybody's who has a hub on it."""
    for name in ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables"):
        (tmp_path / name).write_text("1\n", encoding="ascii")
    assert list(network.bridged(tmp_path)) == []
    (tmp_path / "bridge-nf-call-iptables").write_text("0\n", encoding="ascii")
    assert "do not pass the firewall" in next(network.bridged(tmp_path)).wrong
    assert "not there" in next(network.bridged(tmp_path / "module not loaded")).seen


# -- what runs -----------------------------------------------------------------------------------------------------------


def test_part_that_ended(instance: Instance, patient: Patient) -> None:
    instance.part("culler").stop(timeout=2)
    mended(patient, "parts", "culler")


def test_part_that_runs_and_does_not_answer(instance: Instance, patient: Patient) -> None:
    table = instance.part("service").top(ps_args="-eo pid,args")
    for number, _ in [row for row in table["Processes"] if "hub.services.service" in row[1] and "init" not in row[1]]:
        os.kill(int(number), 19)
    patient.follow(patient.one("parts", "The service runs and does not answer"))
    instance.wait_until_well()
    assert patient.found("parts") == []


@contextmanager
def recorded(patient: Patient, change: Callable[[dict[str, dict[str, str]]], None]) -> Iterator[None]:
    """The record of the images with something else in it, until the hub writes it again."""
    path = patient.settings.folders.images
    good = path.read_text(encoding="utf-8")
    record = json.loads(good)
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    try:
        yield
        now, before = json.loads(path.read_text(encoding="utf-8")), json.loads(good)  # others may have been built too
        assert {name: now.get(name) for name in before} == before, "what the doctor said did not put it right"
    finally:
        path.write_text(good, encoding="utf-8")


def test_image_that_is_not_there(patient: Patient) -> None:
    with recorded(patient, lambda record: record["base"].update(tag="campushub/base:000000000000")):
        mended(patient, "images", "campushub/base:000000000000")


def test_checkout_newer_than_what_runs(patient: Patient) -> None:
    with recorded(patient, lambda record: record["grader"].update(tag=record["hub"]["tag"])):
        mended(patient, "images", "grader changed since the last `up`")


def test_part_of_an_earlier_image(patient: Patient) -> None:
    with recorded(patient, lambda record: record["front"].update(id="sha256:0")):
        mended(patient, "images", "The front still runs an earlier image")


STRAYS = {
    "nobody's": ({"person": "nobody", "course": "demo", "server": "demo"}, "the store knows nobody called 'nobody'"),
    "course gone": (
        {"person": "student", "course": "gone", "server": "gone"},
        "the course 'gone' is not in the settings",
    ),
    "unknown server": (
        {"person": "asha", "course": "demo", "server": "grade-demo"},
        "JupyterHub knows no running server",
    ),
    "sandbox": ({"sandbox": "1"}, "has outlived its submission"),
    "part": ({"part": "exchange"}, "this version has no part 'exchange'"),
    "odd": ({}, "neither a part, nor a server, nor a sandbox"),
}


@contextmanager
def container(instance: Instance, labels: dict[str, str], *words: str) -> Iterator[str]:
    """A container that somebody started by hand."""
    name = f"{instance.name}-stray"
    image = json.loads((instance.data / "config/images.json").read_text(encoding="utf-8"))["base"]["tag"]
    told = [word for key, value in labels.items() for word in ("--label", f"campushub.{key}={value}")]
    subprocess.run(
        ["docker", "run", "-d", "--name", name, *told, *words, image, "sleep", "600"], check=True, capture_output=True
    )
    try:
        yield name
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)


@pytest.mark.parametrize("labels", STRAYS)
def test_container_without_owner(instance: Instance, patient: Patient, labels: str) -> None:
    given, about = STRAYS[labels]
    for waiting in instance.docker.containers.list(
        filters={"label": [f"campushub.instance={instance.name}", "campushub.sandbox"]}
    ):
        waiting.remove(force=True)  # one that is kept ready would be found too, by then
    later = replace(patient, now=datetime.now(UTC) + timedelta(minutes=30))
    with container(instance, {"instance": instance.name, **given}):
        mended(later, "containers", about)


def test_servers_and_sandboxes_that_have_just_begun_are_nobodys_fault(instance: Instance, patient: Patient) -> None:
    for given, _ in (STRAYS["unknown server"], STRAYS["sandbox"]):
        with container(instance, {"instance": instance.name, **given}) as name:
            assert not [one for one in patient.found("containers") if name in one.wrong]


def test_stranger_on_the_students_network(instance: Instance, patient: Patient) -> None:
    with container(instance, {}, f"--network={instance.name}-students"):
        mended(patient, "containers", "is not CampusHub's")


# -- data ----------------------------------------------------------------------------------------------------------------


def test_database_that_is_damaged(small: tuple[Patient, Receipt]) -> None:
    patient, _ = small
    with (patient.settings.folders.courses / "nn/gradebook.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    mended(patient, "store", "gradebook.db is damaged")


def test_row_that_names_a_row_which_is_not_there(small: tuple[Patient, Receipt]) -> None:
    patient, _ = small
    with closing(sqlite3.connect(patient.settings.folders.service / "store.sqlite")) as store, store:
        store.execute("delete from submissions")
    mended(patient, "store", "names a row of 'submissions' that is not there")


def test_submission_whose_file_is_gone(small: tuple[Patient, Receipt]) -> None:
    patient, receipt = small
    shutil.rmtree(patient.settings.folders.service / "submissions" / receipt.submission)
    mended(patient, "store", f"The submission {receipt.submission} of asha (nn, one) has lost files")


def test_submission_whose_content_changed_is_seen_within_sixteen_days(small: tuple[Patient, Receipt]) -> None:
    patient, receipt = small
    path = patient.settings.folders.service / "submissions" / receipt.submission / "task"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().upper())
    days = [replace(patient, now=NOW + timedelta(days=number)) for number in range(16)]
    assert [len(one.found("store")) for one in days].count(1) == 1
    mended(replace(patient, deep=True), "store", "another content than was acknowledged")


def test_backup_that_was_never_made_or_is_too_old(instance: Instance, patient: Patient, tmp_path: Path) -> None:
    path = patient.settings.folders.last_backup
    path.unlink(missing_ok=True)
    assert "DIR being another disk" in patient.one("backup", "no good backup yet").mend
    instance.command("backup", str(tmp_path / "backups"))
    assert patient.found("backup") == []
    old = {"at": (datetime.now(UTC) - timedelta(days=8)).isoformat(), "place": json.loads(path.read_text())["place"]}
    path.write_text(json.dumps(old), encoding="utf-8")
    time.sleep(1)  # a backup is named by its second
    mended(patient, "backup", "8 days old; `backup_days` is 7")


# -- names, versions -----------------------------------------------------------------------------------------------------


def test_host_of_a_material_that_is_not_found(patient: Patient) -> None:
    course = patient.settings.courses["demo"].model_copy(update={"material": "https://no-such-host.invalid/x.git"})
    lost = replace(patient, settings=patient.settings.model_copy(update={"courses": {"demo": course}}))
    assert "A wrong name stands in config/hub.yaml" in lost.one("names", "no-such-host.invalid is not found").mend
    assert [one for one in patient.found("names") if "arrives" in one.wrong] == []


def test_domain_that_is_not_found(patient: Patient) -> None:
    lost = replace(patient, settings=patient.settings.model_copy(update={"domain": "no-such-host.invalid"}))
    assert "so nobody comes to" in lost.one("names", "no-such-host.invalid is not found").wrong
    assert patient.found("names") == []


def test_debian_mirror_that_is_not_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_apt_has_a_proxy", lambda: False)
    monkeypatch.setattr(debian, "apt_sources", lambda: "deb http://localhost/debian bookworm main")
    assert patient.found("names") == []
    monkeypatch.setattr(debian, "apt_sources", lambda: "deb http://no-such-host.invalid/debian bookworm main")
    assert "no security updates" in patient.one("names", "Debian mirror").wrong


def test_server_that_may_look_names_up(instance: Instance, patient: Patient) -> None:
    owner = {"instance": instance.name, "person": "student", "course": "demo", "server": "demo"}
    with container(instance, owner):
        mended(patient, "names", "may look names up")


OLD = "import importlib.metadata as m, pathlib, re; p = m.distribution('jupyterhub')._path / 'METADATA'; "
OLD += "p.write_text(re.sub('(?m)^Version: .*', 'Version: 5.4.5', p.read_text(), count=1))"


def test_version_with_known_holes_in_an_image(instance: Instance, patient: Patient) -> None:
    name, tag = f"{instance.name}-old", "chtest/old:1"
    good = json.loads(patient.settings.folders.images.read_text(encoding="utf-8"))["base"]["tag"]
    subprocess.run(["docker", "run", "--name", name, "--user=0", good, "python", "-c", OLD], check=True)
    try:
        subprocess.run(["docker", "commit", name, tag], check=True, capture_output=True)
        with recorded(patient, lambda record: record["base"].update(tag=tag)):
            finding = patient.one("versions", "jupyterhub 5.4.5 in the image 'base' has known holes")
            assert "git pull" in finding.mend
            instance.command("up")
            assert [one for one in patient.found("versions") if "base" in one.wrong] == []
    finally:
        subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)
        subprocess.run(["docker", "rmi", tag], check=False, capture_output=True)


def runc_saying(folder: Path, version: str) -> str:
    program = folder / "runc"
    program.write_text(f"#!/bin/sh\necho 'runc version {version}'\n", encoding="ascii")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("version", "holes"),
    [("1.1.15", True), ("1.2.7", True), ("1.2.8", False), ("1.3.2", True), ("1.3.3", False), ("1.4.0", False)],
)
def test_runc_of_no_package_is_judged_by_its_number(tmp_path: Path, version: str, holes: bool) -> None:
    told = list(versions.runc(runc_saying(tmp_path, version), tmp_path))
    assert [isinstance(one, Finding) for one in told] == [True] * holes


def test_runc_of_debian_is_judged_by_what_its_changelog_mends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = runc_saying(tmp_path, "1.1.5")
    monkeypatch.setattr(versions, "_package_of", lambda _: "runc")
    monkeypatch.setattr(versions, "_installed", lambda _: "1.1.5+ds1-1+deb12u1")
    monkeypatch.setattr(versions, "_candidate", lambda _: "1.1.5+ds1-1+deb12u2")
    waits = list(versions.runc(program, tmp_path))
    assert isinstance(waits[0], Finding)
    assert "apt-get install --only-upgrade runc" in waits[0].mend
    monkeypatch.setattr(versions, "_candidate", lambda _: "1.1.5+ds1-1+deb12u1")
    assert isinstance(next(versions.runc(program, tmp_path)), Note), "nobody here can mend what Debian has not"
    (tmp_path / "runc-docs").mkdir()
    (tmp_path / "docs/runc").mkdir(parents=True)
    changes = "\n".join(f"  * Backport the fix of {hole}" for hole in versions.RUNC_HOLES)
    (tmp_path / "docs/runc/changelog.Debian.gz").write_bytes(gzip.compress(changes.encode()))
    assert list(versions.runc(program, tmp_path / "docs")) == []
