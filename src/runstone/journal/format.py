"""How a journal looks in bytes: a header, then framed records.

    header   64 bytes   see `encode_header`
    record   u32 payload length | u32 crc32(kind byte + payload) | u8 kind | payload

All integers are little endian. Offsets are absolute positions in the file, so the first record is
at `HEADER_BYTES` and what is on disk from an offset on is exactly what goes on the wire. A payload
has at least one byte, so a frame never is all zeros.

A writer may reserve space ahead (the file then ends in zeros). Where no sound record begins, the
journal ends: the process died before or while it wrote there. The stores of one record may reach
the file in any order, so a torn record can look like anything; but nothing was written behind it.
A sound record behind such a place therefore means that something in the middle was damaged, and
that is refused.
"""

from __future__ import annotations

import struct
import zlib

MAGIC = b"RUNSTONE"
VERSION = 1
HEADER_BYTES = 64
FRAME_BYTES = 9
RECORD_BYTES_MAX = 32 * 1024 * 1024
KIND_MAX = 63

HEADER = struct.Struct("<8sHH4x16sQ20xI")
FRAME = struct.Struct("<IIB")

# crc32 of each kind byte: the checksum of a record goes on from there.
KIND_CRC = tuple(zlib.crc32(bytes((kind,))) for kind in range(256))


class JournalError(ValueError):
    """Bytes that are not a sound journal; `offset` says where."""

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def encode_header(writer: bytes, created_ns: int) -> bytes:
    """writer: 16 random bytes. created_ns: Unix nanoseconds."""
    head = HEADER.pack(MAGIC, VERSION, HEADER_BYTES, writer, created_ns, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def frame(kind: int, payload: bytes) -> bytes:
    """One record as bytes, ready to append. Raises JournalError for one no reader would take."""
    if not 0 < len(payload) <= RECORD_BYTES_MAX:
        raise JournalError(
            f"A record holds 1 to {RECORD_BYTES_MAX} bytes, met {len(payload)}. Log large values as files.",
            offset=0,
        )
    return FRAME.pack(len(payload), zlib.crc32(payload, KIND_CRC[kind]), kind) + payload
