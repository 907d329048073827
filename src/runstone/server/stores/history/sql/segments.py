"""One key's points by step, and the pyramid over them.

Level 0 rows hold points: at most 8,192, sorted by step. Levels 1 to 3 hold cells: a cell sums up
the points of one level-0 row whose step lies in [c·8^e, (c+1)·8^e), so cells end on round steps and
a chart's buckets, whose width is a multiple of 8^e, never cut one. e follows the density: about 64
points to a cell on level 1, 512 on level 2, 4,096 on level 3. Where a level-0 row ends inside a
cell, its neighbour holds the rest of it: two cells then share a number, which readers add up.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from runstone.server.stores.history.contract import Float64s, Int64s
from runstone.server.stores.history.sql import codec
from runstone.server.stores.history.sql.codec import INTEGER
from runstone.server.stores.history.sql.tables import last_of_each, rising

POINTS_MAX = 8192
CELLS_MAX = 1024
_SCALE = 2.0**-64
LEVELS = (1, 2, 3)
_POINTS = struct.Struct("<IqqI")
_CELLS = struct.Struct("<IqqI")


# -- points


def encode_points(steps: Int64s, values: Any, *, sealed: bool = False) -> bytes:
    first, stride, step_bytes = codec.pack_steps(steps, sealed=sealed)
    return (
        _POINTS.pack(len(steps), first, stride, len(step_bytes))
        + step_bytes
        + codec.pack_array(values, sealed=sealed)
    )


def decode_points(data: bytes | memoryview, kind: int) -> tuple[Int64s, Any]:
    """Steps and values: float64, or int64 for INTEGER."""
    steps, values = steps_of(data)
    return steps, codec.unpack_array(values, np.int64 if kind == INTEGER else np.float64)


def steps_of(data: bytes | memoryview) -> tuple[Int64s, memoryview]:
    """Steps, and the values as they are packed."""
    view = memoryview(data)
    n, first, stride, size = _POINTS.unpack_from(view)
    at = _POINTS.size
    return codec.unpack_steps(first, stride, view[at : at + size], n), view[at + size :]


# -- cells


class Cells(NamedTuple):
    """Shape (n,) each, by rising first step. min, max and mean leave NaN and ±Inf out; a cell
    without a finite value has min = +inf, max = -inf, mean = 0. (The mean and not the sum: the sum
    of finite numbers may be too large for a float64.)"""

    first_step: Any  # int64; float64 where another x takes the step's place
    last_step: Any
    points: Int64s
    non_finite: Int64s
    min: Float64s
    max: Float64s
    mean: Float64s
    first: Float64s
    last: Float64s

    def pick(self, at: Any) -> Cells:
        return Cells(*(column[at] for column in self))


def join(parts: list[Cells]) -> Cells:
    if len(parts) == 1:
        return parts[0]
    return Cells(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


_INTS, _FLOATS = np.empty(0, np.int64), np.empty(0)
EMPTY = Cells(_INTS, _INTS, _INTS, _INTS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLOATS)


def cells_at(steps: Int64s | Float64s, values: Float64s, starts: Int64s) -> Cells:
    """Sum up the points [starts[i], starts[i+1]): one cell each, none of them empty."""
    ends = np.append(starts[1:], len(steps)) - 1
    return cells_between(steps[starts], steps[ends], values, starts, ends)


def cells_between(first_step: Any, last_step: Any, values: Float64s, starts: Int64s, ends: Int64s) -> Cells:
    """The cells over values [starts[i], ends[i]], whose steps are known: together all values, which
    may be those of many series one after another."""
    count = ends - starts + 1
    finite = values
    low = high = values
    # The sum of all is finite only where every value is (or where it overflows: then we look).
    with np.errstate(over="ignore", invalid="ignore"):
        together = float(np.add.reduce(values))
    if not math.isfinite(together):
        good = np.isfinite(values)
        non_finite = np.add.reduceat((~good).astype(np.int64), starts)
        finite = np.where(good, values, 0.0)
        low = np.where(good, values, np.inf)
        high = np.where(good, values, -np.inf)
    else:
        non_finite = np.zeros(len(starts), np.int64)
    return Cells(
        first_step,
        last_step,
        count,
        non_finite,
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
        means_of(finite, starts, count - non_finite),
        values[starts],
        values[ends],
    )


def means_of(values: Float64s, starts: Int64s, count: Int64s) -> Float64s:
    """Sums of the stretches that begin at `starts`, by `count`; 0 where that is 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(values, starts)
        mean: Float64s = total / np.maximum(count, 1)
        if not np.isfinite(total).all():  # too large: summed once more, scaled by a power of two
            scaled = np.add.reduceat(values * _SCALE, starts) / np.maximum(count, 1) / _SCALE
            mean = np.where(np.isfinite(total), mean, scaled)
    return mean


def cells_of(steps: Int64s, values: Float64s, e: int) -> Cells:
    """The cells of width 8^e over sorted points."""
    return cells_at(steps, values, starts_of(steps >> (3 * e)))


