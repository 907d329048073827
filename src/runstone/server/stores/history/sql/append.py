"""Taking rows in: many callers' batches in one transaction.

A large batch is encoded on the caller's thread, a small one when it goes into the log (see
`intake`, where it may wait for others). The writer's thread decides, under the rows' locks, which
part of it is new (offsets below the stream's next one were kept before), gives the new rows their
arrival numbers and writes them to the log.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runstone.server.domain.errors import Invalid
from runstone.server.stores.history.blocks import Block, BlockColumns, blocks_of
from runstone.server.stores.history.contract import RowBatch, SetKey
from runstone.server.stores.history.sql import branches
from runstone.server.stores.history.sql.codec import KIND_NUMBERS, EncodedBlock, encode_frame
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.tables import rising

# A log is due for merging when it is that long: short enough that reading it whole stays cheap,
# long enough that the open pack is not written again for a handful of rows.
DUE_BATCHES = 48
DUE_ROWS = 8192
DUE_BYTES = 1024 * 1024
STREAM_BYTES_MAX = 1024


SMALL_BYTES_MAX = 128 * 1024  # a batch that may wait in the intake
SMALL_KEYS_MAX = 1024
DTYPES: dict[str, Any] = {"number": np.float64, "integer": np.int64, "bool": np.uint8}


class Append:
    """One caller's batch on its way."""

    __slots__ = ("_frame", "batch", "is_small", "note", "size", "stream", "where")

    def __init__(self, where: SetKey, stream: bytes, batch: RowBatch, note: bytes | None = None) -> None:
        self.where = where
        self.stream = stream
        self.batch = batch
        self.note = note
        self._frame: bytes | None = None
        self.size = _ROW_BYTES * len(batch.steps)  # about, in memory
        keys = 0
        self.is_small = True
        for block in blocks_of(batch):
            keys += len(block.keys)
            if not isinstance(block.values, np.ndarray):
                self.size += sum(map(_texts_size if block.kind == "string" else _json_size, block.values))
            elif block.values.dtype == DTYPES.get(block.kind):
                self.size += block.values.nbytes
            else:
                self.is_small = False
        if self.size > SMALL_BYTES_MAX or keys > SMALL_KEYS_MAX:
            self.is_small = False

    @property
    def frame(self) -> bytes:
        """As it stands in the log; empty for a batch without rows."""
        if self._frame is None:
            self._frame = _encode(self.batch) if len(self.batch.steps) else b""
        return self._frame

    def behind(self, offset: int) -> Append:
        """Without the rows below that offset."""
        offsets = self.batch.offsets
        if not len(offsets) or int(offsets[0]) >= offset:
            return self
        start = int(np.searchsorted(offsets, offset))
        return Append(self.where, self.stream, _cut(self.batch, start), self.note)


_ROW_BYTES = 32  # offset, step, timestamp, runtime
_TEXT_BYTES = 64  # of a text, beside its characters
_JSON_BYTES = 1024  # taken for any JSON value: a histogram, what is told of a picture


def _texts_size(values: Sequence[str]) -> int:
    return _TEXT_BYTES * len(values) + sum(map(len, values))


def _json_size(values: Sequence[Any]) -> int:
    return _JSON_BYTES * len(values)


def text_bytes(text: str) -> bytes:
    """As keys and streams are kept: UTF-8, lone surrogates allowed."""
    return text.encode("utf-8", "surrogatepass")


def bytes_text(data: bytes | memoryview) -> str:
    return bytes(data).decode("utf-8", "surrogatepass")


def prepare(where: SetKey, stream: str, batch: RowBatch, note: bytes | None = None) -> Append:
    """Check a batch and encode it. Raises Invalid for one that contradicts itself."""
    n = len(batch.steps)
    for what, column in (
        ("offsets", batch.offsets),
        ("timestamps", batch.timestamps),
        ("runtimes", batch.runtimes),
    ):
        if len(column) != n:
            raise Invalid(f"A batch of {n} steps has {len(column)} {what}. Send one for each row.")
    if n and (
        int(batch.offsets[0]) < 0
        or (n > 1 and not rising(batch.offsets))
        or batch.end_offset <= int(batch.offsets[-1])
    ):
        raise Invalid(
            "The offsets of a batch must rise strictly from 0 or more and end before its end_offset."
        )
    stream_bytes = text_bytes(stream)
    if not 0 < len(stream_bytes) <= STREAM_BYTES_MAX:
        raise Invalid(f"A stream's name has 1 to {STREAM_BYTES_MAX} bytes, met {len(stream_bytes)}.")
    if not isinstance(batch.columns, BlockColumns):
        batch = replace(batch, columns=BlockColumns(blocks_of(batch), n))
    item = Append(where, stream_bytes, batch, note)
    for block in blocks_of(batch):
        if block.rows is not None and len(block.rows) and not 0 <= int(block.rows[-1]) < n:
            raise Invalid(f"A column names row {int(block.rows[-1])} of a batch of {n}.")
    if not item.is_small:
        _ = item.frame  # encoded here, where no one else waits for it
    return item


