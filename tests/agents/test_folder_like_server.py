"""The same file and seed give the same trials in a directory as on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sweeping import SweepWorld
from tests.support.world import open_world, populate

from runstone.agents.folder import create_folder
from runstone.agents.source import Ending
from runstone.server.domain.sweep_model import Outcome
from runstone.server.stores.records.engine import open_records

SPACE: dict[str, Any] = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
    "width": {"min": 8, "max": 256},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"min": 0.0, "max": 0.99, "when": "optimizer == 'sgd'"},
}
CONFIGS: dict[str, dict[str, Any]] = {
    "grid": {"method": "grid", "parameters": {"a": {"values": [3, 1, 2]}, "b": {"min": 0, "max": 4}}},
    "random": {"method": "random", "parameters": SPACE, "run_cap": 90},
    "sobol": {"method": "sobol", "parameters": SPACE, "run_cap": 70, "repeats": 2},
    "tpe": {"method": "tpe", "parameters": SPACE, "run_cap": 24, "retries": 1},
}


def value_of(params: dict[str, Any]) -> float:
    return sum(float(value) for value in params.values() if isinstance(value, (int, float)))


@pytest.fixture(scope="module")
def sweeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SweepWorld]:
    folder = tmp_path_factory.mktemp("server")
    records = open_records(f"sqlite:///{folder}/records.db")
    populate(records)
    made = SweepWorld(open_world(records), folder)
    yield made
    made.close()
    records.close()


def on_server(sweeping: SweepWorld, config: dict[str, Any]) -> list[dict[str, Any]]:
    sweep = sweeping.make(**config)
    tried = []
    agent = sweeping.trials.register(sweeping.actor, sweep, host="h").id
    while not (found := sweeping.trials.claim(sweeping.actor, sweep, agent_id=agent)).done:
        for trial in found.trials:
            tried.append({"number": trial.number, "attempt": trial.attempt, "params": dict(trial.params)})
            fails = trial.number % 5 == 4 and trial.attempt == 1
            outcome = Outcome("failed") if fails else Outcome("finished", [value_of(dict(trial.params))])
            sweeping.trials.complete(sweeping.actor, sweep, trial.number, trial.attempt, outcome)
    return tried


def in_folder(root: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    source = create_folder(config, root).source()
    source.join(host="h", name="")
    tried = []
    while not (found := source.claim(1)).done:
        for trial in found.assignments:
            tried.append({"number": trial.number, "attempt": trial.attempt, "params": dict(trial.params)})
            fails = trial.number % 5 == 4 and trial.attempt == 1
            ending = Ending("failed") if fails else Ending("finished", [value_of(dict(trial.params))])
            source.complete(trial.number, trial.attempt, ending)
    return tried


@pytest.mark.parametrize("name", list(CONFIGS))
def test_one_agent_is_handed_the_same_trials_in_the_same_order(
    sweeping: SweepWorld, tmp_path: Path, name: str
) -> None:
    config = {"metric": {"name": "loss"}, "seed": 7, **CONFIGS[name]}
    there, here = on_server(sweeping, config), in_folder(tmp_path / "sweep", config)
    assert len(there) >= 15
    assert here == there


@pytest.mark.parametrize("name", ["grid", "random", "sobol"])
def test_several_agents_share_the_same_set_of_trials(sweeping: SweepWorld, tmp_path: Path, name: str) -> None:
    config = {"metric": {"name": "loss"}, "seed": 11, **CONFIGS[name]}
    wanted = {trial["number"]: trial["params"] for trial in on_server(sweeping, config)}
    sweep = create_folder(config, tmp_path / "sweep")
    sources = [sweep.source() for _ in range(3)]
    for source in sources:
        source.join(host="h", name="")
    found: dict[int, Any] = {}
    turn = 0
    while sweep.state != "finished":
        source = sources[turn % 3]
        turn += 1
        for trial in source.claim(2).assignments:
            assert trial.number not in found
            found[trial.number] = dict(trial.params)
            source.complete(trial.number, trial.attempt, Ending("finished", [1.0]))
    assert found == wanted
