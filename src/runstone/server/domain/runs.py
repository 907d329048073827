"""Runs: one experiment each. Live changes come through here whatever door they enter by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from runstone.server.domain.identity import Actor, ProjectId, RunKey

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
    environment: Mapping[str, Any] | None = None  # merged, top-level keys replace
    metrics: Sequence[Mapping[str, Any]] | None = None  # merged by name
    wire: Mapping[str, Any] | None = None  # merged, top-level keys replace
    fork_of: str | None = None
    fork_step: int | None = None
    stop_requested: bool | None = None
    writer: str = ""  # who patched, for the record of config changes


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


class Runs:
    def upsert(
        self, actor: Actor, entity: str, project: str, run_id: str, change: RunChange, *, create: bool = True
    ) -> tuple[Run, bool]:
        """The run with the change made; created with its project if absent (True then). A made run
        is `running`, has a display name of its own, and the next colour. Safe under races."""
        raise NotImplementedError

    def get(self, actor: Actor, entity: str, project: str, run_id: str, *, trash: bool = False) -> Run:
        raise NotImplementedError

    def get_by_key(self, actor: Actor, key: RunKey) -> Run:
        raise NotImplementedError

    def find(self, actor: Actor, entity: str, project: str, query: RunQuery) -> RunPage:
        raise NotImplementedError

    def count(self, actor: Actor, entity: str, project: str, query: RunQuery) -> int:
        raise NotImplementedError

    def group(
        self,
        actor: Actor,
        entity: str,
        project: str,
        query: RunQuery,
        *,
        by: Sequence[str],
        statistics: Sequence[str] = (),
        limit: int = 100,
    ) -> Sequence[Group]:
        raise NotImplementedError

    def columns(
        self, actor: Actor, entity: str, project: str, *, search: str = "", after: str = "", limit: int = 100
    ) -> Sequence[ColumnInfo]:
        raise NotImplementedError

    def update(self, actor: Actor, key: RunKey, change: RunChange) -> Run:
        raise NotImplementedError

    def delete(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """To the trash, restorable for 30 days."""
        raise NotImplementedError

    def restore(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        raise NotImplementedError

    def purge(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """For good, history, console and file entries too (MANAGE)."""
        raise NotImplementedError

    def move(self, actor: Actor, keys: Sequence[RunKey], entity: str, project: str) -> int:
        raise NotImplementedError

    def stop(self, actor: Actor, key: RunKey) -> None:
        """Ask the run to end itself; its client hears of it with its next request."""
        raise NotImplementedError

    def config_history(self, actor: Actor, key: RunKey) -> Sequence[Mapping[str, Any]]:
        """Patches of the config: {at, writer, set, unset}, oldest first."""
        raise NotImplementedError
