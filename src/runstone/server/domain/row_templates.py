"""Rows read by their shape: many rows that differ only in their numbers, without decoding each.

A training loop logs the same keys step after step, so the MessagePack bytes of one row differ from
the next row's only where the numbers are. A `Template` knows from one row where that is. Others of
the same length are then compared with it in one go, all bytes between the numbers, and the numbers
are picked out as one matrix: a hundred rows of ten keys cost a few dozen microseconds in place of
two hundred.

A template says nothing of what it cannot read for certain; such rows are decoded as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.stores.history.blocks import Block
from runstone.server.stores.history.contract import Float64s, Int64s

Bytes = npt.NDArray[np.uint8]

# MessagePack's formats of integers that fit int64: first byte -> (bytes that follow, numpy type).
_INTEGERS = {
    0xCC: (1, ">u1"),
    0xCD: (2, ">u2"),
    0xCE: (4, ">u4"),
    0xD0: (1, ">i1"),
    0xD1: (2, ">i2"),
    0xD2: (4, ">i4"),
    0xD3: (8, ">i8"),
}
_FLOAT64 = 0xCB
_SMALL_MAX = 0x7F  # a positive fixint is its own byte


@dataclass(frozen=True, slots=True)
class Rows:
    """What a template read: shape (n,) each, and blocks over all n rows."""

    steps: Int64s
    timestamps: Float64s
    runtimes: Float64s
    blocks: list[Block]


class Template:
    """The shape of one row. `keys` are the row's, in its order."""

    def __init__(self, size: int, fields: list[_Field], keys: list[str], row: bytes) -> None:
        self.size = size
        self.keys = keys
        self._step = fields[0]
        self._timestamp, self._runtime = fields[1], fields[2]
        values = fields[3:]
        self._floats = [n for n, field in enumerate(values) if field.dtype == ">f8"]
        self._integers = [n for n, field in enumerate(values) if field.dtype != ">f8"]
        self._fields = values
        starts = np.array([values[n].start for n in self._floats], np.int64)
        self._float_bytes = starts[:, None] + np.arange(8)
        fixed = np.ones(size, np.bool_)
        small = []
        for field in fields:
            fixed[field.start : field.start + field.size] = False
            if field.is_small:
                small.append(field.start)
        self._fixed = np.flatnonzero(fixed)
        self._fixed_bytes = np.frombuffer(row, np.uint8)[self._fixed]
        self._small = np.array(small, np.int64)

    def fits(self, rows: Bytes) -> bool:
        """rows: shape (n, size). Whether all of them have this shape."""
        if not (rows[:, self._fixed] == self._fixed_bytes).all():
            return False
        return not len(self._small) or bool((rows[:, self._small] <= _SMALL_MAX).all())

    def read(self, rows: Bytes, names: Sequence[str]) -> Rows:
        """Of rows that fit. `names`: the columns' names, in the order of `keys`."""
        blocks = []
        if self._floats:
            raw = np.ascontiguousarray(rows[:, self._float_bytes].swapaxes(0, 1))
            matrix = raw.view(">f8")[:, :, 0].astype(np.float64)
            chosen = names if not self._integers else [names[n] for n in self._floats]
            blocks.append(Block("number", chosen, None, matrix))
        if self._integers:
            values = np.stack([_integers(rows, self._fields[n]) for n in self._integers])
            blocks.append(Block("integer", [names[n] for n in self._integers], None, values))
        return Rows(
            _integers(rows, self._step),
            _floats(rows, self._timestamp),
            _floats(rows, self._runtime),
            blocks,
        )


@dataclass(frozen=True, slots=True)
class _Field:
    """A number in a row: where its bytes are and what they are."""

    start: int
    size: int
    dtype: str
    is_small: bool = False


