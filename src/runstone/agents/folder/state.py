"""What is known of a sweep in a directory: trials, agents, hosts; and drafts of what is to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, cast

from runstone.agents.folder.errors import FolderError
from runstone.search.records import Record, TrialState

OVER = frozenset({"finished", "cancelled"})
_STATE_KEYS = ("sweep", "trials", "agents", "hosts")


@dataclass(slots=True)
class Trial:
    """As a server's row of one. `lease_until` is not kept: no two hosts agree on the time."""

    number: int
    params: dict[str, Any]
    sampler: str = ""
    reason: str = ""
    parents: list[int] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    state: str = "queued"
    attempt: int = 0
    run_id: str = ""
    agent: str = ""
    host: str = ""
    avoid_host: str = ""
    failures: int = 0
    losses: int = 0
    stop: str = ""
    verdict: dict[str, Any] | None = None
    objective: list[float | None] = field(default_factory=list)
    excess: list[float] = field(default_factory=list)
    curve: list[list[float]] = field(default_factory=list)
    exit_code: int | None = None
    error: str = ""
    past: list[dict[str, Any]] = field(default_factory=list)
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None

    def record(self) -> Record:
        return Record(
            self.number,
            self.params,
            cast(TrialState, self.state),
            tuple(self.objective),
            tuple(self.excess),
            tuple((int(x), float(value)) for x, value in self.curve),
            self.memo,
        )


@dataclass(slots=True)
class Agent:
    """ended: it said good-bye. lost: it went silent, by the word of another."""

    id: str
    name: str = ""
    host: str = ""
    created_at: float = 0.0
    ended: bool = False
    lost: bool = False

    @property
    def lives(self) -> bool:
        return not (self.ended or self.lost)


_TRIAL_FIELDS = frozenset(item.name for item in fields(Trial))
_AGENT_FIELDS = frozenset(item.name for item in fields(Agent))


@dataclass(slots=True)
class Changes:
    """What one act changes, each thing by its whole new value."""

    sweep: dict[str, Any] = field(default_factory=dict)
    trials: dict[int, dict[str, Any]] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    hosts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sweep or self.trials or self.dropped or self.agents or self.hosts)

    def encode(self) -> dict[str, Any]:
        found: dict[str, Any] = {"sweep": self.sweep, "trials": self.trials, "agents": self.agents}
        found |= {"hosts": self.hosts, "dropped": sorted(self.dropped)}
        return {key: value for key, value in found.items() if value}


@dataclass(slots=True)
class State:
    """After all acts up to `position`."""

    position: int = 0
    sweep: dict[str, Any] = field(default_factory=lambda: {"state": "pending"})
    trials: dict[int, Trial] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    hosts: dict[str, tuple[int, float]] = field(default_factory=dict)
    queued: set[int] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    highest: int = -1  # number of a trial
    _records: dict[int, Record] = field(default_factory=dict)

    def apply(self, act: Mapping[str, Any]) -> None:
        """Take in the next act."""
        self.sweep.update(act.get("sweep", {}))
        for number in act.get("dropped", ()):
            self.trials.pop(int(number), None)
            self._index(int(number), None)
        if "dropped" in act:
            self.highest = max(self.trials, default=-1)
        for key, values in act.get("trials", {}).items():
            number = int(key)
            known = {name: value for name, value in values.items() if name in _TRIAL_FIELDS}
            trial = self.trials.get(number)
            if trial is None:
                trial = self.trials[number] = Trial(number, **known)
                self.highest = max(self.highest, number)
            else:
                for name, value in known.items():
                    setattr(trial, name, value)
            self._index(number, trial.state)
        for agent_id, values in act.get("agents", {}).items():
            agent = self.agents.setdefault(agent_id, Agent(agent_id))
            for name, value in values.items():
                if name in _AGENT_FIELDS:
                    setattr(agent, name, value)
        for host, (failures, shut_until) in act.get("hosts", {}).items():
            self.hosts[host] = (int(failures), float(shut_until))
        self.position += 1

    def _index(self, number: int, state: str | None) -> None:
        self._records.pop(number, None)
        for name, numbers in (("queued", self.queued), ("running", self.running)):
            if state == name:
                numbers.add(number)
            else:
                numbers.discard(number)

    def records(self) -> list[Record]:
        """All trials as the search knows them, by number."""
        found = self._records
        for number in self.trials.keys() - found.keys():
            found[number] = self.trials[number].record()
        return [found[number] for number in sorted(found)]

    def encode(self) -> dict[str, Any]:
        """Everything, as one act would say it."""
        blank = Trial(0, {})
        return {
            "sweep": self.sweep,
            "trials": {
                number: {
                    item.name: getattr(trial, item.name)
                    for item in fields(Trial)
                    if item.name != "number" and getattr(trial, item.name) != getattr(blank, item.name)
                }
                | {"params": trial.params}
                for number, trial in self.trials.items()
            },
            "agents": {
                agent.id: {name: value for name, value in asdict(agent).items() if name != "id" and value}
                for agent in self.agents.values()
            },
            "hosts": self.hosts,
        }

    @classmethod
    def decode(cls, position: int, kept: Mapping[str, Any]) -> State:
        state = cls()
        state.apply(kept)
        state.position = position
        return state


