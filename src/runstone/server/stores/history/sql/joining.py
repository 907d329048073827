"""Neighbouring batches of a stream made one, before they are written to the log."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from runstone.server.stores.history.blocks import Block, BlockColumns, blocks_of
from runstone.server.stores.history.contract import RowBatch, SetKey
from runstone.server.stores.history.sql.append import Append

JOINED_BYTES_MAX = 1 << 20  # of batches that become one row of the log


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
