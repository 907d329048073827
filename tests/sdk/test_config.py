"""`run.config`, `run.summary` and metric definitions."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import math
import pickle
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.journals import patched, records

import runstone
from runstone.journal.kinds import Kind


def test_config_of_init_is_recorded_before_init_returns(
    start: Callable[..., runstone.Run], tmp_path: Path
) -> None:
    run = start(config={"lr": 0.1, "model": {"layers": 3}})
    assert patched(tmp_path) == {"lr": 0.1, "model": {"layers": 3}}
    assert run.config["lr"] == run.config.lr == 0.1
    assert run.config.model.layers == run.config["model.layers"] == run.config["model"]["layers"] == 3


def test_every_way_of_changing_is_recorded(start: Callable[..., runstone.Run], tmp_path: Path) -> None:
    run = start(config={"a": 1, "m": {"x": {"y": 1}}, "gone": 1, "g": {"h": 1}})
    run.config.b = 2
    run.config["c"] = 3
    run.config.update({"d": 4, "a": 10}, allow_val_change=True)
    run.config.update(e=5)
    run.config.m.x.y = 6
    run.config["m.x.z"] = 7
    run.config["m"]["w"] = 8
    run.config["dots.in.key"] = 9
    run.config.setdefaults({"a": -1, "f": 11})
    del run.config["gone"]
    del run.config.g.h
    expected = {
        "a": 10, "b": 2, "c": 3, "d": 4, "e": 5, "f": 11, "dots.in.key": 9, "g": {},
        "m": {"x": {"y": 6, "z": 7}, "w": 8},
    }  # fmt: skip
    assert patched(tmp_path) == expected
    assert run.config.as_dict() == expected
    assert run.config == expected
    assert dict(run.config)["m"] == expected["m"]


def test_keys_with_dots_come_before_paths(start: Callable[..., runstone.Run]) -> None:
    run = start(config={"a.b": 1, "a": {"b": 2, "c.d": 3}})
    assert run.config["a.b"] == 1
    assert run.config["a"]["b"] == 2
    assert run.config["a.c.d"] == 3
    assert "a.c.d" in run.config
    assert "a.c.e" not in run.config


def test_what_is_not_there_is_named(run: runstone.Run) -> None:
    with pytest.raises(AttributeError, match="learning_rate"):
        run.config.learning_rate  # noqa: B018
    with pytest.raises(KeyError, match="learning_rate"):
        run.config["learning_rate"]
    assert run.config.get("learning_rate", 3) == 3
    assert run.config.get("learning_rate") is None
    assert not hasattr(run.config, "learning_rate")


def test_config_is_a_map_to_others(start: Callable[..., runstone.Run]) -> None:
    def model(**options: Any) -> dict[str, Any]:
        return options

    run = start(config={"model": {"layers": 3, "width": 8}})
    assert model(**run.config.model) == {"layers": 3, "width": 8}
    assert list(run.config.model.keys()) == ["layers", "width"]
    assert [list(v) for v in run.config.values()] == [["layers", "width"]]
    assert pickle.loads(pickle.dumps(run.config)) == {"model": {"layers": 3, "width": 8}}


@dataclasses.dataclass
class Options:
    lr: float
    inner: dict[str, int]


class Kind2(enum.Enum):
    A = "a"


class Flags:
    """Like absl's."""

    def flag_values_dict(self) -> dict[str, Any]:
        return {"lr": 0.5, "layers": [1, 2]}


class Pydantic:
    def model_dump(self) -> dict[str, Any]:
        return {"lr": 0.25}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (argparse.Namespace(lr=0.1, name="x"), {"lr": 0.1, "name": "x"}),
        (types.SimpleNamespace(lr=0.1), {"lr": 0.1}),
        (Options(0.1, {"a": 1}), {"lr": 0.1, "inner": {"a": 1}}),
        (Flags(), {"lr": 0.5, "layers": [1, 2]}),
        (Pydantic(), {"lr": 0.25}),
        ([("a", 1), ("b", 2)], {"a": 1, "b": 2}),
        (
            {"path": Path("/x"), "kind": Kind2.A, "fn": math.sqrt},
            {"path": "/x", "kind": "a", "fn": "math.sqrt"},
        ),
        (
            {"a": np.float32(0.5), "b": np.arange(3), "c": {1}, "d": (1, 2)},
            {"a": 0.5, "b": [0, 1, 2], "c": [1], "d": [1, 2]},
        ),
        ({"nested": argparse.Namespace(x=1)}, {"nested": {"x": 1}}),
        ({1: 2}, {"1": 2}),
    ],
)  # fmt: skip
def test_configuration_objects_are_taken(
    start: Callable[..., runstone.Run], tmp_path: Path, given: Any, kept: dict[str, Any]
) -> None:
    run = start(config=given)
    assert run.config.as_dict() == kept
    assert patched(tmp_path) == kept
    run.config.update(given)
    assert patched(tmp_path) == kept


