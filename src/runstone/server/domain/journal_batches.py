"""From the bytes of a journal to what its records say; pure, and quick for rows.

Rows are nearly all of what comes: hundreds in a body, alike in their keys. Where they hold numbers
only they are read by their shape (see `row_templates`); anything else takes `history.batch_of`,
whose result is the same.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, overload

import msgspec
import numpy as np

from runstone.journal.format import FRAME_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, JournalError
from runstone.journal.kinds import (
    AlertRaised,
    ArtifactLogged,
    ArtifactUsed,
    ConsoleLine,
    End,
    FileLogged,
    Kind,
    Mark,
    MetricDefinition,
    Patch,
    Row,
    RunFields,
    SystemRow,
)
from runstone.journal.records import Header
from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Invalid
from runstone.server.domain.row_templates import Grid, Rows, Template, Templates, grids_of
from runstone.server.stores.history.blocks import Block, BlockColumns
from runstone.server.stores.history.contract import RowBatch

_FRAME = struct.Struct("<IIB")
_KIND_CRC = [zlib.crc32(bytes((kind,))) for kind in range(256)]
_ARRAY_32 = b"\xdd"

_SHAPES: Final[dict[int, Any]] = {
    Kind.RUN: RunFields,
    Kind.CONFIG: Patch,
    Kind.SUMMARY: Patch,
    Kind.CONSOLE: ConsoleLine,
    Kind.METRIC: MetricDefinition,
    Kind.FILE: FileLogged,
    Kind.ARTIFACT: ArtifactLogged,
    Kind.USE: ArtifactUsed,
    Kind.ALERT: AlertRaised,
    Kind.MARK: Mark,
    Kind.END: End,
    Kind.ENVIRONMENT: dict[str, Any],
    Kind.ROW: Row,
    Kind.SYSTEM: SystemRow,
}
_DECODERS = {kind: msgspec.msgpack.Decoder(shape).decode for kind, shape in _SHAPES.items()}
_ROWS = msgspec.msgpack.Decoder(list[Row]).decode


@dataclass(slots=True)
class Frames:
    """The sound records at the start of a body, and what is wrong behind them.

    offsets, kinds, payloads: one each a record. end: where the journal goes on after them.
    """

    offsets: Sequence[int]
    kinds: Sequence[int]
    payloads: Sequence[memoryview]
    end: int
    damage: JournalError | None = None
    rows: Grid | None = None  # where all of them are rows of one length

    @property
    def is_rows(self) -> bool:
        """Whether there are rows, and nothing else."""
        return self.rows is not None or (bool(self.kinds) and self.kinds.count(Kind.ROW) == len(self.kinds))


def frames_of(body: bytes | memoryview, *, offset: int, wanted: int) -> Frames:
    """The records of `body`, whose first byte lies at `offset`, from offset `wanted` on: those
    before it were applied. Checks every checksum, also of those. A body that ends within a record
    is damaged there. Raises Invalid where no record begins at `wanted`.
    """
    view = memoryview(body)
    size = len(view)
    count, stride = _equal_rows(view)
    at = count * stride
    damage = None
    starts: Sequence[int]
    kinds: Sequence[int]
    payloads: Sequence[memoryview]
    if is_grid := at == size > 0:
        # Nothing need be made for each row: they are looked at together.
        starts, kinds = range(0, size, stride), bytes((Kind.ROW,)) * count
        payloads = _EqualPayloads(view, range(FRAME_BYTES, size, stride), stride - FRAME_BYTES)
    else:
        starts, kinds, payloads = list(range(0, at, stride or 1)), [int(Kind.ROW)] * count, []
        payloads += [view[start + FRAME_BYTES : start + stride] for start in starts]
        at, damage = _walk(view, at, starts, kinds, payloads, offset=offset)
    if wanted > offset:
        skipped = bisect_left(starts, wanted - offset)
        goes_on = starts[skipped] if skipped < len(starts) else at
        if goes_on != wanted - offset and at >= wanted - offset:
            raise Invalid(
                f"No record begins at offset {wanted}, where this writer goes on; the body has one at "
                f"{offset + goes_on}. It is not the same journal as before.",
                offset=wanted,
            )
        starts, kinds, payloads = starts[skipped:], kinds[skipped:], payloads[skipped:]
    if is_grid and starts:
        assert isinstance(starts, range)
        offsets = range(offset + starts.start, offset + starts.stop, stride)
        length = stride - FRAME_BYTES
        grid = Grid(view, starts.start + FRAME_BYTES, stride, length, len(starts))
        return Frames(offsets, kinds, payloads, offset + at, None, grid)
    return Frames([offset + start for start in starts], kinds, payloads, offset + at, damage)


def _walk(
    view: memoryview,
    at: int,
    starts: list[int],
    kinds: list[int],
    payloads: list[memoryview],
    *,
    offset: int,
) -> tuple[int, JournalError | None]:
    """Add the sound records from `at` on. Returns where they end, and what is wrong there."""
    size = len(view)
    unpack, crc32 = _FRAME.unpack_from, zlib.crc32
    while at < size:
        if size - at < FRAME_BYTES:
            return at, JournalError("The last record's frame is cut.", offset=offset + at)
        length, crc, kind = unpack(view, at)
        end = at + FRAME_BYTES + length
        if not 0 < length <= RECORD_BYTES_MAX:
            message = f"A record of {length} bytes; they hold 1 to {RECORD_BYTES_MAX}."
            return at, JournalError(message, offset=offset + at)
        if end > size:
            message = f"The last record says {length} bytes, and {size - at - FRAME_BYTES} follow."
            return at, JournalError(message, offset=offset + at)
        payload = view[at + FRAME_BYTES : end]
        if crc32(payload, _KIND_CRC[kind]) != crc:
            return at, JournalError("A record's checksum is wrong.", offset=offset + at)
        starts.append(at)
        kinds.append(kind)
        payloads.append(payload)
        at = end
    return at, None


class _EqualPayloads(Sequence[memoryview]):
    """Payloads at equal distances, cut out when they are asked for."""

    __slots__ = ("_size", "_starts", "_view")

    def __init__(self, view: memoryview, starts: range, size: int) -> None:
        self._view, self._starts, self._size = view, starts, size

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> memoryview: ...
    @overload
    def __getitem__(self, at: slice) -> _EqualPayloads: ...
    def __getitem__(self, at: int | slice) -> memoryview | _EqualPayloads:
        if isinstance(at, slice):
            return _EqualPayloads(self._view, self._starts[at], self._size)
        start = self._starts[at]
        return self._view[start : start + self._size]


def _equal_rows(view: memoryview) -> tuple[int, int]:
    """(count, stride) of the sound rows of one length at the start of a body. That is most of what
    comes, and their frames can be looked at together. Count 0 where there are few."""
    if len(view) < FRAME_BYTES:
        return 0, 0
    length, _, kind = _FRAME.unpack_from(view, 0)
    stride = FRAME_BYTES + length
    count = len(view) // stride
    if kind != Kind.ROW or count < _EQUAL_MIN or length == 0:
        return 0, 0
    # A checksum is of the kind and the payload, which lie together; taken out as bytes by one call they
    # cost half of what cutting each out of the view does.
    frames = np.ndarray((count,), _frame_type(length), view, 0, strides=(stride,))
    alike = (frames["length"] == length) & (frames["kind"] == kind)
    if not alike.all():
        count = int(alike.argmin())
        frames = frames[:count]
    if list(map(zlib.crc32, frames["checked"].tolist())) != frames["crc"].tolist():
        return 0, 0  # one by one it will show which is damaged
    return count, stride


@lru_cache(maxsize=256)
def _frame_type(length: int) -> np.dtype[np.void]:
    """A frame with a payload of that length; `kind` is the first byte of `checked` too."""
    return np.dtype(
        {
            "names": ["length", "crc", "kind", "checked"],
            "formats": ["<u4", "<u4", "u1", f"V{length + 1}"],
            "offsets": [0, 4, 8, 8],
        }
    )


_EQUAL_MIN = 8


def skip_header(body: bytes | memoryview, *, writer: str) -> memoryview:
    """A body that begins at offset 0, without its header. Raises Invalid for another's header."""
    try:
        header = Header.decode(bytes(body[:HEADER_BYTES]))
    except JournalError as error:
        raise Invalid(str(error), offset=error.offset) from None
    if header.writer.hex() != writer:
        raise Invalid(
            f"The journal's header says writer {header.writer.hex()}, the request {writer!r}. "
            "They must be the same.",
            offset=0,
        )
    return memoryview(body)[HEADER_BYTES:]


