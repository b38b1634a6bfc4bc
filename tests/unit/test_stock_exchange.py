"""What nbgrader's own exchange, a folder that everybody writes to, lets people do: the reason why ours is a service.

Each of these succeeds there, so that the tests of ours (test_hostile_uploads.py, tests/attacks) prove something.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

NAME, NOON = "ps", "2026-12-01 12:00:00.000000 UTC"


@dataclass(frozen=True)
class Stock:
    """A course whose exchange is a folder; `inbound` is where everybody drops what they hand in."""

    top: Path

    @property
    def inbound(self) -> Path:
        return self.top / "exchange" / "stock" / "inbound"

    def drop(self, student: str, text: str = "mine", *, name: str = NAME, at: str = NOON) -> Path:
        """A folder as `nbgrader submit` makes it; anybody else can make one too."""
        folder = self.inbound / f"{student}+{name}+{at}+{len(list(self.inbound.iterdir())):012}"
        folder.mkdir()
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
        (folder / "timestamp.txt").write_text(at, encoding="utf-8")
        return folder

    def collect(self, name: str = NAME) -> None:
        config = Config()
        config.CourseDirectory.course_id, config.CourseDirectory.root = "stock", str(self.top)
        config.Exchange.root, config.ExchangeCollect.update = str(self.top / "exchange"), True
        coursedir = CourseDirectory(config=config)
        coursedir.assignment_id = name
        ExchangeCollect(coursedir=coursedir, authenticator=Authenticator(config=config), config=config).start()

    def collected(self, student: str, file: str = f"{NAME}.ipynb", name: str = NAME) -> str:
        return (self.top / "submitted" / student / name / file).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook, which nbgrader takes a second to make."""
    stock = Stock(tmp_path_factory.mktemp("stock"))
    stock.inbound.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        stock.collect()
    return stock.top / "gradebook.db"


@pytest.fixture
def stock(tmp_path: Path, gradebook: Path, monkeypatch: pytest.MonkeyPatch) -> Stock:
    made = Stock(tmp_path)
    made.inbound.mkdir(parents=True)
    shutil.copy(gradebook, tmp_path)
    monkeypatch.chdir(tmp_path)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    return made


def test_anybody_hands_in_as_anybody(stock: Stock) -> None:
    stock.drop("asha", "asha's own")
    stock.drop("asha", "what mallory wrote", at="2026-12-01 12:00:01.000000 UTC")
    stock.collect()
    assert stock.collected("asha") == "what mallory wrote"


def test_whoever_hands_in_says_when(stock: Stock) -> None:
    stock.drop("asha", at="2020-01-01 00:00:00.000000 UTC")
    stock.collect()
    assert stock.collected("asha", "timestamp.txt").startswith("2020-01-01")


def test_what_was_handed_in_is_changed_afterwards(stock: Stock) -> None:
    folder = stock.drop("asha", "before the due date")
    (folder / f"{NAME}.ipynb").write_text("after it", encoding="utf-8")
    stock.collect()
    assert stock.collected("asha") == "after it"


def test_link_brings_what_only_the_instructor_may_read(stock: Stock) -> None:
    secret = stock.top / "source.ipynb"
    secret.write_text("the solution", encoding="utf-8")
    (stock.drop("asha") / "data.txt").symlink_to(secret)
    stock.collect()
    assert stock.collected("asha", "data.txt") == "the solution"


def test_one_badly_named_folder_keeps_everybody_from_being_collected(stock: Stock) -> None:
    stock.drop("mallory", at="notadate")
    stock.drop("zoe")
    with pytest.raises(ValueError, match="notadate"):
        stock.collect()
    assert not (stock.top / "submitted").exists()


def test_pipe_ends_the_collecting_of_whoever_comes_after(stock: Stock) -> None:
    os.mkfifo(stock.drop("mallory") / "pipe")
    with pytest.raises(shutil.Error, match="named pipe"):
        stock.collect()


def test_what_was_never_handed_out_is_handed_in(stock: Stock) -> None:
    stock.drop("asha", name="never-there")
    stock.collect("never-there")
    assert stock.collected("asha", "never-there.ipynb", "never-there") == "mine"


def test_what_is_no_notebook_is_taken_without_a_word(stock: Stock) -> None:
    stock.drop("asha", "this is no notebook")
    stock.collect()
    assert stock.collected("asha") == "this is no notebook"