def starts_of(numbers: Int64s) -> Int64s:
    """Where each run of equal numbers starts."""
    if not len(numbers):
        return np.empty(0, np.int64)
    return np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1)).astype(np.int64)


def encode_cells(cells: Cells, *, sealed: bool = False) -> bytes:
    n = len(cells.first_step)
    first, stride, step_bytes = codec.pack_steps(cells.first_step, sealed=sealed)
    matrix = np.empty((8, n), np.int64)
    np.subtract(cells.last_step, cells.first_step, out=matrix[0])
    matrix[1], matrix[2] = cells.points, cells.non_finite
    floats = matrix.view(np.float64)
    for at in range(3, 8):
        floats[at] = cells[at + 1]
    return (
        _CELLS.pack(n, first, stride, len(step_bytes)) + step_bytes + codec.pack_array(matrix, sealed=sealed)
    )


def decode_cells(data: bytes | memoryview) -> Cells:
    view = memoryview(data)
    n, first, stride, size = _CELLS.unpack_from(view)
    at = _CELLS.size
    first_step = codec.unpack_steps(first, stride, view[at : at + size], n)
    matrix = codec.unpack_array(view[at + size :], np.int64).reshape(8, n)
    floats = matrix.view(np.float64)
    return Cells(first_step, first_step + matrix[0], matrix[1], matrix[2], *floats[3:])


def exponents(steps: Int64s) -> int:
    """e of level 1 for points of that density; levels 2 and 3 take one and two more."""
    span = max(int(steps[-1]) - int(steps[0]) + 1, 1)
    return max(1, min(18, math.ceil(math.log2(32 * span / len(steps)) / 3)))


# -- rows in the store


@dataclass(slots=True)
class Leaf:
    """A row of hist_seg; `b` is fetched when it is needed."""

    lvl: int
    step_lo: int
    step_hi: int
    n: int
    e: int
    b: bytes | None = None


Fetch = Any  # (lvl, step_lo) -> bytes


