"""Sweeps of the published client at length: four `wandb agent` processes and a hundred trials; early ends."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import httpx
import pytest
import yaml
from tests.support.wandb_clients import WandbClient

TRAIN = """
import wandb
with wandb.init() as run:
    run.log({"loss": run.config.a + run.config.b + run.config.c})
"""
RANDOM: dict[str, Any] = {
    "method": "random",
    "run_cap": 100,
    "parameters": {name: {"min": 0.0, "max": 1.0} for name in "abc"},
}
GRID: dict[str, Any] = {
    "method": "grid",
    "parameters": {
        "a": {"values": [1, 2, 3, 4, 5]},
        "b": {"values": [1, 2, 3, 4, 5]},
        "c": {"values": [1, 2, 3, 4]},
    },
}


def start_sweep(client: WandbClient, project: str, program: str, config: dict[str, Any]) -> str:
    """`wandb sweep` in a folder with that train.py; what to give to `wandb agent`."""
    client.folder.mkdir(parents=True, exist_ok=True)
    (client.folder / "train.py").write_text(program)
    whole = {
        "program": "train.py",
        "metric": {"name": "loss", "goal": "minimize"},
        "command": ["${env}", "${interpreter}", "${program}"],
        **config,
    }
    (client.folder / "sweep.yaml").write_text(yaml.dump(whole))
    said = client.command("sweep", "--project", project, "sweep.yaml").output
    return said.rsplit("wandb agent ", 1)[1].split()[0]


def run_agents(client: WandbClient, sweep: str, count: int, *, seconds: float) -> None:
    agents = [
        subprocess.Popen(
            [client.python, "-m", "wandb", "agent", sweep],
            cwd=client.folder,
            env=client.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for _ in range(count)
    ]
    try:
        for agent in agents:
            output, _ = agent.communicate(timeout=seconds)
            assert agent.returncode == 0, output
    finally:
        for agent in agents:
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
                agent.communicate()


def trials_of(client: WandbClient, project: str, sweep: str) -> list[dict[str, Any]]:
    path = f"/api/v1/projects/admin/{project}/sweeps/{sweep.rsplit('/', 1)[1]}/trials"
    headers = {"Authorization": f"Bearer {client.server.admin_key}"}
    found: list[dict[str, Any]] = httpx.get(client.server.base_url + path, headers=headers).json()["trials"]
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(os.environ.get("RUNSTONE_TEST_CLIENTS") != "all", reason="takes minutes")
@pytest.mark.parametrize("config", [RANDOM, GRID], ids=["random", "grid"])
def test_four_agents_do_a_hundred_trials_once_each(
    newest: WandbClient, project: str, config: dict[str, Any]
) -> None:
    sweep = start_sweep(newest, project, TRAIN, config)
    run_agents(newest, sweep, 4, seconds=3500)
    found = newest.run(
        """
        sweep = wandb.Api().sweep(path)
        result([sweep.state, sorted([*(run.config[name] for name in "abc"), run.state, run.summary["loss"]]
                                    for run in sweep.runs)])
        """,
        path=sweep,
    ).result
    state, runs = found
    assert state == "FINISHED" and len(runs) == 100
    assert len({(a, b, c) for a, b, c, _, _ in runs}) == 100
    assert all(end == "finished" and loss == pytest.approx(a + b + c) for a, b, c, end, loss in runs)
    trials = trials_of(newest, project, sweep)
    assert [trial["number"] for trial in trials] == list(range(100))
    assert {(trial["state"], trial["attempt"]) for trial in trials} == {("finished", 1)}
    assert len({trial["agent"] for trial in trials}) == 4


# The client sends what it logged every 15 s; agents ask every 5 s.
SLOW_TRAIN = """
import time
import wandb
with wandb.init() as run:
    for step in range(600):
        run.log({"loss": run.config.a + 1 / (step + 1)})
        time.sleep(0.5 * run.config.a)
"""


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.skipif(os.environ.get("RUNSTONE_TEST_CLIENTS") != "all", reason="takes two minutes of waiting")
def test_hyperband_ends_runs_of_an_agent_that_fall_behind(newest: WandbClient, project: str) -> None:
    config = {
        "method": "grid",
        "parameters": {"a": {"values": [0, 1]}},
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    }
    sweep = start_sweep(newest, project, SLOW_TRAIN, config)
    run_agents(newest, sweep, 1, seconds=450)
    first, second = trials_of(newest, project, sweep)
    assert first["state"] == "finished" and first["objective"] == [pytest.approx(1 / 600)]
    assert second["state"] == "pruned" and second["verdict"]["rule"] == "hyperband", second
    assert second["curve"][-1][0] < 600  # it ended before its time
