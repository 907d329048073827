"""Small batches of rows, kept ahead of the database.

A live run sends a hundred rows at a time. As a transaction of SQLite that is seven pages and a flush
to disk; most of what it costs is not for the rows. So they go to a file first, one write and one flush
for all that came together, and into the database many at once: when somebody reads, when the
file is full, before anything else is written, or a second later. What lies in the file is as safe as
what lies in the database: whoever opens the store next finds it there.

    file     groups, one after another; the file is filled with zeros beforehand, so that a flush
             to disk need not change its length
    group    mark | generation | number | length | checksum | MessagePack of its batches

All groups of one generation go into the database in one transaction, which notes the generation in
`hist_intake`; the next generation begins at the start of the file. A group counts if it is whole and
carries the generation of the first group and the next number: what is left of earlier generations
behind it does not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import zlib
from collections.abc import Callable, Collection, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.blocks import Block, BlockColumns, blocks_of
from runstone.server.stores.history.contract import KeyKind, RowBatch, SetKey, Space
from runstone.server.stores.history.sql import append
from runstone.server.stores.history.sql.append import Append
from runstone.server.stores.history.sql.branches import set_row
from runstone.server.stores.history.sql.database import Database, Tx

FILE_BYTES = 4 << 20
ROOM_BYTES_MIN = 64 << 20  # with less left on the disk all goes to the database at once: there it is seen
STREAMS_MAX = 20_000  # whose offsets are remembered
JOINED_BYTES_MAX = 1 << 20  # of batches that become one row of the log

log = logging.getLogger(__name__)

_MARK = b"RSin"
_GROUP = struct.Struct("<4sQIII")
_CHECKED = struct.Struct("<QI")
_encode = msgspec.msgpack.Encoder().encode


class _Block(msgspec.Struct, array_like=True, gc=False):
    kind: KeyKind
    keys: Sequence[str]
    rows: bytes | None
    values: bytes | list[list[Any]]


class _Batch(msgspec.Struct, array_like=True, gc=False):
    """Offsets are left out: only the last one matters once it is known what of the batch is new."""

    run: int
    space: Space
    stream: bytes
    end_offset: int
    note: bytes | None
    steps: bytes
    timestamps: bytes
    runtimes: bytes
    blocks: list[_Block]


_decode = msgspec.msgpack.Decoder(list[_Batch]).decode


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


class Intake:
    """What was acknowledged and is not in the database yet. The writer's lock guards all of it.

    offset_of: where a stream goes on by the database; None for one it does not know.
    """

    def __init__(
        self, file: IntakeFile, generation: int, offset_of: Callable[[SetKey, bytes], int | None]
    ) -> None:
        """generation: the last one that is in the database. What the file holds beyond is pending."""
        self._file = file
        self._offset_of = offset_of
        self._offsets: dict[tuple[SetKey, bytes], int] = {}  # remembered, pending or not
        self._ends: dict[tuple[SetKey, bytes], int] = {}
        self._notes: dict[tuple[SetKey, bytes], bytes] = {}
        self._batches: list[Append] = []
        self._sets: set[SetKey] = set()  # of those
        self._closed = False
        for payload in file.read():
            if file.generation > generation:
                self._add([_append_of(batch) for batch in _decode(payload)])
        if not self._batches:
            file.begin_again(max(generation, file.generation) + 1)
            self._closed = file.room() < ROOM_BYTES_MIN

    def pending(self, part: Collection[SetKey] | None = None) -> bool:
        """Whether anything is, of these sets."""
        if part is None or not self._sets:
            return bool(self._sets)
        return not self._sets.isdisjoint(part)

    def offset(self, where: SetKey, stream: bytes) -> int:
        """Where a stream goes on by what is pending; 0 where nothing is."""
        return self._ends.get((where, stream), 0)

    def note(self, where: SetKey, stream: bytes) -> bytes | None:
        """A stream's note that is not in the database yet."""
        return self._notes.get((where, stream))

    def take(self, items: Sequence[Append]) -> list[int] | None:
        """Keep them: the next offset of each item's stream. None where they are to go to the database:
        they are large, hold what MessagePack cannot say, begin a stream, or there is no room."""
        if self._closed or not all(item.is_small for item in items):
            return None
        moved: dict[tuple[SetKey, bytes], int] = {}
        results = []
        kept = []
        for item in items:
            key = (item.where, item.stream)
            offset = moved.get(key)
            if offset is None:
                offset = self._offsets.get(key)
            if offset is None:
                offset = self._offset_of(*key)
                if offset is None:
                    return None
                self._remember(key, offset)
            if item.batch.end_offset > offset:
                kept.append(item.behind(offset))
                offset = moved[key] = item.batch.end_offset
            results.append(offset)
        if kept:
            try:
                payload = _encode([_batch_of(item) for item in kept])
            except (OverflowError, UnicodeEncodeError, TypeError):
                return None  # an integer of 65 bits, half a character: the log can spell them
            if not self._file.holds(len(payload)):
                return None
            try:
                self._file.write(payload)
            except OSError as error:
                log.warning("rows go to the database at once: %s", error)
                self._closed = True  # what the file holds is safe; nothing more is added to it
                return None
            self._add(kept)
        return results

    def _add(self, items: Sequence[Append]) -> None:
        self._batches += items
        for item in items:
            key = (item.where, item.stream)
            self._sets.add(item.where)
            self._remember(key, item.batch.end_offset)
            self._ends[key] = item.batch.end_offset
            if item.note is not None:
                self._notes[key] = item.note

    def _remember(self, key: tuple[SetKey, bytes], offset: int) -> None:
        if len(self._offsets) >= STREAMS_MAX and key not in self._offsets:
            self.forget()
        self._offsets[key] = offset

    def write(self, tx: Tx, part: Collection[SetKey] | None = None) -> None:
        """Put what is pending, or what is of these sets, into the database, as a part of the transaction. A
        part of a generation that is read again after a crash is passed over by its offsets, for they
        only fall where all of it was written before."""
        batches = self._batches
        if not self._is_all(part):
            batches = [item for item in batches if item.where in (part or ())]
        append.write_group(tx, joined(batches))
        if self._is_all(part):
            tx.run("UPDATE hist_intake SET generation = ?", (self._file.generation,))

    def written(self, part: Collection[SetKey] | None = None) -> None:
        """That transaction was committed."""
        if not self._is_all(part):
            gone = set(part or ())
            self._batches = [item for item in self._batches if item.where not in gone]
            self._ends = {key: end for key, end in self._ends.items() if key[0] not in gone}
            self._notes = {key: note for key, note in self._notes.items() if key[0] not in gone}
            self._sets -= gone
            return
        self._batches, self._ends, self._notes, self._sets = [], {}, {}, set()
        self._file.begin_again(self._file.generation + 1)
        self._closed = self._file.room() < ROOM_BYTES_MIN

    def _is_all(self, part: Collection[SetKey] | None) -> bool:
        return part is None or self._sets <= set(part)

    def kept(self, items: Sequence[Append], results: Sequence[int]) -> None:
        """These went to the database, which says where their streams go on."""
        for item, offset in zip(items, results, strict=True):
            self._remember((item.where, item.stream), offset)

    def forget(self) -> None:
        """Streams may go on elsewhere than they did."""
        self._offsets = dict(self._ends)

    def close(self) -> None:
        self._file.close()


