"""What a course provides answers its public URLs in a fresh Python; all else outside is refused at once, with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from campushub_client import packages, provided

from tests.instance import ROOT

CLIENT = ROOT / "images" / "exchange_client"
URL = "https://data.example.org/tables/a%20b.csv"
TABLE = "a,b\n1,ä\n"
SENTENCE = (
    "https://example.com/x is not on the campus machine, and nothing outside it can be reached from here. "
    "Ask your instructor to have it provided."
)


def entry(path: str, *urls: str, **more: Any) -> dict[str, Any]:
    name = path.partition("/")[0]
    return {"name": name, "path": path, "urls": list(urls), "library": None, "unpacked": False, **more}


def write(data: Path, *entries: dict[str, Any]) -> None:
    """Put an index into its place, as the hub does."""
    new = data / ".new"
    new.write_text(json.dumps({"entries": entries}), encoding="utf-8")
    new.rename(data / provided.INDEX)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /data: one table."""
    folder = tmp_path / "data"
    (folder / "table").mkdir(parents=True)
    (folder / "table" / "t.csv").write_text(TABLE, encoding="utf-8")
    write(folder, entry("table/t.csv", URL))
    monkeypatch.setenv("CAMPUSHUB_DATA", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(CLIENT))
    return folder


def said(code: str, *words: str, python: str = sys.executable, start: str = "import campushub_hook\n") -> str:
    """What a fresh Python prints that has the hook."""
    done = subprocess.run([python, "-c", start + code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real server on the loopback address."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "x").write_text("from the server", encoding="utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Keep silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site"))) as one:
        thread = Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://data.example.org/tables/a%20b.csv",
        "https://DATA.example.org:443/tables/a b.csv#rows",
        "https://data.example.org/tables/a%20b.csv?download=1",
    ],
)
def test_one_file_is_found_by_every_way_to_write_its_url(data: Path, url: str) -> None:
    found = provided.find(url)
    assert found is not None
    assert found.path == data / "table" / "t.csv"


@pytest.mark.parametrize(
    "url",
    [
        "https://data.example.org/tables/a%20b.csv?id=2",
        "https://data.example.org:8443/tables/a%20b.csv",
        "https://data.example.org/tables/",
        "https://other.example.org/tables/a%20b.csv",
        "https://[broken",
    ],
)
def test_another_url_is_another_file(data: Path, url: str) -> None:
    assert provided.find(url) is None


def test_queries_tell_files_apart(data: Path) -> None:
    write(data, entry("one/1.csv", "https://a.example/get?id=1"), entry("two/2.csv", "https://a.example/get?id=2"))
    found = provided.find("https://a.example/get?id=2")
    assert found is not None
    assert found.file == "2.csv"


def test_only_what_lies_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.campus.example/simple")
    inside = ("localhost:8080", "127.0.0.1:5", "10.77.0.2", "[::1]:80", "hub", "a.localhost", "pypi.campus.example")
    assert not any(provided.is_outside(f"http://{host}/x") for host in inside)
    assert all(provided.is_outside(f"https://{host}/x") for host in ("github.com", "10.example.org", "a.b:8080"))


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{", '{"entries": 3}', '{"entries": [null, {"name": "x"}, []]}', "\0"]
)
def test_an_index_that_cannot_be_read_provides_nothing(data: Path, text: str | None) -> None:
    (data / provided.INDEX).unlink()
    if text is not None:
        (data / provided.INDEX).write_text(text, encoding="utf-8")
    assert provided.entries() == ()


def test_an_archive_answers_for_what_was_unpacked(data: Path) -> None:
    write(data, entry("cats", "https://a.example/cats.zip", unpacked=True, archive=".archives/cats.zip"))
    found = provided.find("https://a.example/cats.zip")
    assert found is not None
    assert (found.path, found.tree) == (data / ".archives" / "cats.zip", data / "cats")


