"""What is known of the keys of a bucket, without reading their points.

Per slot: how many points lie in segments, in full packs and in the open one; the first and last
step; the lowest and highest number (NaN left out); the last value. Kept beside the points, in the
same transaction that moves them.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import Float64s, Int64s
from runstone.server.stores.history.sql import codec
from runstone.server.stores.history.sql.codec import INTEGER, NUMBER

SLOTS_MAX = 256
_HEAD = struct.Struct("<II")
_ROWS = 9
_STEP_MAX, _STEP_MIN = 2**63 - 1, -(2**63)


class Stats:
    """Arrays of shape (slots,). An empty slot has first > last and NaN for min and max."""

    __slots__ = (
        "_other",
        "_other_bytes",
        "first",
        "kinds",
        "last",
        "last_bits",
        "max",
        "min",
        "open",
        "own",
        "packed",
        "slots",
    )  # fmt: skip

    def __init__(self, slots: int = 0) -> None:
        self.slots = slots
        self.kinds: Int64s = np.zeros(slots, np.int64)
        self.own: Int64s = np.zeros(slots, np.int64)
        self.packed: Int64s = np.zeros(slots, np.int64)
        self.open: Int64s = np.zeros(slots, np.int64)
        self.first: Int64s = np.full(slots, _STEP_MAX, np.int64)
        self.last: Int64s = np.full(slots, _STEP_MIN, np.int64)
        self.last_bits: Int64s = np.zeros(slots, np.int64)  # of the last number or integer
        self.min: Float64s = np.full(slots, np.nan)
        self.max: Float64s = np.full(slots, np.nan)
        self._other: dict[int, Any] | None = {}
        self._other_bytes: bytes | memoryview = b""

    @property
    def counts(self) -> Int64s:
        return self.own + self.packed + self.open

    def grow(self, slots: int) -> None:
        """Room for `slots` keys."""
        if slots > self.slots:
            new = Stats(slots)
            for name in ("kinds", "own", "packed", "open", "first", "last", "last_bits", "min", "max"):
                getattr(new, name)[: self.slots] = getattr(self, name)
                setattr(self, name, getattr(new, name))
            self.slots = slots

    def other(self) -> dict[int, Any]:
        """Last values that are not numbers, by slot."""
        if self._other is None:
            pairs = codec.unpack_values(self._other_bytes)
            self._other = {int(slot): value for slot, value in pairs}
        return self._other

    def last_value(self, slot: int) -> Any:
        kind = int(self.kinds[slot])
        if kind == NUMBER:
            return float(self.last_bits[slot : slot + 1].view(np.float64)[0])
        if kind == INTEGER:
            return int(self.last_bits[slot])
        return self.other().get(slot)

    def set_last(self, slot: int, value: Any) -> None:
        kind = int(self.kinds[slot])
        if kind == NUMBER:
            self.last_bits[slot : slot + 1] = np.array([value], np.float64).view(np.int64)
        elif kind == INTEGER:
            self.last_bits[slot] = value
        else:
            self.other()[slot] = value

    def clear(self, slot: int) -> None:
        """As if nothing had been logged; the counts are left alone."""
        self.first[slot], self.last[slot] = _STEP_MAX, _STEP_MIN
        self.min[slot] = self.max[slot] = np.nan

    def encode(self) -> bytes:
        matrix = np.empty((_ROWS, self.slots), np.int64)
        for at, row in enumerate(
            (self.kinds, self.own, self.packed, self.open, self.first, self.last, self.last_bits)
        ):
            matrix[at] = row
        matrix[7] = self.min.view(np.int64)
        matrix[8] = self.max.view(np.int64)
        body = codec.pack_array(matrix)
        other = self._other_bytes if self._other is None else b""
        if self._other:
            other = codec.pack_values(list(self._other.items()))
        return _HEAD.pack(self.slots, len(body)) + body + bytes(other)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Stats:
        view = memoryview(data)
        slots, size = _HEAD.unpack_from(view)
        at = _HEAD.size
        matrix = codec.unpack_array(view[at : at + size], np.int64).reshape(_ROWS, slots).copy()
        stats = cls.__new__(cls)
        stats.slots = slots
        stats.kinds, stats.own, stats.packed, stats.open = matrix[0], matrix[1], matrix[2], matrix[3]
        stats.first, stats.last, stats.last_bits = matrix[4], matrix[5], matrix[6]
        stats.min, stats.max = matrix[7].view(np.float64), matrix[8].view(np.float64)
        stats._other_bytes = view[at + size :]
        stats._other = None if len(stats._other_bytes) else {}
        return stats
