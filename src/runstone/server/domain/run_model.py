"""What a run is, what changes it, what is asked about runs and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

from runstone.server.domain.feed import Event
from runstone.server.domain.identity import ProjectId, RunKey
from runstone.server.stores.records.rows import AnyRow

State = Literal["pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted"]
ENDED: frozenset[State] = frozenset({"finished", "failed", "crashed", "killed", "preempted"})


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands; a frozen copy. Times are Unix seconds. config and summary are plain
    nested JSON (no `{"value": …}` wrapping: that is a habit of one wire)."""

    key: RunKey
    project_id: ProjectId
    entity: str
    project: str
    id: str
    display_name: str
    state: State
    username: str
    group: str = ""
    job_type: str = ""
    notes: str = ""
    sweep: str = ""
    tags: tuple[str, ...] = ()
    host: str = ""
    program: str = ""
    command: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()  # metric definitions, as journal MetricDefinition maps
    wire: Mapping[str, Any] = field(default_factory=dict)  # what a foreign wire keeps of its own
    created_at: float = 0.0
    started_at: float | None = None
    updated_at: float = 0.0
    heartbeat_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    stop_requested: bool = False
    colour: int = 0  # slot in the project's palette, given once
    fork_of: str = ""
    fork_step: int | None = None
    version: int = 0  # rises with each change of the record
    deleted_at: float | None = None
    ranks: int = 0  # > 0: that many labelled writers log this run together
    # JSON texts in the place of config and summary, where a query was `brief`; else None.
    config_json: str | None = None
    summary_json: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """Fields to set; None leaves a field as it is. config_set and summary_set are (path, value)
    pairs; `config` and `summary` replace the whole. `tags` replaces the list."""

    display_name: str | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: Sequence[str] | None = None
    sweep: str | None = None
    host: str | None = None
    program: str | None = None
    command: Sequence[str] | None = None
    started_at: float | None = None
    state: State | None = None
    exit_code: int | None = None
    config: Mapping[str, Any] | None = None
    config_set: Sequence[tuple[Sequence[str], Any]] = ()
    config_unset: Sequence[Sequence[str]] = ()
    summary: Mapping[str, Any] | None = None
    summary_set: Sequence[tuple[Sequence[str], Any]] = ()
    summary_unset: Sequence[Sequence[str]] = ()
    # (path, value) pairs that the server worked out from rows: they give way to explicit values.
    summary_derived: Sequence[tuple[Sequence[str], Any]] = ()
    environment: Mapping[str, Any] | None = None  # merged, top-level keys replace
    metrics: Sequence[Mapping[str, Any]] | None = None  # merged by name
    wire: Mapping[str, Any] | None = None  # merged, top-level keys replace
    fork_of: str | None = None
    fork_step: int | None = None
    stop_requested: bool | None = None
    ranks: int | None = None
    writer: str = ""  # who patched, for the record of config changes
    at: float | None = None  # when it happened there: of the end, of a config change; None is now


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did. `summary`: changed values by dotted path, short ones, for the feed."""

    key: int
    changed: bool
    state: str
    state_changed: bool = False
    stop_requested: bool = False
    version: int = 0
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs, in which order.

    filter: the Mongo-like language (see run_filter), as parsed JSON. search: text in the name or
    id. order: keys with a sign, `-created_at`, `+config.lr`, `-summary.val.acc`; nulls last.
    Column keys: name, id, state, created_at, updated_at, started_at, heartbeat_at, finished_at,
    duration, username, group, job_type, tags, notes, host, sweep, colour; config.PATH, summary.PATH
    (longest literal key first: keys may hold dots), with_key: runs that logged this metric.
    """

    filter: Mapping[str, Any] = field(default_factory=dict)
    search: str = ""
    order: Sequence[str] = ("-created_at",)
    cursor: str = ""
    limit: int = 50
    trash: bool = False
    select: Sequence[str] | None = None  # config./summary. keys to bring; None: all of them
    brief: bool = False  # without metrics and wire; config and summary as kept JSON where that is plain


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: Sequence[Run]
    cursors: Sequence[str]  # of each run
    next_cursor: str  # "" at the end
    total: int  # runs that match, exact


@dataclass(frozen=True, slots=True)
class Statistics:
    """Over the group's runs that hold a number under the key; exact."""

    count: int
    mean: float | None
    std: float | None  # sample standard deviation
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Group:
    values: Sequence[Any]  # one per grouping key
    count: int
    filter: Mapping[str, Any]  # finds exactly its runs
    statistics: Mapping[str, Statistics]
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A config or summary path that occurs in the project."""

    path: str  # "config.lr"
    kinds: Sequence[str]
    runs: int


class RunRef(NamedTuple):
    """What other stores and charts need to know of a run, without its record."""

    key: RunKey
    id: str
    ranks: int
    state: State
    version: int
    display_name: str
    colour: int
    fork_of: str = ""
    fork_step: int | None = None


class Upserted(NamedTuple):
    """What `upsert_in` did. `event` is for the feed, once the transaction is committed."""

    key: RunKey
    entity: str
    project: str
    made: bool
    applied: Applied
    event: Event | None


def run_of(
    row: AnyRow,
    *,
    config: Mapping[str, Any],
    summary: Mapping[str, Any],
    environment: Mapping[str, Any] | None = None,
    config_json: str | None = None,
    summary_json: str | None = None,
) -> Run:
    """A row of `statements.whole` or `statements.listed` as the domain's record."""
    return Run(
        key=RunKey(row.id),
        project_id=ProjectId(row.project_id),
        entity=row.entity,
        project=row.project,
        id=row.run_id,
        display_name=row.display_name,
        state=cast(State, row.state),
        username=row.username or "",
        group=row.group_name,
        job_type=row.job_type,
        notes=row.notes,
        sweep=row.sweep,
        tags=tuple(row.tags),
        host=row.host,
        program=row.program,
        command=tuple(row.command),
        config=config,
        summary=summary,
        environment=environment or {},
        metrics=row.metrics or [],
        wire=row.wire or {},
        config_json=config_json,
        summary_json=summary_json,
        created_at=row.created_at,
        started_at=row.started_at,
        updated_at=row.updated_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
        exit_code=row.exit_code,
        stop_requested=row.stop_requested,
        colour=row.colour,
        fork_of=row.fork_of,
        fork_step=row.fork_step,
        version=row.version,
        deleted_at=row.deleted_at if row.deleted_at is not None else row.project_deleted_at,
        ranks=row.ranks,
    )
