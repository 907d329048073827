"""Small batches of rows, kept ahead of the database.

A live run sends a hundred rows at a time. As a transaction of SQLite that is seven pages and a flush
to disk; most of what it costs is not for the rows. So they go to a file first, one write and one flush
for all that came together, and into the database many at once: when somebody reads, when the
file is full, before anything else is written, or a second later. What lies in the file is as safe as
what lies in the database: whoever opens the store next finds it there.

A group of the file (see `intake_file`) is the MessagePack of batches that came together. All groups of
one generation go into the database in one transaction, which notes the generation in `hist_intake`; the
next generation begins at the start of the file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
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
from runstone.server.stores.history.sql.intake_file import ROOM_BYTES_MIN, IntakeFile
from runstone.server.stores.history.sql.joining import joined

STREAMS_MAX = 20_000  # whose offsets are remembered

log = logging.getLogger(__name__)

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
