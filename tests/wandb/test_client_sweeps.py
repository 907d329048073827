"""Sweeps by the published client: `wandb sweep`, `wandb agent`, `wandb.agent` and the query API."""

from __future__ import annotations

import subprocess

import httpx
import pytest
import yaml
from tests.support.wandb_clients import WandbClient

TRAIN = """
import wandb
with wandb.init() as run:
    for step in range(2):
        run.log({"loss": run.config.a * 10 + run.config.b - step})
"""


@pytest.mark.slow
def test_two_agents_do_each_cell_of_a_grid_once(newest: WandbClient, project: str) -> None:
    newest.folder.mkdir(parents=True, exist_ok=True)
    (newest.folder / "train.py").write_text(TRAIN)
    config = {
        "program": "train.py",
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"a": {"values": [1, 2]}, "b": {"values": [3, 4]}},
        "command": ["${env}", "${interpreter}", "${program}"],
    }
    (newest.folder / "sweep.yaml").write_text(yaml.dump(config))
    said = newest.command("sweep", "--project", project, "sweep.yaml").output
    sweep = said.rsplit("wandb agent ", 1)[1].split()[0]
    agents = [
        subprocess.Popen(
            [newest.python, "-m", "wandb", "agent", sweep],
            cwd=newest.folder,
            env=newest.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for _ in range(2)
    ]
    for agent in agents:
        output, _ = agent.communicate(timeout=150)
        assert agent.returncode == 0, output
    found = newest.run(
        """
        sweep = wandb.Api().sweep(path)
        result([sweep.state, sweep.expected_run_count, len(sweep.runs), sweep.best_run().summary["loss"],
                sorted([run.config["a"], run.config["b"], run.state] for run in sweep.runs),
                sweep.runs[0].sweep.id == sweep.id])
        """,
        path=sweep,
    ).result
    cells = sorted([a, b, "finished"] for a in (1, 2) for b in (3, 4))
    assert found == ["FINISHED", 4, 4, 12, cells, True]


def test_a_function_agent_runs_its_count_and_names_its_sweep(client: WandbClient, project: str) -> None:
    told = client.run(
        """
        config = {"method": "bayes", "name": "toy", "metric": {"name": "loss", "goal": "minimize"},
                  "parameters": {"x": {"min": 0.0, "max": 1.0}, "k": {"values": ["a", "b"]}}}
        sweep_id = wandb.sweep(config, project=project)
        seen = []

        def train():
            run = wandb.init(project=project)
            seen.append([run.sweep_id, run.config.x, run.config.k])
            wandb.log({"loss": run.config.x})
            wandb.finish()

        wandb.agent(sweep_id, function=train, project=project, count=2)
        result([sweep_id, seen])
        """,
        project=project,
    ).result
    sweep_id, seen = told
    assert len(seen) == 2 and {row[0] for row in seen} == {sweep_id}
    assert all(0 <= x <= 1 and k in ("a", "b") for _, x, k in seen)
    base = f"{client.server.base_url}/api/v1/projects/admin/{project}/sweeps/{sweep_id}/trials"
    headers = {"Authorization": f"Bearer {client.server.admin_key}"}
    trials = httpx.get(base, headers=headers).json()["trials"]
    assert [t["params"]["x"] for t in trials[:2]] == [row[1] for row in seen]
