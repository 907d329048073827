"""Changes to runs: what they leave out stays, values come back, what cannot be kept is refused whole."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from tests.support.world import World

from runstone.server.domain.errors import Invalid, TooLarge
from runstone.server.domain.runs import RunChange, RunQuery


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
