"""A person's server: who may have which, what it may use, what stays, and what is said when it cannot be."""

from __future__ import annotations

import json
import time

import pytest

from tests.instance import Instance, Person, text_of


def test_server_has_the_limits_of_its_course(instance: Instance, student: Person) -> None:
    found = instance.docker.containers.get(instance.container_of("student", "demo")).attrs["HostConfig"]
    assert found["Memory"] == found["MemorySwap"] == 768 * 1024**2
    assert found["NanoCpus"] == 10**9 or found["CpuQuota"] == found["CpuPeriod"]
    assert found["PidsLimit"] == 256
    assert found["CapDrop"] == ["ALL"]
    assert not found["CapAdd"]
    assert "no-new-privileges:true" in found["SecurityOpt"]
    assert not found["Privileged"]
    assert found["LogConfig"]["Config"]["max-size"] == "5m"


def test_server_runs_without_any_capability(student: Person) -> None:
    code = (
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith(('CapEff', 'CapBnd', 'NoNewPrivs'))])"
    )
    assert student.inside("demo", code) == "['0000000000000000', '0000000000000000', '1']"


def test_home_stays_when_the_server_goes(instance: Instance) -> None:
    person = instance.person("outsider")
    person.start("second")
    person.inside("second", "from pathlib import Path; Path('/home/jovyan/kept.txt').write_text('here')")
    stop(person, "second")
    person.start("second")
    assert person.inside("second", "print(open('/home/jovyan/kept.txt').read())") == "here"
    home = instance.data / "homes" / "outsider"
    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (1000, 0o700)


def stop(person: Person, server: str) -> None:
    """Stop a server as the hub's API does, and wait until its container is gone and the hub knows it."""
    token = person.http.cookies.get("_xsrf", path="/hub/")
    url = f"{person.instance.url}/hub/api/users/{person.name}/servers/{server}?_xsrf={token}"
    answer = person.http.delete(url, headers={"Referer": f"{person.instance.url}/hub/home"}, timeout=60)
    assert answer.status_code in (202, 204), answer.text
    name, listed = person.instance.name, person.instance.docker.containers.list
    labels = [f"campushub.instance={name}", f"campushub.person={person.name}", f"campushub.server={server}"]
    until = time.monotonic() + 60
    while listed(all=True, filters={"label": labels}, ignore_removed=True) or person.being_closed(server):
        assert time.monotonic() < until, "the server is still there"
        time.sleep(0.5)


REASONS = ("As student of", "You are not in", "There is no course", "This course has no GPUs")


@pytest.mark.parametrize("server", ["grade-demo", "second", "grade-second", "nothing-here", "gpu-demo"])
def test_student_gets_no_server_that_is_not_theirs(student: Person, server: str) -> None:
    answer = student.get(f"/hub/spawn/student/{server}")
    assert answer.status_code >= 400
    assert not student.instance.docker.containers.list(
        filters={
            "label": [
                f"campushub.instance={student.instance.name}",
                "campushub.person=student",
                f"campushub.server={server}",
            ]
        }
    )
    assert any(why in text_of(answer.text) for why in REASONS)


def test_student_has_no_formgrader(student: Person) -> None:
    for path in ("formgrader", "formgrader/manage_assignments", "formgrader/api/assignments"):
        assert student.get(f"/user/student/demo/{path}").status_code == 404, path


def test_somebody_elses_server_is_closed(student: Person, student2: Person) -> None:
    for path in (
        "/user/student2/demo/api/contents",
        "/user/student2/demo/lab",
        "/user/student2/demo/campushub/archive",
    ):
        assert student.get(path).status_code in (403, 404), path


def test_a_person_is_student_here_and_instructor_there(instance: Instance, teacher: Person) -> None:
    assert "Manage Assignments" in teacher.get("/user/teacher/grade-demo/formgrader/manage_assignments").text
    assert teacher.get("/hub/spawn/teacher/grade-second").status_code >= 400
    assistant = instance.person("ta")
    assert "You are not in the course" in text_of(assistant.get("/courses/demo/").text)


HOG = """
    import os, pathlib
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        if int(folder.name) not in (os.getpid(), os.getppid()):
            (folder / "oom_score_adj").write_text("1000")  # so that the server ends, not this
    hog = bytearray(2 * 1024**3)
"""


@pytest.mark.parametrize(("killed", "why"), [(False, "it ran out of memory"), (True, "It ended by a fault")])
def test_server_that_ended_is_explained(instance: Instance, killed: bool, why: str) -> None:
    person = instance.person("outsider")
    if not person.ready("second"):
        person.start("second")
    container = instance.container_of("outsider", "second")
    if killed:
        instance.docker.containers.get(container).kill()
    else:
        with pytest.raises(AssertionError, match="137"):
            instance.python_in(container, HOG)
    page, until = "", time.monotonic() + 90
    while why not in page:
        assert time.monotonic() < until, page
        time.sleep(1)
        page = text_of(person.get("/courses/").text)
    assert "Your notebook server ended" in page


def test_missing_image_is_said_and_does_not_stick(instance: Instance) -> None:
    record = instance.data / "config" / "images.json"
    good = record.read_text(encoding="utf-8")
    person = instance.person("outsider")
    if person.ready("second"):
        stop(person, "second")
    broken = json.loads(good)
    broken["base"]["tag"] = "campushub/base:gone"
    record.write_text(json.dumps(broken), encoding="utf-8")
    try:
        answer = person.get("/hub/spawn/outsider/second")
        assert "is not on the server yet" in text_of(answer.text), text_of(answer.text)
    finally:
        record.write_text(good, encoding="utf-8")
    assert person.start("second")


def test_token_of_a_server_opens_nothing_else(instance: Instance, student: Person) -> None:
    code = """
        import json, os, urllib.request, urllib.error
        hub, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
        found = {}
        for path in ("users", "users/student2", "users/student/servers/demo", "users/student/tokens", "services", "proxy", "groups"):
            request = urllib.request.Request(f"{hub}/{path}", headers={"Authorization": f"token {token}"})
            try:
                found[path] = urllib.request.urlopen(request).status
            except urllib.error.HTTPError as error:
                found[path] = error.code
        print(json.dumps(found))
    """
    found = json.loads(student.inside("demo", code))
    assert set(found.values()) <= {403, 404, 405}, found
