"""Whether a run lives: heartbeats, silence, return, and servers that were away themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.house import SYSTEM, SmallHouse, small_house

from runstone.server.domain import leases as module
from runstone.server.domain.errors import NotAllowed, NotFound
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.leases import LEASE_SECONDS, Leases
from runstone.server.domain.runs import RunChange, State


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def later(leases: Leases, seconds: float = LEASE_SECONDS + 60) -> int:
    return leases.expire(now=time.time() + seconds)


def set_state(house: SmallHouse, run: RunKey, state: State) -> None:
    house.runs.update(house.ada, run, RunChange(state=state))


def heartbeat(house: SmallHouse, run: RunKey) -> float:
    return house.runs.get_by_key(SYSTEM, run).heartbeat_at or 0.0


def test_a_silent_run_crashes_after_five_minutes_and_returns_with_its_client(house: SmallHouse) -> None:
    run = house.run()
    assert later(house.leases, LEASE_SECONDS - 5) == 0
    assert house.state(run) == "running"
    assert later(house.leases) == 1
    assert house.state(run) == "crashed"
    assert later(house.leases) == 0
    assert house.leases.beat(house.ada, run) is False
    assert house.state(run) == "running"


def test_the_end_of_a_crashed_run_is_when_it_was_last_heard(house: SmallHouse) -> None:
    run = house.run()
    later(house.leases)
    ended = house.runs.get_by_key(SYSTEM, run)
    assert ended.finished_at == pytest.approx(heartbeat(house, run), abs=1)


def test_a_preempting_run_that_falls_silent_is_preempted(house: SmallHouse) -> None:
    run = house.run()
    set_state(house, run, "preempting")
    assert later(house.leases) == 1
    assert house.state(run) == "preempted"
    house.leases.beat(house.ada, run)
    assert house.state(run) == "running"


@pytest.mark.parametrize("state", ["finished", "failed", "killed"])
def test_an_ended_run_neither_crashes_nor_is_revived_by_a_beat(house: SmallHouse, state: State) -> None:
    run = house.run()
    set_state(house, run, state)
    assert later(house.leases) == 0
    house.leases.beat(house.ada, run)
    assert house.state(run) == state


def test_runs_in_the_trash_are_left_alone(house: SmallHouse) -> None:
    run = house.run()
    house.runs.delete(house.ada, [run])
    assert later(house.leases) == 0


def test_beats_are_written_every_half_minute_and_count_at_once(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = house.run()
    house.leases.beat(house.ada, run)
    first = heartbeat(house, run)
    wall, monotonic = time.time(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: wall + 20)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic + 20)
    house.leases.beat(house.ada, run)
    assert heartbeat(house, run) == first
    # Silent in the records for longer than the lease, but this process has heard it since.
    assert house.leases.expire(now=wall + LEASE_SECONDS + 15) == 0
    assert heartbeat(house, run) == pytest.approx(wall + 20, abs=1)
    monkeypatch.setattr(time, "time", lambda: wall + 70)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic + 70)
    house.leases.beat(house.ada, run)
    assert heartbeat(house, run) == pytest.approx(wall + 70, abs=1)


def test_after_a_restart_runs_have_a_lease_to_be_heard_again(house: SmallHouse) -> None:
    run = house.run()
    house.runs.update(house.ada, run, RunChange(notes="last heard a day ago"))
    restarted = Leases(house.records, house.access, house.feed)
    day = 86_400.0
    start = time.time()
    house.records.write(lambda conn: _set_heartbeat(conn, run, start - day))
    assert restarted.expire(now=start + LEASE_SECONDS - 5) == 0
    assert restarted.expire(now=start + LEASE_SECONDS + 5) == 1


def _set_heartbeat(conn: object, run: RunKey, at: float) -> None:
    from sqlalchemy import Connection, update

    from runstone.server.stores.records.schema.runs import runs

    assert isinstance(conn, Connection)
    conn.execute(update(runs).where(runs.c.id == run).values(heartbeat_at=at))


def test_a_machine_that_slept_gives_everyone_a_new_lease(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = house.run()
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + 7200)  # the monotonic clock stood still
    assert house.leases.expire(now=wall + 7200) == 0
    assert house.state(run) == "running"
    assert house.leases.expire(now=wall + 7200 + LEASE_SECONDS + 5) == 1


def test_a_wish_to_stop_is_heard_with_the_next_beat(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.0)
    run = house.run()
    assert house.leases.beat(house.ada, run) is False
    house.runs.stop(house.ada, run)
    assert house.leases.beat(house.ada, run) is True


def test_only_who_may_write_may_beat(house: SmallHouse) -> None:
    run = house.run()
    with pytest.raises(NotFound):
        house.leases.beat(house.eve, run)
    with pytest.raises(NotAllowed):
        house.leases.beat(Actor(house.ada.user_id, "ada", read_only=True), run)


def test_many_silent_runs_crash_in_one_go_and_are_told(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EXPIRE_AT_ONCE", 7)
    keys = [house.run(f"r{n}") for n in range(20)]

    async def go() -> None:
        heard = house.feed.subscribe(house.ada)
        assert later(house.leases) == 20
        events = await asyncio.wait_for(anext(heard), 5)
        assert {event.run for event in events} == {f"r{n}" for n in range(20)}
        assert all(event.detail == {"state": "crashed"} for event in events)

    asyncio.run(go())
    assert {house.state(key) for key in keys} == {"crashed"}
