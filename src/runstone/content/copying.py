"""Writing and placing bytes cheaply: past the page cache, by sharing blocks, by a second name.

A copy through the page cache costs several times the CPU of the reading and hashing, pushes the
training's own data out of memory, and is not on the disk at its end. Where the file system allows it,
copies are written directly (O_DIRECT) from an aligned buffer; where the disk turns out to be slow, or
direct writing is refused, through the cache as usual.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from typing import Literal

from runstone.content.digests import sha256

BUFFER_BYTES = 1 << 19
SLOW_BYTES_PER_SECOND = 80e6  # of one thread
_PROBE_BYTES = 64 << 20
_ALIGN = 4096
_DIRECT = getattr(os, "O_DIRECT", 0)
_FICLONE = 0x40049409
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_local = threading.local()

Links = Literal["auto", "copy"]
Placed = Literal["clone", "link", "copy"]


class _Disks:
    """What was learned of file systems, by device."""

    def __init__(self) -> None:
        self.no_direct: set[int] = set()
        self.no_clone: set[int] = set()
        self._seen: dict[int, tuple[float, int]] = {}

    def wrote(self, device: int, seconds: float, count: int) -> None:
        spent, total = self._seen.get(device, (0.0, 0))
        spent, total = spent + seconds, total + count
        self._seen[device] = (spent, total)
        if total > _PROBE_BYTES and total < SLOW_BYTES_PER_SECOND * spent:
            self.no_direct.add(device)


_disks = _Disks()


class NewFile:
    """A new file, written once from start to end. Close it."""

    def __init__(self, path: str) -> None:
        """Raises OSError; FileExistsError where `path` is there."""
        self.path = path
        self._direct = False
        device = os.stat(os.path.dirname(path) or ".").st_dev
        self._device = device
        if _DIRECT and device not in _disks.no_direct:
            try:
                self._number = os.open(path, _FLAGS | _DIRECT, 0o644)
                self._direct = True
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                _disks.no_direct.add(device)
        if not self._direct:
            self._number = os.open(path, _FLAGS, 0o644)
        self._buffer = _buffer()
        self._filled = 0
        self.size = 0

    def room(self) -> memoryview:
        """Where the next bytes go; say with `advance` how many there are."""
        if self._filled == BUFFER_BYTES:
            self._drain()
        return self._buffer[self._filled :]

    def advance(self, count: int) -> None:
        self._filled += count
        self.size += count

    def write(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            room = self.room()
            count = min(len(room), len(data) - at)
            room[:count] = data[at : at + count]
            self.advance(count)
            at += count

    def close(self, *, keep: bool = True) -> None:
        """Write what is left; with keep=False remove the file instead."""
        try:
            if keep:
                self._drain(last=True)
        except BaseException:
            keep = False
            raise
        finally:
            os.close(self._number)
            _local.buffers.append(self._buffer)
            if not keep:
                os.unlink(self.path)

    def _drain(self, *, last: bool = False) -> None:
        count = self._filled
        if not count:
            return
        if self._direct:
            # Whole blocks go; what is too much at the end is cut off again.
            whole = -(-count // _ALIGN) * _ALIGN
            began = time.perf_counter()
            try:
                self._write_all(self._buffer[:whole])
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._go_indirect(self.size - count)
                self._write_all(self._buffer[:count])
            else:
                _disks.wrote(self._device, time.perf_counter() - began, whole)
                if whole != count:
                    os.ftruncate(self._number, self.size)
        else:
            self._write_all(self._buffer[:count])
        self._filled = 0

    def _write_all(self, data: memoryview) -> None:
        while data:
            written = os.write(self._number, data)
            data = data[written:]
            if data and self._direct and written % _ALIGN:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)

    def _go_indirect(self, at: int) -> None:
        import fcntl

        _disks.no_direct.add(self._device)
        self._direct = False
        fcntl.fcntl(self._number, fcntl.F_SETFL, fcntl.fcntl(self._number, fcntl.F_GETFL) & ~_DIRECT)
        os.lseek(self._number, at, os.SEEK_SET)


def _buffer() -> memoryview:
    """An aligned buffer that no other file of this thread uses now."""
    buffers = _local.__dict__.setdefault("buffers", [])
    return buffers.pop() if buffers else _new_buffer()


def _new_buffer() -> memoryview:
    import mmap

    # Private: shared memory, which `mmap` gives by itself, costs the kernel twice as much.
    kind = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    return memoryview(mmap.mmap(-1, BUFFER_BYTES, **kind))


def copy_hashed(source: int, target: str) -> tuple[bytes, int]:
    """Bring what the open file `source` holds from its start to the new file `target`. Returns the
    SHA-256 and the number of bytes of what is there then. Raises OSError."""
    if clone(source, target):
        number = os.open(target, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            return _hashed(number)
        finally:
            os.close(number)
    hasher = sha256()
    file, keep = NewFile(target), False
    try:
        while True:
            room = file.room()
            count = os.readv(source, [room])
            if not count:
                break
            hasher.update(room[:count])
            file.advance(count)
        keep = True
    finally:
        file.close(keep=keep)
    return hasher.digest(), file.size


def _hashed(number: int) -> tuple[bytes, int]:
    hasher, size = sha256(), 0
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while count := os.readv(number, [buffer]):
        hasher.update(buffer[:count])
        size += count
    return hasher.digest(), size


def clone(source: int, target: str) -> bool:
    """Make `target` a file of the same blocks, which part when either is written to. False where the
    file system cannot, or the two lie on different ones. Raises OSError for other trouble."""
    device = os.fstat(source).st_dev
    if device in _disks.no_clone:
        return False
    try:
        import fcntl
    except ImportError:
        return False
    if os.stat(os.path.dirname(target) or ".").st_dev != device:
        return False
    number = os.open(target, _FLAGS, 0o644)
    try:
        fcntl.ioctl(number, _FICLONE, source)
        return True
    except OSError as error:
        os.unlink(target)
        if error.errno == errno.ENOSPC:
            raise
        _disks.no_clone.add(device)
        return False
    finally:
        os.close(number)


def place(source: str, target: str, *, links: Links = "auto") -> Placed:
    """Make `target` a file of `source`'s bytes, replacing what is there: by shared blocks, else, with
    links="auto", by a second name for the same file (which is read-only then), else by a copy."""
    temporary = f"{target}.{os.getpid()}-{threading.get_ident()}.part"
    how: Placed
    try:
        number = os.open(source, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            how = "clone" if clone(number, temporary) else "copy"
        finally:
            os.close(number)
        if how == "copy":
            if links == "auto":
                try:
                    os.link(source, temporary)
                    how = "link"
                except OSError:
                    pass
            if how == "copy":
                import shutil

                shutil.copyfile(source, temporary)
        os.replace(temporary, target)
        if os.path.lexists(temporary):
            os.unlink(temporary)  # two names of one file: rename() does nothing then
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    return how
