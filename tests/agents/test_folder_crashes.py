"""Whoever dies, wherever between two acts on files: each cell is done once, each attempt is one agent's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.agents.conftest import Clock
from tests.support.folder_chaos import audit

from runstone.agents.folder import create_folder, log, open_folder
from runstone.agents.folder.files import Files
from runstone.agents.folder.source import FolderSource
from runstone.agents.source import Ending, SourceAway
from runstone.search import endings

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


class FolderMachine(RuleBasedStateMachine):
    """Agents that claim, beat, complete, leave, die at any act on files, lose answers, fall silent and
    come back, against what must hold whatever they do."""

    agents = Bundle("agents")

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name) / "sweep"
        grid = {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20]}}
        config = {"method": "grid", "metric": {"name": "loss"}, "parameters": grid, "retries": 100}
        self.sweep = create_folder(config, self.root)
        (self.root / "told").mkdir()
        self.clock = Clock()
        self.held: dict[FolderSource, dict[int, int]] = {}
        self.given: Counter[tuple[int, int]] = Counter()
        self.taken: Counter[int] = Counter()

    def _guarded(self, agent: FolderSource, fuse: int, away: bool, call: Any) -> Any:
        """What the call answered; None where the agent died of it, or never heard the answer."""
        files = agent._folder.files
        assert isinstance(files, _Fused)
        files.left, files.error = fuse, OSError("stale") if away else _Killed()
        try:
            return call()
        except SourceAway:
            return None
        except _Killed:
            self.held.pop(agent)
            return None
        finally:
            files.left = 0

    @rule(target=agents, host=st.sampled_from(["h1", "h2"]))
    def join(self, host: str) -> FolderSource:
        agent = self.sweep.source(files=_Fused, clock=self.clock)
        agent.join(host=host, name="")
        self.held[agent] = {}
        return agent

    @rule(agent=agents, count=st.integers(1, 3), fuse=st.integers(0, 12), away=st.booleans())
    def claim(self, agent: FolderSource, count: int, fuse: int, away: bool) -> None:
        if agent not in self.held:
            return
        found = self._guarded(agent, fuse, away, lambda: agent.claim(count))
        for trial in found.assignments if found else ():
            self.given[trial.number, trial.attempt] += 1
            self.held[agent][trial.number] = trial.attempt

    @rule(agent=agents, good=st.booleans(), fuse=st.integers(0, 9), away=st.booleans())
    def complete(self, agent: FolderSource, good: bool, fuse: int, away: bool) -> None:
        if not self.held.get(agent):
            return
        number, attempt = next(iter(self.held[agent].items()))
        ending = Ending("finished", [1.0]) if good else Ending("failed")
        taken = self._guarded(agent, fuse, away, lambda: agent.complete(number, attempt, ending))
        if taken is None:
            return  # it will say it again, if it lives
        self.held[agent].pop(number)
        self.taken[number] += taken and good

    @rule(agent=agents, fuse=st.integers(0, 9), away=st.booleans())
    def beat(self, agent: FolderSource, fuse: int, away: bool) -> None:
        if agent not in self.held:
            return
        orders = self._guarded(agent, fuse, away, lambda: agent.beat(self.held[agent]))
        for number in orders.lost if orders else ():
            self.held[agent].pop(number)

    @rule(agent=consumes(agents))
    def leave(self, agent: FolderSource) -> None:
        if self.held.pop(agent, None) is not None:
            agent.leave()

    @rule(seconds=st.sampled_from([1.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        if self.sweep.state in ("running", "paused"):
            self.sweep.set_state("paused" if paused else "running")

    @invariant()
    def each_attempt_is_given_to_one_agent_and_each_trial_finished_once(self) -> None:
        if hasattr(self, "sweep"):
            assert set(self.given.values()) <= {1}
            assert set(self.taken.values()) <= {0, 1}

    @precondition(lambda self: hasattr(self, "sweep"))
    @rule()
    def a_newcomer_sees_what_all_see(self) -> None:
        assert open_folder(self.root).counts() == self.sweep.counts()

    def teardown(self) -> None:
        """Everybody else goes silent, and one agent does what is left."""
        if not hasattr(self, "sweep"):
            return
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
        found = audit(self.root) if log.SNAPSHOT_EVERY > 100 else {}
        assert found.get("finished", [(n, 1) for n in range(6)]) == [(n, 1) for n in range(6)]
        assert found.get("leased_max", 1) == 1
        self._folder.cleanup()


_SETTINGS = settings(
    max_examples=10 * ROUNDS,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("every", [1_000, 4])
def test_any_order_of_acts_and_deaths_keeps_each_trial_once(
    every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr(endings, "LOSSES_MAX", 10_000)
    monkeypatch.setattr(log, "SNAPSHOT_EVERY", every)
    monkeypatch.setattr(log, "SEGMENT", max(every, 5))
    run_state_machine_as_test(FolderMachine, settings=_SETTINGS)
