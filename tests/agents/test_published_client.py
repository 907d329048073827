"""Scripts of the published client, unchanged, under our agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import RunningServer
from tests.support.sweep_agents import SweepDesk, sweep_desk

TRAIN = """
import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--a", type=int)
parser.add_argument("--b", type=int)
given = parser.parse_args()
with wandb.init(project="elsewhere", config={"a": 99, "c": 3}) as run:
    assert (run.config.a, run.config.b, run.config.c) == (given.a, given.b, 3), dict(run.config)
    run.config.a = 7
    run.log({"loss": run.config.a * 10 + run.config.b})
"""


@pytest.fixture
def desk(shared_server: RunningServer, tmp_path: Path) -> Iterator[SweepDesk]:
    with sweep_desk(shared_server, tmp_path, "published") as made:
        yield made


def test_its_runs_are_the_trials_with_their_parameters(desk: SweepDesk) -> None:
    sweep = desk.sweep(
        TRAIN,
        parameters={"a": {"values": [1, 2]}, "b": {"value": 5}},
        command=["${env}", "${interpreter}", "${program}", "${args}"],
    )
    # A key of another place in the environment is not sent here.
    desk.agent(sweep, "--parallel", "2", WANDB_API_KEY="0" * 40, WANDB_PROJECT="wrong")
    assert desk.done() == 0, desk.said()
    trials = list(sweep.trials())
    ends = [(trial["state"], trial["objective"]) for trial in trials]
    assert ends == [("finished", [15.0]), ("finished", [25.0])], desk.said()
    for trial in trials:
        run = desk.client.run("", "published", trial["run"])
        assert (run.state, run.sweep) == ("finished", sweep.id)
        assert run.config == {"a": trial["params"]["a"], "b": 5, "c": 3}
