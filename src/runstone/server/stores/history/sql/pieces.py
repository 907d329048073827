"""Points of a series as they come out of the store, in pieces, and what stands of them in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import Float64s, Int64s
from runstone.server.stores.history.sql.catalog import Place
from runstone.server.stores.history.sql.codec import (
    INTEGER,
    NUMBER,
    Frame,
    FrameBlock,
    unpack_array,
    unpack_into,
)
from runstone.server.stores.history.sql.segments import steps_of
from runstone.server.stores.history.sql.tables import DTYPES, last_of_each, rising


@dataclass(slots=True)
class Piece:
    """Points of one kind, in order of arrival; `rising`: their steps are known to rise strictly, as
    they always do in merged pieces."""

    kind: int
    steps: Int64s
    values: Any
    rising: bool = False

    def within(self, lo: int, hi: int) -> Piece:
        """As `between`, for rising steps."""
        if not len(self.steps) or (self.steps[0] >= lo and self.steps[-1] <= hi):
            return self
        part = slice(int(np.searchsorted(self.steps, lo)), int(np.searchsorted(self.steps, hi, "right")))
        return Piece(self.kind, self.steps[part], self.values[part], True)

    def between(self, lo: int, hi: int) -> Piece:
        """The points with steps in [lo, hi]."""
        if self.rising:
            return self.within(lo, hi)
        if not len(self.steps):
            return self
        keep = (self.steps >= lo) & (self.steps <= hi)
        if keep.all():
            return self
        values = self.values
        if isinstance(values, np.ndarray):
            return Piece(self.kind, self.steps[keep], values[keep])
        return Piece(self.kind, self.steps[keep], [values[i] for i in np.flatnonzero(keep).tolist()])


class Segment(Piece):
    """A whole row of a series' own points, whose values are unpacked when they are asked for, or
    right where they are wanted."""

    __slots__ = ("_packed", "_unpacked")

    def __init__(self, kind: int, data: bytes | memoryview) -> None:
        self.kind = kind
        self.steps, self._packed = steps_of(data)
        self.rising = True
        self._unpacked: Any = None

    @property
    def values(self) -> Any:
        if self._unpacked is None:
            self._unpacked = unpack_array(self._packed, DTYPES[self.kind])
        return self._unpacked

    def put(self, out: Float64s) -> None:
        """The values as float64, into `out`: shape (n,)."""
        if self.kind == NUMBER and self._unpacked is None:
            unpack_into(self._packed, out)
        else:
            out[:] = self.values


def steps_in(frame: Frame, block: FrameBlock[Any]) -> Int64s:
    """The steps of a block's rows."""
    rows = block.rows
    return frame.steps if rows is None else frame.steps[rows]


def piece_of_slot(frame: Frame, place: Place) -> Piece | None:
    for block in frame.blocks:
        if block.kind == place.kind:
            at = block.keys.find(place.slot)
            if at >= 0:
                return Piece(place.kind, steps_in(frame, block), block.row(at), True)
    return None


def settled_numbers(pieces: list[Piece]) -> tuple[Int64s, Float64s]:
    """Numbers by rising step, the last point of each step; where that is none, the step is out."""
    if not pieces:
        return np.empty(0, np.int64), np.empty(0)
    if len(pieces) == 1 and pieces[0].kind in (NUMBER, INTEGER) and rising(pieces[0].steps):
        return pieces[0].steps, pieces[0].values.astype(np.float64, copy=False)
    steps = np.concatenate([piece.steps for piece in pieces])
    numeric = all(piece.kind in (NUMBER, INTEGER) for piece in pieces)
    values = np.concatenate(
        [
            piece.values.astype(np.float64, copy=False)
            if piece.kind in (NUMBER, INTEGER)
            else np.zeros(len(piece.steps))
            for piece in pieces
        ]
    )
    if numeric and rising(steps):
        return steps, values
    order = last_of_each(steps)
    if not numeric:
        is_number = np.concatenate(
            [np.full(len(piece.steps), piece.kind in (NUMBER, INTEGER)) for piece in pieces]
        )
        order = order[is_number[order]]
    return steps[order], values[order]


def settled_steps(pieces: list[Piece]) -> Int64s:
    """The steps at which there is a value, rising."""
    steps = np.concatenate([piece.steps for piece in pieces]) if pieces else np.empty(0, np.int64)
    return steps if rising(steps) else np.unique(steps)


def settled_values(pieces: list[Piece]) -> tuple[Int64s, list[Any]]:
    """Values of any kind by rising step, the last point of each step."""
    if not pieces:
        return np.empty(0, np.int64), []
    steps = np.concatenate([piece.steps for piece in pieces]) if len(pieces) > 1 else pieces[0].steps
    values: list[Any] = []
    for piece in pieces:
        values += as_python(piece)
    if rising(steps):
        return steps, values
    order = last_of_each(steps)
    return steps[order], [values[i] for i in order.tolist()]


def as_python(piece: Piece) -> list[Any]:
    if isinstance(piece.values, np.ndarray):
        if piece.kind in (NUMBER, INTEGER):
            return list(piece.values.tolist())
        return list(piece.values.astype(bool).tolist())
    return list(piece.values)