def joined(items: Sequence[Append]) -> list[Append]:
    """Neighbours of one stream made one batch, where their columns are the same: a hundred batches
    are then one row of the log, and compress better. The order of rows within a set stays."""
    of_sets: dict[SetKey, list[_Neighbours]] = {}
    for item in items:
        of_set = of_sets.setdefault(item.where, [])
        if not of_set or not of_set[-1].take(item):
            of_set.append(_Neighbours(item))
    return [neighbours.joined() for of_set in of_sets.values() for neighbours in of_set]


class _Neighbours:
    def __init__(self, first: Append) -> None:
        self._items = [first]
        self._size = first.size

    def take(self, item: Append) -> bool:
        """Whether it goes with them."""
        first = self._items[0]
        if self._size + item.size > JOINED_BYTES_MAX or item.stream != first.stream:
            return False
        if not _is_alike(first.batch, item.batch):
            return False
        self._items.append(item)
        self._size += item.size
        return True

    def joined(self) -> Append:
        return _join(self._items)


def _is_alike(one: RowBatch, other: RowBatch) -> bool:
    ours, theirs = blocks_of(one), blocks_of(other)
    return len(ours) == len(theirs) and all(
        a.kind == b.kind and (a.keys is b.keys or list(a.keys) == list(b.keys))
        for a, b in zip(ours, theirs, strict=True)
    )


