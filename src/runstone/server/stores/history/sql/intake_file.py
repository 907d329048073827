"""The file in which small batches wait in front of the database (see `intake`).

    file     groups, one after another; the file is filled with zeros beforehand, so that a flush
             to disk need not change its length
    group    mark | generation | number | length | checksum | payload

A group counts if it is whole and carries the generation of the first group and the next number: what
is left of earlier generations behind it does not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import zlib
from pathlib import Path

log = logging.getLogger(__name__)

FILE_BYTES = 4 << 20
ROOM_BYTES_MIN = 64 << 20  # with less left on the disk all goes to the database at once: there it is seen

_MARK = b"RSin"
_GROUP = struct.Struct("<4sQIII")
_CHECKED = struct.Struct("<QI")


class IntakeFile:
    """The file. `generation` is that of the groups in it. One process at a time has it."""

    def __init__(self, path: Path, size: int = FILE_BYTES) -> None:
        """Raises BlockingIOError where another process has it."""
        new = not path.exists()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(self._descriptor)
            if new:
                _flush_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._size = size
        self._at = 0
        self._count = 0
        self._filled = os.fstat(self._descriptor).st_size >= size
        self.generation = 0

    def read(self) -> list[bytes]:
        """The groups in it, in order; the next is written behind the last of them."""
        data = os.pread(self._descriptor, self._size, 0)
        self._at = self._count = 0
        found: list[bytes] = []
        while (group := _group_at(data, self._at)) is not None:
            generation, number, payload = group
            if number != self._count or (found and generation != self.generation):
                break
            self.generation = generation
            self._at, self._count = self._at + _GROUP.size + len(payload), number + 1
            found.append(payload)
        if self._goes_on_behind(data):
            self._clear_rest()
        return found

    def _goes_on_behind(self, data: bytes) -> bool:
        """Whether something behind the sound groups might be taken for one that follows what is written
        next: a group before it was damaged on the disk."""
        at = data.find(_MARK, self._at)
        while 0 <= at <= len(data) - _GROUP.size:
            if 0 <= _GROUP.unpack_from(data, at)[1] - self.generation < 1 << 32:  # else it is chance
                return True
            at = data.find(_MARK, at + 1)
        return False

    def _clear_rest(self) -> None:
        log.warning(
            "the history's intake is damaged behind its first %d groups; the rest is left out", self._count
        )
        self._zero(self._at)

    def holds(self, size: int) -> bool:
        """Whether a group of that size fits behind what is there."""
        return self._at + _GROUP.size + size <= self._size

    def write(self, payload: bytes) -> None:
        """Returns once the group would survive the machine. Raises OSError."""
        if not self._filled:
            self._zero(os.fstat(self._descriptor).st_size)
        checksum = _checksum(self.generation, self._count, payload)
        head = _GROUP.pack(_MARK, self.generation, self._count, len(payload), checksum)
        data = head + payload
        written = os.pwrite(self._descriptor, data, self._at)
        if written != len(data):
            raise OSError(f"{written} of {len(data)} bytes were written")
        _flush(self._descriptor)
        self._at += len(data)
        self._count += 1

    def begin_again(self, generation: int) -> None:
        """The next group is the first of that generation. What is there is in the database."""
        self.generation = generation
        self._at = self._count = 0

    def room(self) -> int:
        """Bytes left on the disk."""
        if not hasattr(os, "fstatvfs"):
            return ROOM_BYTES_MIN
        found = os.fstatvfs(self._descriptor)
        return found.f_bavail * found.f_frsize

    def _zero(self, start: int) -> None:
        """From there on."""
        at = start
        while at < self._size:
            at += os.pwrite(self._descriptor, bytes(min(1 << 20, self._size - at)), at)
        os.fsync(self._descriptor)
        self._filled = True

    def close(self) -> None:
        os.close(self._descriptor)


def _group_at(data: bytes, at: int) -> tuple[int, int, bytes] | None:
    """(generation, number, payload); None where there is no sound group."""
    if at + _GROUP.size > len(data):
        return None
    mark, generation, number, length, checksum = _GROUP.unpack_from(data, at)
    start = at + _GROUP.size
    if mark != _MARK or start + length > len(data):
        return None
    payload = data[start : start + length]
    return (generation, number, payload) if checksum == _checksum(generation, number, payload) else None


def _checksum(generation: int, number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_CHECKED.pack(generation, number)))


def _lock(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _flush(descriptor: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
