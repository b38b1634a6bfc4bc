"""How a server ended is told to its person, whoever ended it, and what it says shows no secret."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.homes import close
from tests.instance import Instance, Person, text_of

OUTSIDE = "It was ended from outside: by the administrator"
PAGE = "/courses/second/server"
SILENT = """
    import json, os, time, uuid, requests, websocket
    base = "127.0.0.1:8888" + os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    token = "token " + os.environ["JUPYTERHUB_API_TOKEN"]
    kernel = requests.post("http://" + base + "api/kernels", headers={"Authorization": token}, json={"name": "python3"}).json()["id"]
    socket = websocket.create_connection("ws://" + base + "api/kernels/" + kernel + "/channels", header=["Authorization: " + token])
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": uuid.uuid4().hex, "version": "5.3"}
    content = {"code": "import time; time.sleep(100)", "silent": False, "store_history": True, "allow_stdin": False}
    socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}))
    time.sleep(5)
"""


@pytest.fixture
def person(instance: Instance) -> Iterator[Person]:
    found = instance.person("lena")
    close(found)
    found.start("second")
    yield found
    close(found)


def read(person: Person, why: str, *, seconds: float = 90) -> str:
    """The page of the server, once it says this."""
    until = time.monotonic() + seconds
    while why not in (page := text_of(person.get(PAGE).text)):
        assert time.monotonic() < until, page
        time.sleep(0.5)
    return page


def container(person: Person) -> str:
    return person.instance.container_of(person.name, "second")


def test_who_closes_their_notebooks_needs_no_reason(person: Person) -> None:
    close(person)
    page = read(person, "Your notebooks are closed")
    assert "ended" not in page.partition("What rescue mode is")[0].replace("have ended", "")


def test_server_that_docker_was_told_to_stop_was_ended_from_outside(instance: Instance, person: Person) -> None:
    instance.docker.containers.get(container(person)).stop()
    assert "The last lines it wrote" in read(person, OUTSIDE)


def test_server_whose_container_is_gone_was_ended_from_outside(instance: Instance, person: Person) -> None:
    instance.docker.containers.get(container(person)).remove(force=True)
    read(person, OUTSIDE)


def test_server_that_the_culler_ended_was_unused(instance: Instance, person: Person) -> None:
    code = """
        import os, requests
        from pathlib import Path
        from hub.secrets import Secrets
        from hub.settings_file import load
        settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
        url = f"http://{settings.core_address('hub')}:8081/hub/api/users/lena/servers/second"
        token = Secrets(settings.folders.secrets).read("culler")
        print(requests.delete(url, headers={"Authorization": f"token {token}"}).status_code)
    """
    assert instance.python_in(f"{instance.name}-culler", code) in ("202", "204")
    read(person, "nobody had used it for a while")


def test_no_secret_stands_in_the_last_lines(instance: Instance, person: Person) -> None:
    code = """
        import os
        print(os.environ["JUPYTERHUB_API_TOKEN"])
        line = "GET /x?token=" + os.environ["JUPYTERHUB_API_TOKEN"] + " <script>alert(1)</script>\\n"
        open("/proc/" + [p for p in os.listdir("/proc") if p.isdigit() and b"-m\\x00campushub_client.start" in open(f"/proc/{p}/cmdline", "rb").read()][-1] + "/fd/2", "w").write(line)
    """
    token = person.inside("second", code)
    instance.docker.containers.get(container(person)).kill()
    read(person, "It ended by a fault")
    page = person.get(PAGE).text
    assert "GET /x?token=…" in page
    assert token not in page
    assert "<script>alert" not in page


def test_reload_of_a_page_leads_to_why_and_back(instance: Instance, person: Person) -> None:
    instance.docker.containers.get(container(person)).kill()
    read(person, "It ended by a fault")
    answer = person.get("/user/lena/second/lab/tree/work/a.ipynb")
    assert answer.status_code == 424
    assert "url=/courses/second/server?name=second&amp;next=" in answer.text
    way = person.get(f"{PAGE}?name=second&next=/user/lena/second/lab/tree/work/a.ipynb").text
    assert "/hub/spawn/lena/second?next=%2Fuser%2Flena%2Fsecond%2Flab%2Ftree%2Fwork%2Fa.ipynb" in way
    for elsewhere in ("https://example.org/", "//example.org/", "/user/teacher/demo/lab", "/hub/logout"):
        assert (
            "next="
            not in person.get(PAGE, params={"next": elsewhere}).text.partition('id="start"')[2].partition(">")[0]
        )


def test_page_of_a_server_is_its_persons_alone(instance: Instance, person: Person) -> None:
    assert person.get("/courses/demo/server").status_code == 403
    assert person.get(f"{PAGE}?name=grade-second").status_code == 403
    assert person.get(f"{PAGE}?name=demo").status_code == 404
    assert person.http.post(instance.url + PAGE, data={"then": "close"}, timeout=30).status_code == 403
    assert person.ready("second"), "a form of another page closes nothing"


def test_servers_that_went_with_the_hub_were_ended_by_the_administrator(instance: Instance, person: Person) -> None:
    instance.command("down")
    instance.command("up")
    instance.wait_until_well()
    read(person, OUTSIDE)
