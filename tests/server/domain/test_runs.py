"""Runs: made once under races, changed by parts, ended and revived, nothing lost of what they hold."""

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
from tests.support.world import SYSTEM, World

from runstone.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from runstone.server.domain.identity import RunKey
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


# -- being changed


def test_what_a_change_leaves_out_stays(world: World) -> None:
    run = world.run(
        "r1",
        display_name="n",
        group="g",
        job_type="train",
        notes="**x**",
        tags=["a", "b", "a", ""],
        sweep="s",
        host="h",
        program="train.py",
        command=["python", "train.py"],
        fork_of="parent",
        fork_step=7,
        ranks=4,
        environment={"os": "Linux"},
        metrics=[{"name": "loss", "goal": "minimize"}],
        wire={"x": 1},
    )
    assert run.tags == ("a", "b")
    same = world.run("r1", config_set=[(["lr"], 0.1)])
    assert same.config == {"lr": 0.1}
    kept = [
        "display_name",
        "group",
        "job_type",
        "notes",
        "tags",
        "sweep",
        "host",
        "program",
        "command",
        "fork_of",
        "fork_step",
        "ranks",
    ]
    for field in (*kept, "environment", "metrics", "wire", "started_at", "created_at"):
        assert getattr(same, field) == getattr(run, field), field
    cleared = world.run("r1", tags=[], notes="", group="")
    assert (cleared.tags, cleared.notes, cleared.group, cleared.job_type) == ((), "", "", "train")


def test_a_change_that_changes_nothing_writes_nothing(world: World) -> None:
    fields: dict[str, Any] = {
        "config": {"lr": 0.1, "n": {"b": [1, {"c": None}], "a": math.nan}},
        "summary": {"loss": math.inf, "z": 1, "a": 2},
        "environment": {"os": "Linux"},
        "tags": ["t"],
        "notes": "n",
        "metrics": [{"name": "loss"}],
        "wire": {"t": {"1": [1]}},
    }
    run = world.run("r1", **fields)
    world.feed.events.clear()
    again = world.run("r1", **fields)
    assert (again.version, again.updated_at) == (run.version, run.updated_at)
    assert world.feed.events == []
    assert len(world.runs.config_history(world.ada, run.key)) == 1


def test_true_is_not_one_and_one_is_not_one_point_zero(world: World) -> None:
    world.run("r1", config={"a": 1, "b": 1, "c": [1]})
    run = world.run("r1", config_set=[(["a"], True), (["b"], 1.0), (["c"], [True])])
    assert [type(run.config["a"]), type(run.config["b"]), type(run.config["c"][0])] == [bool, float, bool]


def test_environment_wire_and_metrics_are_merged(world: World) -> None:
    world.run(
        "r1", environment={"a": 1, "b": {"x": 1}}, wire={"a": 1}, metrics=[{"name": "m", "hidden": True}]
    )
    run = world.run(
        "r1", environment={"b": {"y": 2}}, wire={"b": 2}, metrics=[{"name": "m"}, {"name": "val/*"}]
    )
    assert run.environment == {"a": 1, "b": {"y": 2}}
    assert run.wire == {"a": 1, "b": 2}
    assert run.metrics == [{"name": "m"}, {"name": "val/*"}]


def test_config_patches_are_kept_with_time_and_writer(world: World) -> None:
    world.run("r1", config={"lr": 0.1, "model": {"depth": 3}}, writer="w0")
    world.run("r1", config_set=[(["lr"], 0.1), (["model", "depth"], 4)], writer="w1", at=1234.5)
    run = world.run("r1", config={"model": {"depth": 4}, "new": 1}, writer="w2")
    assert run.config == {"model": {"depth": 4}, "new": 1}
    patches = world.runs.config_history(world.ada, run.key)
    assert [(p["writer"], p["set"], p["unset"]) for p in patches] == [
        ("w0", [[["lr"], 0.1], [["model"], {"depth": 3}]], []),
        ("w1", [[["model", "depth"], 4]], []),
        ("w2", [[["new"], 1]], [["lr"]]),
    ]
    assert patches[1]["at"] == 1234.5
    assert patches[0]["at"] <= patches[2]["at"] <= time.time()


