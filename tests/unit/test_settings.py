"""What config/hub.yaml may say, and what its mistakes sound like."""

from pathlib import Path

import pytest

from hub.settings import Settings, parts
from hub.settings_file import SettingsInvalid, load
from hub.values import parse_size, size_text

SMALLEST = "courses:\n  nn:\n    title: Neural Networks\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "hub.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def told(folder: Path, text: str) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        load(write(folder, text), images=frozenset({"base"}))
    return str(caught.value)


def test_smallest_file_has_every_default(tmp_path: Path) -> None:
    settings = load(write(tmp_path, SMALLEST))
    assert settings.courses["nn"].image == "base"
    assert settings.port == 8000
    assert settings.limits_of("nn").memory == 2 * 1024**3


def test_empty_file_is_a_hub_without_courses(tmp_path: Path) -> None:
    assert load(write(tmp_path, "# nothing yet\n")) == Settings()


def test_the_example_has_no_mistakes() -> None:
    load(Path(__file__).parents[2] / "config" / "examples" / "hub.yaml")


def test_course_changes_only_the_limits_it_names(tmp_path: Path) -> None:
    settings = load(write(tmp_path, SMALLEST + "    limits: {memory: 8G}\nlimits: {cpu: 3}\n"))
    assert (settings.limits_of("nn").memory, settings.limits_of("nn").cpu) == (8 * 1024**3, 3)


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = (
        "login:\n  method: gihtub\ncourses:\n  nn:\n    titel: X\n    image: bas\n    limits:\n      memory: 16 GB\n"
        "  nn:\n    title: Y\n"
    )
    assert told(tmp_path, text).splitlines() == [
        "hub.yaml:2  login.method: 'gihtub' is not one of 'accounts', 'oidc', 'github' or 'google'",
        "hub.yaml:5  courses.nn.titel: unknown setting; did you mean 'title'?",
        "hub.yaml:6  courses.nn.image: no image is called 'bas'; did you mean 'base'?",
        "hub.yaml:8  courses.nn.limits.memory: '16 GB' is not a size; write it like 512M or 4G",
        "hub.yaml:9  'courses.nn' is already set on line 4",
        "5 mistakes; nothing was changed.",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port: 99999\n", "'99999' must be 65535 or less"),
        ("port: many\n", "'many' is not a whole number"),
        ("admins: amey\n", "'amey' is not a list"),
        ("admins: [Zoë Müller]\n", "cannot be a name"),
        ("data: srv\n", "not a folder's absolute path"),
        ("timezone: Asia/Kolkatta\n", "did you mean 'Asia/Kolkata'?"),
        ("network: {students: 172.30.64.0/24}\n", "too small; take a /21 or larger"),
        ("network: {students: 172.30.64.0/21, core: 172.30.65.0/24}\n", "overlap"),
        ("network: {students: there}\n", "not a network"),
        ("courses:\n  grade-x: {title: X}\n", "may not start with gpu- or grade-"),
        ("courses:\n  password: {title: X}\n", "is the name of a page"),
        ("courses:\n  x: {branch: main}\n", "x.title: is missing"),
        ("courses:\n  Neural_x: {title: X}\n", "cannot be a course's key"),
        ("courses:\n  x: {title: X, material: notes}\n", "neither a git URL"),
        ("courses: []\n", "is not a group of settings"),
        ("courses:\n  x:\n", "x: has no value"),
        ("- a\n", "must be settings with a value each"),
        ("\tport: 1\n", "a tab stands here"),
        ("port: 'a\n", "cannot be read"),
        ("a: &a {port: 1}\n<<: *a\n", "'<<'"),
        ("domain: https://x.example\n", "write its name alone"),
        ("domain: x.example:8443\n", "its port under https"),
        ("domain: 10.0.0.1\n", "is not a domain"),
        ("https: {certificate_file: a.pem}\n", "belong together"),
        ("https: {port: 80}\n", "are both 80"),
        ("login: {method: oidc, client_id: x}\n", "oidc needs client_secret_file and issuer as well"),
        ("login: {method: google}\n", "google needs client_id and client_secret_file as well"),
        (
            "login: {method: oidc, client_id: x, client_secret_file: y, issuer: login.example.edu}\n",
            "not an address that can be trusted",
        ),
        ("login: {method: oidc, client_id: x, client_secret_file: y, issuer: 'http://a.edu'}\n", "not an address"),
        ("package_mirror: {upstream: pypi.org}\n", "write it like https://pypi.org/simple/"),
        ("package_mirror: {upstream: 'http://mirror.example.edu/simple/'}\n", "not an index that can be trusted"),
        (
            "package_mirror: {upstream: 'https://me:secret@mirror.example.edu/simple/'}\n",
            "without a name and a password",
        ),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in told(tmp_path, text)


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no such file"):
        load(tmp_path / "none.yaml")


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsInvalid, match="not UTF-8"):
        load(tmp_path / "hub.yaml")


@pytest.mark.parametrize("text", ["512M", "4G", "1T", "3K"])
def test_size_is_written_as_it_was_read(text: str) -> None:
    assert size_text(parse_size(text)) == text


def test_fixed_addresses_stand_at_the_start_of_their_networks() -> None:
    settings = Settings()
    assert settings.address("hub") == "172.30.64.2"
    assert settings.core_address("front") == "172.30.72.8"


def test_without_a_gpu_to_lend_there_is_no_agent() -> None:
    assert "agent" not in parts(Settings())
