"""What a sweep, a trial and an agent are, as the domain gives them; frozen copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from runstone.search.config import SweepConfig
from runstone.search.config_reading import parse
from runstone.search.endings import Outcome as Outcome
from runstone.search.records import Record, TrialState
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import EntityId, ProjectId, SweepKey
from runstone.server.stores.records.rows import AnyRow

SweepState = Literal["pending", "running", "paused", "finished", "cancelled"]
AgentKind = Literal["native", "wandb", "ask"]
AgentState = Literal["running", "lost", "ended"]

OVER: frozenset[SweepState] = frozenset({"finished", "cancelled"})
AGENT_LOST_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """config: as it is kept, distributions filled in. expected: trials there will be, repeats counted;
    None without an end. trials: how many by state."""

    key: SweepKey
    project_id: ProjectId
    entity_id: EntityId
    entity: str
    project: str
    id: str
    name: str
    display_name: str
    description: str
    state: SweepState
    method: str
    config: Mapping[str, Any]
    config_text: str
    seed: int
    expected: int | None
    username: str
    wire: Mapping[str, Any]
    created_at: float
    updated_at: float
    heartbeat_at: float | None
    finished_at: float | None
    trials: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.display_name or self.name or self.id

    def event(self, **detail: object) -> Event:
        return Event("sweep", self.entity_id, self.project_id, self.entity, self.project, self.id, detail)


@dataclass(frozen=True, slots=True)
class SweepPage:
    sweeps: Sequence[Sweep]
    next_cursor: str  # "" at the end
    total: int


@dataclass(frozen=True, slots=True)
class Trial:
    """params: flat, by dotted name. arguments: as the program is handed them. attempt: 0 before it was
    first handed out. objective: a value or None per objective. excess: per constraint over metrics,
    0 or less where it holds. repeat: which of the combination's repeats, from 0. stop: why it is asked
    to stop, or "". verdict: {rule, step, value, threshold, reason} of an early stop."""

    number: int
    state: TrialState
    params: Mapping[str, Any]
    arguments: Mapping[str, Any]
    repeat: int
    attempt: int
    run_id: str
    agent: str
    host: str
    lease_until: float | None
    failures: int
    losses: int
    stop: str
    objective: Sequence[float | None]
    excess: Sequence[float]
    curve: Sequence[Sequence[float]]
    sampler: str
    reason: str
    parents: Sequence[int]
    verdict: Mapping[str, Any] | None
    exit_code: int | None
    error: str
    past: Sequence[Mapping[str, Any]]
    created_at: float
    started_at: float | None
    finished_at: float | None

    @property
    def is_feasible(self) -> bool:
        return all(over <= 0 for over in self.excess)


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    name: str
    host: str
    kind: AgentKind
    username: str
    state: AgentState
    trials: int
    created_at: float
    heartbeat_at: float
    shut_until: float | None = None  # its host is handed nothing until then: trials keep failing on it


@dataclass(frozen=True, slots=True)
class Claim:
    """What an agent is given. trials: to run now. wait_seconds: when to ask again where there are
    fewer than asked for. done: no more will come, the agent may end. why: in words, for its log."""

    sweep: Sweep
    trials: Sequence[Trial]
    wait_seconds: float
    done: bool
    why: str


@dataclass(frozen=True, slots=True)
class Beat:
    """stop: trials to end now, and why. lost: trials that are this agent's no more (their lease
    lapsed and they were given to others, or they ended): end their processes, report nothing."""

    state: SweepState
    stop: Mapping[int, str]
    lost: Sequence[int]


def sweep_of(row: AnyRow, trials: Mapping[str, int] | None = None) -> Sweep:
    return Sweep(
        key=SweepKey(row.id),
        project_id=ProjectId(row.project_id),
        entity_id=EntityId(row.entity_id),
        entity=row.entity,
        project=row.project,
        id=row.sweep_id,
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        state=cast(SweepState, row.state),
        method=row.method,
        config=row.config,
        config_text=row.config_text,
        seed=row.seed,
        expected=row.expected,
        username=row.username or "",
        wire=row.wire,
        created_at=row.created_at,
        updated_at=row.updated_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
        trials=trials or {},
    )


def config_of(sweep: Sweep | AnyRow) -> SweepConfig:
    """Read once more from what is kept; it was accepted, so unknown keys do not matter now."""
    return parse(sweep.config, strict=False)


def trial_of(row: AnyRow, config: SweepConfig) -> Trial:
    return Trial(
        number=row.number,
        state=cast(TrialState, row.state),
        params=row.params,
        arguments=config.space.arguments(row.params),
        repeat=row.number % config.repeats if row.number >= 0 else 0,
        attempt=row.attempt,
        run_id=row.run_id,
        agent=row.agent,
        host=row.host,
        lease_until=row.lease_until if row.state == "running" else None,
        failures=row.failures,
        losses=row.losses,
        stop=row.stop,
        objective=row.objective,
        excess=row.excess,
        curve=row.curve,
        sampler=row.sampler,
        reason=row.reason,
        parents=row.parents,
        verdict=row.verdict,
        exit_code=row.exit_code,
        error=row.error,
        past=row.past,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def record_of(row: AnyRow) -> Record:
    """As the search knows it."""
    return Record(
        row.number,
        row.params,
        cast(TrialState, row.state),
        tuple(row.objective),
        tuple(row.excess),
        tuple((int(x), float(value)) for x, value in row.curve),
        row.memo,
    )


def agent_of(row: AnyRow, *, trials: int, now: float, shut_until: float | None = None) -> Agent:
    state: AgentState = "running"
    if row.ended_at is not None:
        state = "ended"
    elif row.heartbeat_at < now - AGENT_LOST_SECONDS:
        state = "lost"
    return Agent(
        row.id,
        row.name,
        row.host,
        cast(AgentKind, row.kind),
        row.username or "",
        state,
        trials,
        row.created_at,
        row.heartbeat_at,
        shut_until,
    )