class SeriesEditor:
    """Adds points to one key's segments and takes points away, a row at a time.

    Handed the rows that the change may touch: all rows whose steps reach `since` or beyond, and the
    last row of each level. Collects what must be written and deleted; nothing else is touched.
    """

    def __init__(
        self, kind: int, leaves: list[Leaf], fetch: Fetch, *, since: int, sealed: bool = False
    ) -> None:
        self.kind = kind
        self.since = since
        self._fetch = fetch
        self._sealed = sealed
        self._rows: dict[int, list[Leaf]] = {lvl: [] for lvl in (0, *LEVELS)}
        for leaf in leaves:
            self._rows[leaf.lvl].append(leaf)
        for rows in self._rows.values():
            rows.sort(key=lambda leaf: leaf.step_lo)
        self.written: dict[tuple[int, int], Leaf] = {}
        self.deleted: set[tuple[int, int]] = set()
        self.count_change = 0

    def reach(self, leaves: list[Leaf], since: int) -> None:
        """Hand over rows further back; those at hand, changed or not, stay as they are."""
        self.since = since
        for leaf in leaves:
            rows = self._rows[leaf.lvl]
            key = (leaf.lvl, leaf.step_lo)
            if key not in self.deleted and all(row.step_lo != leaf.step_lo for row in rows):
                rows.append(leaf)
                rows.sort(key=lambda row: row.step_lo)

    def add(self, steps: Int64s, values: Any) -> None:
        """Points by rising step, none of which is there yet."""
        rows = self._rows[0]
        at = 0
        while at < len(steps):
            # The row whose stretch the next point falls in reaches up to the row after it.
            index = self._row_for(int(steps[at]))
            end = len(steps)
            if index + 1 < len(rows):
                end = int(np.searchsorted(steps, rows[index + 1].step_lo))
            piece = slice(at, end)
            leaf = rows[index] if rows else None
            if leaf is not None and leaf.n >= POINTS_MAX and leaf.step_hi < int(steps[at]):
                leaf = None  # full, and the points come after it: a new row
            if leaf is None:
                self._replace([], steps[piece], values[piece])
            else:
                old_steps, old_values = self._points(leaf)
                joined = np.concatenate([old_steps, steps[piece]])
                both = np.concatenate([old_values, values[piece]])
                if not rising(joined):
                    order = last_of_each(joined)
                    joined, both = joined[order], both[order]
                self._replace([leaf], joined, both)
            self.count_change += end - at
            at = end

    def remove(self, steps: Int64s) -> tuple[Int64s, Any]:
        """Take away those of `steps` (rising) that are there; returns them with their values."""
        gone_steps, gone_values = [], []
        for leaf in list(self._rows[0]):
            inside = steps[
                np.searchsorted(steps, leaf.step_lo) : np.searchsorted(steps, leaf.step_hi, "right")
            ]
            if not len(inside):
                continue
            old_steps, old_values = self._points(leaf)
            hit = np.isin(old_steps, inside, assume_unique=True)
            if not hit.any():
                continue
            gone_steps.append(old_steps[hit])
            gone_values.append(old_values[hit])
            self._replace([leaf], old_steps[~hit], old_values[~hit])
        empty = np.empty(0, np.int64 if self.kind == INTEGER else np.float64)
        self.count_change -= sum(len(part) for part in gone_steps)
        return (
            np.concatenate(gone_steps) if gone_steps else np.empty(0, np.int64),
            np.concatenate(gone_values) if gone_values else empty,
        )

    # -- inside

    def _row_for(self, step: int) -> int:
        rows = self._rows[0]
        lo, hi = 0, len(rows)
        while lo < hi:
            middle = (lo + hi) // 2
            if rows[middle].step_lo <= step:
                lo = middle + 1
            else:
                hi = middle
        return max(lo - 1, 0)

    def _points(self, leaf: Leaf) -> tuple[Int64s, Any]:
        if leaf.b is None:
            leaf.b = self._fetch(0, leaf.step_lo)
        return decode_points(leaf.b, self.kind)

    def _cells(self, leaf: Leaf) -> Cells:
        if leaf.b is None:
            leaf.b = self._fetch(leaf.lvl, leaf.step_lo)
        return decode_cells(leaf.b)

    def _replace(self, old: list[Leaf], steps: Int64s, values: Any) -> None:
        """Put rows of these points in the place of `old`, on level 0 and in the pyramid."""
        rows = self._rows[0]
        for leaf in old:
            rows.remove(leaf)
            self._delete(leaf)
        parts = []
        # The last row of a growing series fills up whole; a row in the middle is halved, so that the
        # next late point finds room.
        tail = not rows or not len(steps) or rows[-1].step_lo < int(steps[0])
        size = POINTS_MAX if tail else max(1, -(-len(steps) // max(1, -(-len(steps) // POINTS_MAX))))
        for at in range(0, len(steps), size):
            part = (steps[at : at + size], values[at : at + size])
            parts.append(part)
            leaf = Leaf(0, int(part[0][0]), int(part[0][-1]), len(part[0]), 0,
                        encode_points(*part, sealed=self._sealed))  # fmt: skip
            rows.append(leaf)
            self._write(leaf)
        rows.sort(key=lambda leaf: leaf.step_lo)
        for level in LEVELS:
            self._replace_cells(level, old, parts)

    def _replace_cells(self, lvl: int, old: list[Leaf], parts: list[tuple[Int64s, Any]]) -> None:
        rows = self._rows[lvl]
        home: Leaf | None = None
        kept: Cells = EMPTY
        for gone in old:
            for leaf in [r for r in rows if r.step_lo <= gone.step_hi and r.step_hi >= gone.step_lo]:
                cells = self._cells(leaf)
                stays = (cells.first_step < gone.step_lo) | (cells.first_step > gone.step_hi)
                if stays.all():
                    continue
                rows.remove(leaf)
                self._delete(leaf)
                if home is not None and len(kept.first_step):
                    if home.e == leaf.e:
                        home, kept = leaf, join([kept, cells.pick(stays)])
                        continue
                    self._put_cells(lvl, kept, home.e)
                home, kept = leaf, cells.pick(stays)
        if not parts and not len(kept.first_step):
            return
        natural = exponents(parts[0][0]) + lvl - 1 if parts else 0
        if home is None and parts:
            # New rows at the end join the last row of cells while it has room.
            before = [r for r in rows if r.step_lo <= int(parts[0][0][0])]
            after = len(before) < len(rows)
            last = before[-1] if before else None
            if last is not None and not after and last.n < CELLS_MAX and abs(last.e - natural) <= 1:
                home = last
                kept = self._cells(last)
                rows.remove(last)
                self._delete(last)
        e = home.e if home is not None and (not parts or abs(home.e - natural) <= 1) else natural
        if home is not None and e != home.e and len(kept.first_step):
            self._put_cells(lvl, kept, home.e)  # the density changed: what stays keeps its width
            kept = EMPTY
        fresh = [cells_of(s, v.astype(np.float64, copy=False), e) for s, v in parts]
        together = join([kept, *fresh])
        if fresh and len(kept.first_step) and not rising(together.first_step):
            together = together.pick(np.argsort(together.first_step, kind="stable"))
        if len(together.first_step):
            self._put_cells(lvl, together, e)

    def _put_cells(self, lvl: int, cells: Cells, e: int) -> None:
        n = len(cells.first_step)
        size = CELLS_MAX if n <= CELLS_MAX else max(CELLS_MAX // 2, -(-n // -(-n // CELLS_MAX)))
        for at in range(0, n, size):
            part = cells.pick(slice(at, at + size))
            leaf = Leaf(
                lvl,
                int(part.first_step[0]),
                int(part.last_step[-1]),
                len(part.first_step),
                e,
                encode_cells(part, sealed=self._sealed),
            )
            self._rows[lvl].append(leaf)
            self._write(leaf)
        self._rows[lvl].sort(key=lambda leaf: leaf.step_lo)

    def _write(self, leaf: Leaf) -> None:
        self.deleted.discard((leaf.lvl, leaf.step_lo))
        self.written[leaf.lvl, leaf.step_lo] = leaf

    def _delete(self, leaf: Leaf) -> None:
        key = (leaf.lvl, leaf.step_lo)
        self.written.pop(key, None)
        self.deleted.add(key)
