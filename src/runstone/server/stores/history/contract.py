"""What the rest of the server may rely on from a history store.

A *series set* is everything one run logged by step ("history") or its machines reported
("system", where the step is the timestamp in milliseconds). Rows of a set are addressed by step;
per (step, key) the value that arrived last wins; missing is not NaN.

All calls block, may come from any thread, and are safe to repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from runstone.server.domain.identity import RunKey

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

Space = Literal["history", "system"]
KeyKind = Literal["number", "integer", "bool", "string", "json"]  # "mixed" keys report the widest
STEP, TIMESTAMP, RUNTIME = "_step", "_timestamp", "_runtime"


class SetKey(NamedTuple):
    """One series set."""

    run: RunKey
    space: Space


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one key in a batch. `rows` are the positions in the batch that hold one.

    kind "number": float64 (NaN and ±Inf are values). "integer": int64, exact. "bool" and "string":
    a list. "json": a list of any JSON value, media and histograms among them.
    """

    kind: KeyKind
    rows: Int64s
    values: Float64s | Int64s | list[Any]


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows in the order they were written; shape (n,) for the first four.

    offsets: each row's own position in its stream (a journal's byte offset, or a line number),
    strictly rising. end_offset: where the stream goes on after this batch.
    steps may repeat, fall or jump. timestamps: Unix seconds; runtimes: seconds since the run began.
    """

    offsets: Int64s
    end_offset: int
    steps: Int64s
    timestamps: Float64s
    runtimes: Float64s
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known of one key over the whole set. min and max leave NaN out (None: no number)."""

    name: str
    kind: KeyKind
    count: int
    first_step: int
    last_step: int
    min: float | None
    max: float | None
    last: Any


@dataclass(frozen=True, slots=True)
class SetInfo:
    """A set as a whole. `version` changes with each append: an ETag for readers."""

    rows: int
    last_step: int | None
    first_timestamp: float | None
    last_timestamp: float | None
    version: int


@dataclass(frozen=True, slots=True)
class Points:
    """Every logged number of one key, steps strictly rising; shape (n,)."""

    steps: Int64s
    values: Float64s
    x: Float64s  # what was asked for as x, at those steps; NaN where it was not logged


@dataclass(frozen=True, slots=True)
class Buckets:
    """A series reduced to at most `buckets` intervals of equal width of x; shape (m,), x rising.

    Exact over all points: `count` points in the bucket, the lowest, highest, mean (NaN and ±Inf
    left out, counted in `non_finite`), first and last value by x, and the x at which first, last,
    lowest and highest were logged, so that drawing all four loses no spike. `exact` says that no
    bucket holds more than one point: mean is then the logged value and `x` the logged x.
    `x` is the bucket's first x. Empty buckets are left out; `index` numbers the others on the grid
    that all lines of one answer share. For x = _step bucket k holds the steps [k·w, (k+1)·w), w a
    whole number, so that buckets stay where they are while a run grows.
    """

    x: Float64s
    x_last: Float64s
    min: Float64s
    max: Float64s
    mean: Float64s
    first: Float64s
    last: Float64s
    count: Int64s
    non_finite: Int64s
    exact: bool
    total: int  # points in the range
    index: Int64s = field(default_factory=lambda: np.empty(0, np.int64))  # each bucket's number on the grid


class Window(NamedTuple):
    """A range of x, both ends included; None is open. `buckets`: grid of equal width over it."""

    lo: float | None = None
    hi: float | None = None
    buckets: int = 1000


@dataclass(frozen=True, slots=True)
class Row:
    step: int
    timestamp: float
    runtime: float
    values: dict[str, Any] = field(default_factory=dict)


