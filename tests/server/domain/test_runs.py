"""Runs: made once under races, ended and revived, heard of by those who look on."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.world import World

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.runs import Run, RunChange, RunQuery

NUMBERED = re.compile(r"[a-z]+-[a-z]+-(\d+)")


def in_threads(count: int, work: Any) -> list[Any]:
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(n: int) -> None:
        start.wait()
        results[n] = work(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# -- being made


def test_a_new_run_is_running_and_has_a_name_a_colour_and_its_author(world: World) -> None:
    before = time.time()
    run, made = world.runs.upsert(world.ben, "ml", "p", "abc12345", RunChange())
    assert made
    assert (run.id, run.state, run.username, run.entity, run.project) == (
        "abc12345",
        "running",
        "ben",
        "ml",
        "p",
    )
    assert NUMBERED.fullmatch(run.display_name)
    assert run.started_at is not None
    assert before - 1 <= run.created_at == run.started_at == run.heartbeat_at <= time.time()
    assert (run.finished_at, run.exit_code, run.version, run.deleted_at) == (None, None, 1, None)
    assert world.runs.get(world.ben, "ml", "p", "abc12345") == run
    assert world.runs.get_by_key(world.ben, run.key) == run
    again, made = world.runs.upsert(world.ada, "ml", "p", "abc12345", RunChange())
    assert (again, made) == (run, False)


def test_default_names_and_colours_are_each_given_once(world: World) -> None:
    runs = [world.run(f"r{n}") for n in range(5)]
    world.runs.purge(world.ada, [runs[4].key])
    runs.append(world.run("later"))
    assert [int(NUMBERED.fullmatch(run.display_name)[1]) for run in runs] == [1, 2, 3, 4, 5, 6]  # type: ignore[index]
    assert [run.colour for run in runs] == [0, 1, 2, 3, 4, 5]
    assert world.run("named", display_name="Mine").display_name == "Mine"
    assert world.run("unnamed", display_name="").display_name != ""


def test_many_threads_that_upsert_one_run_make_one(world: World) -> None:
    def work(n: int) -> tuple[Run, bool]:
        return world.runs.upsert(
            world.ada,
            "ml",
            "race",
            "one",
            RunChange(config_set=[([f"k{n}"], n)], summary_set=[([f"s{n}"], n)]),
        )

    results = in_threads(12, work)
    assert sum(made for _, made in results) == 1
    assert len({run.key for run, _ in results}) == 1
    run = world.runs.get(world.ada, "ml", "race", "one")
    assert run.config == {f"k{n}": n for n in range(12)}
    assert run.summary == {f"s{n}": n for n in range(12)}
    assert run.version == 12
    assert world.projects.get(world.ada, "ml", "race").run_count == 1
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "race")} == {
        **{f"config.k{n}": 1 for n in range(12)},
        **{f"summary.s{n}": 1 for n in range(12)},
    }


def test_many_threads_that_make_runs_of_one_project_share_no_name_or_colour(world: World) -> None:
    config = {f"k{n}": n for n in range(20)}
    runs = in_threads(
        16, lambda n: world.runs.upsert(world.ada, "ml", "race", f"r{n}", RunChange(config=config))[0]
    )
    assert len({run.display_name for run in runs}) == 16
    assert sorted(run.colour for run in runs) == list(range(16))
    assert {c.runs for c in world.runs.columns(world.ada, "ml", "race")} == {16}


def test_without_create_a_missing_run_is_not_made(world: World) -> None:
    with pytest.raises(NotFound):
        world.runs.upsert(world.ada, "ml", "p", "r1", RunChange(), create=False)
    world.run("other")
    with pytest.raises(NotFound):
        world.runs.upsert(world.ada, "ml", "p", "r1", RunChange(), create=False)
    assert world.ids() == ["other"]


@pytest.mark.parametrize("run_id", ["", "a/b", "..", "a\x00", "a\nb", "x" * 129, " a", "\ud800", "a?b"])
def test_ids_that_would_break_addresses_are_refused(world: World, run_id: str) -> None:
    with pytest.raises(Invalid):
        world.runs.upsert(world.ada, "ml", "p", run_id, RunChange())
    with pytest.raises((NotFound, Invalid)):
        world.runs.get(world.ada, "ml", "p", run_id)


# -- states


def ended(world: World, state: str, exit_code: int | None = None) -> Run:
    return world.run("r1", state=state, exit_code=exit_code)


def test_finish_twice_keeps_the_first_exit_code(world: World) -> None:
    world.run("r1")
    first = ended(world, "failed", 3)
    assert (first.state, first.exit_code) == ("failed", 3)
    assert first.finished_at is not None
    assert ended(world, "finished", 0) == first
    assert ended(world, "crashed") == first
    assert ended(world, "preempting") == first


def test_a_crashed_run_that_returns_is_running_again(world: World) -> None:
    world.run("r1")
    crashed = ended(world, "crashed")
    assert (crashed.state, crashed.exit_code) == ("crashed", None)
    assert crashed.finished_at is not None
    back = world.run("r1", state="running")
    assert (back.state, back.finished_at, back.exit_code) == ("running", None, None)
    assert back.heartbeat_at is not None
    assert back.heartbeat_at >= crashed.finished_at


@pytest.mark.parametrize("wrong", ["crashed", "preempted"])
def test_an_end_that_arrives_late_corrects_a_lost_lease(world: World, wrong: str) -> None:
    world.run("r1")
    ended(world, wrong)
    right = world.run("r1", state="finished", exit_code=0, at=2_000_000_000.0)
    assert (right.state, right.exit_code, right.finished_at) == ("finished", 0, 2_000_000_000.0)


def test_a_resumed_run_does_not_stop_because_it_was_stopped_before(world: World) -> None:
    run = world.run("r1")
    world.runs.stop(world.ben, run.key)
    assert world.runs.get_by_key(world.ada, run.key).stop_requested
    assert world.run("r1", state="running").stop_requested  # it never ended: the wish stands
    ended(world, "killed", 255)
    assert not world.run("r1", state="running").stop_requested


def test_a_run_says_preempting_and_goes_on_or_ends(world: World) -> None:
    world.run("r1")
    assert world.run("r1", state="preempting").state == "preempting"
    assert world.run("r1", state="running").state == "running"
    world.run("r1", state="preempting")
    assert ended(world, "preempted").finished_at is not None
    assert world.run("r1", state="running").state == "running"


def test_a_pending_run_starts(world: World) -> None:
    assert world.run("r1", state="pending").state == "pending"
    assert world.run("r1", state="running").state == "running"


@pytest.mark.parametrize("at", [math.nan, math.inf, -5.0, 1e300])
def test_a_clock_that_says_nonsense_is_not_believed(world: World, at: float) -> None:
    run = world.run("r1", started_at=at, at=at)
    run = world.run("r1", state="finished", at=at)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert abs(run.started_at - time.time()) < 60
    assert abs(run.finished_at - time.time()) < 60


# -- who hears of it


def test_those_who_look_on_hear_what_changed(world: World) -> None:
    run = world.run("r1", summary={"loss": 1.0})
    world.feed.events.clear()
    world.run(
        "r1", summary_derived=[(["acc"], 0.5)], summary_set=[(["val", "loss"], 2), (["text"], "x" * 500)]
    )
    world.run("r1", state="finished", exit_code=0)
    world.runs.delete(world.ada, [run.key])
    events = [event for event in world.feed.events if event.kind == "run"]
    assert {(event.entity, event.project, event.run) for event in events} == {("ml", "p", "r1")}
    assert [event.detail for event in events] == [
        {"version": 2, "summary": {"acc": 0.5, "val.loss": 2}},
        {"version": 3, "state": "finished"},
        {},
    ]


def test_work_inside_a_larger_transaction_is_undone_with_it(world: World) -> None:
    class Stop(Exception):
        pass

    def work(conn: Any) -> None:
        done = world.runs.upsert_in(conn, world.ada, "ml", "p", "r1", RunChange(config={"a": 1}))
        assert done.made
        raise Stop

    with pytest.raises(Stop):
        world.records.write(work)
    with pytest.raises(NotFound):
        world.projects.get(world.ada, "ml", "p")
    assert [event for event in world.feed.events if event.kind == "run"] == []


_UPSERTER = """
import sys
from tests.support.world import SYSTEM, open_world
from runstone.server.domain.runs import RunChange
from runstone.server.stores.records.engine import open_records

url, n = sys.argv[1], int(sys.argv[2])
records = open_records(url)
world = open_world(records)
for i in range(20):
    world.runs.upsert(
        world.ada, "ml", "race", f"r{i}", RunChange(config_set=[([f"k{n}"], n)], summary_set=[(["last"], n)])
    )
records.close()
"""


def test_processes_that_upsert_the_same_runs_make_each_once(world: World) -> None:
    here = Path(__file__).parents[3]
    processes = [
        subprocess.Popen([sys.executable, "-c", _UPSERTER, world.url, str(n)], cwd=here) for n in range(3)
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    page = world.runs.find(world.ada, "ml", "race", RunQuery(limit=100))
    assert page.total == 20
    assert {tuple(sorted(run.config.items())) for run in page.runs} == {(("k0", 0), ("k1", 1), ("k2", 2))}
    assert {run.version for run in page.runs} == {3}
    assert len({run.display_name for run in page.runs}) == 20
    assert sorted(run.colour for run in page.runs) == list(range(20))
    assert world.projects.get(world.ada, "ml", "race").run_count == 20
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "race")} == {
        "config.k0": 20,
        "config.k1": 20,
        "config.k2": 20,
        "summary.last": 20,
    }
