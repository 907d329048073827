"""Whole records out of a journal that may be written at this very moment.

The writer appends through a memory map or plain writes, and may die anywhere. A reader here takes
only what is surely whole: the chain of frames up to the first one that is unwritten, cut, or whose
checksum is wrong at the end. The checksums in between are left to the server, which checks each one:
checking them twice would double what a step costs on the training host. Where the server finds
damage, `check` looks again with all checksums, for a copy taken while the writer wrote can be torn
where the file is not.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runstone.journal.format import FRAME_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, JournalError
from runstone.journal.kinds import ArtifactLogged, ArtifactUsed, End, FileLogged, Kind, RunFields
from runstone.journal.reader import JournalReader
from runstone.journal.records import Header, records

_FRAME = struct.Struct("<IIB")
_UNWRITTEN = bytes(FRAME_BYTES)
_FIRST_READ_BYTES = 64 * 1024

_ROW, _FILE, _END = int(Kind.ROW), int(Kind.FILE), int(Kind.END)
_ARTIFACTS: dict[int, msgspec.msgpack.Decoder[ArtifactLogged] | msgspec.msgpack.Decoder[ArtifactUsed]] = {
    int(Kind.ARTIFACT): msgspec.msgpack.Decoder(ArtifactLogged),
    int(Kind.USE): msgspec.msgpack.Decoder(ArtifactUsed),
}
_run_fields = msgspec.msgpack.Decoder(RunFields)
_file_logged = msgspec.msgpack.Decoder(FileLogged)


class JournalDamaged(Exception):
    """This journal cannot go on: sending it again will not help. `offset` is where."""

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Where a FILE record lies in its batch's body, and what it says."""

    start: int
    end: int
    logged: FileLogged


@dataclass(frozen=True, slots=True)
class ArtifactMention:
    """Where an ARTIFACT or USE record lies in its batch's body, and what it says."""

    start: int
    end: int
    said: ArtifactLogged | ArtifactUsed


@dataclass(slots=True)
class Batch:
    """Whole records: `body` is the journal's bytes [offset, end)."""

    offset: int
    body: bytes
    records: int = 0
    rows: int = 0
    files: list[FileRecord] = field(default_factory=list)
    artifacts: list[ArtifactMention] = field(default_factory=list)
    ended: bool = False  # holds the END record, and nothing after it

    @property
    def end(self) -> int:
        return self.offset + len(self.body)


class JournalFile:
    """One journal on disk, read only. Close it. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self._fields: RunFields | None = None
        self._header: Header | None = None

    def close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    def __enter__(self) -> JournalFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fields(self) -> RunFields | None:
        """What the first record says of the run; None while it is not written yet. Raises
        JournalError for a file that is no journal, or begins with another record."""
        if self._fields is None:
            head = os.pread(self._number, HEADER_BYTES, 0)
            if len(head) < HEADER_BYTES or not head.strip(b"\0"):
                return None
            self._header = Header.decode(head)
            first = self.read(HEADER_BYTES, limit_bytes=1)
            if not first.body:
                return None
            if first.body[FRAME_BYTES - 1] != Kind.RUN:
                raise JournalError("A journal's first record must say which run it is.", offset=HEADER_BYTES)
            try:
                fields = _run_fields.decode(first.body[FRAME_BYTES : first.end - HEADER_BYTES])
            except msgspec.MsgspecError as error:
                raise JournalError(
                    f"The first record is unreadable: {error}.", offset=HEADER_BYTES
                ) from error
            if not fields.run or not fields.project:
                raise JournalError("The first record names no run or no project.", offset=HEADER_BYTES)
            self._fields = fields
        return self._fields

    @property
    def writer(self) -> str:
        """The header's writer in hex, by which the server knows this journal. After `fields`."""
        assert self._header is not None, "fields() first"
        return self._header.writer.hex()

    @property
    def created_at(self) -> float:
        """Unix seconds. After `fields`."""
        assert self._header is not None, "fields() first"
        return self._header.created_ns / 1e9

    def quiet_since(self) -> float:
        """When the file last changed, Unix seconds (a memory map's changes show late)."""
        return os.fstat(self._number).st_mtime

    def has_more(self, offset: int) -> bool:
        """Whether a record begins at `offset`; one small read."""
        frame = os.pread(self._number, FRAME_BYTES, offset)
        return len(frame) == FRAME_BYTES and frame != _UNWRITTEN

    def read(self, offset: int, *, limit_bytes: int) -> Batch:
        """Whole records from `offset` on: at most `limit_bytes`, but one record at least where one
        is there. Nothing there: an empty body."""
        if not self.has_more(offset):
            return Batch(offset, b"")
        want = min(limit_bytes, _FIRST_READ_BYTES)
        while True:
            data = os.pread(self._number, max(want, FRAME_BYTES), offset)
            batch, needs = _scan(data, offset)
            if batch.body and (len(data) < want or want >= limit_bytes):
                return batch
            if batch.body and not needs:
                return batch
            if len(data) < want:
                return batch  # the file ends here: the record in front of us is not whole yet
            if not batch.body:
                if not needs or needs <= want:
                    return batch
                want = needs
            else:
                want = min(limit_bytes, want * 16)

    def check(self, offset: int = HEADER_BYTES) -> int:
        """Go through all records from `offset` on with their checksums. Returns where they end.
        Raises JournalError where one is damaged."""
        at = offset
        with JournalReader(self.path) as reader:
            for record in reader.records(offset):
                at = record.end
        return at

    def count(self, upto: int) -> tuple[int, int, int]:
        """How many records, rows and files lie before offset `upto`."""
        total, rows, files, at = 0, 0, 0, HEADER_BYTES
        while at < upto:
            batch = self.read(at, limit_bytes=min(4 << 20, upto - at))
            if not batch.body:
                break
            total, rows, files = total + batch.records, rows + batch.rows, files + len(batch.files)
            at = batch.end
        return total, rows, files


