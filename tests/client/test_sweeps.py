"""Sweeps by the Python client, and the example of a strategy of one's own."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RunningServer

from runstone.client.native import Client
from runstone.client.sweeps import Sweep

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_strategy.py"


@pytest.fixture
def client(shared_server: RunningServer) -> Any:
    with Client(shared_server.base_url, shared_server.admin_key) as made:
        yield made


def test_ask_and_tell_until_the_grid_is_done(client: Client) -> None:
    config = {
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"x": {"values": [1, 2, 3]}, "net": {"parameters": {"depth": {"value": 4}}}},
    }
    assert [p["params"]["x"] for p in Sweep.preview(config, client=client)] == [1, 2, 3]
    sweep = Sweep.create("asked", config, client=client)
    for trial in sweep.ask_each():
        assert trial.arguments["net"] == {"depth": 4}
        if trial.params["x"] == 2:
            with pytest.raises(RuntimeError), trial:
                raise RuntimeError("no luck")
        else:
            trial.tell(float(trial.params["x"]))
    assert sweep.read()["state"] == "finished"
    assert [trial["error"] for trial in sweep.trials("failed")] == ["RuntimeError: no luck"]
    assert sweep.best()[0]["params"]["x"] == 1
    assert sweep.retry() == 1 and sweep.read()["state"] == "running"
    sweep.ask()[0].tell(0.5)
    assert sweep.best()[0]["params"]["x"] == 2 and len(list(sweep.trials())) == 3


def test_importance_finds_the_parameter_that_matters(client: Client) -> None:
    config = {
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"matters": {"min": 0.0, "max": 1.0}, "not": {"values": ["a", "b", "c"]}},
    }
    sweep = Sweep.create("importance", config, client=client)
    path = f"/projects/-/importance/sweeps/{sweep.id}/importance"
    early = client.connection.value("GET", path)
    assert early["parameters"] == [] and "0 of the 10" in early["why"]
    for trial in sweep.ask(40):
        trial.tell(trial.params["matters"] ** 2)
    found = client.connection.value("GET", path)
    first, second = found["parameters"]
    assert first["name"] == "matters" and first["fanova"] > 0.8 and first["permutation"] > 0.8
    assert first["correlation"] > 0.9 and 0 <= first["fanova_std"] < 0.5
    assert second["fanova"] < 0.2 and second["correlation"] is None


def test_a_strategy_of_ones_own_takes_under_thirty_lines(
    shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = EXAMPLE.read_text()
    body = ast.parse(text).body
    lines = [line for line in text.splitlines()[body[0].end_lineno :] if line.strip()]
    assert len(lines) < 30
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)
    monkeypatch.setenv("RUNSTONE_API_KEY", shared_server.admin_key)
    spec = importlib.util.spec_from_file_location("own_strategy", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(trials=25) < 5.0  # it began with 5
