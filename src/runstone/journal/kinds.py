"""What a journal's records say: one number and one MessagePack shape per kind.

Timestamps are Unix seconds (float), runtimes seconds since the run began (float). Values in rows
are float64 (NaN and ±Inf kept), int, bool, str, or a JSON value (lists, maps, null). A value that
names a file is a map with `_type` and `path`, as in the field's usual media encoding.

An ARTIFACT record names files, as FILE does: it is shipped after their bytes, and after the version
is committed. What the version holds lies in the store beside the run folders (`content/store.py`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

import msgspec

JsonValue: TypeAlias = Any
Path: TypeAlias = list[str]


class Kind(IntEnum):
    RUN = 1  # RunFields: the first record of each journal; later ones change the fields they carry
    CONFIG = 2  # Patch
    SUMMARY = 3  # Patch: explicit values win over derived ones
    ROW = 4  # Row
    SYSTEM = 5  # SystemRow
    CONSOLE = 6  # ConsoleLine
    METRIC = 7  # MetricDefinition
    FILE = 8  # FileLogged: shipped after the file's bytes
    ARTIFACT = 9  # ArtifactLogged: shipped after the version is committed
    USE = 10  # ArtifactUsed
    ALERT = 11  # AlertRaised
    MARK = 12  # Mark
    END = 13  # End
    ENVIRONMENT = 14  # a map: see `sdk/capture`; keys replace those of earlier records


class RunFields(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """Who the run is. `run` and `project` are always there in a journal's first record."""

    run: str = ""
    project: str = ""
    entity: str = ""  # "": the key's own default entity
    writer: str = ""  # hex of the header's writer
    display_name: str | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    sweep: str | None = None
    resume: str | None = None  # None: a new run; "allow", "must", "never", "auto"
    started_at: float | None = None
    host: str | None = None
    program: str | None = None
    command: list[str] | None = None
    rank: int | None = None  # set where several processes write one run
    world_size: int | None = None
    label: str | None = None  # of this writer; series of labelled writers are kept apart
    primary: bool | None = None  # its END ends the run; the END of others only that writer
    fork_of: str | None = None  # run id in the same project
    fork_step: int | None = None


class Patch(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A change of config or summary: paths are lists of keys, so a key may hold any character."""

    set: list[tuple[Path, JsonValue]] = []
    unset: list[Path] = []
    at: float = 0.0


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    step: int
    timestamp: float
    runtime: float
    values: dict[str, JsonValue]


class SystemRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    timestamp: float
    runtime: float
    values: dict[str, float | int]


class ConsoleLine(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Line `line` of this writer's console is now `text` (no line end; ANSI kept).

    stream: 0 standard output, 1 standard error; both share one count of lines. A line that a
    carriage return rewrote is sent again under its number. The last one sent stands.
    """

    stream: int
    line: int
    timestamp: float
    text: str


class MetricDefinition(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """`name` may be a glob (`val/*`). summary: of min, max, mean, best, first, last, copy, none."""

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    summary: list[str] = []
    goal: str | None = None  # "minimize" or "maximize"
    hidden: bool = False


class FileLogged(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """The run has a file `name` (slashes make folders); its bytes are at `path` on this host,
    relative to the journal's folder unless absolute."""

    name: str
    path: str
    at: float = 0.0


class Link(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A version is to be linked into a registry's collection: `[REGISTRY/]COLLECTION`."""

    target: str
    aliases: list[str] = []


class ArtifactLogged(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """The run made this version. `id` names the act: carrying it out again changes nothing.

    manifest: the SHA-256 (hex) of the list of its files. roots: where bytes that are not in the store
    lie on this host, as pairs of an entry's path, or the beginning of paths up to a slash, and a local
    path. facts: `schema`, `preprocessing`, `roles`: what is known of the content beside the metadata.
    distributed: a name under which several processes add to one version; `last` closes it.
    """

    id: str
    name: str
    type: str
    manifest: str
    files: int = 0
    bytes: int = 0
    description: str | None = None
    metadata: dict[str, JsonValue] = {}
    facts: dict[str, JsonValue] = {}
    aliases: list[str] = []
    tags: list[str] = []
    ttl_seconds: int | None = None
    base: str = ""  # the id of the version that this one was made from
    distributed: str = ""
    last: bool = True
    links: list[Link] = []
    roots: list[tuple[str, str]] = []
    step: int | None = None  # of the run's history, when it was logged
    at: float = 0.0


class ArtifactUsed(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """The run read this version: `version` is its id on the server, or `logged` the `id` of the record
    that logged it, where it was not on a server yet; without either it is the one `name` tells, by its
    number."""

    version: str = ""
    logged: str = ""
    name: str = ""  # as it was asked for: [[entity/]project/]name:version
    digest: str = ""
    use_as: str = ""
    at: float = 0.0


class AlertRaised(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    title: str
    text: str = ""
    level: str = "INFO"  # INFO, WARN, ERROR
    at: float = 0.0
    wait_seconds: float = 60.0  # alerts of the same title within this time are dropped


class Mark(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    preempting: bool = False
    at: float = 0.0


class End(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """The writer ended. exit_code 0 is finished, any other failed, unless `state` says killed."""

    exit_code: int = 0
    at: float = 0.0
    state: str | None = None  # "killed" for SIGTERM and SIGINT
    traceback: str | None = None