def test_nested_values_are_set_and_unset_by_path(world: World) -> None:
    world.run("r1", config={"a": {"b": {"c": 1}, "keep": 1}, "s": "text"})
    run = world.run(
        "r1",
        config_set=[(["a", "b", "d"], 2), (["s", "now", "a map"], 3), (["dots.in", "key"], 4)],
        config_unset=[["a", "b", "c"], ["not", "there"], []],
    )
    assert run.config == {
        "a": {"b": {"d": 2}, "keep": 1},
        "s": {"now": {"a map": 3}},
        "dots.in": {"key": 4},
    }


def test_explicit_summary_values_win_over_derived_ones(world: World) -> None:
    world.run("r1", summary_derived=[(["loss"], 3.0), (["acc"], 0.1), (["val", "loss"], 1.0)])
    run = world.run("r1", summary_set=[(["loss"], 0.5), (["val", "best"], 0.9)])
    assert run.summary == {"loss": 0.5, "acc": 0.1, "val": {"loss": 1.0, "best": 0.9}}
    run = world.run(
        "r1",
        summary_derived=[(["loss"], 9.0), (["acc"], 0.2), (["val", "loss"], 0.8), (["val", "best"], 9.0)],
    )
    assert run.summary == {"loss": 0.5, "acc": 0.2, "val": {"loss": 0.8, "best": 0.9}}
    # Neither around nor inside what was set.
    run = world.run("r1", summary_derived=[(["val"], 1.0), (["loss", "min"], 1.0)])
    assert run.summary == {"loss": 0.5, "acc": 0.2, "val": {"loss": 0.8, "best": 0.9}}
    # What is taken back may be derived again.
    run = world.run("r1", summary_unset=[["loss"]], summary_derived=[(["loss"], 7.0)])
    assert run.summary["loss"] == 7.0
    # A whole summary is all explicit.
    run = world.run("r1", summary={"loss": 1.0})
    run = world.run("r1", summary_derived=[(["loss"], 2.0), (["acc"], 0.3)])
    assert run.summary == {"loss": 1.0, "acc": 0.3}


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        -math.inf,
        1e300,
        -0.0,
        2**53 + 1,
        10**40,
        "NUL \x00, \x1a and \ud800",
        "\x1b[31mred\x1b[0m\r\n",
        ["x", {"y": [None, True]}],
        {},
        {"a.b": {"c/d": {"": 1}}},
        {"\x00": 1, 'q"uote': 2, "back\\slash": 3, "日本": 4},
    ],
    ids=repr,
)
def test_values_come_back_as_they_were_logged(world: World, value: Any) -> None:
    world.run("r1", config={"v": value}, summary={"v": value}, environment={"v": value}, wire={"v": value})
    run = world.runs.get(world.ada, "ml", "p", "r1")
    (listed,) = world.runs.find(world.ada, "ml", "p", RunQuery()).runs
    for kept in (run.config, run.summary, run.environment, run.wire, listed.config, listed.summary):
        assert kept["v"] == value
        assert type(kept["v"]) is type(value)


def test_nan_comes_back(world: World) -> None:
    run = world.run("r1", config={"v": math.nan}, summary={"v": [math.nan]})
    assert math.isnan(run.config["v"])
    assert math.isnan(run.summary["v"][0])


def test_a_config_value_of_a_megabyte_is_fine(world: World) -> None:
    text = "x" * 1_000_000 + "é"
    run = world.run("r1", config={"large": text, "lr": 0.1})
    assert run.config["large"] == text
    assert world.ids({"config.lr": 0.1}) == ["r1"]
    assert world.ids({"config.large": {"$regex": "xé$"}}) == ["r1"]


