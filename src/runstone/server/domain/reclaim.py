"""How many stored bytes a collection of garbage would free, were some versions gone for good.

A blob is freed where every part that holds it is held by no version but these and those in the trash.
Numbers are kept in bits, so that a million versions take a hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection

from runstone.server.stores.records import reclaim as statements

_AT_ONCE = 500


class Bits:
    """A set of numbers from 0; memory is an eighth of a byte for each up to the highest."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, number: int) -> bool:
        """False where it was there."""
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bytes):
            self._bytes.extend(bytes(place + 1 - len(self._bytes)))
        was = self._bytes[place] & bit
        self._bytes[place] |= bit
        return not was

    def discard(self, number: int) -> None:
        if number >> 3 < len(self._bytes):
            self._bytes[number >> 3] &= ~(1 << (number & 7)) & 0xFF

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bytes) and bool(self._bytes[place] & 1 << (number & 7))

    def __iter__(self) -> Iterator[int]:
        for place, byte in enumerate(self._bytes):
            if byte:
                for bit in range(8):
                    if byte & 1 << bit:
                        yield (place << 3) + bit


def freed_bytes(conn: Connection, gone: Bits) -> int:
    """Bytes of blobs that nothing would hold any more."""
    parts = _reached(conn, gone, statements.parts_of)
    for some in _batches(parts):
        for part, version in statements.living_holders(conn, some):
            if version not in gone:
                parts.discard(part)
    blobs = _reached(conn, parts, statements.blobs_of)
    for some in _batches(blobs):
        held = statements.holders_of_blobs(conn, some)
        others = {part for _, part in held if part not in parts}
        living = {part for part, version in statements.living_holders(conn, others) if version not in gone}
        for blob, part in held:
            if part in living:
                blobs.discard(blob)
    return sum(statements.size_of(conn, some) for some in _batches(blobs))


def _reached(conn: Connection, numbers: Bits, step: Callable[[Connection, list[int]], Iterable[int]]) -> Bits:
    found = Bits()
    for some in _batches(numbers):
        for number in step(conn, some):
            found.add(number)
    return found


def _batches(numbers: Bits) -> Iterator[list[int]]:
    some: list[int] = []
    for number in numbers:
        some.append(number)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some
