"""An agent's side of a sweep over the native API: join, claim, beat, complete, leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.client.connection import segment
from runstone.client.sweep_models import AgentRecord, Beat, Claim, TrialRecord
from runstone.client.sweeps import Sweep

Json = Any


class SweepAgent:
    """A registered agent. May be shared by threads. All raise `ClientError` and its kinds."""

    def __init__(self, sweep: Sweep, agent_id: str) -> None:
        self.sweep = sweep
        self.id = agent_id
        self._path = f"/agents/{segment(agent_id)}"

    @classmethod
    def register(cls, sweep: Sweep, *, host: str, name: str = "") -> SweepAgent:
        """host: what failures are counted by; name: to show."""
        made: AgentRecord = sweep._json("POST", "/agents", {"host": host, "name": name})
        return cls(sweep, made["id"])

    def claim(self, count: int = 1, *, lease_seconds: float = 60.0) -> Claim:
        """Trials to run now, each leased until the next beat, or `lease_seconds`. Where the answer is
        lost, so are they, until their leases lapse: it is not asked twice."""
        found: Claim = self.sweep._json(
            "POST", f"{self._path}/claim", {"count": count, "lease_seconds": lease_seconds}
        )
        return found

    def beat(self, held: Mapping[int, int]) -> Beat:
        """The agent lives, and holds these attempts, by trial number."""
        trials = [{"number": number, "attempt": attempt} for number, attempt in held.items()]
        found: Beat = self.sweep._json("POST", f"{self._path}/beat", {"trials": trials}, again=True)
        return found

    def report(self, number: int, attempt: int, points: Sequence[tuple[int, float]]) -> str:
        """The first objective at (step, value). Why the trial should stop now, or ""."""
        body = {"attempt": attempt, "points": [[step, _number(value)] for step, value in points]}
        return str(self.sweep._json("POST", f"/trials/{number}/report", body)["stop"])

    def complete(
        self,
        number: int,
        attempt: int,
        *,
        state: str = "finished",
        values: Sequence[float | None] | None = None,
        metrics: Mapping[str, float] | None = None,
        exit_code: int | None = None,
        error: str = "",
    ) -> TrialRecord:
        """Saying it again changes nothing. Raises Conflict where the trial is somebody else's by now."""
        body = {
            "attempt": attempt,
            "state": state,
            "values": None if values is None else [None if v is None else _number(v) for v in values],
            "metrics": {name: _number(value) for name, value in (metrics or {}).items()},
            "exit_code": exit_code,
            "error": error[:10_000],
        }
        found: TrialRecord = self.sweep._json("POST", f"/trials/{number}/complete", body, again=True)
        return found

    def leave(self) -> None:
        """What is still held goes back to the queue at once."""
        self.sweep._json("DELETE", self._path)


def _number(value: float) -> Json:
    """As JSON takes it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value
