"""Rows and series of runs: from what a client wrote to what a chart draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runstone.server.domain.identity import Actor, RunKey
from runstone.server.stores.history.contract import (
    Buckets,
    Float64s,
    KeyInfo,
    Points,
    Row,
    RowBatch,
    SetInfo,
    Space,
    Window,
)


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row as a door received it. step None: the one before plus 1."""

    offset: int
    step: int
    timestamp: float
    runtime: float
    values: Mapping[str, Any]


def batch_of(rows: Iterable[WrittenRow], *, end_offset: int, label: str = "") -> RowBatch:
    """Pivot rows into columns. Nested maps flatten with dots, save those with `_type`. With a
    label each key `k` is kept as `k/l:LABEL`: writers of one run that log the same key at the same
    step stay apart. Keys: at most 100,000 in a row, 1,024 characters each."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One line of a chart: a run's key, or an aggregate of several."""

    run: str  # run id, or "" for an aggregate
    key: str
    buckets: Buckets
    members: int = 1  # runs (or ranks) in the aggregate
    std: Float64s | None = None  # per bucket, over the members' means; aggregates only


@dataclass(frozen=True, slots=True)
class Series:
    x: str
    window: Window  # as answered: lo and hi are filled in
    lines: Sequence[SeriesLine]
    version: str  # ETag


class History:
    def append(
        self, actor: Actor, run: RunKey, stream: str, batch: RowBatch, *, space: Space = "history"
    ) -> int:
        """Trusted to come after the door's or the ingest's own permission check of the run."""
        raise NotImplementedError

    def next_offset(self, actor: Actor, run: RunKey, stream: str, *, space: Space = "history") -> int:
        """Where `stream` of the run goes on; 0 for one never seen."""
        raise NotImplementedError

    def series(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        x: str = "_step",
        lo: float | None = None,
        hi: float | None = None,
        buckets: int = 500,
        space: Space = "history",
        group: Mapping[str, Sequence[str]] | None = None,
    ) -> Series:
        """Lines for every run and key that has one. x: _step, _timestamp, _runtime, or any metric.
        group: name -> run ids; then one aggregate line per group and key (mean over the members'
        bucket means; min and max over all points). A key of a run with labelled writers answers
        the aggregate over them, and `key/l:LABEL` the writer's own. At most 1,000 lines."""
        raise NotImplementedError

    def points(
        self,
        actor: Actor,
        run: RunKey,
        key: str,
        *,
        x: str = "_step",
        space: Space = "history",
        lo: float | None = None,
        hi: float | None = None,
    ) -> Points:
        raise NotImplementedError

    def statistics(
        self, actor: Actor, run: RunKey, key: str, *, lo: float | None = None, hi: float | None = None
    ) -> Mapping[str, float | int | None]:
        """count, min, max, mean, std, first, last over all points in the step range: exact."""
        raise NotImplementedError

    def rows(
        self,
        actor: Actor,
        run: RunKey,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int = 1000,
        space: Space = "history",
        require_all: bool = False,
    ) -> list[Row]:
        raise NotImplementedError

    def tail(self, actor: Actor, run: RunKey, n: int, *, space: Space = "history") -> list[Row]:
        raise NotImplementedError

    def keys(
        self,
        actor: Actor,
        run: RunKey,
        *,
        search: str = "",
        after: str = "",
        limit: int = 1000,
        space: Space = "history",
    ) -> list[KeyInfo]:
        raise NotImplementedError

    def key_infos(self, actor: Actor, run: RunKey, names: Sequence[str]) -> dict[str, KeyInfo]:
        raise NotImplementedError

    def project_keys(
        self, actor: Actor, entity: str, project: str, *, search: str = "", after: str = "", limit: int = 200
    ) -> list[tuple[str, str]]:
        """(key, kind) logged by any run of the project, by name."""
        raise NotImplementedError

    def info(self, actor: Actor, run: RunKey, *, space: Space = "history") -> SetInfo:
        raise NotImplementedError

    def sample(
        self,
        actor: Actor,
        run: RunKey,
        *,
        keys: Sequence[str] | None,
        samples: int,
        min_step: int | None = None,
        max_step: int | None = None,
        space: Space = "history",
        require_all: bool = False,
    ) -> list[Row]:
        """Evenly spread whole rows, first and last among them. With `keys`, among rows that hold one
        of them (all of them with `require_all`)."""
        raise NotImplementedError

    def export(
        self, actor: Actor, run: RunKey, *, keys: Sequence[str] | None = None, space: Space = "history"
    ) -> Iterator[Any]:
        """pyarrow.RecordBatch after RecordBatch."""
        raise NotImplementedError

    def rewind(self, actor: Actor, run: RunKey, *, last_step: int) -> int:
        raise NotImplementedError


Aggregate = Literal["mean", "min", "max", "std"]
