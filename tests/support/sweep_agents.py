"""Real agents, as processes, on a real server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.server import RunningServer
from tests.support.written_runs import wait_until

from runstone.client.native import Client
from runstone.client.sweep_models import TrialRecord
from runstone.client.sweeps import Sweep

# Logs through our SDK, and leaves its parameters where a test finds them.
TRAIN = """
import runstone
run = runstone.init(settings={"system": False, "git": False, "packages": False, "environment": False})
run.log({"loss": run.config.a * 10 + run.config.b})
run.finish()
"""
# No client at all: for tests of processes, where each second counts.
BARE = """
import json, os, sys, time
params = json.load(open(os.environ["RUNSTONE_SWEEP_PARAM_PATH"]))
with open("trials.log", "a") as log:
    log.write(json.dumps({"pid": os.getpid(), "run": os.environ["RUNSTONE_RUN_ID"], "params": params,
                          "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"), "at": time.time()}) + "\\n")
"""
GRID: dict[str, Any] = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"a": {"values": [0, 1]}, "b": {"values": [0, 1, 2]}},
    "command": ["${interpreter}", "${program}"],
}


class SweepDesk:
    """A folder with a program, a sweep of it, and the agents that run there. Nobody outlives it."""

    def __init__(self, server: RunningServer, client: Client, folder: Path, project: str) -> None:
        self.server = server
        self.client = client
        self.folder = folder
        self.project = project
        self.agents: list[subprocess.Popen[str]] = []

    def sweep(self, program: str = BARE, **config: Any) -> Sweep:
        (self.folder / "train.py").write_text(program)
        return Sweep.create(self.project, GRID | config, client=self.client)

    def agent(self, sweep: Sweep, *words: str, **env: str) -> subprocess.Popen[str]:
        out = (self.folder / f"agent{len(self.agents)}.log").open("w")
        with out:
            process = subprocess.Popen(
                [sys.executable, "-m", "runstone.cli", "agent", sweep.path, "--lease", "5", *words],
                cwd=self.folder,
                env=self.server.environment() | env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.agents.append(process)
        return process

    def said(self, place: int = -1) -> str:
        place = place % len(self.agents)
        return (self.folder / f"agent{place}.log").read_text()

    def done(self, place: int = -1, seconds: float = 60.0) -> int:
        """The exit status of an agent, once it has ended."""
        try:
            return self.agents[place].wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent goes on:\n{self.said(place)}\n{self.server.tail()}") from None

    def logged(self) -> list[dict[str, Any]]:
        """What `BARE` programs wrote, a line a trial."""
        import json

        path = self.folder / "trials.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for_file(self, name: str, seconds: float = 60.0) -> str:
        path = self.folder / name
        try:
            wait_until(lambda: path.exists() and path.read_text().endswith("\n"), seconds)
        except TimeoutError:
            raise AssertionError(f"no {name}:\n{self.said() if self.agents else ''}") from None
        return path.read_text()

    def close(self) -> None:
        for process in self.agents:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                process.wait(10)


def cells(trials: list[TrialRecord]) -> list[tuple[Any, ...]]:
    return sorted(tuple(trial["params"].values()) for trial in trials)


def is_alive(pid: int) -> bool:
    """A zombie is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


def wait_dead(*pids: int, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)):
        assert time.monotonic() < deadline, f"alive: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.02)


@contextlib.contextmanager
def sweep_desk(server: RunningServer, folder: Path, project: str) -> Iterator[SweepDesk]:
    with server.client() as client:
        desk = SweepDesk(server, client, folder, project)
        try:
            yield desk
        finally:
            desk.close()
