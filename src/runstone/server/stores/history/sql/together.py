"""Points of many lines summed up in one pass.

A chart of a hundred runs is a hundred short lines. Reduced one by one, each costs two dozen calls
of numpy, whatever its length; laid one after another they cost those calls once. Most of them were
logged at the same steps, too: where their buckets begin is then worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from runstone.server.stores.history.contract import Buckets, Float64s, Int64s
from runstone.server.stores.history.sql.codec import INTEGER, NUMBER
from runstone.server.stores.history.sql.grid import StepGrid, Summed, finished_lines, starts_on
from runstone.server.stores.history.sql.reading import Piece, Segment, settled_numbers
from runstone.server.stores.history.sql.segments import Cells, cells_between
from runstone.server.stores.history.sql.tables import rising

# Few enough to stay in the processor's cache between the passes over them, enough to share the calls.
POINTS_AT_ONCE = 1 << 17


@dataclass(slots=True)
class _Shape:
    """Where a line's points lie on the grid. `kept` holds what the shape is known by."""

    numbers: Int64s
    starts: Int64s
    ends: Int64s
    first_step: Int64s
    last_step: Int64s
    count: int
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


class Together:
    """Takes lines in, each once at most, and sums them up a stretch at a time."""

    def __init__(self, grid: StepGrid) -> None:
        self._grid = grid
        self._shapes: dict[tuple[int, ...], _Shape] = {}
        self._lines: list[int] = []
        self._line_shapes: list[_Shape] = []
        self._pieces: list[Piece] = []
        self._scratch: Float64s = np.empty(0)
        self._points = 0
        self.stretches: list[Stretch] = []

    def add(self, line: int, pieces: Sequence[Piece]) -> None:
        """Merged points of one line; pieces may overlap."""
        pieces = [piece for piece in pieces if len(piece.steps)]
        if not pieces:
            return
        shape = self._known(pieces)
        if shape is not None:
            self._pieces += pieces
        else:
            steps, values = settled_numbers(list(pieces))
            if not len(steps):
                return
            shape = self._shape(steps, None)
            self._pieces.append(Piece(NUMBER, steps, values, True))
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
        return _Shape(numbers, starts, ends, steps[starts], steps[ends], len(steps), kept)

    def close(self) -> None:
        """Sum up what was taken in."""
        if not self._lines:
            return
        shapes = self._line_shapes
        points = np.cumsum([0] + [shape.count for shape in shapes])[:-1]
        lengths = np.array([len(shape.starts) for shape in shapes])
        shift = np.repeat(points, lengths)
        cells = cells_between(
            np.concatenate([shape.first_step for shape in shapes]),
            np.concatenate([shape.last_step for shape in shapes]),
            self._joined(),
            np.concatenate([shape.starts for shape in shapes]) + shift,
            np.concatenate([shape.ends for shape in shapes]) + shift,
        )
        bounds = (np.cumsum(lengths) - lengths).astype(np.int64)
        numbers = np.concatenate([shape.numbers for shape in shapes])
        self.stretches.append(Stretch(self._lines, bounds, numbers, cells))
        self._lines, self._line_shapes, self._pieces, self._points = [], [], [], 0

    def _joined(self) -> Float64s:
        """All values one after another, in memory that is used again for the next stretch."""
        if self._points > len(self._scratch):
            self._scratch = np.empty(self._points)
        at = 0
        for piece in self._pieces:
            end = at + len(piece.steps)
            if isinstance(piece, Segment):
                piece.put(self._scratch[at:end])
            else:
                self._scratch[at:end] = piece.values
            at = end
        return self._scratch[:at]
