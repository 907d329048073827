"""Agents that are killed at any moment: each cell of a grid is done, and never by two at once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.support.server import RunningServer
from tests.support.sweep_agents import cells, sweep_desk, wait_dead

# Two processes of one cell at the same time would meet at its lock.
PROGRAM = """
import fcntl, json, os, subprocess, sys, time
params = json.load(open(os.environ["RUNSTONE_SWEEP_PARAM_PATH"]))
cell = "-".join(str(value) for value in params.values())
lock = open(f"lock-{cell}", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    open("trials.log", "a").write(f"twice {cell}\\n")
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.4)"], pass_fds=[lock.fileno()])
open("pids", "a").write(f"{os.getpid()} {child.pid}\\n")
child.wait()
open("trials.log", "a").write(f"done {cell}\\n")
"""


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
def test_random_kills_of_agents_leave_each_cell_done_and_nobody_behind(
    shared_server: RunningServer, tmp_path: Path, seed: int
) -> None:
    die = random.Random(seed)
    with sweep_desk(shared_server, tmp_path, f"killed{seed}") as desk:
        sweep = desk.sweep(PROGRAM, parameters={"a": {"values": [0, 1, 2]}, "b": {"values": [0, 1, 2, 3]}})
        for _ in range(3):
            desk.agent(sweep, "--parallel", "2")
        kills = 0
        deadline = time.monotonic() + 120
        while sweep.read()["state"] != "finished":
            assert time.monotonic() < deadline, desk.said()
            time.sleep(die.uniform(0.2, 1.0))
            living = [agent for agent in desk.agents if agent.poll() is None]
            if kills < 5 and living:
                victim = die.choice(living)
                os.kill(victim.pid, signal.SIGKILL if die.random() < 0.7 else signal.SIGTERM)
                victim.wait()
                kills += 1
                desk.agent(sweep, "--parallel", "2")
        assert kills == 5
        trials = list(sweep.trials())
        assert cells(trials) == [(a, b) for a in range(3) for b in range(4)]
        assert {trial["state"] for trial in trials} == {"finished"}
        told = Counter((tmp_path / "trials.log").read_text().split("\n"))
        assert not [line for line in told if line.startswith("twice")], told
        assert {f"done {a}-{b}" for a in range(3) for b in range(4)} <= told.keys()
        wait_dead(*(int(pid) for pid in (tmp_path / "pids").read_text().split()))
