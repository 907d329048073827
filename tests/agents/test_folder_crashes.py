"""Whoever dies, wherever between two acts on files: each cell is done once, each attempt is one agent's."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from tests.agents.conftest import Clock
from tests.support.folder_chaos import audit

from runstone.agents.folder import create_folder, log, open_folder
from runstone.agents.folder.files import Files
from runstone.agents.folder.source import FolderSource
from runstone.agents.source import Ending, SourceAway
from runstone.search import endings

_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk would only be slower
ROUNDS = int(os.environ.get("RUNSTONE_FOLDER_ROUNDS", "3"))
CELLS = [(a, b) for a in (1, 2, 3) for b in (10, 20)]


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_every_cell_is_completed_once_by_processes_that_are_killed(tmp_path: Path) -> None:
    """`python -m bench.sweeps.folder_once` plays 200 rounds."""
    command = [sys.executable, "-m", "tests.support.folder_chaos", str(tmp_path), "--rounds", str(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=True)
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == ROUNDS
    for found in rounds:
        assert found["state"] == "finished", found
        assert found["proposed"] == [[number, 1] for number in range(9)]
        assert found["finished"] == [[number, 1] for number in range(9)]
        assert (found["leased_max"], found["given_max"]) == (1, 1)
        assert found["done_max"] <= 1


class _Killed(BaseException):
    """The process is no more."""


class _Fused(Files):
    """Dies, or loses its connection, before its nth act."""

    left = 0
    error: BaseException = _Killed()

    def step(self, name: str) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise self.error


class World:
    """Agents that claim, beat, complete, leave, die at any act on files, lose answers, fall silent and
    come back, against what must hold whatever they do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        grid = {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20]}}
        config = {"method": "grid", "metric": {"name": "loss"}, "parameters": grid, "retries": 100}
        self.sweep = create_folder(config, root)
        (root / "told").mkdir()
        self.clock = Clock()
        self.held: dict[FolderSource, dict[int, int]] = {}
        self.given: Counter[tuple[int, int]] = Counter()
        self.taken: Counter[int] = Counter()

    def step(self, act: str, which: int, fuse: int, away: bool, good: bool) -> None:
        while len(self.held) < 3:
            agent = self.sweep.source(files=_Fused, clock=self.clock)
            agent.join(host=f"h{which % 2}", name="")
            self.held[agent] = {}
        agent = list(self.held)[which % len(self.held)]
        files = agent._folder.files
        assert isinstance(files, _Fused)
        files.left, files.error = fuse, OSError("stale") if away else _Killed()
        try:
            getattr(self, act)(agent, which, good)
        except SourceAway:
            pass
        except _Killed:
            self.held.pop(agent)
        finally:
            files.left = 0
        # No attempt is given to two, and no trial is acknowledged as finished twice.
        assert set(self.given.values()) <= {1}
        assert set(self.taken.values()) <= {0, 1}

    def claim(self, agent: FolderSource, which: int, good: bool) -> None:
        for trial in agent.claim(1 + which % 3).assignments:
            self.given[trial.number, trial.attempt] += 1
            self.held[agent][trial.number] = trial.attempt

    def complete(self, agent: FolderSource, which: int, good: bool) -> None:
        """Said again, perhaps otherwise, until an answer comes."""
        if self.held[agent]:
            number, attempt = list(self.held[agent].items())[which % len(self.held[agent])]
            ending = Ending("finished", [1.0]) if good else Ending("failed")
            try:
                taken = agent.complete(number, attempt, ending)
            except SourceAway:
                taken = agent.complete(number, attempt, ending)
            self.held[agent].pop(number)
            assert not taken or self.sweep.trials()[number].attempt == attempt
            self.taken[number] += taken and good and self.sweep.trials()[number].state == "finished"

    def beat(self, agent: FolderSource, which: int, good: bool) -> None:
        for number in agent.beat(self.held[agent]).lost:
            self.held[agent].pop(number)

    def outlive(self, agent: FolderSource, which: int, good: bool) -> None:
        """All others are silent for more than a lease."""
        for _ in range(8):
            self.clock.now += 10.0
            self.beat(agent, which, good)

    def leave(self, agent: FolderSource, which: int, good: bool) -> None:
        agent.leave()
        self.held.pop(agent)

    def pause(self, agent: FolderSource, which: int, good: bool) -> None:
        if self.sweep.state in ("running", "paused"):
            self.sweep.set_state("running" if good else "paused")

    def finish(self) -> None:
        """Everybody else goes silent, and one agent does what is left."""
        assert open_folder(self.root).counts() == self.sweep.counts()
        if self.sweep.state == "paused":
            self.sweep.set_state("running")
        last = self.sweep.source(clock=self.clock)
        last.join(host="last", name="")
        for _ in range(200):
            found = last.claim(1)
            if found.done:
                break
            for trial in found.assignments:
                last.complete(trial.number, trial.attempt, Ending("finished", [1.0]))
            self.clock.now += 10.0
        trials = self.sweep.trials()
        assert [tuple(trial.params.values()) for trial in trials] == CELLS
        assert {trial.state for trial in trials} == {"finished"}
        if log.SNAPSHOT_EVERY > 100:  # the log is there from the beginning
            found = audit(self.root)
            assert found["finished"] == found["proposed"] == [(number, 1) for number in range(6)]
            assert found["leased_max"] == 1


_ACTS = ["claim", "claim", "complete", "complete", "outlive", "beat", "leave", "pause"]


@pytest.mark.parametrize("every", [1_000, 4])
def test_any_order_of_acts_and_deaths_keeps_each_trial_once(
    every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty seeded orders of sixty acts: dense enough that a rule that is left out shows."""
    monkeypatch.setattr(endings, "LOSSES_MAX", 10_000)
    monkeypatch.setattr(log, "SNAPSHOT_EVERY", every)
    monkeypatch.setattr(log, "SEGMENT", max(every, 5))
    for seed in range(20 * ROUNDS):
        die = random.Random(seed)
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            world = World(Path(folder) / "sweep")
            try:
                for _ in range(60):
                    fuse = die.choice([0, die.randrange(10)])
                    # What fails is tried again, so that there is more to do.
                    world.step(
                        die.choice(_ACTS), die.randrange(6), fuse, die.random() < 0.5, die.random() < 0.3
                    )
                world.finish()
            except AssertionError:
                print(f"seed {seed}")
                raise
