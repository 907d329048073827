"""From the bytes of a journal to what its records say; pure, and quick for rows.

Rows are nearly all of what comes: hundreds in a body, alike in their keys. Where they hold numbers
only they are read by their shape (see `row_templates`); anything else takes `history.batch_of`,
whose result is the same.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np

from runstone.journal.format import FRAME_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, Header, JournalError
from runstone.journal.kinds import (
    AlertRaised,
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
from runstone.server.domain.errors import Invalid
from runstone.server.domain.history import WrittenRow, batch_of
from runstone.server.domain.row_templates import Template, Templates, same_length_groups
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

    offsets: list[int]
    kinds: list[int]
    payloads: list[memoryview]
    end: int
    damage: JournalError | None = None

    def cut(self, position: int) -> None:
        """Forget the record at `position` and all behind it."""
        self.end = self.offsets[position]
        del self.offsets[position:], self.kinds[position:], self.payloads[position:]


def frames_of(body: bytes | memoryview, *, offset: int, wanted: int) -> Frames:
    """The records of `body`, whose first byte lies at `offset`, from offset `wanted` on: those
    before it were applied. Checks every checksum, also of those. A body that ends within a record
    is damaged there. Raises Invalid where no record begins at `wanted`.
    """
    view = memoryview(body)
    at, size = 0, len(view)
    offsets: list[int] = []
    kinds: list[int] = []
    payloads: list[memoryview] = []
    damage = None
    unpack, crc32 = _FRAME.unpack_from, zlib.crc32
    while at < size:
        if size - at < FRAME_BYTES:
            damage = JournalError("The last record's frame is cut.", offset=offset + at)
            break
        length, crc, kind = unpack(view, at)
        end = at + FRAME_BYTES + length
        if not 0 < length <= RECORD_BYTES_MAX:
            message = f"A record of {length} bytes; they hold 1 to {RECORD_BYTES_MAX}."
            damage = JournalError(message, offset=offset + at)
            break
        if end > size:
            message = f"The last record says {length} bytes, and {size - at - FRAME_BYTES} follow."
            damage = JournalError(message, offset=offset + at)
            break
        payload = view[at + FRAME_BYTES : end]
        if crc32(payload, _KIND_CRC[kind]) != crc:
            damage = JournalError("A record's checksum is wrong.", offset=offset + at)
            break
        offsets.append(at)
        kinds.append(kind)
        payloads.append(payload)
        at = end
    # Offsets within the body until here: small numbers are cheaper to make.
    skipped = 0
    if wanted > offset:
        until = wanted - offset
        while skipped < len(offsets) and offsets[skipped] < until:
            skipped += 1
        goes_on = offsets[skipped] if skipped < len(offsets) else at
        if goes_on != until and at >= until:
            raise Invalid(
                f"No record begins at offset {wanted}, where this writer goes on; the body has one at "
                f"{offset + goes_on}. It is not the same journal as before.",
                offset=wanted,
            )
    frames = Frames(
        [offset + position for position in offsets[skipped:]],
        kinds[skipped:],
        payloads[skipped:],
        offset + at,
        damage,
    )
    return frames


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

    def batch(self, payloads: Sequence[memoryview], offsets: Sequence[int], *, end_offset: int) -> RowBatch:
        """As `batch_of` of the rows. Raises Invalid for one that cannot be read, or breaks a rule."""
        quick = self._by_template(payloads, offsets, end_offset)
        return quick or self.careful(decode_rows(payloads, offsets), offsets, end_offset=end_offset)

    def careful(self, rows: Sequence[Row], offsets: Sequence[int], *, end_offset: int) -> RowBatch:
        written = [
            WrittenRow(at, row.step, row.timestamp, row.runtime, row.values)
            for row, at in zip(rows, offsets, strict=True)
        ]
        return batch_of(written, end_offset=end_offset, label=self.label)

    def _by_template(
        self, payloads: Sequence[memoryview], offsets: Sequence[int], end_offset: int
    ) -> RowBatch | None:
        """None where a row holds anything but numbers, or rows of one length differ in their shape."""
        count = len(payloads)
        groups = same_length_groups([len(payload) for payload in payloads])
        if len(groups) > _GROUPS_MAX:
            return None
        steps, timestamps, runtimes = np.empty(count, np.int64), np.empty(count), np.empty(count)
        blocks: list[Block] = []
        for size, positions in groups.items():
            chosen = payloads if positions is None else [payloads[at] for at in positions]
            rows = np.frombuffer(b"".join(chosen), np.uint8).reshape(len(chosen), size)
            template = self._templates.find(rows)
            if template is None:
                return None
            names = self._named(template)
            if names is None:
                return None
            read = template.read(rows, names)
            where = slice(None) if positions is None else positions
            steps[where] = read.steps
            timestamps[where] = read.timestamps
            runtimes[where] = read.runtimes
            blocks += [
                block if positions is None else replace(block, rows=positions) for block in read.blocks
            ]
        return RowBatch(
            np.array(offsets, np.int64),
            end_offset,
            steps,
            timestamps,
            runtimes,
            BlockColumns(blocks, count),
        )

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


_GROUPS_MAX = 16


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
