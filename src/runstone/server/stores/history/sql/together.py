"""Points of many lines summed up in one pass.

A chart of a hundred runs is a hundred short lines. Reduced one by one, each costs two dozen calls
of numpy, whatever its length; laid one after another they cost those calls once. Most of them were
logged at the same steps, too: where their buckets begin is then worked out once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from runstone.server.stores.history.contract import Buckets, Float64s, Int64s
from runstone.server.stores.history.sql.codec import INTEGER, NUMBER
from runstone.server.stores.history.sql.grid import StepGrid, Summed, finished_lines, starts_on
from runstone.server.stores.history.sql.pieces import Piece, Segment, settled_numbers
from runstone.server.stores.history.sql.segments import Cells, cells_between
from runstone.server.stores.history.sql.tables import rising

# Few enough to stay in the processor's cache between the passes over them, enough to share the calls.
POINTS_AT_ONCE = 1 << 16
EACH_MAX = 32  # points of a bucket: where there are more, reduceat is as quick


@dataclass(slots=True)
class _Shape:
    """Where a line's points lie on the grid. `kept` holds what the shape is known by; `each`: so many
    points in every bucket but the first and the last, 0 where they differ."""

    numbers: Int64s
    starts: Int64s
    ends: Int64s
    first_step: Int64s
    last_step: Int64s
    count: int
    each: int
    kept: Any


class Stretch(NamedTuple):
    """Several lines' cells one after another; line `lines[i]`'s begin at `bounds[i]`."""

    lines: list[int]
    bounds: Int64s
    numbers: Int64s
    cells: Cells

    def part(self, at: int) -> Summed:
        """Those of the line at that position."""
        end = int(self.bounds[at + 1]) if at + 1 < len(self.bounds) else len(self.numbers)
        part = slice(int(self.bounds[at]), end)
        return Summed(self.numbers[part], self.cells.pick(part))

    def finished(self) -> list[Buckets]:
        cells = self.cells
        x, x_last = cells.first_step.astype(np.float64), cells.last_step.astype(np.float64)
        return finished_lines(self.numbers, cells, x, x_last, self.bounds)


class Alike(NamedTuple):
    """Lines of one shape: what does not depend on the values is there once. min, max, mean, first,
    last: shape (lines, buckets); every value is finite."""

    lines: list[int]
    shape: _Shape
    min: Float64s
    max: Float64s
    mean: Float64s
    first: Float64s
    last: Float64s

    def part(self, at: int) -> Summed:
        shape = self.shape
        points = shape.ends - shape.starts + 1
        return Summed(
            shape.numbers,
            Cells(
                shape.first_step, shape.last_step, points, np.zeros_like(points),
                self.min[at], self.max[at], self.mean[at], self.first[at], self.last[at],
            ),
        )  # fmt: skip

    def finished(self) -> list[Buckets]:
        shape = self.shape
        x, x_last = shape.first_step.astype(np.float64), shape.last_step.astype(np.float64)
        points = shape.ends - shape.starts + 1
        none, exact = np.zeros_like(points), int(points.max()) <= 1
        rows = zip(self.min, self.max, self.mean, self.first, self.last, strict=True)
        return [
            Buckets(
                x, x_last, low, high, mean, first, last, points, none,
                exact=exact, total=shape.count, index=shape.numbers,
            )
            for low, high, mean, first, last in rows
        ]  # fmt: skip


class Together:
    """Takes lines in, each once at most, and sums them up a stretch at a time."""

    def __init__(self, grid: StepGrid) -> None:
        self._grid = grid
        self._shapes: dict[tuple[int, ...], _Shape] = {}
        self._lines: list[int] = []
        self._line_shapes: list[_Shape] = []
        self._pieces: list[Sequence[Piece]] = []
        self._scratch: Float64s = np.empty(0)
        self._room: Float64s = np.empty(0)
        self._points = 0
        self.stretches: list[Stretch | Alike] = []

    def add(self, line: int, pieces: Sequence[Piece]) -> None:
        """Merged points of one line; pieces may overlap."""
        pieces = [piece for piece in pieces if len(piece.steps)]
        if not pieces:
            return
        shape = self._known(pieces)
        if shape is not None:
            self._pieces.append(pieces)
        else:
            steps, values = settled_numbers(list(pieces))
            if not len(steps):
                return
            shape = self._shape(steps, None)
            self._pieces.append([Piece(NUMBER, steps, values, True)])
        self._lines.append(line)
        self._line_shapes.append(shape)
        self._points += shape.count
        if self._points >= POINTS_AT_ONCE:
            self.close()

    def _known(self, pieces: Sequence[Piece]) -> _Shape | None:
        """The shape of pieces that follow each other, shared by lines with the very same steps."""
        mark = tuple([id(piece.steps) for piece in pieces])
        shape = self._shapes.get(mark)
        if shape is not None:
            return shape if all(piece.kind in (NUMBER, INTEGER) for piece in pieces) else None
        if not all(piece.rising and piece.kind in (NUMBER, INTEGER) for piece in pieces):
            return None
        steps = pieces[0].steps
        if len(pieces) > 1:
            steps = np.concatenate([piece.steps for piece in pieces])
            if not rising(steps):
                return None
        shape = self._shape(steps, [piece.steps for piece in pieces])
        if len(self._shapes) < 64:
            self._shapes[mark] = shape
        return shape

    def _shape(self, steps: Int64s, kept: Any) -> _Shape:
        numbers, starts = starts_on(steps, self._grid)
        ends = np.append(starts[1:], len(steps)) - 1
        each = 0
        if kept is not None and len(starts) > 2:  # else no other line will have it
            widths = starts[2:] - starts[1:-1]
            each = int(widths[0]) if (widths == widths[0]).all() else 0
        return _Shape(numbers, starts, ends, steps[starts], steps[ends], len(steps), each, kept)

    def close(self) -> None:
        """Sum up what was taken in."""
        by_shape: dict[int, list[int]] = {}
        for at, shape in enumerate(self._line_shapes):
            by_shape.setdefault(id(shape), []).append(at)
        others: list[int] = []
        for some in by_shape.values():
            alike = self._alike(some) if len(some) > 1 else None
            if alike is None:
                others += some
            else:
                self.stretches.append(alike)
        if others:
            self.stretches.append(self._stretch(others))
        self._lines, self._line_shapes, self._pieces, self._points = [], [], [], 0

    def _alike(self, some: list[int]) -> Alike | None:
        values = self._joined(some)
        if len(self._room) < len(values):
            self._room = np.empty(len(self._scratch))
        lines = [self._lines[at] for at in some]
        return _alike(lines, self._line_shapes[some[0]], values.reshape(len(lines), -1), self._room)

    def _stretch(self, some: list[int]) -> Stretch:
        values = self._joined(some)
        shapes = [self._line_shapes[at] for at in some]
        points = np.cumsum([0] + [shape.count for shape in shapes])[:-1]
        lengths = np.array([len(shape.starts) for shape in shapes])
        shift = np.repeat(points, lengths)
        cells = cells_between(
            np.concatenate([shape.first_step for shape in shapes]),
            np.concatenate([shape.last_step for shape in shapes]),
            values,
            np.concatenate([shape.starts for shape in shapes]) + shift,
            np.concatenate([shape.ends for shape in shapes]) + shift,
        )
        bounds = (np.cumsum(lengths) - lengths).astype(np.int64)
        numbers = np.concatenate([shape.numbers for shape in shapes])
        return Stretch([self._lines[at] for at in some], bounds, numbers, cells)

    def _joined(self, some: list[int]) -> Float64s:
        """The values of those lines one after another, in memory that is used again for the next."""
        if self._points > len(self._scratch):
            self._scratch = np.empty(self._points)
        at = 0
        for line in some:
            for piece in self._pieces[line]:
                end = at + len(piece.steps)
                if isinstance(piece, Segment):
                    piece.put(self._scratch[at:end])
                else:
                    self._scratch[at:end] = piece.values
                at = end
        return self._scratch[:at]


def _alike(lines: list[int], shape: _Shape, values: Float64s, room: Float64s) -> Alike | None:
    """values: shape (lines, points). None where not all of them are finite, or a sum is too large.
    room: shape (points of all, at least), overwritten."""
    with np.errstate(over="ignore", invalid="ignore"):
        if not math.isfinite(float(np.add.reduce(values, axis=None))):
            return None
        if shape.count == len(shape.starts):  # a point to a bucket: it is all there is to say
            kept = values.copy()
            return Alike(lines, shape, kept, kept, kept, kept, kept)
        turned = _turned(values, shape, room)
        mean = _reduced(np.add, values, shape, turned)
        mean /= shape.ends - shape.starts + 1
    if not np.isfinite(mean).all():
        return None
    low, high = (_reduced(how, values, shape, turned) for how in (np.minimum, np.maximum))
    np.maximum(mean, low, out=mean)  # rounding must not leave [min, max]
    np.minimum(mean, high, out=mean)
    return Alike(lines, shape, low, high, mean, values[:, shape.starts], values[:, shape.ends])


def _turned(values: Float64s, shape: _Shape, room: Float64s) -> Float64s | None:
    """Where all buckets but the two at the ends are of one size: their first points, then their
    second ones, and so on, shape (points of a bucket, lines, inner buckets). Reduced over that they
    are a few long passes, where reduceat makes a short one for each bucket."""
    if not 1 < shape.each <= EACH_MAX:
        return None
    start, end = int(shape.starts[1]), int(shape.starts[-1])
    inner = values[:, start:end].reshape(len(values), -1, shape.each)
    turned = room[: inner.size].reshape(shape.each, len(values), -1)
    np.copyto(turned, inner.transpose(2, 0, 1))
    return turned


def _reduced(how: np.ufunc, values: Float64s, shape: _Shape, turned: Float64s | None) -> Float64s:
    """`how` over the points of each bucket: shape (lines, buckets)."""
    if turned is None:
        reduced: Float64s = how.reduceat(values, shape.starts, axis=1)
        return reduced
    out = np.empty((len(values), len(shape.starts)))
    how.reduce(turned, axis=0, out=out[:, 1:-1])
    how.reduce(values[:, : int(shape.starts[1])], axis=1, out=out[:, 0])
    how.reduce(values[:, int(shape.starts[-1]) :], axis=1, out=out[:, -1])
    return out
