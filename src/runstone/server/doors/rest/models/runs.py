"""Runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model

State = Literal["pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted"]
Text = Annotated[str, Field(max_length=100_000)]
Name = Annotated[str, Field(max_length=1_000)]
RunId = Annotated[str, Field(min_length=1, max_length=128)]
Path = Annotated[list[Annotated[str, Field(max_length=1024)]], Field(min_length=1, max_length=64)]


class MetricDefinition(Model):
    """How a metric wants to be drawn and summarised; `name` may be a glob."""

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    summary: list[str] = []
    goal: str | None = None
    hidden: bool = False


class Run(Model):
    id: str
    entity: str
    project: str
    display_name: str
    state: State
    username: str
    group: str
    job_type: str
    notes: str
    sweep: str
    tags: list[str]
    host: str
    program: str
    command: list[str]
    config: dict[str, Any] = Field(description='NaN and the infinities are strings: "NaN", "Infinity".')
    summary: dict[str, Any] = Field(description="As config; derived from rows, explicit values win.")
    environment: dict[str, Any] | None = Field(default=None, description="Of one run only, not in lists.")
    wire: dict[str, Any] | None = Field(
        default=None,
        description="What a foreign client keeps of its own beside the run, whole: how its charts are to be "
        "drawn, the names of classes. Of one run only, not in lists.",
    )
    metrics: list[MetricDefinition] | None = Field(default=None, description="Of one run only, not in lists.")
    created_at: float
    started_at: float | None
    updated_at: float
    heartbeat_at: float | None
    finished_at: float | None
    duration: float | None = Field(description="Seconds from the start to the end; to now while it runs.")
    exit_code: int | None
    stop_requested: bool
    colour: int = Field(description="Slot in the palette, given once per project.")
    fork_of: str
    fork_step: int | None
    version: int = Field(description="Rises with each change.")
    deleted_at: float | None
    ranks: int = Field(description="> 0: that many labelled writers log this run together.")


class RunsWanted(Model):
    """Which runs, in which order. `filter`: a Mongo-like document over id, name, state, tags,
    created_at, …, `config.PATH`, `summary.PATH`."""

    filter: dict[str, Any] = {}
    search: Annotated[str, Field(max_length=1000)] = ""
    order: Annotated[list[Annotated[str, Field(max_length=1100)]], Field(max_length=8)] = ["-created_at"]
    cursor: Annotated[str, Field(max_length=20_000)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    select: Annotated[list[Annotated[str, Field(max_length=1100)]], Field(max_length=1000)] | None = None
    trash: bool = False


class RunsFound(Model):
    runs: list[Run] = Field(description="Without environment and metrics.")
    cursors: list[str] = Field(description="Of each run.")
    next_cursor: str = Field(description='"" at the end.')
    total: int = Field(description="Runs that match; exact.")


class GroupsWanted(Model):
    by: Annotated[list[Annotated[str, Field(max_length=1100)]], Field(min_length=1, max_length=8)]
    filter: dict[str, Any] = {}
    search: Annotated[str, Field(max_length=1000)] = ""
    statistics: Annotated[list[Annotated[str, Field(max_length=1100)]], Field(max_length=50)] = []
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class GroupStatistics(Model):
    """Over the runs of the group that hold a number there; exact. std: of the sample."""

    count: int
    mean: float | str | None
    std: float | str | None
    min: float | str | None
    max: float | str | None


class Group(Model):
    values: list[Any] = Field(description="One per key of `by`.")
    count: int
    filter: dict[str, Any] = Field(description="Finds exactly its runs.")
    states: dict[str, int]
    statistics: dict[str, GroupStatistics]


class Groups(Model):
    groups: list[Group]


class Column(Model):
    path: str = Field(description="`config.lr`, `summary.loss`")
    kinds: list[str]
    runs: int


class Columns(Model):
    columns: list[Column]
    next: str


class ProjectKey(Model):
    name: str
    kind: str


class ProjectKeys(Model):
    keys: list[ProjectKey]
    next: str


class RunFields(Model):
    """Fields to set; what is left out stays."""

    display_name: Name | None = None
    group: Name | None = None
    job_type: Name | None = None
    notes: Text | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=256)]], Field(max_length=1000)] | None = None
    sweep: Name | None = None
    host: Name | None = None
    program: Name | None = None
    command: Annotated[list[str], Field(max_length=10_000)] | None = None
    started_at: float | None = None
    state: State | None = None
    exit_code: int | None = None
    config: dict[str, Any] | None = Field(default=None, description="Replaces the whole.")
    summary: dict[str, Any] | None = Field(default=None, description="Replaces the whole.")
    environment: dict[str, Any] | None = Field(default=None, description="Top-level keys replace.")
    config_set: list[tuple[Path, Any]] = []
    config_unset: list[Path] = []
    summary_set: list[tuple[Path, Any]] = []
    summary_unset: list[Path] = []


class RunIds(Model):
    runs: Annotated[list[RunId], Field(max_length=10_000)]


class TagsWanted(RunIds):
    add: Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=100)] = []
    remove: Annotated[list[Annotated[str, Field(max_length=256)]], Field(max_length=100)] = []


class MoveWanted(RunIds):
    entity: Annotated[str, Field(max_length=128)] = "-"
    project: Annotated[str, Field(min_length=1, max_length=128)]


class Count(Model):
    count: int


class ConfigPatch(Model):
    at: float
    writer: str
    set: list[tuple[list[str], Any]]
    unset: list[list[str]]


class ConfigHistory(Model):
    patches: list[ConfigPatch] = Field(description="Oldest first.")
