"""A run that a sweep's agent started: its parameters come before the script's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.support.journals import patched

import runstone
from runstone.sdk.config import Config
from runstone.sdk.sweep_params import merged, paths


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def begin(*, prefix: str = "RUNSTONE", **params: Any) -> None:
        file = tmp_path / f"params.{'json' if prefix == 'RUNSTONE' else 'yaml'}"
        if prefix == "RUNSTONE":
            file.write_text(json.dumps(params))
        else:
            file.write_text(
                yaml.safe_dump({"wandb_version": 1, **{key: {"value": v} for key, v in params.items()}})
            )
        monkeypatch.setenv(f"{prefix}_SWEEP_PARAM_PATH", str(file))
        monkeypatch.setenv(f"{prefix}_SWEEP_ID", "s1")
        monkeypatch.setenv(f"{prefix}_RUN_ID", "s1-0")
        monkeypatch.setenv(f"{prefix}_PROJECT", "swept")

    return begin


@pytest.mark.parametrize("prefix", ["RUNSTONE", "WANDB"])
def test_parameters_are_in_the_config_over_the_scripts_and_recorded(
    start: Callable[..., runstone.Run], trial: Callable[..., None], tmp_path: Path, prefix: str
) -> None:
    trial(prefix=prefix, lr=1e-05, net={"depth": 3})
    run = start(config={"lr": 1, "epochs": 5, "net": {"depth": 9, "width": 7}})
    expected = {"lr": 1e-05, "epochs": 5, "net": {"depth": 3, "width": 7}}
    assert run.config == expected and patched(tmp_path) == expected
    assert (run.id, run.sweep_id) == ("s1-0", "s1")


def test_where_the_run_goes_is_the_agents_word(
    start: Callable[..., runstone.Run], trial: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    trial(x=1)
    run = start(project="mine", id="own", entity="ours", settings={"project": "chosen"})
    assert (run.project, run.id, run.entity) == ("swept", "s1-0", "ours")  # no word on the entity
    said = capsys.readouterr().err
    assert "init(project='mine') is left aside" in said and "'swept'" in said


def test_changes_of_swept_values_are_left_aside_with_a_word(
    start: Callable[..., runstone.Run],
    trial: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trial(lr=0.1, net={"depth": 3})
    run = start(config={"other": 1})
    run.config.lr = 5
    run.config.update({"lr": 6, "other": 2, "net": {"depth": 4, "width": 8}})
    run.config["net.depth"] = 9
    run.config.net.depth = 10
    run.config.net.width = 11
    run.config.net = 3
    del run.config["lr"]
    del run.config.net.depth
    expected = {"lr": 0.1, "other": 2, "net": {"depth": 3, "width": 11}}
    assert run.config == expected and patched(tmp_path) == expected
    assert capsys.readouterr().err.count("stays as the sweep has set it") == 8


def test_without_its_parameters_a_trial_does_not_begin(
    start: Callable[..., runstone.Run], trial: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial(x=1)
    monkeypatch.setenv("RUNSTONE_SWEEP_PARAM_PATH", "/nowhere/params.json")
    with pytest.raises(runstone.UsageError, match="parameters in /nowhere"):
        start()


def test_outside_of_a_sweep_nothing_is_locked(start: Callable[..., runstone.Run]) -> None:
    run = start(config={"lr": 1})
    run.config.lr = 2
    assert run.config.lr == 2


names = st.sampled_from(["a", "b", "c"])
numbers = st.integers(-(2**63), 2**63 - 1)  # what a journal holds as it is
trees = st.recursive(numbers, lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=6)
maps = st.dictionaries(names, trees, max_size=3)
acts = st.lists(st.tuples(st.lists(names, min_size=1, max_size=3), trees), max_size=8)


@given(script=maps, params=maps, changes=acts)
def test_whatever_the_script_does_each_parameter_keeps_its_value(
    script: dict[str, Any], params: dict[str, Any], changes: list[tuple[list[str], Any]]
) -> None:
    recorded = json.loads(json.dumps(merged(script, params)))
    locked = frozenset(paths(params))

    def record(set_: list[tuple[list[str], Any]], unset: list[list[str]]) -> None:
        for path, value in set_:
            holder = recorded
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = json.loads(json.dumps(value))
        for path in unset:
            holder = recorded
            for name in path[:-1]:
                holder = holder[name]
            del holder[path[-1]]

    config = Config(json.loads(json.dumps(recorded)), (), record, locked)
    for path, value in changes:
        holder: Any = config
        for name in path[:-1]:
            inner = holder.get(name)
            if not isinstance(inner, Config):
                break
            holder = inner
        else:
            holder[path[-1]] = value
    for path in paths(params):
        found: Any = config.as_dict()
        for name in path:
            found = found[name]
        wanted: Any = params
        for name in path:
            wanted = wanted[name]
        assert found == wanted
    assert config.as_dict() == recorded  # what is recorded is what is there