def _join(items: list[Append]) -> Append:
    first, last = items[0], items[-1]
    if len(items) == 1:
        return first
    batches = [item.batch for item in items]
    count = sum(len(batch.steps) for batch in batches)
    columns = [blocks_of(batch) for batch in batches]
    starts = np.cumsum([0] + [len(batch.steps) for batch in batches])[:-1].tolist()
    blocks = []
    for at, block in enumerate(columns[0]):
        some = [blocks[at] for blocks in columns]
        rows = None
        if any(one.rows is not None for one in some):
            rows = np.concatenate(
                [
                    (np.arange(len(batch.steps), dtype=np.int64) if one.rows is None else one.rows) + start
                    for one, batch, start in zip(some, batches, starts, strict=True)
                ]
            )
        values: Any
        if isinstance(block.values, np.ndarray):
            values = np.concatenate([one.values for one in some], axis=1)
        else:
            columns_of_key = zip(*(one.values for one in some), strict=True)
            values = [list(chain.from_iterable(parts)) for parts in columns_of_key]
        blocks.append(Block(block.kind, block.keys, rows, values))
    batch = RowBatch(
        np.concatenate([batch.offsets for batch in batches]),
        last.batch.end_offset,
        np.concatenate([batch.steps for batch in batches]),
        np.concatenate([batch.timestamps for batch in batches]),
        np.concatenate([batch.runtimes for batch in batches]),
        BlockColumns(blocks, count),
    )
    note = next((item.note for item in reversed(items) if item.note is not None), None)
    return Append(first.where, first.stream, batch, note)


def _batch_of(item: Append) -> _Batch:
    run, batch = item.where, item.batch
    return _Batch(
        int(run.run),
        run.space,
        item.stream,
        batch.end_offset,
        item.note,
        batch.steps.tobytes(),
        batch.timestamps.tobytes(),
        batch.runtimes.tobytes(),
        [
            _Block(
                block.kind,
                block.keys,
                None if block.rows is None else block.rows.tobytes(),
                block.values.tobytes() if isinstance(block.values, np.ndarray) else block.values,
            )
            for block in blocks_of(batch)
        ],
    )


def _append_of(kept: _Batch) -> Append:
    steps = np.frombuffer(kept.steps, np.int64)
    n = len(steps)
    blocks = []
    for one in kept.blocks:
        rows = None if one.rows is None else np.frombuffer(one.rows, np.int64)
        values: Any = one.values
        if isinstance(values, bytes):
            values = np.frombuffer(values, append.DTYPES[one.kind]).reshape(len(one.keys), -1)
        blocks.append(Block(one.kind, one.keys, rows, values))
    batch = RowBatch(
        # Every row has a byte of the stream at least, and all of them are new.
        np.arange(kept.end_offset - n, kept.end_offset, dtype=np.int64),
        kept.end_offset,
        steps,
        np.frombuffer(kept.timestamps, np.float64),
        np.frombuffer(kept.runtimes, np.float64),
        BlockColumns(blocks, n),
    )
    return Append(SetKey(RunKey(kept.run), kept.space), kept.stream, batch, kept.note)


def open_intake(database: Database) -> Intake | None:
    """None where there can be none: the database has logs of its own that several servers share, another
    process has the file, or the system has no such locks."""
    if database.path is None:
        return None
    with database.read() as tx:
        row = tx.one("SELECT generation FROM hist_intake")

    def offset_of(where: SetKey, stream: bytes) -> int | None:
        with database.read() as tx:
            row = tx.one(
                "SELECT t.next_offset FROM hist_set s JOIN hist_stream t ON t.branch = s.branch "
                "WHERE s.run = ? AND s.space = ? AND t.stream = ?",
                (*set_row(where), stream),
            )
        return None if row is None else int(row[0])

    try:
        file = IntakeFile(database.path.with_name(database.path.name + "-intake"))
    except (BlockingIOError, ImportError):
        return None
    return Intake(file, int(row[0]) if row else 0, offset_of)


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
