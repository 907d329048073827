"""Sweeps over the native API: make one, ask what to try, tell what came of it.

sweep = Sweep.create("mnist", {"method": "tpe", "metric": {"name": "loss"}, "parameters": {…}})
for trial in sweep.ask_each(50):
    trial.tell(train(**trial.arguments))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from runstone.client.connection import Params, segment
from runstone.client.native import Client
from runstone.client.sweep_models import (
    AgentRecord,
    Combination,
    Importance,
    Pareto,
    Preview,
    Proposal,
    SweepRecord,
    TrialRecord,
)

Json = Any


class Sweep:
    """One sweep. Reads are asked of the server each time; nothing is kept."""

    def __init__(
        self, sweep_id: str, project: str, *, entity: str = "-", client: Client | None = None
    ) -> None:
        """client: None takes the server one is signed in at."""
        self.id = sweep_id
        self.project = project
        self.entity = entity
        self._client = client or Client()
        self._owns = client is None
        self._path = f"{_sweeps(entity, project)}/{segment(sweep_id)}"

    def close(self) -> None:
        """End the connection, where it is this sweep's own."""
        if self._owns:
            self._client.close()

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def create(
        cls,
        project: str,
        config: Mapping[str, Json],
        *,
        entity: str = "-",
        name: str = "",
        client: Client | None = None,
    ) -> Sweep:
        """Raises the server's refusal with every key of the configuration that is wrong. name: to show
        instead of the configured one."""
        own = client or Client()
        try:
            body = {"config": dict(config), "display_name": name}
            made = own.connection.value("POST", _sweeps(entity, project), json=body)
        except BaseException:
            if client is None:
                own.close()
            raise
        sweep = cls(made["id"], made["project"], entity=made["entity"], client=own)
        sweep._owns = client is None
        return sweep

    @staticmethod
    def preview(
        config: Mapping[str, Json], count: int = 5, *, client: Client | None = None
    ) -> list[Proposal]:
        """What the first trials would be; nothing is kept."""
        own = client or Client()
        try:
            return preview(own, config, count)["proposals"]
        finally:
            if client is None:
                own.close()

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/ID."""
        return "/".join(part for part in (self.entity, self.project, self.id) if part != "-")

    @property
    def url(self) -> str:
        """Its page."""
        parts = (self.entity, self.project, "sweeps", self.id)
        return "/".join([self._client.base_url, *(segment(part) for part in parts)])

    def read(self) -> SweepRecord:
        """The sweep as it stands."""
        found: SweepRecord = self._json("GET", "")
        return found

    def set_state(self, state: str) -> SweepRecord:
        """running, paused, finished or cancelled."""
        found: SweepRecord = self._json("PATCH", "", {"state": state})
        return found

    def trials(self, *states: str, newest: bool = False, agent: str = "") -> Iterator[TrialRecord]:
        """In the order in which they were proposed, or last proposed first; those in one of the states,
        or all; those an agent holds or held last."""
        after: int | None = None
        while True:
            wanted: dict[str, Json] = {"limit": 1000, "state": list(states), "newest": newest}
            wanted |= {"after": after, "agent": agent or None}
            page = self._json("GET", "/trials", params=wanted)
            yield from page["trials"]
            after = page["next"]
            if after is None:
                return

    def ask(self, count: int = 1, *, lease_seconds: float = 3600.0) -> list[Asked]:
        """Trials to evaluate now, leased to this caller; fewer, or none, where none can be had now."""
        found = self._json("POST", "/ask", {"count": count, "lease_seconds": lease_seconds})
        return [Asked(self, trial) for trial in found["trials"]]

    def ask_each(self, count: int | None = None, *, lease_seconds: float = 3600.0) -> Iterator[Asked]:
        """One after the other, until the sweep hands out no more."""
        given = 0
        while count is None or given < count:
            found = self.ask(lease_seconds=lease_seconds)
            if not found:
                return
            given += 1
            yield found[0]

    def enqueue(self, *params: Mapping[str, Json], reason: str = "") -> list[TrialRecord]:
        """Combinations of one's own choice, for the sweep's agents."""
        body = {"params": [dict(one) for one in params], "reason": reason}
        return list(self._json("POST", "/trials", body)["trials"])

    def best(self, *, robust: bool = True, limit: int = 1) -> list[Combination]:
        """Best first, by the bad end of the mean's interval over repeats, or by the luckiest trial."""
        wanted = {"robust": robust, "limit": limit}
        return list(self._json("GET", "/best", params=wanted)["combinations"])

    def pareto(self) -> Pareto:
        """The front of several objectives."""
        found: Pareto = self._json("GET", "/pareto")
        return found

    def importance(self) -> Importance:
        """Which parameters the first objective depends on. May take seconds after trials have ended."""
        found: Importance = self._json("GET", "/importance")
        return found

    def agents(self) -> list[AgentRecord]:
        """In the order in which they came."""
        return list(self._json("GET", "/agents")["agents"])

    def stop(self, number: int, *, why: str = "") -> None:
        """Ask a running trial to stop; its agent hears of it with its next beat."""
        self._json("POST", f"/trials/{number}/stop", {"why": why})

    def retry(self, *states: str) -> int:
        """Try trials again that ended so (failed, crashed, oom where none is named); how many."""
        return int(self._json("POST", "/retry", {"states": list(states)} if states else {})["count"])

    def tell(
        self,
        number: int,
        attempt: int,
        values: float | Sequence[float | None] | None = None,
        *,
        state: str = "finished",
        metrics: Mapping[str, float] | None = None,
        error: str = "",
    ) -> TrialRecord:
        """What came of a trial. metrics: further numbers, for constraints by name."""
        if isinstance(values, (int, float)):
            values = [values]
        told = {
            "number": number,
            "attempt": attempt,
            "state": state,
            "values": None if values is None else list(values),
            "metrics": dict(metrics or {}),
            "error": error,
        }
        found: TrialRecord = self._json("POST", "/tell", told)
        return found

    def _json(
        self, method: str, path: str, body: Json = None, *, params: Params | None = None, again: bool = False
    ) -> Json:
        """again: may be carried out twice, though it is a POST."""
        return self._client.connection.value(
            method,
            self._path + path,
            json=body,
            params=params,
            repeatable=True if again else None,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A trial that was asked for. As a context, it is told failed where the block raises."""

    sweep: Sweep
    trial: TrialRecord

    @property
    def number(self) -> int:
        return int(self.trial["number"])

    @property
    def params(self) -> Mapping[str, Json]:
        """By dotted name."""
        return dict(self.trial["params"])

    @property
    def arguments(self) -> Mapping[str, Json]:
        """Nested, as a program takes them."""
        return dict(self.trial["arguments"])

    def tell(self, values: float | Sequence[float | None] | None = None, **also: Any) -> TrialRecord:
        return self.sweep.tell(self.number, int(self.trial["attempt"]), values, **also)

    def report(self, step: int, value: float) -> str:
        """Returns why the trial should stop now, or ""."""
        body = {"attempt": self.trial["attempt"], "points": [[step, value]]}
        return str(self.sweep._json("POST", f"/trials/{self.number}/report", body)["stop"])

    def __enter__(self) -> Asked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.tell(state="failed", error=f"{type(error).__name__}: {error}")


def find_sweeps(
    client: Client, project: str, *, entity: str = "-", search: str = "", states: Sequence[str] = ()
) -> Iterator[SweepRecord]:
    """The sweeps of a project, last made first, by page as they are taken."""
    after = ""
    while True:
        wanted = {"search": search, "state": list(states), "after": after, "limit": 200}
        page = client.connection.value("GET", _sweeps(entity, project), params=wanted)
        yield from page["sweeps"]
        after = page["next"]
        if not after:
            return


def preview(client: Client, config: Mapping[str, Json], count: int = 5) -> Preview:
    """A configuration, checked, and what its first trials would be; nothing is kept. Raises the
    server's refusal with every key that is wrong."""
    body = {"config": dict(config), "count": count}
    found: Preview = client.connection.value("POST", "/sweeps/preview", json=body, repeatable=True)
    return found


def _sweeps(entity: str, project: str) -> str:
    return f"/projects/{segment(entity)}/{segment(project)}/sweeps"
