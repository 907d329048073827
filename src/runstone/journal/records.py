"""Reading a journal's bytes: its header, then its records. See `format` for how they look."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from runstone.journal.format import (
    FRAME,
    FRAME_BYTES,
    HEADER,
    HEADER_BYTES,
    KIND_CRC,
    KIND_MAX,
    MAGIC,
    RECORD_BYTES_MAX,
    VERSION,
    JournalError,
)

# How far behind a spoilt length a sound record is looked for. Where only the payload, the checksum
# or the kind is spoilt, the length says where the next record is and no search is needed.
SEARCH_BYTES = 256 * 1024


class Header(msgspec.Struct, frozen=True):
    """What a journal says of itself: `writer` is 16 random bytes, `created_ns` Unix nanoseconds."""

    writer: bytes
    created_ns: int

    @classmethod
    def decode(cls, data: bytes) -> Header:
        if len(data) < HEADER_BYTES:
            raise JournalError(f"A journal header is {HEADER_BYTES} bytes, met {len(data)}.", offset=0)
        magic, version, size, writer, created_ns, crc = HEADER.unpack_from(data)
        if magic != MAGIC:
            raise JournalError(f"Not a run journal: it starts with {magic!r}, not {MAGIC!r}.", offset=0)
        if version != VERSION or size != HEADER_BYTES:
            raise JournalError(
                f"Journal version {version} (header of {size} bytes) is not known here; "
                f"this release reads version {VERSION}. Upgrade runstone.",
                offset=0,
            )
        if crc != zlib.crc32(data[: HEADER_BYTES - 4]):
            raise JournalError("The journal's header is damaged: its checksum is wrong.", offset=0)
        return cls(writer, created_ns)


class Record(msgspec.Struct, frozen=True):
    """One framed record: `offset` is where its frame starts, `end` where the next one would."""

    offset: int
    kind: int
    payload: memoryview

    @property
    def end(self) -> int:
        return self.offset + FRAME_BYTES + len(self.payload)


def records(
    data: bytes | memoryview, *, start: int, torn_tail: bool = True, more: bool = False
) -> Iterator[Record]:
    """The records in `data`, whose first byte lies at offset `start` of its journal.

    With `torn_tail` the last record may be cut or half written and is then left out (reading a
    file); without it that raises too (reading a request body). With `more` the journal goes on
    behind `data`, and a record that is cut there is simply left for the next call. Raises
    JournalError for a damaged record and for one longer than `RECORD_BYTES_MAX`.
    """
    view = memoryview(data)
    at, size = 0, len(view)
    while at < size:
        wrong = ""
        if size - at < FRAME_BYTES:
            if not torn_tail:
                raise JournalError("The last record's frame is cut.", offset=start + at)
            return
        length, crc, kind = FRAME.unpack_from(view, at)
        end = at + FRAME_BYTES + length
        if length == 0:
            wrong = "An empty record."
        elif length > RECORD_BYTES_MAX:
            wrong = f"A record of {length} bytes; the most is {RECORD_BYTES_MAX}."
        elif end > size:
            if more:
                return
            wrong = f"The last record says {length} bytes, and {size - at - FRAME_BYTES} follow."
        elif zlib.crc32(view[at + FRAME_BYTES : end], KIND_CRC[kind]) != crc:
            wrong = "A record's checksum is wrong."
        if wrong:
            if not torn_tail or _sound_record_behind(view, at, end):
                raise JournalError(wrong, offset=start + at)
            return
        yield Record(start + at, kind, view[at + FRAME_BYTES : end])
        at = end


def _sound_record_behind(view: memoryview, at: int, end: int) -> bool:
    """Is there a whole record behind the unsound one at `at`, which says that it goes to `end`?"""
    if _sound(view, end):
        return True
    tail = bytes(view[at : at + SEARCH_BYTES]).rstrip(b"\0")
    return any(_sound(view, at + ahead) for ahead in range(1, len(tail) - FRAME_BYTES + 1))


def _sound(view: memoryview, at: int) -> bool:
    if at + FRAME_BYTES >= len(view):
        return False
    length, crc, kind = FRAME.unpack_from(view, at)
    end = at + FRAME_BYTES + length
    if not (0 < length <= RECORD_BYTES_MAX and 0 < kind <= KIND_MAX and end <= len(view)):
        return False
    return zlib.crc32(view[at + FRAME_BYTES : end], KIND_CRC[kind]) == int(crc)
