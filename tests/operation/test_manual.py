"""The manual's commands are run: here, or by the test that is named for them."""

from __future__ import annotations

import pytest

from tests.instance import ROOT, Instance
from tests.manual import every_command

HERE = ("announce", "check", "images list", "logs", "roster", "status")
ELSEWHERE = {  # first words of a command, and the test that runs it
    "up --inventory": "tests/vm/test_fresh_machine.py",
    "up": "tests/instance.py",
    "down": "tests/instance.py",
    "course image": "tests/images/test_packages_of_a_course.py",
    "course": "tests/integration/test_terms.py",
    "images": "tests/images/test_commands.py",
    "test": ".ci/run",
    "doctor": "tests/operation/test_doctor.py",
    "backup": "tests/operation/test_restore.py",
    "gpus": "tests/gpu/test_lending.py",
    "mirror check": "tests/integration/test_downloads.py",
    "mirror": "tests/integration/test_mirror.py",
    "marks": "tests/integration/test_hand_in_for.py",
    "restore": "tests/operation/test_restore.py",
    "bench": "CONTRIBUTING.md",  # by whoever changes what it measures: some minutes, and alone on the machine
}
VALUES = {"COURSE": "second", "NAME": "manual-reader", "PART": "hub", "algorithms": "second"}
ROSTER = "name,full_name,email,role,section\nmanual-reader,Mira Manual,mira@example.edu,student,\n"


def wanted() -> list[list[str]]:
    found = [words for _, words in every_command() if " ".join(words).startswith(HERE)]
    return [words for words in found if len(words) > 1 or words[0] == "status"]


@pytest.fixture(scope="module")
def reader(instance: Instance) -> Instance:
    for name in ("FILE", "algorithms.csv", "roster.csv"):
        (instance.data / name).write_text(ROSTER, encoding="utf-8")
    return instance


@pytest.mark.parametrize("words", wanted(), ids=" ".join)
def test_command_of_the_manual_does_its_work(reader: Instance, words: list[str]) -> None:
    if words[:2] == ["roster", "remove"]:
        reader.command("roster", "add", "second", "manual-reader")
    files = {name: str(reader.data / name) for name in ("FILE", "algorithms.csv", "roster.csv")}
    values = {**VALUES, **files, "neural-networks": "second"}
    if words[0] == "check":
        values["FILE"] = str(reader.config)
    reader.command(*[values.get(word, word) for word in words])


def test_every_other_command_is_run_by_a_test_that_is_there() -> None:
    for page, words in every_command():
        line = " ".join(words)
        if line.startswith(HERE) or words[0].isupper() or words in (["images"], ["course"], ["roster"]):
            continue
        found = [path for start, path in ELSEWHERE.items() if line.startswith(start)]
        assert found, f"{page}: nothing runs `campushub {line}`"
        assert (ROOT / found[0]).exists()
        if found[0].endswith(".py"):
            assert f'"{words[0]}"' in (ROOT / found[0]).read_text(encoding="utf-8"), (
                f"{found[0]} does not run {words[0]}"
            )