class HistoryStore(Protocol):
    def append(self, where: SetKey, stream: str, batch: RowBatch, *, note: bytes | None = None) -> int:
        """Keep a batch; returns once it would survive the process (and, where the kind says so,
        the power). Rows whose offset is below the stream's next offset are passed over, so a
        re-send is harmless whatever its boundaries. Returns the stream's next offset.

        note: what the caller wants to find with the stream later (`note`), kept in the same
        transaction in the place of an earlier one; None leaves that one alone.
        """

    def append_many(self, batches: Sequence[tuple[SetKey, str, RowBatch, bytes | None]]) -> list[int]:
        """Several at once, (where, stream, batch, note) each: as `append` one by one, but they may share
        a transaction. Where one raises, others may be kept."""

    def settle(self, run: RunKey | None = None) -> None:
        """From here on what was appended, or what of that run, is in the database itself, for those who
        copy that: a store may keep the newest rows beside it for a moment. Readers see them in any
        case. Raises Unavailable."""

    def next_offset(self, where: SetKey, stream: str) -> int:
        """Where `stream` goes on; 0 for one never seen."""

    def note(self, where: SetKey, stream: str) -> bytes | None:
        """The stream's note, if there is one."""

    def notes(self) -> list[tuple[SetKey, str, bytes]]:
        """All notes there are, as (where, stream, note). A rewind drops those of its set."""

    def forget_notes(self, streams: Sequence[tuple[SetKey, str, int]]) -> None:
        """(where, stream, offset) each: not needed any more, unless the stream is beyond that offset."""

    def info(self, where: SetKey) -> SetInfo:
        """Of an unknown set: zero rows."""

    def keys(
        self,
        where: SetKey,
        *,
        search: str = "",
        after: str = "",
        limit: int = 1000,
        kind: KeyKind | None = None,
    ) -> list[KeyInfo]:
        """Keys by name, those that contain `search`, after `after`. Without _step and the like. With
        `kind` those that hold a value of it, at a cost of theirs alone."""

    def key_infos(self, where: SetKey, names: Sequence[str]) -> dict[str, KeyInfo]:
        """Those of `names` that were logged."""

    def buckets(self, wanted: Sequence[tuple[SetKey, str]], *, x: str, window: Window) -> list[Buckets]:
        """One answer per wanted (set, key), on one common grid of x. x: _step, _timestamp,
        _runtime or any numeric key of the same set, paired by step. A key never logged answers
        empty arrays. Over all points, appended ones included. Cost: for x = _step about that of
        `window.buckets`, whatever the number of points.
        """

    def points(
        self, where: SetKey, key: str, *, x: str = STEP, lo: float | None = None, hi: float | None = None
    ) -> Points:
        """Every point of a numeric key, for exact statistics and export."""

    def rows(
        self,
        where: SetKey,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int = 1000,
        require_all: bool = False,
    ) -> list[Row]:
        """Whole rows by rising step (both ends included), merged per (step, key); with `keys` only
        those values, and only rows that hold one of them (all of them with `require_all`)."""

    def tail(self, where: SetKey, n: int) -> list[Row]:
        """The last n rows by step."""

    def fork(self, parent: SetKey, child: SetKey, *, last_step: int) -> None:
        """The child now reads the parent's points up to `last_step` before its own; nothing is
        copied, and later changes of the parent above that step do not show. Raises Conflict for a
        child that goes on from something else already."""

    def rewind(self, where: SetKey, *, last_step: int) -> int:
        """Hide points above `last_step`, kept as an earlier epoch. Returns the rows left. Streams
        start anew, at offset 0: what comes next is not what was written after that step before."""

    def delete(self, run: RunKey) -> None:
        """Forget both sets of a run; forks of it keep what they read."""

    def seal(self, where: SetKey) -> None:
        """The run ended: bring the set to its smallest lasting form. Later appends are allowed."""

    def export(self, where: SetKey, *, keys: Sequence[str] | None = None) -> Iterator[Any]:
        """pyarrow.RecordBatch after RecordBatch: _step, _timestamp, _runtime, then a column a key
        (numbers float64 or int64, bool, string; JSON as text), merged, by rising step. A key whose
        values were of several kinds is JSON throughout. The field's metadata says which: `kind`."""

    def maintain(self, *, seconds: float) -> bool:
        """Merge appended rows into segments for about that long. True: there is more to do.
        Called by a background job; several processes may call it at once."""

    def infos(self, wheres: Sequence[SetKey]) -> list[SetInfo]:
        """`info` of many sets at once."""

    def next_offsets(self, wheres: Sequence[SetKey], stream: str) -> list[int]:
        """`next_offset` of that stream in many sets at once."""

    def versions(self, wheres: Sequence[SetKey]) -> list[int]:
        """`info(...).version` of many sets at once; 0 for one never seen."""

    def sample(
        self,
        where: SetKey,
        *,
        keys: Sequence[str] | None,
        samples: int,
        min_step: int | None = None,
        max_step: int | None = None,
        require_all: bool = False,
    ) -> list[Row]:
        """At most `samples` of the rows that `rows` would answer without a limit, evenly spread, the
        first and the last among them."""

    def label_keys(self, wanted: Sequence[tuple[SetKey, str]]) -> list[list[str]]:
        """For each wanted (set, key): the keys `key/l:LABEL` of its labelled writers, by name."""

    def note_keys(self, group: int, keys: Mapping[str, KeyKind]) -> None:
        """Remember that these keys were logged somewhere in a group of runs (a project)."""

    def group_keys(
        self, group: int, *, search: str = "", after: str = "", limit: int = 200
    ) -> list[tuple[str, KeyKind]]:
        """Keys noted for the group, by name: those that contain `search`, after `after`."""

    def bytes_used(self) -> int:
        """What the store takes on disk, about."""

    def close(self) -> None: ...