def decode(kind: int, payload: memoryview, *, offset: int) -> Any:
    """What a record says; None for a kind of a newer release. Raises Invalid naming its offset."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return None
    try:
        return decoder(payload)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        name = Kind(kind).name
        raise Invalid(
            f"The {name} record at offset {offset} cannot be read: {error}.", offset=offset, kind=name
        ) from None


def decode_rows(payloads: Sequence[memoryview], offsets: Sequence[int]) -> list[Row]:
    """Rows in one call. Raises Invalid naming the offset of the first that cannot be read."""
    head = _ARRAY_32 + len(payloads).to_bytes(4, "big")
    try:
        rows = _ROWS(b"".join([head, *payloads]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rows = []
    if len(rows) == len(payloads):
        return rows
    # One of them is unsound, or holds more than one value: find it.
    return [decode(Kind.ROW, payload, offset=at) for payload, at in zip(payloads, offsets, strict=True)]


class RowPivot:
    """Rows of one writer into columns. `label`: the writer's, "" for none. Not for several threads
    at once."""

    def __init__(self, label: str = "") -> None:
        self.label = label
        self._templates = Templates()
        self._names: dict[tuple[str, ...], list[str] | None] = {}

    def batch(
        self,
        payloads: Sequence[memoryview],
        offsets: Sequence[int],
        *,
        end_offset: int,
        grid: Grid | None = None,
    ) -> RowBatch:
        """As `batch_of` of the rows. `grid`: the same payloads, where they lie at equal distances.
        Raises Invalid for one that cannot be read, or breaks a rule."""
        quick = self._by_template(payloads, offsets, end_offset, grid)
        return quick or self.careful(decode_rows(payloads, offsets), offsets, end_offset=end_offset)

    def careful(self, rows: Sequence[Row], offsets: Sequence[int], *, end_offset: int) -> RowBatch:
        written = [
            WrittenRow(at, row.step, row.timestamp, row.runtime, row.values)
            for row, at in zip(rows, offsets, strict=True)
        ]
        return batch_of(written, end_offset=end_offset, label=self.label)

    def _by_template(
        self,
        payloads: Sequence[memoryview],
        offsets: Sequence[int],
        end_offset: int,
        grid: Grid | None,
    ) -> RowBatch | None:
        """None where a row holds anything but numbers, or rows of one length differ in their shape."""
        count = len(payloads)
        if grid is not None:
            read = self._read(grid)
            if read is None:
                return None
            steps, timestamps, runtimes, blocks = read.steps, read.timestamps, read.runtimes, read.blocks
        else:
            grids = grids_of(payloads)
            if len(grids) > _GRIDS_MAX:
                return None
            parts = []
            for part, positions in grids:
                read = self._read(part)
                if read is None:
                    return None
                parts.append((read, positions))
            steps, timestamps, runtimes = np.empty(count, np.int64), np.empty(count), np.empty(count)
            for read, positions in parts:
                steps[positions], timestamps[positions] = read.steps, read.timestamps
                runtimes[positions] = read.runtimes
            blocks = _joined(parts, count)
        return RowBatch(
            np.arange(offsets.start, offsets.stop, offsets.step, dtype=np.int64)
            if isinstance(offsets, range)
            else np.array(offsets, np.int64),
            end_offset,
            steps,
            timestamps,
            runtimes,
            BlockColumns(blocks, count),
        )

    def _read(self, grid: Grid) -> Rows | None:
        template = self._templates.find(grid)
        names = None if template is None else self._named(template)
        return None if template is None or names is None else template.read(grid, names)

    def _named(self, template: Template) -> list[str] | None:
        """The columns' names, where each key is kept as it is (with the label); else None."""
        keys = tuple(template.keys)
        if keys not in self._names:
            if len(self._names) > 64:
                self._names.clear()
            suffix = f"/l:{self.label}" if self.label else ""
            plain = all(map(_is_plain, keys))
            self._names[keys] = [key + suffix for key in keys] if plain else None
        return self._names[keys]


