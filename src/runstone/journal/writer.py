"""Appending to a journal: what `append` returned from is in the file, whoever kills the process then.

On Linux the file is written through a memory map of a window that moves along it. A store into the
map costs a tenth of a microsecond, is in the page cache at once (so SIGKILL loses nothing), and does
not let go of the interpreter lock, as `write()` does: a busy background thread could keep it for
milliseconds before the training loop gets it back.

Key ideas
- Space is reserved (`posix_fallocate`) before it is mapped, so a full disk raises OSError here
  instead of killing the process with SIGBUS at the store. That promise is the file system's; where
  it is not known to keep it (network and FUSE file systems, other platforms) plain `write()` is used.
- One record is one call of `mmap.write`, which copies and moves its position without letting go of
  the interpreter lock. So threads need no lock of ours, and a signal handler that logs while the
  main thread logs finds no half-done append. Free-threaded builds take the lock.
- When the window is full, `mmap.write` raises ValueError before it stores anything; the next window
  is then mapped under the lock. The old window is sealed first (its position moved to its end), so
  that no thread still writes into it.
- After a fork the child must not write into the parent's window: its copy of the writer refuses.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import zlib
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Literal

from runstone.journal.format import (
    FRAME_BYTES,
    KIND_CRC,
    RECORD_BYTES_MAX,
    JournalError,
    encode_header,
)
from runstone.journal.home import JOURNAL_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

WINDOW_BYTES_FIRST = 64 * 1024
WINDOW_BYTES_MAX = 1024 * 1024

# Local file systems whose reserved space can be stored into whatever else fills the disk. A file
# that lies elsewhere (btrfs and overlays report devices of their own) is written with write().
_MAPPED_FILE_SYSTEMS = frozenset({b"ext2", b"ext3", b"ext4", b"xfs", b"tmpfs"})

_pack = Struct("<IIB").pack
_crc32 = zlib.crc32
_LOCKED = not getattr(sys, "_is_gil_enabled", lambda: True)() or sys.implementation.name != "cpython"


class JournalClosedError(RuntimeError):
    """The journal was closed, or belongs to the process this one was forked from."""


class _Window:
    """A stretch of the file, mapped: its first byte is at offset `base`."""

    def __init__(self, fd: int, end: int, record_bytes: int, *, wished_bytes: int) -> None:
        """Map from the page that holds `end`, with room for `record_bytes` there. Raises OSError."""
        import mmap

        page = mmap.ALLOCATIONGRANULARITY
        self.base = end - end % page
        self.bytes = max(wished_bytes, -(-(end - self.base + record_bytes) // page) * page)
        os.posix_fallocate(fd, self.base, self.bytes)
        self.map = mmap.mmap(fd, self.bytes, offset=self.base)
        self.map.seek(end - self.base)
        self.mark = end  # a record boundary; the end of the records, once sealed

    def end(self) -> int:
        """Where the next record would go."""
        at = self.map.tell()
        return self.base + at if at < self.bytes else self._end_from_mark()

    def seal(self) -> int:
        """Let nobody write here any more; returns the end of the records. Sealing again is harmless.
        Raises ValueError when the map is closed."""
        at = self.map.tell()
        if at < self.bytes:
            self.mark = self.base + at
            self.map.seek(0, os.SEEK_END)
        # Between those two calls another thread may have appended; and a window that was full, or
        # sealed already, does not say where its last record ends.
        self.mark = self._end_from_mark()
        return self.mark

    def _end_from_mark(self) -> int:
        # The mark goes along, so that a signal handler that appends meanwhile, and so passes through here,
        # has less to walk than the one it interrupts. Signals may come faster than a walk from the start.
        at = self.mark - self.base
        while at + FRAME_BYTES <= self.bytes and self.map[at + 8]:  # a kind is never 0
            at += FRAME_BYTES + int.from_bytes(self.map[at : at + 4], "little")
            self.mark = self.base + at
        return self.base + at


class JournalWriter:
    """One journal file under construction. Safe for threads and signal handlers of one process.

    `append` raises OSError when the record could not be kept (a full disk): nothing of it is in the
    file then, the journal is still sound, and a later append may succeed.
    """

    def __init__(self, folder: str, *, how: Literal["auto", "map", "write"] = "auto") -> None:
        """Create `folder`/WRITER.journal with its header. Raises OSError."""
        writer = os.urandom(16)
        self.writer = writer.hex()
        self.path = os.path.join(folder, self.writer + JOURNAL_SUFFIX)
        self._lock = threading.RLock()
        self._closed = False
        self._forked = False
        self._windows = 0
        self._end = 0  # of what was written, where write() is used and after the close
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | _CLOEXEC, 0o644)
        header = encode_header(writer, time.time_ns())
        self._window: _Window | None = None
        self._write: Callable[[bytes], object]
        try:
            if how == "map" or (how == "auto" and _may_map(self._fd)):
                self._window = window = _Window(self._fd, 0, len(header), wished_bytes=WINDOW_BYTES_FIRST)
                window.map.write(header)
                window.mark = len(header)
                self._write = self._write_locked if _LOCKED else window.map.write
            else:
                self._raw: FileIO = open(self._fd, "ab", buffering=0, closefd=False)  # noqa: SIM115
                self._write = self._write_plainly
                self._write(header)
        except BaseException:
            os.close(self._fd)
            os.unlink(self.path)
            raise
        _writers.append(self)

    def append(self, kind: int, payload: bytes) -> None:
        """Keep one record. Raises OSError, JournalError (too long), JournalClosedError."""
        record = _pack(len(payload), _crc32(payload, KIND_CRC[kind]), kind) + payload
        try:
            self._write(record)
        except ValueError:
            self._write_slowly(record)

    @property
    def offset(self) -> int:
        """Where the next record will start."""
        with self._lock:
            window = self._window
            return self._end if window is None or self._closed else window.end()

    @property
    def is_foreign(self) -> bool:
        """Does it belong to the process this one was forked from?"""
        return self._forked

    def close(self, *, sync: bool = True) -> None:
        """Cut the file to what was written and, with `sync`, bring it to the disk. Never raises for
        that: the records themselves were kept when `append` returned. Closing twice is harmless."""
        with self._lock:
            if self._closed:
                return
            window = self._window
            if window is not None:
                if not self._forked:
                    self._end = window.seal()
                self._closed = True
                window.map.close()
            self._closed = True
            self._write = _refuse
            fd, self._fd = self._fd, -1
        if self in _writers:
            _writers.remove(self)
        try:
            if not self._forked:
                if window is not None:
                    os.ftruncate(fd, self._end)
                if sync:
                    getattr(os, "fdatasync", os.fsync)(fd)
        except OSError:
            pass  # the records are in the file; only the reserved zeros stay behind them
        finally:
            os.close(fd)

    # --- the slow paths

    def _write_slowly(self, record: bytes) -> None:
        _check_length(record)
        with self._lock:
            while True:
                if self._forked:
                    raise JournalClosedError(
                        f"Journal {self.path} belongs to the process this one was forked from."
                    )
                if self._closed:
                    raise JournalClosedError(f"Journal {self.path} is closed.")
                try:
                    self._write(record)
                    return
                except ValueError:  # the window is full; or another thread has moved it meanwhile
                    self._move(len(record))

    def _write_locked(self, record: bytes) -> None:
        with self._lock:
            assert self._window is not None
            self._window.map.write(record)

    def _write_plainly(self, record: bytes) -> None:
        _check_length(record)
        with self._lock:
            written = self._raw.write(record)
            if written == len(record):
                self._end += written
                return
            # A short write means that the disk is full. A torn record in the middle would spoil
            # what comes after it, so it goes again.
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)

    def _move(self, record_bytes: int) -> None:
        """Map the next window, with room for `record_bytes`.

        Under the lock; but a signal handler of this very thread may append, and so pass through
        here, between any two calls. Its window then stands and this one is given up.
        """
        old = self._window
        assert old is not None
        try:
            end = old.seal()
        except ValueError:
            if self._window is old:
                raise
            return
        wished = min(WINDOW_BYTES_FIRST << min(self._windows, 8), WINDOW_BYTES_MAX)
        new = _Window(self._fd, end, record_bytes, wished_bytes=wished)
        write = self._write_locked if _LOCKED else new.map.write
        if self._window is not old:
            new.map.close()
            return
        # No call between the question and the answer: Python looks for signals only at calls.
        self._window = new
        self._write = write
        self._windows += 1
        old.map.close()
        if old.bytes >= WINDOW_BYTES_MAX:
            # Begin to write it to the disk, without waiting: `close` then has little left to do
            # however much was logged. This is the one call that asks Linux for just that.
            with suppress(OSError):
                os.posix_fadvise(self._fd, old.base, old.bytes, os.POSIX_FADV_DONTNEED)

    def _disown(self) -> None:
        """In a forked child: what is mapped here is the parent's."""
        self._lock = threading.RLock()
        self._forked = True
        self._write = _refuse