def test_names_with_control_characters_are_kept_without_nul(world: World) -> None:
    run = world.run("r1", display_name="a\x00b\n\x1b[31m\ud800", tags=["t\x00"], group="\x00", notes="\x00")
    assert run.display_name == "a\ufffdb\n\x1b[31m\ufffd"
    assert (run.tags, run.group, run.notes) == (("t\ufffd",), "\ufffd", "\ufffd")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (RunChange(display_name="x" * 1001), Invalid),
        (RunChange(tags=[f"t{n}" for n in range(1001)]), Invalid),
        (RunChange(state="exploded"), Invalid),  # type: ignore[arg-type]
        (RunChange(config={"x": object()}), Invalid),
        (RunChange(config={"x": 10**5000}), Invalid),
        (RunChange(config_set=[([], 1)]), Invalid),
        (RunChange(config={"x": "y" * (32 * 1024 * 1024 + 1)}), TooLarge),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_cannot_be_kept_is_refused_whole(
    world: World, change: RunChange, error: type[Exception]
) -> None:
    run = world.run("r1", notes="before")
    with pytest.raises(error):
        world.runs.update(world.ada, run.key, change)
    with pytest.raises(error):
        world.runs.upsert(world.ada, "ml", "p", "new", change)
    assert world.runs.get_by_key(world.ada, run.key) == run
    assert world.ids() == ["r1"]


@pytest.mark.parametrize("depth", [99, 101, 5_000])
def test_values_are_nested_up_to_a_hundred_deep(world: World, depth: int) -> None:
    lists: Any = 1
    maps: Any = 1
    for _ in range(depth - 1):
        lists, maps = [lists], {"m": maps}
    for value in (lists, maps):
        change = RunChange(config={"deep": value})
        if depth < 100:
            assert world.runs.upsert(world.ada, "ml", "p", "r1", change)[0].config == {"deep": value}
        else:
            with pytest.raises(Invalid, match="nested"):
                world.runs.upsert(world.ada, "ml", "p", "r2", change)


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


# -- trash


def test_a_deleted_run_is_gone_from_sight_and_comes_back(world: World) -> None:
    run = world.run("r1", config={"lr": 1}, summary={"loss": 1})
    world.run("r2", config={"lr": 1})
    assert world.runs.delete(world.ada, [run.key, run.key]) == 1
    assert world.runs.delete(world.ada, [run.key]) == 0
    with pytest.raises(NotFound):
        world.runs.get(world.ada, "ml", "p", "r1")
    trashed = world.runs.get(world.ada, "ml", "p", "r1", trash=True)
    assert trashed.deleted_at is not None
    assert world.ids() == ["r2"]
    assert world.ids(trash=True) == ["r1"]
    assert world.runs.keys_of(world.ada, "ml", "p", ["r1", "r2", "r3"]).keys() == {"r2"}
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "p")} == {"config.lr": 1}
    with pytest.raises(Conflict, match="trash"):
        world.runs.update(world.ada, run.key, RunChange(notes="n"))

    assert world.runs.restore(world.ada, [run.key]) == 1
    assert world.runs.restore(world.ada, [run.key]) == 0
    assert sorted(world.ids()) == ["r1", "r2"]
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "p")} == {
        "config.lr": 2,
        "summary.loss": 1,
    }


def test_data_of_a_live_run_that_was_deleted_does_not_bring_it_back(world: World) -> None:
    run = world.run("r1")
    world.runs.delete(world.ada, [run.key])
    with pytest.raises(Conflict, match="deleted while it was running"):
        world.run("r1")
    world.runs.restore(world.ada, [run.key])
    assert world.run("r1").key == run.key


def test_the_id_of_an_ended_run_in_the_trash_is_free(world: World) -> None:
    old = world.run("r1", state="finished")
    world.runs.delete(world.ada, [old.key])
    new = world.run("r1")
    assert new.key != old.key
    with pytest.raises(Conflict, match="already"):
        world.runs.restore(world.ada, [old.key])
    world.runs.delete(world.ada, [new.key])
    with pytest.raises(Conflict, match="already"):  # two of one id cannot both return
        world.runs.restore(world.ada, [old.key, new.key])
    assert world.runs.restore(world.ada, [old.key]) == 1