class Draft:
    """A state as it would be, and what has to change for that. The state itself stays as it is."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.changes = Changes()

    @property
    def sweep_state(self) -> str:
        return str(self.changes.sweep.get("state", self.state.sweep["state"]))

    @property
    def is_over(self) -> bool:
        return self.sweep_state in OVER

    def trial(self, number: int) -> Trial | None:
        """A copy, with the changes so far."""
        if number in self.changes.dropped:
            return None
        trial, values = self.state.trials.get(number), self.changes.trials.get(number)
        if trial is None:
            return None if values is None else Trial(number, **values)
        return trial if values is None else replace(trial, **values)

    def add(self, number: int, **values: Any) -> None:
        self.changes.trials[number] = values

    def change(self, number: int, **values: Any) -> None:
        known = {name: value for name, value in values.items() if name in _TRIAL_FIELDS}
        self.changes.trials.setdefault(number, {}).update(known)

    def drop(self, number: int) -> None:
        """Not one that is added or changed by the same act."""
        self.changes.dropped.add(number)

    def heard(self, agent_id: str) -> None:
        """The agent is there, whatever others thought."""
        agent = self.state.agents.get(agent_id)
        if agent is None:
            raise FolderError(f"The sweep has no agent {agent_id!r}: join before anything else.")
        if agent.lost:
            self.change_agent(agent_id, lost=False)

    def change_agent(self, agent_id: str, **values: Any) -> None:
        self.changes.agents.setdefault(agent_id, {}).update(values)

    def host(self, host: str) -> tuple[int, float]:
        return self.changes.hosts.get(host) or self.state.hosts.get(host) or (0, 0.0)

    def numbers(self, state: str) -> list[int]:
        """Trials that are queued, or running, rising."""
        before = self.state.queued if state == "queued" else self.state.running
        touched = self.changes.trials.keys() | self.changes.dropped
        found = before - touched
        for number in touched:
            trial = self.trial(number)
            if trial is not None and trial.state == state:
                found = found | {number}
        return sorted(found)

    def next_number(self) -> int:
        """Above all trials."""
        highest = max(self.changes.trials, default=-1)
        if self.changes.dropped:
            kept = self.state.trials.keys() - self.changes.dropped
            return max(highest, max(kept, default=-1)) + 1
        return max(highest, self.state.highest) + 1

    def of_agent(self, agent_id: str) -> Sequence[Trial]:
        """What it is running, as all know it."""
        found = [self.trial(number) for number in self.numbers("running")]
        return [trial for trial in found if trial is not None and trial.agent == agent_id]