_GRIDS_MAX = 16


def _joined(parts: Sequence[tuple[Rows, Any]], count: int) -> list[Block]:
    """The blocks of several grids, each with its positions, as blocks of all `count` rows. Those that
    differ only in the length of their integers become one."""
    first = parts[0][0].blocks
    alike = all(
        [(block.kind, block.keys) for block in read.blocks] == [(block.kind, block.keys) for block in first]
        for read, _ in parts
    )
    if not alike:
        return [replace(block, rows=positions) for read, positions in parts for block in read.blocks]
    joined = []
    for at, block in enumerate(first):
        values = np.empty((len(block.keys), count), block.values.dtype)
        for read, positions in parts:
            values[:, positions] = read.blocks[at].values
        joined.append(replace(block, values=values))
    return joined


def _is_plain(key: str) -> bool:
    """Whether `batch_of` surely keeps the key as it is."""
    return 0 < len(key) < 800 and key.isprintable() and key[0] != "_" and "/l:" not in key


def system_batch(
    rows: Sequence[SystemRow], offsets: Sequence[int], *, end_offset: int, label: str
) -> RowBatch:
    """Machine rows: the step is the timestamp in milliseconds. Raises Invalid for one without."""
    written = []
    for row, at in zip(rows, offsets, strict=True):
        if not abs(row.timestamp) < 1e12:
            raise Invalid(f"The SYSTEM record at offset {at} has timestamp {row.timestamp}.", offset=at)
        written.append(WrittenRow(at, round(row.timestamp * 1000), row.timestamp, row.runtime, row.values))
    return batch_of(written, end_offset=end_offset, label=label)
