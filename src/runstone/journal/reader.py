"""Reading a journal file, also while its writer is still at work."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runstone.journal.format import (
    FRAME_BYTES,
    HEADER_BYTES,
    RECORD_BYTES_MAX,
    JournalError,
)
from runstone.journal.records import Header, Record, records

if TYPE_CHECKING:
    from types import TracebackType

BLOCK_BYTES = 1024 * 1024
_RETRIES = 3


class JournalReader:
    """The records of one file. Not for several threads at once.

    A torn tail (the writer died, or is just now writing) is left out. What looks like damage in the
    middle is read again before it is believed: while one record is being stored, a reader that
    passes there may see a part of it, and already the whole next one.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises OSError, and JournalError for a file that does not begin as a journal."""
        self.path = os.fspath(path)
        self._fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        try:
            head = self._read(HEADER_BYTES, 0)
            if not head.strip(b"\0"):
                raise JournalError(f"{self.path} is empty: its writer died before it wrote.", offset=0)
            self.header = Header.decode(head)
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def records(self, start: int = HEADER_BYTES) -> Iterator[Record]:
        """The sound records from offset `start` (a record's) to the end as it now is.

        Raises JournalError where a damaged record has a sound one behind it; those before it have
        then been given.
        """
        at, wanted, failed_at, failures = start, BLOCK_BYTES, -1, 0
        while True:
            block = self._read(wanted, at)
            more = len(block) == wanted
            begin = at
            try:
                for record in records(block, start=at, more=more):
                    at = record.end
                    yield record
            except JournalError as error:
                failures = failures + 1 if error.offset == failed_at else 1
                failed_at = error.offset
                if failures > _RETRIES:
                    raise JournalError(f"{self.path}: {error}", offset=error.offset) from None
                time.sleep(0.002 * failures)
                continue
            if at > begin:
                wanted = BLOCK_BYTES
            elif more and wanted < RECORD_BYTES_MAX + FRAME_BYTES:
                wanted = min(wanted * 4, RECORD_BYTES_MAX + FRAME_BYTES)  # one long record, or zeros
            if at == begin and not (more and wanted > len(block)):
                return

    def sound_bytes(self, start: int, *, bytes_max: int = BLOCK_BYTES) -> bytes:
        """Whole records from offset `start` on, ready to be sent: at most `bytes_max` of them unless
        the first alone is longer. Empty at the end. Raises JournalError as `records` does, once
        the damaged record is the first."""
        end = start
        try:
            for record in self.records(start):
                if record.end - start > bytes_max and end > start:
                    break
                end = record.end
        except JournalError:
            if end == start:
                raise
        return self._read(end - start, start)

    def _read(self, size: int, at: int) -> bytes:
        parts = []
        while size > 0:
            if hasattr(os, "pread"):
                part = os.pread(self._fd, size, at)
            else:
                os.lseek(self._fd, at, os.SEEK_SET)
                part = os.read(self._fd, size)
            if not part:
                break
            parts.append(part)
            size -= len(part)
            at += len(part)
        return b"".join(parts)


def read_records(path: str | os.PathLike[str], start: int = HEADER_BYTES) -> Iterator[Record]:
    """The records of the file at `path`, opened for as long as they are read."""
    with JournalReader(path) as reader:
        yield from reader.records(start)
