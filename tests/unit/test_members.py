"""Whose name, e-mail and password a roster that is brought in may touch: real SQLite."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.courses import Person, Role
from hub.services import rosters


def state_at(folder: Path) -> Any:
    """What `rosters.bring_in` needs of the service: `nn` is led by ivy, `ml` by amey, and root administers all."""
    store = Store.at(folder, admins=["root"])
    store.add_person("root")
    state = SimpleNamespace(
        store=store,
        members=Members(store),
        person=store.person,
        settings=SimpleNamespace(login=SimpleNamespace(method="accounts")),
    )

    async def end_server(*_: object) -> None:
        return None

    state.end_server = end_server
    return state


IVY = Person("ivy", "Ivy", "s1", courses={"nn": Role.INSTRUCTOR})
TAKEN = "name,full_name,email\n{name},Mallory,mallory@example.org\n"


async def test_leader_of_one_course_cannot_put_their_own_address_on_others_accounts(tmp_path: Path) -> None:
    state = state_at(tmp_path)
    await rosters.bring_in(
        state, "ml", "name,full_name,email,role\namey,Amey P,amey@example.edu,instructor\n", keep=True
    )
    for name in ("amey", "root"):
        told = await rosters.bring_in(state, "nn", TAKEN.format(name=name), keep=True, by=IVY)
        assert told.changes.added == [name]
        assert told.passwords == ()
    assert state.store.names_of_email("mallory@example.org") == []
    assert state.store.person("amey").email == "amey@example.edu"
    await rosters.bring_in(state, "ml", TAKEN.format(name="amey"), keep=True)
    assert state.store.names_of_email("mallory@example.org") == ["amey"], "the administrator's command may"


async def test_what_a_row_leaves_out_stays(tmp_path: Path) -> None:
    state = state_at(tmp_path)
    await rosters.bring_in(state, "nn", "name,full_name,email\nasha,Asha A,asha@example.edu\n", keep=True, by=IVY)
    told = await rosters.bring_in(state, "nn", "name,section\nasha,B\n", keep=True, by=IVY)
    assert told.changes.changed == ["asha"]
    assert (state.store.person("asha").full_name, state.store.person("asha").email) == ("Asha A", "asha@example.edu")
    await rosters.bring_in(state, "nn", "name,role\nasha,ta\n", keep=True, by=IVY)
    told = await rosters.bring_in(state, "nn", "name,role\nasha,\n", keep=True, by=IVY)
    assert told.changes.unchanged == ["asha"]
    assert [(one["role"], one["section"]) for one in state.members.of("nn")] == [("ta", "B")]
    await rosters.bring_in(state, "nn", "name,section\nasha,\n", keep=True, by=IVY)
    assert [(one["role"], one["section"]) for one in state.members.of("nn")] == [("ta", "")], "an empty section is none"
