"""The uplink's own journal of a run: system samples, and the end of a process that wrote none.

It lies in the run's folder beside the journal it belongs to, under a writer derived from that one's,
so that the next uplink goes on with the same file, and `runstone sync` finds it like any other.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import msgspec

from runstone.journal.format import HEADER_BYTES, encode_header, frame
from runstone.journal.home import JOURNAL_SUFFIX
from runstone.journal.kinds import End, Kind, RunFields, SystemRow
from runstone.uplink.reading import JournalFile

KILLED_EXIT_CODE = 137  # what a shell says of a process that SIGKILL ended; nobody was there to ask

_encoder = msgspec.msgpack.Encoder()


def side_writer(writer: str) -> bytes:
    """The side journal's writer (16 bytes), for the journal of `writer` (hex)."""
    return hashlib.sha256(b"runstone side journal of " + bytes.fromhex(writer)).digest()[:16]


def is_side_of(path: Path, journal: Path) -> bool:
    return path == side_path(journal)


def side_path(journal: Path) -> Path:
    return journal.with_name(side_writer(journal.stem).hex() + JOURNAL_SUFFIX)


class SideJournal:
    """Appends to one side journal. Threads may share it. Raises OSError where the disk refuses."""

    def __init__(self, journal: Path, watched: RunFields, *, started_at: float) -> None:
        """watched: the first record of the journal it belongs to."""
        self.path = side_path(journal)
        self._watched = watched
        self._started_at = started_at
        self._number = -1
        self._ended = False
        self._end = 0  # where whole records end: a record that could be written only in part is cut off
        self._lock = threading.Lock()

    def sample(self, values: dict[str, float | int], *, at: float | None = None) -> None:
        """One SYSTEM record."""
        now = time.time() if at is None else at
        row = SystemRow(now, now - self._started_at, values)
        with self._lock:
            if not self._ended:
                self._append(Kind.SYSTEM, row)

    def end(self, *, killed: bool) -> None:
        """The last record. killed: the watched process went without a word, so this ends it for it:
        the whole run where that writer was the one whose end counts."""
        with self._lock:
            if self._ended or (not killed and not self.path.exists()):
                return
            self._open()
            if self._ended:
                return
            if killed:
                if self._watched.primary is not False:
                    self._append(Kind.RUN, self._fields(primary=True))
                self._append(Kind.END, End(exit_code=KILLED_EXIT_CODE, at=time.time(), state="killed"))
            else:
                self._append(Kind.END, End(exit_code=0, at=time.time()))
            self._ended = True

    def close(self) -> None:
        with self._lock:
            if self._number >= 0:
                os.close(self._number)
                self._number = -1

    def _fields(self, *, primary: bool) -> RunFields:
        of = self._watched
        return RunFields(
            run=of.run,
            project=of.project,
            entity=of.entity,
            writer=self.path.stem,
            resume="allow",  # the run is there already: this is no second one
            rank=of.rank,
            world_size=of.world_size,
            label=of.label,
            primary=primary,
        )

    def _append(self, kind: Kind, value: msgspec.Struct) -> None:
        self._open()
        self._write(frame(int(kind), _encoder.encode(value)))

    def _open(self) -> None:
        if self._number >= 0:
            return
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._number = os.open(self.path, flags, 0o644)
        try:
            size = os.fstat(self._number).st_size
            if size >= HEADER_BYTES and os.pread(self._number, HEADER_BYTES, 0).strip(b"\0"):
                self._resume()
            if self._end <= HEADER_BYTES:
                os.ftruncate(self._number, 0)
                header = encode_header(bytes.fromhex(self.path.stem), time.time_ns())
                first = frame(int(Kind.RUN), _encoder.encode(self._fields(primary=False)))
                self._end = 0
                self._write(header + first)
        except BaseException:
            os.close(self._number)
            self._number = -1
            raise

    def _resume(self) -> None:
        """Go on behind the last whole record of an earlier uplink."""
        with JournalFile(self.path) as journal:
            at = HEADER_BYTES
            while True:
                batch = journal.read(at, limit_bytes=1 << 20)
                if not batch.body:
                    break
                at = batch.end
                self._ended = batch.ended
        os.ftruncate(self._number, at)
        self._end = at

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._number, data[written:], self._end + written)
        except OSError:
            # Half a record would make everything behind it unreadable.
            os.ftruncate(self._number, self._end)
            raise
        self._end += written
