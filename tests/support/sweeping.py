"""The domain of sweeps over a world's record store, with agents that tests drive and kill."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.world import World

from runstone.server.domain.console import Console
from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.history import History
from runstone.server.domain.identity import Actor, SweepKey
from runstone.server.domain.places import Places
from runstone.server.domain.sweep_model import Outcome, Trial
from runstone.server.domain.sweep_results import SweepResults
from runstone.server.domain.sweep_search import Searches
from runstone.server.domain.sweeps import Sweeps
from runstone.server.domain.trial_runs import TrialRuns
from runstone.server.domain.trials import Trials
from runstone.server.domain.warm_start import WarmStarts
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.console.sql import open_console
from runstone.server.stores.history.sql import open_history


@dataclass
class SweepWorld:
    """`restart` is a server killed and started again: everything it kept in memory is gone."""

    world: World
    folder: Path
    actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.actor = self.world.ada
        self._blobs = open_blobs(self.folder / "blobs")
        self._history = open_history(f"sqlite:///{self.folder}/history.db", blobs=self._blobs)
        self._console = open_console(f"sqlite:///{self.folder}/console.db")
        self.restart()

    def restart(self) -> None:
        w = self.world
        self.searches = Searches(w.records)
        self.sweeps = Sweeps(w.records, w.access, w.projects, w.feed, WarmStarts(w.records, w.runs))
        self.trials = Trials(w.records, self.sweeps, w.runs, w.feed, self.searches)
        self.results = SweepResults(self.sweeps, self.searches)
        places = Places(w.records, w.access)
        self.runs_of_trials = TrialRuns(
            w.records,
            self.trials,
            self.searches,
            History(self._history, w.runs, w.projects, places, w.feed),
            Console(self._console, w.records, w.access, w.feed),
            w.feed,
        )

    def close(self) -> None:
        self._history.close()
        self._console.close()
        self._blobs.close()

    def make(self, **config: Any) -> SweepKey:
        return self.sweeps.create(self.actor, "ml", "p", config).key

    def all(self, sweep: SweepKey) -> list[Trial]:
        return self.trials.find(self.actor, sweep, limit=10_000)

    def lapse(self) -> None:
        """Time passes: whoever did not beat loses what it holds."""
        self.runs_of_trials._started_at = 0.0
        self.runs_of_trials.recover(now=time.time() + 1000)


def values_of(trial: Trial) -> list[float]:
    return [float(sum(value for value in trial.params.values() if isinstance(value, (int, float))))]


class ChaoticAgents:
    """Agents in one thread, each step chosen by a seeded die: they claim, beat, end trials, and die at
    any point, answers that were on their way to them included; so does the server."""

    def __init__(self, world: SweepWorld, sweep: SweepKey, seed: int, agents: int = 4) -> None:
        self.world = world
        self.sweep = sweep
        self.die = random.Random(seed)
        self.held: dict[str, list[Trial]] = {}
        self.ended: Counter[int] = Counter()  # results that were acknowledged, by trial
        self.resent: list[Trial] = []
        for _ in range(agents):
            self._join()

    def _join(self) -> None:
        host = f"h{self.die.randrange(3)}"
        made = self.world.trials.register(self.world.actor, self.sweep, host=host)
        self.held[made.id] = []

    def run(self, steps_max: int = 5_000) -> bool:
        """Until an agent is told that all is done; False where that never came."""
        for _ in range(steps_max):
            agent = self.die.choice(list(self.held))
            act = self.die.random()
            if act < 0.40:
                if self._claim(agent):
                    return True
            elif act < 0.70:
                self._end(agent)
            elif act < 0.80:
                self._beat(agent)
            elif act < 0.88:
                self.held.pop(agent)  # SIGKILL
                self._join()
            elif act < 0.94:
                self._beat_all()
                self.world.lapse()
            elif act < 0.97:
                self.world.restart()
        return False

    def _claim(self, agent: str) -> bool:
        found = self.world.trials.claim(
            self.world.actor, self.sweep, agent_id=agent, count=self.die.randint(1, 3)
        )
        if self.die.random() < 0.15:
            return False  # committed, and the answer never arrived
        self.held[agent] += found.trials
        return found.done and not any(self.held.values())

    def _end(self, agent: str) -> None:
        if not self.held[agent]:
            return
        trial = self.held[agent].pop(self.die.randrange(len(self.held[agent])))
        failed = self.die.random() < 0.1
        outcome = Outcome("failed") if failed else Outcome("finished", values_of(trial))
        for _ in range(2 if self.die.random() < 0.3 else 1):  # the answer was lost: sent again
            try:
                done = self.world.trials.complete(
                    self.world.actor, self.sweep, trial.number, trial.attempt, outcome
                )
            except Conflict:
                return
        if done.state == "finished" and done.attempt == trial.attempt and not failed:
            self.ended[trial.number] += 1

    def _beat(self, agent: str) -> None:
        attempts = {trial.number: trial.attempt for trial in self.held[agent]}
        try:
            beat = self.world.trials.beat(self.world.actor, self.sweep, attempts, agent_id=agent)
        except NotFound:
            return
        self.held[agent] = [trial for trial in self.held[agent] if trial.number not in beat.lost]

    def _beat_all(self) -> None:
        """Some of them are heard of before the leases lapse, some are not."""
        for agent in list(self.held):
            if self.die.random() < 0.5:
                self._beat(agent)
