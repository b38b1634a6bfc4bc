"""A checkpoint for which there is no room."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

import pytest
from campushub_client.checkpoints import Checkpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError


@pytest.fixture
def manager(tmp_path: Path) -> Any:
    (tmp_path / "work.ipynb").write_text("{}", encoding="utf-8")
    return AsyncLargeFileManager(root_dir=str(tmp_path), checkpoints_class=Checkpoints)


def test_checkpoint_is_made_and_listed(manager: Any) -> None:
    asyncio.run(manager.create_checkpoint("work.ipynb"))
    assert len(asyncio.run(manager.list_checkpoints("work.ipynb"))) == 1


@pytest.mark.parametrize(
    ("number", "told"), [(errno.ENOSPC, HTTPError), (errno.EDQUOT, HTTPError), (errno.EIO, OSError)]
)
def test_full_home_is_403_which_jupyterlab_opens_the_notebook_with(
    manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: type[Exception]
) -> None:
    async def cut_off(_: Any, __: str, target: str) -> None:
        Path(target).write_text("{", encoding="utf-8")
        raise OSError(number, "as the disk says it")

    monkeypatch.setattr(Checkpoints, "_copy", cut_off)
    with pytest.raises(told) as raised:
        asyncio.run(manager.create_checkpoint("work.ipynb"))
    left = list((tmp_path / ".ipynb_checkpoints").iterdir())
    if isinstance(raised.value, HTTPError):
        assert raised.value.status_code == 403
        assert not left, "a part of one would be taken for the whole"
