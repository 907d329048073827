"""The contract between an agent and whoever hands out trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runstone.search.config import SweepConfig
from runstone.search.records import TrialState

Json = Any


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What an agent must know of its sweep. config: parsed, for the command and the objectives; given:
    as it was written. environment: variables that a trial's process needs to log to the right place
    (project, entity, mode, directory), over those it inherits. made_by: who made it, where that is
    somebody else than whoever runs the agent; else ""."""

    id: str
    entity: str
    project: str
    config: SweepConfig
    given: Mapping[str, Json]
    environment: Mapping[str, str] = field(default_factory=dict)
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt of a trial, leased to this agent. params: flat, by dotted name. arguments: nested, as
    a program takes them. run_id: of the run that the attempt logs to."""

    number: int
    attempt: int
    run_id: str
    params: Mapping[str, Json]
    arguments: Mapping[str, Json]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claimed:
    """assignments: to run now, at most as many as were asked for. state: of the sweep. wait_seconds:
    when to ask again. done: no more will come. why: in words, for the agent's log."""

    assignments: Sequence[Assignment]
    state: str
    wait_seconds: float
    done: bool
    why: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What an agent is told when it beats. stop: trials to end now, by number, and why. lost: trials
    that are somebody else's by now; their processes are ended and nothing is said of them."""

    state: str
    stop: Mapping[int, str] = field(default_factory=dict)
    lost: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended. values: one per objective, where the agent knows them; None: whatever the
    attempt's run logged. metrics: further numbers, for constraints by name."""

    state: TrialState
    values: Sequence[float | None] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    exit_code: int | None = None
    error: str = ""


class TrialSource(Protocol):
    """Hands out trials, and learns from the runs that they log to how they do: an agent says how processes
    ended, and no more. Calls raise SourceAway where nobody answers just now; the agent keeps what runs
    and asks again. They raise SweepGone where there is no such sweep, or not for this caller: the agent
    ends. They may come from several threads."""

    @property
    def sweep(self) -> SweepSpec: ...

    @property
    def beat_seconds(self) -> float:
        """How often to beat, so that no lease lapses while the agent lives."""
        ...

    def join(self, *, host: str, name: str) -> str:
        """The agent is there; its id. Before anything else."""
        ...

    def claim(self, count: int) -> Claimed: ...

    def beat(self, held: Mapping[int, int]) -> Orders:
        """The agent lives and holds these attempts, by trial number."""
        ...

    def report(self, number: int, attempt: int, points: Sequence[tuple[int, float]]) -> str:
        """The first objective at (step, value) so far. Why the trial should stop now, or ""."""
        ...

    def complete(self, number: int, attempt: int, ending: Ending) -> bool:
        """Saying it again changes nothing. False: the attempt was given up meanwhile, and what came of
        it is not taken. After `leave` it is taken where nobody else was handed the trial."""
        ...

    def leave(self) -> None:
        """The agent ends. What it still holds goes back to the queue, no attempt counted lost. Called
        before the processes of those trials are ended, so that their end is not taken for a result."""
        ...


class SourceAway(ConnectionError):
    """The server does not answer, or the folder cannot be reached; it may later."""


class SweepGone(LookupError):
    """There is no such sweep (any more), or this caller may not take part in it."""
