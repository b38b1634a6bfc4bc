"""Places for sandboxes: so many at a time, and one that takes long gives its place away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from hub.adapters.sandboxes import Contents, Made, SandboxFailed
from hub.grading import READY_SECONDS
from hub.services.places import Places
from hub.services.pool import Pool
from hub.settings import Sandbox

LIMITS = Sandbox()
IMAGE = Contents("image")


async def hold(places: Places, log: list[str], name: str, leave: asyncio.Event, *, aside: bool = False) -> None:
    async with places.one() as place:
        log.append(name)
        if aside:
            log.append(f"{name} aside: {await place.step_aside()}")
        await leave.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_there_are_places_run() -> None:
    places, log, leave = Places(2), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(hold(places, log, name, leave)) for name in "abc"]
    await settle()
    assert (log, places.wanted) == (["a", "b"], True)
    leave.set()
    await asyncio.gather(*tasks)
    assert (log, places.wanted) == (["a", "b", "c"], False)


async def test_one_that_steps_aside_lets_the_next_begin_and_only_as_many_as_there_are_places_may() -> None:
    places, log, leave = Places(1), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(hold(places, log, name, leave, aside=True)) for name in "abc"]
    await settle()
    assert log == ["a", "a aside: True", "b", "b aside: False"]
    leave.set()
    await asyncio.gather(*tasks)
    assert not places.free.locked()
    assert not places.aside.locked()


@dataclass
class Engine:
    """Sandboxes without Docker: which were made, live and were removed."""

    made: list[Made] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    removed: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    fails: bool = False

    def make(self, contents: Contents, limits: Sandbox, role: str) -> Made:
        if self.fails:
            raise SandboxFailed(f"no {contents.image}")
        self.made.append(Made(str(len(self.made)), None, limits))
        self.roles[self.made[-1].identity] = role
        return self.made[-1]

    def lives(self, made: Made) -> bool:
        return made.identity not in self.dead

    def remove(self, made: Made) -> None:
        self.removed.append(made.identity)


def pool_of(engine: Engine, clock: list[float]) -> Pool:
    return Pool(engine, lambda: clock[0])  # type: ignore[arg-type]


async def test_what_waits_is_taken_first_and_each_once() -> None:
    engine = Engine()
    pool = pool_of(engine, [0.0])
    await pool.refill(IMAGE, LIMITS)
    await pool.refill(IMAGE, LIMITS)
    taken = [await pool.take(IMAGE, LIMITS) for _ in range(2)]
    assert [made.identity for made in taken] == ["0", "1"]
    assert taken == engine.made


async def test_one_that_died_while_it_waited_is_not_given_out() -> None:
    engine = Engine(dead={"0"})
    pool = pool_of(engine, [0.0])
    await pool.refill(IMAGE, LIMITS)
    assert (await pool.take(IMAGE, LIMITS)).identity == "1"
    assert engine.removed == ["0"]


async def test_what_nobody_needs_any_more_is_removed() -> None:
    engine, clock = Engine(), [0.0]
    pool = pool_of(engine, clock)
    await pool.take(IMAGE, LIMITS)
    await pool.refill(IMAGE, LIMITS)
    clock[0] = READY_SECONDS + 1.0
    await pool.expire()
    assert engine.removed == ["1"]


async def test_assignments_with_limits_of_their_own_keep_no_more_waiting_than_two() -> None:
    engine, clock = Engine(), [0.0]
    pool = pool_of(engine, clock)
    first, second, third = (LIMITS.model_copy(update={"seconds": seconds}) for seconds in (20, 30, 40))
    await pool.refill(Contents("other image"), LIMITS)
    for limits in (first, second, first, third):
        clock[0] += 1
        await pool.take(IMAGE, limits)
        await pool.refill(IMAGE, limits)
    made = {one.identity: one.limits for one in engine.made}
    assert [made[identity] for identity in engine.removed] == [second] * LIMITS.ready, "it was used least lately"
    assert (await pool.take(IMAGE, third)).limits == third


async def test_two_assignments_graded_at_once_do_not_take_each_others() -> None:
    engine = Engine()
    pool = pool_of(engine, [0.0])
    ones = [LIMITS.model_copy(update={"seconds": seconds}) for seconds in (20, 30)]
    for limits in ones * 3:
        await pool.take(IMAGE, limits)
        await pool.refill(IMAGE, limits)
    assert engine.removed == []
    assert len(engine.made) == 6 + 2 * LIMITS.ready


async def test_an_engine_that_makes_none_stops_nothing_but_the_submission_itself() -> None:
    pool = pool_of(Engine(fails=True), [0.0])
    await pool.refill(IMAGE, LIMITS)
    with pytest.raises(SandboxFailed):
        await pool.take(IMAGE, LIMITS)


async def test_a_checker_that_waits_is_given_to_no_student() -> None:
    engine = Engine()
    pool = pool_of(engine, [0.0])
    await pool.refill(IMAGE, LIMITS, "checker")
    assert engine.roles[(await pool.take(IMAGE, LIMITS)).identity] == "student"
    assert engine.roles[(await pool.take(IMAGE, LIMITS, "checker")).identity] == "checker"


async def test_one_of_each_role_waits() -> None:
    engine = Engine()
    pool = pool_of(engine, [0.0])
    await asyncio.gather(pool.refill(IMAGE, LIMITS), pool.refill(IMAGE, LIMITS, "checker"))
    assert sorted(engine.roles.values()) == ["checker", "student"]
    assert engine.removed == []
