"""Console lines as bytes: a map of lines by number, and the packed form that a row of a table holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import zstandard

from runstone.server.stores.console.contract import Line

CHUNK_LINES = 1000
_ZSTD_LEVEL = 3
_RAW, _PACKED = b"\x00", b"\x01"


class Columns(msgspec.Struct, array_like=True, frozen=True):
    """Lines by rising number, a column each.

    numbers: int64 little endian, or empty where they follow one another from `first`.
    timestamps: float64 little endian. streams: one byte each.
    """

    first: int
    numbers: bytes
    streams: bytes
    timestamps: bytes
    texts: list[str]

    def lines(self) -> list[Line]:
        numbers: Iterable[int] = (
            np.frombuffer(self.numbers, "<i8").tolist()
            if self.numbers
            else range(self.first, self.first + len(self.texts))
        )
        times = np.frombuffer(self.timestamps, "<f8").tolist()
        return list(map(Line._make, zip(numbers, self.streams, times, self.texts, strict=True)))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Columns).decode


def columns_of(lines: Mapping[int, Line]) -> Columns:
    """The lines of a map in the order of their numbers."""
    ordered = [lines[number] for number in sorted(lines)]
    first, last = ordered[0].number, ordered[-1].number
    dense = last - first + 1 == len(ordered)
    return Columns(
        first,
        b"" if dense else np.array([line.number for line in ordered], "<i8").tobytes(),
        bytes(line.stream for line in ordered),
        np.array([line.timestamp for line in ordered], "<f8").tobytes(),
        [_utf8(line.text) for line in ordered],
    )


def encode(columns: Columns, *, pack: bool) -> bytes:
    data = _encode(columns)
    return _PACKED + zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data) if pack else _RAW + data


def decode(data: bytes) -> Columns:
    if data[:1] == _PACKED:
        return _decode(zstandard.ZstdDecompressor().decompress(memoryview(data)[1:]))
    return _decode(memoryview(data)[1:])


def by_chunk(lines: Iterable[Line]) -> dict[int, dict[int, Line]]:
    """chunk number -> line number -> line; of lines with one number the last stands."""
    chunks: dict[int, dict[int, Line]] = {}
    for line in lines:
        number = line.number // CHUNK_LINES
        chunk = chunks.get(number)
        if chunk is None:
            chunk = chunks[number] = {}
        chunk[line.number] = line
    return chunks


def _utf8(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8; they stay readable as `\\udc80`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
