"""A sweep in a directory as commands see any sweep: what `runstone.client.sweeps.Sweep` answers, in the
same shapes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast

from runstone.agents.folder import rules
from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.state import Draft, Trial
from runstone.agents.folder.sweep import Best, FolderSweep
from runstone.client.sweep_models import (
    AgentRecord,
    Combination,
    Importance,
    ImportanceOf,
    Objective,
    Pareto,
    SweepRecord,
    TrialRecord,
)
from runstone.search.importance import TRIALS_MIN, importances


class FolderDesk:
    """Calls raise FolderError, and SourceAway where the directory cannot be reached."""

    def __init__(self, sweep: FolderSweep) -> None:
        self._sweep = sweep
        self.id = str(sweep.kept["id"])
        self.path = str(sweep.root)
        self.url = Path(sweep.root).as_uri()

    def read(self) -> SweepRecord:
        sweep, config = self._sweep, self._sweep.config
        state, kept = sweep.follow(), sweep.kept
        return {
            "id": self.id,
            "entity": kept["entity"],
            "project": kept["project"],
            "name": config.name or self.id,
            "display_name": "",
            "description": config.description,
            "state": state.sweep["state"],
            "method": config.method,
            "sampler": config.sampler,
            "objectives": self._objectives(),
            "constraints": [bound.text for bound in config.constraints],
            "repeats": config.repeats,
            "config": kept["config"],
            "username": "",
            "created_at": kept["created_at"],
            "updated_at": state.sweep.get("updated_at", kept["created_at"]),
            "heartbeat_at": None,
            "finished_at": state.sweep.get("finished_at"),
            "expected": config.trials_expected,
            "trials": sweep.counts(),
            "best": sweep.best_value(),
        }

    def trials(self, *states: str, newest: bool = False) -> Iterator[TrialRecord]:
        found = self._sweep.trials(*states)
        yield from map(self._trial, reversed(found) if newest else found)

    def agents(self) -> list[AgentRecord]:
        """In the order in which they came. When they were last heard of nobody's clock can say; it is when
        they came."""
        held = Counter(trial.agent for trial in self._sweep.trials() if trial.agent)
        return [
            {
                "id": agent.id,
                "name": agent.name,
                "host": agent.host,
                "kind": "native",
                "username": "",
                "state": "ended" if agent.ended else "lost" if agent.lost else "running",
                "trials": held[agent.id],
                "created_at": agent.created_at,
                "heartbeat_at": agent.created_at,
            }
            for agent in self._sweep.agents()
        ]

    def best(self, *, robust: bool = True, limit: int = 1) -> list[Combination]:
        return [_combination(one) for one in self._sweep.best(robust=robust, limit=limit)]

    def pareto(self) -> Pareto:
        front, points = self._sweep.front()
        return {
            "objectives": self._objectives(),
            "constraints": [bound.text for bound in self._sweep.config.constraints],
            "points": [_combination(one) for one in points],
            "dominated": front.dominated,
            "infeasible": list(front.infeasible),
            "hypervolume": front.hypervolume,
            "reference": list(front.reference),
        }

    def importance(self) -> Importance:
        config = self._sweep.config
        if not config.metrics:
            raise FolderError("The sweep names no metric, so there is nothing that parameters could explain.")
        records = self._sweep.follow().records()
        found = importances(config, records)
        scored = sum(record.is_scored for record in records)
        why = "" if found else f"{scored} trials have a number; it takes {TRIALS_MIN}, not all the same."
        return {
            "objective": config.metrics[0].name,
            "parameters": [cast(ImportanceOf, asdict(one)) for one in found],
            "trials": scored,
            "why": why,
        }

    def set_state(self, state: str) -> SweepRecord:
        self._sweep.set_state(state)
        return self.read()

    def retry(self, *states: str) -> int:
        return self._sweep.retry(*states)

    def stop(self, number: int, *, why: str = "") -> None:
        """Ask one running trial to stop."""

        def decide(draft: Draft) -> None:
            rules.stop(draft, number, why or "stopped by hand")

        self._sweep.act(decide)

    def _objectives(self) -> list[Objective]:
        return [
            {"name": metric.name, "goal": metric.goal, "target": metric.target}
            for metric in self._sweep.config.metrics
        ]

    def _trial(self, trial: Trial) -> TrialRecord:
        config = self._sweep.config
        return {
            "number": trial.number,
            "state": trial.state,
            "params": trial.params,
            "arguments": config.space.arguments(trial.params),
            "repeat": trial.number % config.repeats,
            "attempt": trial.attempt,
            "run": trial.run_id,
            "agent": trial.agent,
            "host": trial.host,
            "lease_until": None,
            "failures": trial.failures,
            "losses": trial.losses,
            "stop": trial.stop,
            "objective": list(trial.objective),
            "excess": list(trial.excess),
            "feasible": all(over <= 0 for over in trial.excess),
            "curve": trial.curve,
            "sampler": trial.sampler,
            "reason": trial.reason,
            "parents": trial.parents,
            "verdict": trial.verdict,
            "exit_code": trial.exit_code,
            "error": trial.error,
            "past": trial.past,
            "created_at": trial.created_at or time.time(),
            "started_at": trial.started_at,
            "finished_at": trial.finished_at,
        }


def _combination(one: Best) -> Combination:
    item = one.ranked
    return {
        "number": item.number,
        "trials": list(item.trials),
        "runs": list(one.run_ids),
        "params": dict(item.params),
        "arguments": one.arguments,
        "mean": list(item.mean),
        "std": list(item.std),
        "bound": list(item.bound),
        "best": list(item.best),
        "feasible": item.feasible,
    }
