"""How a journal looks in bytes: a header, then framed records.

    header   64 bytes   see `Header`
    record   u32 payload length | u32 crc32(kind byte + payload) | u8 kind | payload

All integers are little endian. Offsets are absolute positions in the file, so the first record is
at `HEADER_BYTES` and what is on disk from an offset on is exactly what goes on the wire.

A writer may reserve space ahead (the file then ends in zeros): a length of 0 is the end of what
was written. A record that does not fit in the file, or whose checksum is wrong and behind which
only zeros or nothing follow, is a torn tail (the process died while writing) and is ignored. A
wrong checksum with more records behind it is damage, and is refused.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"RUNSTONE"
VERSION = 1
HEADER_BYTES = 64
FRAME_BYTES = 9
RECORD_BYTES_MAX = 32 * 1024 * 1024

_HEADER = struct.Struct("<8sHH4x16sQ20xI")
_FRAME = struct.Struct("<IIB")


class JournalError(ValueError):
    """Bytes that are not a sound journal; `offset` says where."""

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Header:
    """What a journal says of itself: `writer` is 16 random bytes, `created_ns` Unix nanoseconds."""

    writer: bytes
    created_ns: int

    def encode(self) -> bytes:
        head = _HEADER.pack(MAGIC, VERSION, HEADER_BYTES, self.writer, self.created_ns, 0)[:-4]
        return head + struct.pack("<I", zlib.crc32(head))

    @classmethod
    def decode(cls, data: bytes) -> Header:
        if len(data) < HEADER_BYTES:
            raise JournalError(f"A journal header is {HEADER_BYTES} bytes, met {len(data)}.", offset=0)
        magic, version, size, writer, created_ns, crc = _HEADER.unpack_from(data)
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


@dataclass(frozen=True, slots=True)
class Record:
    """One framed record: `offset` is where its frame starts, `end` where the next one would."""

    offset: int
    kind: int
    payload: memoryview

    @property
    def end(self) -> int:
        return self.offset + FRAME_BYTES + len(self.payload)


def frame(kind: int, payload: bytes) -> bytes:
    """One record as bytes, ready to append."""
    if len(payload) > RECORD_BYTES_MAX:
        raise JournalError(
            f"A record holds at most {RECORD_BYTES_MAX} bytes, met {len(payload)}. "
            "Log large values as files.",
            offset=0,
        )
    crc = zlib.crc32(payload, zlib.crc32(bytes((kind,))))
    return _FRAME.pack(len(payload), crc, kind) + payload


def records(data: bytes | memoryview, *, start: int, torn_tail: bool = True) -> Iterator[Record]:
    """The records in `data`, whose first byte lies at offset `start` of its journal.

    With `torn_tail` the last record may be cut or half written and is then left out (reading a
    file); without it that raises too (reading a request body). Raises JournalError for a damaged
    record and for one longer than `RECORD_BYTES_MAX`.
    """
    view = memoryview(data)
    at, size = 0, len(view)
    while at < size:
        if size - at < FRAME_BYTES:
            if torn_tail:
                return
            raise JournalError("The last record's frame is cut.", offset=start + at)
        length, crc, kind = _FRAME.unpack_from(view, at)
        if length == 0 and crc == 0 and kind == 0:
            if torn_tail:
                return
            raise JournalError("An empty record.", offset=start + at)
        if length > RECORD_BYTES_MAX:
            if torn_tail and _only_zeros_after(view, at + FRAME_BYTES):
                return
            raise JournalError(
                f"A record of {length} bytes; the most is {RECORD_BYTES_MAX}.", offset=start + at
            )
        end = at + FRAME_BYTES + length
        if end > size:
            if torn_tail:
                return
            raise JournalError(
                f"The last record says {length} bytes, and {size - at - FRAME_BYTES} follow.",
                offset=start + at,
            )
        payload = view[at + FRAME_BYTES : end]
        if zlib.crc32(payload, zlib.crc32(bytes((kind,)))) != crc:
            if torn_tail and _only_zeros_after(view, end):
                return
            raise JournalError("A record's checksum is wrong.", offset=start + at)
        yield Record(start + at, kind, payload)
        at = end


def _only_zeros_after(view: memoryview, at: int) -> bool:
    rest = bytes(view[at:])
    return rest.count(0) == len(rest)