def test_a_yaml_file_is_a_config(start: Callable[..., runstone.Run], tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("lr: 0.1\nwrapped: {desc: null, value: 3}\n")
    assert start(config=str(path)).config.as_dict() == {"lr": 0.1, "wrapped": 3}
    with pytest.raises(runstone.UsageError, match=r"none\.yaml"):
        start(config=str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("wrong", [3, 1.5, object()])
def test_a_config_that_is_none_is_refused(start: Callable[..., runstone.Run], wrong: Any) -> None:
    with pytest.raises(runstone.UsageError, match="config"):
        start(config=wrong)


def test_keys_can_be_chosen(start: Callable[..., runstone.Run]) -> None:
    assert start(config={"a": 1, "b": 2}, config_include_keys=["a"]).config.as_dict() == {"a": 1}
    assert start(config={"a": 1, "b": 2}, config_exclude_keys=["a"]).config.as_dict() == {"b": 2}


def test_secrets_stay_in_the_process(start: Callable[..., runstone.Run], tmp_path: Path) -> None:
    secret = "correct-horse-battery"
    run = start(config={"db": {"password": secret}, "lr": 0.1})
    run.config.api_key = "another" + "-secret-9"
    assert run.config.db.password == secret
    assert patched(tmp_path)["db"] == {"password": "[redacted]"}
    assert patched(tmp_path)["api_key"] == "[redacted]"
    assert secret.encode() not in b"".join(p.read_bytes() for p in tmp_path.rglob("*.journal"))


keys = st.sampled_from(["a", "b", "a.b", "c", "m", "m.x", "m.x.y"])
values = st.integers() | st.dictionaries(st.sampled_from("xyz"), st.integers(), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from(["set", "update", "del", "default"]), keys, values), max_size=12)
)
def test_any_sequence_of_changes_is_what_the_records_say(
    start: Callable[..., runstone.Run], acts: list[tuple[str, str, Any]]
) -> None:
    run = start()
    for act, key, value in acts:
        if act == "set":
            run.config[key] = value
        elif act == "update":
            run.config.update({key: value, "z": 1})
        elif act == "default":
            run.config.setdefaults({key: value})
        elif key in run.config:
            del run.config[key]
        if act in ("set", "update"):
            assert run.config[key] == value
    run.finish()
    from runstone.sdk.values import plain_value

    assert patched(run.folder) == plain_value(run.config.as_dict())


# --- summary


def test_the_summary_is_the_last_of_each_metric(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"loss": 1.0, "acc": 0.1})
    assert run.summary["loss"] == 1.0
    run.log({"loss": 0.5})
    assert run.summary["loss"] == 0.5
    assert run.summary.acc == 0.1
    assert run.summary["_step"] == 1
    assert records(tmp_path, Kind.SUMMARY) == []  # the server derives it too: a row is all a step costs


def test_what_is_set_by_hand_stands(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"loss": 1.0})
    run.summary["loss"] = 7
    run.summary.best = {"epoch": 3, "acc": np.float32(0.5)}
    run.summary.update({"note": "x"})
    run.log({"loss": 0.5})
    assert run.summary["loss"] == 7
    assert run.summary["best"]["acc"] == run.summary["best.acc"] == 0.5
    assert patched(tmp_path, Kind.SUMMARY) == {"loss": 7, "best": {"epoch": 3, "acc": 0.5}, "note": "x"}
    assert {k: v for k, v in run.summary.items() if not k.startswith("_")} == {
        "loss": 7, "best": {"epoch": 3, "acc": 0.5}, "note": "x",
    }  # fmt: skip


def test_definitions_decide_the_summary(run: runstone.Run, tmp_path: Path) -> None:
    run.define_metric("val/*", summary="min,max,mean", step_metric="epoch")
    run.define_metric("val/acc", summary="best,last", goal="maximize")
    run.define_metric("debug", summary="none", hidden=True)
    run.define_metric("text", summary="copy")
    for acc, loss in ((0.1, 3.0), (0.9, 1.0), (0.5, 2.0)):
        run.log({"val/acc": acc, "val/loss": loss, "debug": 1, "plain": loss, "text": acc})
    assert run.summary["val/acc"] == {"best": 0.9, "last": 0.5}
    assert run.summary["val/loss"] == {"min": 1.0, "max": 3.0, "mean": 2.0}
    assert run.summary["plain"] == 2.0
    assert run.summary["text"] == 0.5
    assert "debug" not in run.summary
    first, second, third, _ = records(tmp_path, Kind.METRIC)
    assert (first.name, first.step_metric, first.step_sync, first.summary) == (
        "val/*", "epoch", True, ["min", "max", "mean"],
    )  # fmt: skip
    assert second.goal == "maximize"
    assert third.hidden is True


@pytest.mark.parametrize(
    "wrong", [{"summary": "median"}, {"goal": "up"}, {"name": ""}, {"name": 3}, {"step_metric": 4}]
)
def test_definitions_that_cannot_be_are_refused(run: runstone.Run, wrong: dict[str, Any]) -> None:
    with pytest.raises(runstone.UsageError):
        run.define_metric(**{"name": "x", **wrong})


def test_the_local_summary_agrees_with_the_servers_rules(run: runstone.Run) -> None:
    """Both derive: what a script reads is what the page shows."""
    run.define_metric("a", summary="min,max,mean,first,last")
    for value in (2.0, math.nan, -1.0, 5):
        run.log({"a": value})
    found = run.summary["a"]
    assert found == {"min": -1.0, "max": 5, "mean": 2.0, "first": 2.0, "last": 5}