def test_urllib_is_answered_as_by_a_web_server(data: Path, tmp_path: Path) -> None:
    code = """
import sys
from urllib.request import Request, build_opener, install_opener, urlopen, urlretrieve
url, place = sys.argv[1:]
with urlopen(Request(url, headers={"User-Agent": "x"}), timeout=5) as answer:
    print(answer.status, answer.headers["Content-Type"], answer.headers["Content-Length"], answer.url == url, answer.reason)
    print(answer.read(3), answer.read() == b"\\n1,\\xc3\\xa4\\n", answer.read())
head = urlopen(Request(url, method="HEAD"))
print(head.getheader("Content-Length"), head.read())
print(urlretrieve(url + "#x", place)[1]["Content-Length"])
opener = build_opener()
opener.addheaders = [("User-agent", "x")]
install_opener(opener)
print(len(urlopen(url).read()), len(opener.open(url).read()))
"""
    told = said(code, URL, str(tmp_path / "kept.csv")).splitlines()
    assert told == [
        "200 text/csv; charset=utf-8 9 True OK",
        "b'a,b' True b''",
        "9 b''",
        "9",
        "9 9",
    ]
    assert (tmp_path / "kept.csv").read_text(encoding="utf-8") == TABLE


def test_requests_is_answered_whatever_adapter_a_person_mounts(data: Path) -> None:
    code = """
import sys
import requests
from requests.adapters import HTTPAdapter
url = sys.argv[1]
answer = requests.get(url, timeout=5)
answer.raise_for_status()
print(ascii(answer.text), answer.url == url)
session = requests.Session()
session.mount("https://", HTTPAdapter(max_retries=3))
print(len(b"".join(session.get(url, stream=True).iter_content(2))), len(session.get(url, stream=True).raw.read()))
print(session.head(url).headers["Content-Length"], session.head(url).content)
"""
    assert said(code, URL).splitlines() == [r"'a,b\n1,\xe4\n' True", "9 9", "9 b''"]


def test_urllib3_is_answered(data: Path, server: str) -> None:
    code = """
import sys
import urllib3
url, server = sys.argv[1:]
answer = urllib3.request("GET", url)
print(answer.status, len(answer.data), answer.headers["Content-Length"], answer.geturl() == url)
pool = urllib3.PoolManager()
print(b"".join(pool.request("GET", url, preload_content=False).stream(4)), pool.request("head", url).data)
print(pool.request("GET", f"{server}/x").data, len(urllib3.ProxyManager("http://127.0.0.1:1").request("GET", url).data))
"""
    assert said(code, URL, server).splitlines() == [
        "200 9 9 True",
        r"b'a,b\n1,\xc3\xa4\n' b''",
        "b'from the server' 9",
    ]


def test_httpx_is_answered_blocking_or_not(data: Path) -> None:
    code = """
import asyncio, sys
import httpx
url = sys.argv[1]
answer = httpx.get(url)
answer.raise_for_status()
print(ascii(answer.text), str(answer.url) == url, answer.headers["Content-Length"], httpx.head(url).content)
with httpx.stream("GET", url) as opened:
    print(len(b"".join(opened.iter_bytes())))
async def ask():
    async with httpx.AsyncClient() as client:
        print(len((await client.get(url)).content))
        try:
            await client.get("https://example.com/x")
        except httpx.ConnectError as refused:
            print(refused)
asyncio.run(ask())
"""
    assert said(code, URL).splitlines() == [r"'a,b\n1,\xe4\n' True 9 b''", "9", "9", SENTENCE]


def test_whatever_asks_for_a_name_outside_is_told_at_once(data: Path, server: str) -> None:
    code = """
import asyncio, http.client, socket, sys
import aiohttp, urllib3
def attempt(ask):
    try:
        ask()
    except Exception as refused:
        print("example.com is not on the campus machine" in str(refused))
async def ask():
    async with aiohttp.ClientSession() as session:
        await session.get("https://example.com/x")
attempt(lambda: http.client.HTTPSConnection("example.com").connect())
attempt(lambda: urllib3.PoolManager().request("GET", "https://example.com/x", retries=False))
attempt(lambda: socket.create_connection(("example.com", 443)))
attempt(lambda: socket.getaddrinfo(b"example.com", 443))
attempt(lambda: asyncio.run(ask()))
print(bool(socket.getaddrinfo("localhost", 80)), bool(socket.getaddrinfo(None, 80)), bool(socket.getaddrinfo(socket.gethostname(), 80)))
print(http.client.HTTPConnection(sys.argv[1].removeprefix("http://")).connect())
"""
    assert said(code, server).splitlines() == ["True"] * 5 + ["True True True", "None"]


def test_a_packed_file_stays_packed(data: Path) -> None:
    (data / "packed").mkdir()
    (data / "packed" / "t.csv.gz").write_bytes(b"\x1f\x8b")
    write(data, entry("packed/t.csv.gz", "https://a.example/t.csv.gz"))
    code = (
        "import requests; r = requests.get('https://a.example/t.csv.gz'); print(r.content, r.headers['Content-Type'])"
    )
    assert said(code) == r"b'\x1f\x8b' application/octet-stream"