def test_a_purged_run_is_gone_and_its_number_is_not_given_again(world: World) -> None:
    run = world.run("r1", config={"lr": 1})
    kept = world.run("r2")
    world.runs.delete(world.ada, [run.key])
    assert world.runs.purge(world.ada, [run.key]) == 1
    assert world.purged == [run.key]
    for call in (
        lambda: world.runs.get_by_key(SYSTEM, run.key),
        lambda: world.runs.get(SYSTEM, "ml", "p", "r1", trash=True),
        lambda: world.runs.purge(SYSTEM, [run.key]),
    ):
        with pytest.raises(NotFound):
            call()
    assert world.ids() == ["r2"]
    assert world.ids(trash=True) == []
    assert world.runs.columns(world.ada, "ml", "p") == []
    world.runs.purge(world.ada, [kept.key])
    assert world.run("r3").key > kept.key


def test_a_purge_that_breaks_off_can_be_ended(world: World) -> None:
    run = world.run("r1")

    def broken(_keys: Any) -> None:
        raise OSError("the disk went away")

    world.runs._bulk._on_purge.insert(0, broken)
    with pytest.raises(OSError, match="disk"):
        world.runs.purge(world.ada, [run.key])
    assert world.ids(trash=True) == ["r1"]
    world.runs._bulk._on_purge.remove(broken)
    assert world.runs.purge(world.ada, [run.key]) == 1
    assert world.ids(trash=True) == []


def test_runs_move_to_another_project_with_all_they_hold(world: World) -> None:
    runs = [world.run(f"r{n}", config={"lr": n}, tags=["t"]) for n in range(3)]
    world.runs.upsert(world.ada, "ml", "q", "r2", RunChange())
    assert world.ids(order=["config.lr"]) == ["r0", "r1", "r2"]  # the index of p is there before
    with pytest.raises(Conflict, match="r2"):
        world.runs.move(world.ada, [runs[2].key, runs[1].key], "ml", "q")
    assert world.runs.move(world.ada, [runs[0].key, runs[1].key], "ml", "q") == 2
    assert world.ids() == ["r2"]
    found = world.runs.find(world.ada, "ml", "q", RunQuery(order=["config.lr"])).runs
    assert [(run.id, run.key, run.config, run.tags) for run in found] == [
        ("r0", runs[0].key, {"lr": 0}, ("t",)),
        ("r1", runs[1].key, {"lr": 1}, ("t",)),
        ("r2", found[2].key, {}, ()),
    ]
    assert world.runs.move(world.ada, [runs[0].key], "ml", "q") == 0
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "q")} == {"config.lr": 2}
    moved_back = world.runs.move(world.ada, [runs[0].key], "ml", "p")
    assert (moved_back, world.ids(order=["config.lr"])) == (1, ["r0", "r2"])


def test_tags_are_added_and_removed_on_many(world: World) -> None:
    keys = [world.run(f"r{n}", tags=["old", f"t{n}"]).key for n in range(3)]
    assert world.runs.tag(world.ben, keys, add=["new", "t1"], remove=["old"]) == 3
    assert [world.runs.get_by_key(world.ada, key).tags for key in keys] == [
        ("t0", "new", "t1"),
        ("t1", "new"),
        ("t2", "new", "t1"),
    ]
    assert world.runs.tag(world.ben, keys, add=["new"]) == 0
    with pytest.raises(NotFound):
        world.runs.tag(world.ada, [*keys, RunKey(10**9)], add=["x"])


def test_many_runs_go_at_once(world: World) -> None:
    keys = [world.run(f"r{n}", config={"n": n}).key for n in range(30)]
    assert world.runs.delete(world.ada, keys) == 30
    assert world.runs.restore(world.ada, keys[:10]) == 10
    assert world.runs.purge(world.ada, keys[10:]) == 20
    assert len(world.ids()) == 10
    assert world.projects.get(world.ada, "ml", "p").run_count == 10
    assert [c.runs for c in world.runs.columns(world.ada, "ml", "p")] == [10]


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