def template_of(row: bytes) -> Template | None:
    """The template of a row's payload; None for a row with anything but numbers in it."""
    try:
        reader = _Reader(row)
        if reader.byte() != 0x94:  # an array of four
            return None
        fields = [reader.integer(), reader.float64(), reader.float64()]
        keys = []
        for _ in range(reader.map_size()):
            keys.append(reader.text())
            fields.append(reader.number())
        if reader.at != len(row) or len(set(keys)) != len(keys) or not keys:
            return None
    except (_Other, IndexError, UnicodeDecodeError):
        return None
    return Template(len(row), fields, keys, row)


class _Other(Exception):
    """Something that a template does not hold."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _big(self, size: int) -> int:
        self.at += size
        if self.at > len(self.data):
            raise _Other
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def _field(self, size: int, dtype: str) -> _Field:
        self.at += size
        if self.at > len(self.data):
            raise _Other
        return _Field(self.at - size, size, dtype)

    def map_size(self) -> int:
        head = self.byte()
        if 0x80 <= head <= 0x8F:
            return head & 0x0F
        if head in (0xDE, 0xDF):
            return self._big(2 if head == 0xDE else 4)
        raise _Other

    def text(self) -> str:
        head = self.byte()
        if 0xA0 <= head <= 0xBF:
            size = head & 0x1F
        elif head in (0xD9, 0xDA, 0xDB):
            size = self._big({0xD9: 1, 0xDA: 2, 0xDB: 4}[head])
        else:
            raise _Other
        self.at += size
        if self.at > len(self.data):
            raise _Other
        return self.data[self.at - size : self.at].decode()

    def float64(self) -> _Field:
        if self.byte() != _FLOAT64:
            raise _Other
        return self._field(8, ">f8")

    def integer(self) -> _Field:
        head = self.byte()
        if head <= _SMALL_MAX:
            return _Field(self.at - 1, 1, ">u1", is_small=True)
        if head not in _INTEGERS:
            raise _Other
        return self._field(*_INTEGERS[head])

    def number(self) -> _Field:
        if self.data[self.at] == _FLOAT64:
            return self.float64()
        return self.integer()


def _integers(rows: Bytes, field: _Field) -> Int64s:
    raw = np.ascontiguousarray(rows[:, field.start : field.start + field.size])
    return raw.view(field.dtype)[:, 0].astype(np.int64)


def _floats(rows: Bytes, field: _Field) -> Float64s:
    raw = np.ascontiguousarray(rows[:, field.start : field.start + 8])
    return raw.view(">f8")[:, 0].astype(np.float64)


class Templates:
    """The shapes that one writer's rows were seen to have. Not for several threads at once."""

    def __init__(self) -> None:
        self._kept: dict[int, list[Template]] = {}
        self._seen: dict[int, int] = {}
        self._count = 0

    def find(self, rows: Bytes) -> Template | None:
        """The template that all `rows`, shape (n, size), fit. Made when that seems worth it: for
        many rows, or where rows of that length come again and again."""
        size = rows.shape[1]
        for template in self._kept.get(size, ()):
            if template.fits(rows):
                return template
        seen = self._seen.get(size, 0) + len(rows)
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[size] = seen
        if seen < _SEEN_MIN or size > _SIZE_MAX:
            return None
        self._seen[size] = _GIVEN_UP  # until many more have come, should it not be one
        made = template_of(rows[0].tobytes())
        if made is None or not made.fits(rows):
            return None
        if self._count >= _TEMPLATES_MAX:
            self._kept.clear()
            self._count = 0
        self._kept.setdefault(size, []).append(made)
        self._count += 1
        self._seen[size] = 0
        return made


_SEEN_MIN = 4
_GIVEN_UP = -500
_SIZE_MAX = 4 * 1024 * 1024
_TEMPLATES_MAX = 32


def same_length_groups(lengths: Sequence[int]) -> dict[int, Any]:
    """length -> positions of the rows that have it, shape (m,)."""
    array = np.array(lengths)
    first = lengths[0]
    if (array == first).all():
        return {first: None}
    return {int(length): np.flatnonzero(array == length) for length in np.unique(array)}