def _check_length(record: bytes) -> None:
    if len(record) > RECORD_BYTES_MAX + FRAME_BYTES:
        raise JournalError(
            f"A record holds at most {RECORD_BYTES_MAX} bytes, met {len(record) - FRAME_BYTES}. "
            "Log large values as files.",
            offset=0,
        )


def _refuse(record: bytes) -> object:
    raise ValueError


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_writers: list[JournalWriter] = []
_mapped_devices: dict[int, bool] = {}


def _after_fork_in_child() -> None:
    for writer in _writers:
        writer._disown()
    _writers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _may_map(fd: int) -> bool:
    if not (sys.platform == "linux" and hasattr(os, "posix_fallocate")):
        return False
    device = os.fstat(fd).st_dev
    known = _mapped_devices.get(device)
    if known is None:
        known = _mapped_devices[device] = _file_system(device) in _MAPPED_FILE_SYSTEMS
    return known


def _file_system(device: int) -> bytes:
    """Its type by /proc/self/mountinfo; b"" where that does not name the device."""
    try:
        fd = os.open("/proc/self/mountinfo", os.O_RDONLY | _CLOEXEC)
    except OSError:
        return b""
    try:
        text = b""
        while part := os.read(fd, 65536):
            text += part
    except OSError:
        return b""
    finally:
        os.close(fd)
    name = b" %d:%d " % (os.major(device), os.minor(device))
    for line in text.splitlines():
        if name in line:
            return line.partition(b" - ")[2].partition(b" ")[0]
    return b""