def _encode(batch: RowBatch) -> bytes:
    blocks = []
    for block in blocks_of(batch):
        if len(block.keys):
            blocks.append(EncodedBlock(KIND_NUMBERS[block.kind], block.keys, block.rows, block.values))
    times = np.concatenate((batch.timestamps, batch.runtimes), dtype=np.float64)
    return encode_frame(np.ascontiguousarray(batch.steps, np.int64), blocks, times=times)


def _cut(batch: RowBatch, start: int) -> RowBatch:
    n = len(batch.steps)
    cut = [block.cut(start, n) for block in blocks_of(batch)]
    kept: list[Block] = [block for block in cut if block is not None]
    return RowBatch(
        batch.offsets[start:],
        batch.end_offset,
        batch.steps[start:],
        batch.timestamps[start:],
        batch.runtimes[start:],
        BlockColumns(kept, n - start),
    )


class _Head:
    """A branch's columns that appending changes, while the group is worked through."""

    __slots__ = (
        "batches", "bytes", "changed", "due", "first_step", "first_ts", "last_step", "last_ts",
        "next_seq", "rising", "rows", "version", "waiting",
    )  # fmt: skip

    def __init__(self, row: tuple[object, ...]) -> None:
        (
            self.next_seq, self.version, self.first_step, self.last_step, self.first_ts, self.last_ts,
            self.batches, self.rows, self.bytes, self.waiting, self.due, self.rising,
        ) = row  # type: ignore[assignment]  # fmt: skip
        self.changed = False

    next_seq: int
    version: int
    first_step: int | None
    last_step: int | None
    first_ts: float | None
    last_ts: float | None
    batches: int
    rows: int
    bytes: int
    waiting: int
    due: int
    rising: int


def write_group(tx: Tx, items: list[Append]) -> list[int]:
    """The group's work: the next offset of each item's stream, in order."""
    if len(items) == 1 and not tx.lock:
        row = tx.one(_LONE_SQL, (items[0].stream, *branches.set_row(items[0].where)))
        if row is not None:
            branch, offset = row[0], row[-1]
            streams = {} if offset is None else {(branch, items[0].stream): offset}
            return _write_at(tx, items, {items[0].where: branch}, {branch: _Head(row[1:-1])}, streams)
    return _write(tx, items, _branches_of(tx, items))


def write_to(tx: Tx, branch: int, item: Append) -> bool:
    """Append to a branch that is no set's yet. True: its log is due for merging."""
    _write(tx, [item], {item.where: branch})
    tx.run("DELETE FROM hist_stream WHERE branch = ?", (branch,))
    return tx.one("SELECT due FROM hist_branch WHERE id = ?", (branch,)) == (1,)


def _write(tx: Tx, items: list[Append], of_set: dict[SetKey, int]) -> list[int]:
    ids = sorted(set(of_set.values()))
    heads = {
        row[0]: _Head(row[1:])
        for row in (
            tx.all(_HEAD_SQL + f"id = ?{tx.lock}", ids)
            if len(ids) == 1
            else tx.all_in(_HEAD_SQL + f"id IN (VALUES {{values}}) ORDER BY id{tx.lock}", [(i,) for i in ids])
        )
    }
    keys = sorted({(of_set[item.where], item.stream) for item in items})
    streams: dict[tuple[int, bytes], int] = {}
    if len(keys) == 1:
        row = tx.one("SELECT next_offset FROM hist_stream WHERE branch = ? AND stream = ?", keys[0])
        if row is not None:
            streams[keys[0]] = row[0]
    else:
        for branch, stream, offset in tx.all_in(
            "SELECT branch, stream, next_offset FROM hist_stream WHERE (branch, stream) IN (VALUES {values})",
            keys,
        ):
            streams[branch, bytes(stream)] = offset
    return _write_at(tx, items, of_set, heads, streams)