def test_what_is_not_here_is_refused_with_a_sentence(data: Path) -> None:
    code = """
import requests
from urllib.error import URLError
from urllib.request import urlopen, build_opener
for ask in (urlopen, build_opener().open, requests.get):
    try:
        ask("https://example.com/x#y")
    except (URLError, requests.exceptions.ConnectionError) as refused:
        print(getattr(refused, "reason", refused))
"""
    assert said(code).splitlines() == [SENTENCE] * 3


def test_proxies_of_a_person_are_no_way_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    code = "import sys; from urllib.request import urlopen; print(len(urlopen(sys.argv[1].replace('https', 'http')).read()))"
    assert said(code, URL) == "9"


def test_servers_on_the_machine_are_spoken_to_as_ever(data: Path, server: str) -> None:
    code = """
import sys, requests
from urllib.request import urlopen
print(urlopen(sys.argv[1]).read(), requests.get(sys.argv[1]).text, requests.get(sys.argv[1] + "y").status_code)
"""
    assert said(code, f"{server}/x") == "b'from the server' from the server 404"


def test_data_that_comes_while_a_notebook_runs_is_there(data: Path) -> None:
    code = """
import json, os, sys
from urllib.error import URLError
from urllib.request import urlopen
data = os.environ["CAMPUSHUB_DATA"]
try:
    urlopen("https://a.example/new")
except URLError:
    print("not yet")
with open(f"{data}/new", "w") as file:
    json.dump({"entries": [{"name": "table", "path": "table/t.csv", "urls": ["https://a.example/new"]}]}, file)
os.rename(f"{data}/new", f"{data}/.campushub.json")
print(len(urlopen("https://a.example/new").read()))
"""
    assert said(code).splitlines() == ["not yet", "9"]


def test_a_start_of_python_loads_the_hook_alone_and_only_where_data_is_provided(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "environment"
    packages.make(folder)
    line = (CLIENT / "campushub.pth").read_text(encoding="ascii")
    (packages.site(folder) / "campushub.pth").write_text(line, encoding="ascii")
    code, python = "import sys; print(*sorted(sys.modules))", str(folder / "bin" / "python")
    loaded = set(said(code, python=python, start="").split())
    monkeypatch.delenv("CAMPUSHUB_DATA")
    assert loaded - set(said(code, python=python, start="").split()) == {"campushub_hook"}


def test_looking_whether_a_library_is_there_changes_nothing(data: Path) -> None:
    code = """
import importlib, importlib.util, inspect, sys
assert importlib.util.find_spec("requests.adapters") is not None
import requests.adapters
print(len(requests.get(sys.argv[1]).content), "class HTTPAdapter" in inspect.getsource(requests.adapters))
importlib.reload(requests.adapters)
print(vars(requests.adapters.__spec__.loader).keys() - {"name", "path"})
"""
    assert said(code, URL).splitlines() == ["9 True", "set()"]


def test_what_was_imported_before_is_answered_as_well(data: Path) -> None:
    start = "import requests, urllib.request\nimport campushub_hook\n"
    assert said("import sys; print(len(requests.get(sys.argv[1]).content))", URL, start=start) == "9"


def test_a_library_of_another_make_is_imported_all_the_same(data: Path, tmp_path: Path) -> None:
    (tmp_path / "seaborn").mkdir()
    (tmp_path / "seaborn" / "__init__.py").write_text("", encoding="ascii")
    (tmp_path / "seaborn" / "utils.py").write_text("HERE = 1\n", encoding="ascii")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import seaborn.utils
from urllib.request import urlopen
print(seaborn.utils.HERE, len(urlopen(sys.argv[2]).read()))
"""
    assert said(code, str(tmp_path), URL) == "1 9"


def test_a_fault_of_ours_is_a_line_for_each_library_and_no_more(data: Path) -> None:
    code = "import sys; sys.modules['campushub_client.libraries'] = None; import urllib.request; print('imported')"
    done = subprocess.run(
        [sys.executable, "-c", f"import campushub_hook\n{code}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "imported\n"
    told = done.stderr.splitlines()
    assert [line.partition(" by ")[2].partition(":")[0] for line in told] == ["socket", "urllib.request"]
    assert all(line.startswith("campushub: ") for line in told)
