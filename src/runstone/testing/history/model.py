"""The truth that history stores are held to: rows as plain dictionaries."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runstone.server.domain.batches import WrittenRow
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.contract import Column, Float64s, HistoryStore, Int64s, RowBatch, SetKey

OpenStore = Callable[[], HistoryStore]
SET = SetKey(RunKey(1), "history")


def key_of(run: int) -> SetKey:
    return SetKey(RunKey(run), "history")


def numbers(
    steps: Sequence[int] | Int64s,
    columns: Mapping[str, Sequence[float] | Float64s],
    *,
    offset: int = 0,
    start: float = 1_700_000_000.0,
) -> RowBatch:
    """A batch of float columns that every row has; offsets count rows from `offset`, a step is a second."""
    rows = np.asarray(steps, np.int64)
    at = np.arange(len(rows), dtype=np.int64)
    return RowBatch(
        at + offset,
        offset + len(rows),
        rows,
        rows + np.float64(start),
        rows.astype(np.float64),
        {key: Column("number", at, np.asarray(values, np.float64)) for key, values in columns.items()},
    )


def merge_all(store: HistoryStore) -> None:
    while store.maintain(seconds=1):
        pass


@dataclass
class _Branch:
    parent: _Branch | None = None
    fork_step: int = 0
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)  # step -> key -> value, times among them


class Model:
    """Sets of rows as dictionaries: what arrives later wins, per step and key."""

    def __init__(self) -> None:
        self.heads: dict[SetKey, _Branch] = {}
        self.streams: dict[tuple[SetKey, str], int] = {}

    def append(self, where: SetKey, stream: str, rows: Sequence[WrittenRow], end_offset: int) -> int:
        next_offset = self.streams.get((where, stream), 0)
        branch = self.heads.setdefault(where, _Branch())
        for row in rows:
            if row.offset >= next_offset:
                kept = branch.rows.setdefault(row.step, {})
                kept.update({"_timestamp": row.timestamp, "_runtime": row.runtime, **row.values})
        self.streams[where, stream] = max(next_offset, end_offset)
        return self.streams[where, stream]

    def rewind(self, where: SetKey, last_step: int) -> int:
        self.heads[where] = _Branch(self.heads.setdefault(where, _Branch()), last_step)
        for at, stream in list(self.streams):
            if at == where:
                del self.streams[at, stream]
        return len(self.view(where))

    def fork(self, parent: SetKey, child: SetKey, last_step: int) -> None:
        head = self.heads.setdefault(child, _Branch())
        if parent in self.heads:
            head.parent, head.fork_step = self.heads[parent], last_step

    def delete(self, run: RunKey) -> None:
        self.heads = {where: head for where, head in self.heads.items() if where.run != run}
        self.streams = {key: at for key, at in self.streams.items() if key[0].run != run}

    def view(self, where: SetKey) -> dict[int, dict[str, Any]]:
        """Rows as they stand, by rising step."""
        chain: list[tuple[_Branch, float]] = []
        branch, limit = self.heads.get(where), math.inf
        while branch is not None:
            chain.append((branch, limit))
            limit = min(limit, branch.fork_step)
            branch = branch.parent
        found: dict[int, dict[str, Any]] = {}
        for branch, top in reversed(chain):
            for step, values in branch.rows.items():
                if step <= top:
                    found.setdefault(step, {}).update(values)
        return dict(sorted(found.items()))