def read_end(batch: Batch) -> End | None:
    """The END record of a batch that `ended`."""
    if not batch.ended:
        return None
    last: End | None = None
    for record in records(batch.body, start=batch.offset):
        if record.kind == Kind.END:
            last = msgspec.msgpack.decode(record.payload, type=End)
    return last


def _scan(data: bytes, offset: int) -> tuple[Batch, int]:
    """The whole records at the start of `data`, and how many bytes it would take to see the next
    one whole (0: none follows as far as can be told)."""
    at, size, needs = 0, len(data), 0
    starts: list[int] = []
    rows, ended = 0, False
    files: list[FileRecord] = []
    artifacts: list[ArtifactMention] = []
    unpack = _FRAME.unpack_from
    view = memoryview(data)
    while at + FRAME_BYTES <= size:
        length, crc, kind = unpack(data, at)
        if length == 0 and crc == 0 and kind == 0:
            break
        end = at + FRAME_BYTES + length
        if length > RECORD_BYTES_MAX:
            break
        if end > size:
            needs = end
            break
        starts.append(at)
        if kind == _ROW:
            rows += 1
        elif kind == _FILE:
            try:
                logged = _file_logged.decode(view[at + FRAME_BYTES : end])
            except msgspec.MsgspecError:
                logged = None  # half written, or damaged: the checksum will tell
            if logged is not None:
                files.append(FileRecord(at, end, logged))
        elif kind in _ARTIFACTS:
            try:
                artifacts.append(
                    ArtifactMention(at, end, _ARTIFACTS[kind].decode(view[at + FRAME_BYTES : end]))
                )
            except msgspec.MsgspecError:
                pass
        at = end
        if kind == _END:
            ended = True
            break
    else:
        needs = at + FRAME_BYTES if at < size else at + 1
    # The newest records may be half written. Everything before a whole one was written before it.
    while starts:
        start = starts[-1]
        length, crc, kind = unpack(data, start)
        end = start + FRAME_BYTES + length
        if zlib.crc32(view[start + FRAME_BYTES : end], zlib.crc32(view[start + 8 : start + 9])) == crc:
            break
        starts.pop()
        at, needs, ended = start, 0, False
        rows -= kind == _ROW
        files = [file for file in files if file.start < start]
        artifacts = [artifact for artifact in artifacts if artifact.start < start]
    return Batch(offset, data[:at], len(starts), rows, files, artifacts, ended), needs
