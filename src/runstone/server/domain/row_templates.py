"""Rows read by their shape: many rows that differ only in their numbers, without decoding each.

A training loop logs the same keys step after step, so the MessagePack bytes of one row differ from
the next row's only where the numbers are. A `Template` knows from one row where that is. Others of
the same length are then compared with it in one go, all bytes between the numbers, and the numbers
are picked out as one matrix: a hundred rows of ten keys cost a few dozen microseconds in place of
two hundred.

A template says nothing of what it cannot read for certain; such rows are decoded as usual.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.stores.history.blocks import Block
from runstone.server.stores.history.contract import Float64s, Int64s

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Grid:
    """Payloads of one size at equal distances in a buffer: `count` of them, `stride` bytes apart."""

    buffer: bytes | memoryview
    start: int
    stride: int
    size: int
    count: int

    def bytes(self) -> Bytes:
        """Shape (count, size), a view."""
        shape, strides = (self.count, self.size), (self.stride, 1)
        view: Bytes = np.ndarray(shape, np.uint8, self.buffer, self.start, strides=strides)
        return view

    def windows(self, dtype: str) -> npt.NDArray[Any]:
        """Shape (size - width + 1, count): the number that begins at each byte of a payload, a view."""
        places = self.size - np.dtype(dtype).itemsize + 1
        shape, strides = (places, self.count), (1, self.stride)
        view: npt.NDArray[Any] = np.ndarray(shape, dtype, self.buffer, self.start, strides=strides)
        return view

    def first(self) -> builtins.bytes:
        return builtins.bytes(self.buffer[self.start : self.start + self.size])


# MessagePack's formats of integers that fit int64: first byte -> (bytes that follow, numpy type).
_INTEGERS = {
    0xCC: (1, ">u1"),
    0xCD: (2, ">u2"),
    0xCE: (4, ">u4"),
    0xCF: (8, ">i8"),  # unsigned: only while it is below 2^63, which its first byte tells
    0xD0: (1, ">i1"),
    0xD1: (2, ">i2"),
    0xD2: (4, ">i4"),
    0xD3: (8, ">i8"),
}
_FLOAT64 = 0xCB
_UNSIGNED = 0xCF
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

    def __init__(self, fields: list[_Field], keys: list[str], row: bytes) -> None:
        self.keys = keys
        self._step = fields[0]
        values = fields[3:]
        self._floats = [n for n, field in enumerate(values) if field.dtype == ">f8"]
        self._integers = [(n, field) for n, field in enumerate(values) if field.dtype != ">f8"]
        # The timestamp and the runtime go first, then the values that are floats.
        self._float_starts = np.array(
            [fields[1].start, fields[2].start, *(values[n].start for n in self._floats)], np.int64
        )
        self._row = np.frombuffer(row, np.uint8)
        self._fixed = np.ones(len(row), np.bool_)
        for field in fields:
            self._fixed[field.start : field.start + field.size] = False
        self._small = np.array([field.start for field in fields if field.is_small], np.int64)

    def fits(self, grid: Grid) -> bool:
        """Whether all of the payloads have this shape."""
        rows = grid.bytes()
        if ((rows != self._row) & self._fixed).any():
            return False
        return not len(self._small) or bool((rows[:, self._small] <= _SMALL_MAX).all())

    def read(self, grid: Grid, names: Sequence[str]) -> Rows:
        """Of payloads that fit. `names`: the columns' names, in the order of `keys`."""
        floats = grid.windows(">f8")[self._float_starts].astype(np.float64)
        blocks = []
        if self._floats:
            chosen = names if not self._integers else [names[n] for n in self._floats]
            blocks.append(Block("number", chosen, None, floats[2:]))
        if self._integers:
            values = np.stack([_integers(grid, field) for _, field in self._integers])
            blocks.append(Block("integer", [names[n] for n, _ in self._integers], None, values))
        return Rows(_integers(grid, self._step), floats[0], floats[1], blocks)


@dataclass(frozen=True, slots=True)
class _Field:
    """A number in a row: where its bytes are and what they are. `is_small`: it is one only while
    its first byte is at most 0x7f."""

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
    return Template(fields, keys, row)


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
        return replace(self._field(*_INTEGERS[head]), is_small=head == _UNSIGNED)

    def number(self) -> _Field:
        if self.data[self.at] == _FLOAT64:
            return self.float64()
        return self.integer()


def _integers(grid: Grid, field: _Field) -> Int64s:
    values: Int64s = grid.windows(field.dtype)[field.start].astype(np.int64)
    return values


class Templates:
    """The shapes that one writer's rows were seen to have. Not for several threads at once."""

    def __init__(self) -> None:
        self._kept: dict[int, list[Template]] = {}
        self._seen: dict[int, int] = {}
        self._count = 0

    def find(self, grid: Grid) -> Template | None:
        """The template that all of the payloads fit. Made when that seems worth it: for many rows,
        or where rows of that length come again and again."""
        size = grid.size
        for template in self._kept.get(size, ()):
            if template.fits(grid):
                return template
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[size] = seen = self._seen.get(size, 0) + grid.count
        if seen < _SEEN_MIN or size > _SIZE_MAX:
            return None
        self._seen[size] = _GIVEN_UP  # until many more have come, should it not be one
        made = template_of(grid.first())
        if made is None or not made.fits(grid):
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


def grids_of(payloads: Sequence[memoryview]) -> list[tuple[Grid, npt.NDArray[np.intp]]]:
    """Payloads gathered by their length, each with the positions that they had."""
    sizes = np.array([len(payload) for payload in payloads])
    grids = []
    for size in np.unique(sizes).tolist():
        positions = np.flatnonzero(sizes == size)
        joined = b"".join([payloads[at] for at in positions.tolist()])
        grids.append((Grid(joined, 0, size, size, len(positions)), positions))
    return grids