def _write_at(
    tx: Tx,
    items: list[Append],
    of_set: dict[SetKey, int],
    heads: dict[int, _Head],
    streams: dict[tuple[int, bytes], int],
) -> list[int]:
    """heads: by branch. streams: the next offsets of those that have one, by branch and name."""
    moved: dict[tuple[int, bytes], int] = {}
    notes: dict[tuple[int, bytes], bytes] = {}
    log_rows: list[tuple[object, ...]] = []
    results: list[int] = []
    now = time.time()
    for item in items:
        branch = of_set[item.where]
        key = (branch, item.stream)
        next_offset = moved.get(key, streams.get(key, 0))
        if item.batch.end_offset > next_offset:
            _take(heads[branch], branch, item.behind(next_offset), log_rows)
            next_offset = moved[key] = item.batch.end_offset
            if item.note is not None:
                notes[key] = item.note
        results.append(next_offset)
    tx.run_many("INSERT INTO hist_log (branch, seq, n, step_lo, step_hi, b) VALUES (?,?,?,?,?,?)", log_rows)
    tx.run_many(
        "INSERT INTO hist_stream (branch, stream, next_offset, note) VALUES (?,?,?,?) "
        "ON CONFLICT (branch, stream) DO UPDATE SET next_offset = excluded.next_offset, "
        "note = coalesce(excluded.note, hist_stream.note)",
        [(*key, offset, notes.get(key)) for key, offset in moved.items()],
    )
    tx.run_many(
        "UPDATE hist_branch SET next_seq = ?, version = ?, first_step = ?, last_step = ?, first_ts = ?, "
        "last_ts = ?, log_batches = ?, log_rows = ?, log_bytes = ?, log_rising = ?, sealed = 0 WHERE id = ?",
        [
            (
                head.next_seq, head.version, head.first_step, head.last_step, head.first_ts, head.last_ts,
                head.batches, head.rows, head.bytes, head.rising, branch,
            )
            for branch, head in heads.items()
            if head.changed
        ],
    )  # fmt: skip
    # What is indexed is written only where it changes: an index entry costs a page of the WAL.
    marked = [(branch, head) for branch, head in heads.items() if head.changed]
    tx.run_many(
        "UPDATE hist_branch SET waiting = 1, log_since = ? WHERE id = ?",
        [(now, branch) for branch, head in marked if not head.waiting],
    )
    tx.run_many(
        "UPDATE hist_branch SET due = 1 WHERE id = ?",
        [
            (branch,)
            for branch, head in marked
            if not head.due
            and (head.batches >= DUE_BATCHES or head.rows >= DUE_ROWS or head.bytes >= DUE_BYTES)
        ],
    )
    return results


_HEAD = (
    "id, next_seq, version, first_step, last_step, first_ts, last_ts, log_batches, log_rows, log_bytes, "
    "waiting, due, log_rising"
)
_HEAD_SQL = f"SELECT {_HEAD} FROM hist_branch WHERE "
# All that a lone batch must know, in one look: most bodies of a small server come alone. Only where the
# transaction itself shuts others out; else sets and branches are locked in their order.
_LONE_SQL = (
    "SELECT " + ", ".join(f"b.{column}" for column in _HEAD.split(", ")) + ", t.next_offset "
    "FROM hist_set s JOIN hist_branch b ON b.id = s.branch "
    "LEFT JOIN hist_stream t ON t.branch = b.id AND t.stream = ? WHERE s.run = ? AND s.space = ?"
)


def _branches_of(tx: Tx, items: list[Append]) -> dict[SetKey, int]:
    wheres = sorted({item.where for item in items}, key=branches.set_row)
    if len(wheres) == 1:
        return {wheres[0]: branches.ensure(tx, wheres[0])}
    by_row = {branches.set_row(where): where for where in wheres}
    found = {
        by_row[row[0], row[1]]: int(row[2])
        for row in tx.all_in(
            "SELECT run, space, branch FROM hist_set WHERE (run, space) IN (VALUES {values}) "
            f"ORDER BY run, space{tx.lock}",
            list(by_row),
        )
    }
    for where in wheres:
        if where not in found:
            found[where] = branches.ensure(tx, where)
    return found


def _take(head: _Head, branch: int, item: Append, log_rows: list[tuple[object, ...]]) -> None:
    batch, frame = item.batch, item.frame
    steps = batch.steps
    n = len(steps)
    if not n:
        return
    if is_rising := rising(steps):
        step_lo, step_hi = int(steps[0]), int(steps[-1])
    else:
        step_lo, step_hi = int(steps.min()), int(steps.max())
    if not is_rising or (head.last_step is not None and step_lo <= head.last_step):
        head.rising = 0
    log_rows.append((branch, head.next_seq, n, step_lo, step_hi, frame))
    head.next_seq += n
    head.version += n
    head.first_step = step_lo if head.first_step is None else min(head.first_step, step_lo)
    head.last_step = step_hi if head.last_step is None else max(head.last_step, step_hi)
    first, last = float(batch.timestamps.min()), float(batch.timestamps.max())
    if not math.isfinite(last - first):
        times = batch.timestamps[np.isfinite(batch.timestamps)]
        first, last = (float(times.min()), float(times.max())) if len(times) else (math.nan, math.nan)
    if first == first:
        head.first_ts = first if head.first_ts is None else min(head.first_ts, first)
        head.last_ts = last if head.last_ts is None else max(head.last_ts, last)
    head.batches += 1
    head.rows += n
    head.bytes += len(frame)
    head.changed = True
