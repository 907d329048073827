"""Columns of a batch held as blocks: keys that were logged in the same rows share one matrix.

A row of 10,000 metrics is then one matrix of shape (10000, 1), not 10,000 little arrays. To whoever
wants columns a `BlockColumns` is the mapping that `RowBatch.columns` promises; the stores take its
blocks. A key may lie in several blocks (numbers in some rows, a string in others); rows of one key
never repeat among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import Column, Float64s, Int64s, KeyKind, RowBatch

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """`keys` (K of them) of one kind with values in the same m rows.

    rows: shape (m,), strictly rising positions in the batch; None is all of its rows.
    values: "number" float64 (K, m), "integer" int64 (K, m), "bool" uint8 (K, m); otherwise a list
    of K lists of m values.
    """

    kind: KeyKind
    keys: Sequence[str]
    rows: Int64s | None
    values: Any

    def cut(self, start: int, row_count: int) -> Block | None:
        """Without the batch's first `start` rows; None where nothing is left."""
        rows = np.arange(row_count, dtype=np.int64) if self.rows is None else self.rows
        at = int(np.searchsorted(rows, start))
        if at == len(rows):
            return None
        kept = None if self.rows is None else rows[at:] - start
        if isinstance(self.values, np.ndarray):
            return Block(self.kind, self.keys, kept, np.ascontiguousarray(self.values[:, at:]))
        return Block(self.kind, self.keys, kept, [column[at:] for column in self.values])


class BlockColumns(Mapping[str, Column]):
    """The columns of a batch of `row_count` rows, by key."""

    __slots__ = ("_at", "blocks", "row_count")

    def __init__(self, blocks: Sequence[Block], row_count: int) -> None:
        self.blocks = blocks
        self.row_count = row_count
        self._at: dict[str, list[tuple[Block, int]]] | None = None

    def _index(self) -> dict[str, list[tuple[Block, int]]]:
        if self._at is None:
            self._at = {}
            for block in self.blocks:
                for at, key in enumerate(block.keys):
                    self._at.setdefault(key, []).append((block, at))
        return self._at

    def __len__(self) -> int:
        return len(self._index())

    def __iter__(self) -> Iterator[str]:
        return iter(self._index())

    def __contains__(self, key: object) -> bool:
        return key in self._index()

    def __getitem__(self, key: str) -> Column:
        found = self._index()[key]
        if len(found) == 1:
            block, at = found[0]
            values = block.values[at]
            if block.kind == "bool":
                values = values.astype(bool).tolist()
            return Column(block.kind, self._rows(block), values)
        rows: list[int] = []
        mixed: list[Any] = []
        for block, at in found:
            values = block.values[at]
            if block.kind == "bool":
                values = values.astype(bool)
            rows += self._rows(block).tolist()
            mixed += values.tolist() if isinstance(values, np.ndarray) else values
        order = sorted(range(len(rows)), key=rows.__getitem__)
        return Column("json", np.array([rows[i] for i in order], np.int64), [mixed[i] for i in order])

    def _rows(self, block: Block) -> Int64s:
        return np.arange(self.row_count, dtype=np.int64) if block.rows is None else block.rows


def blocks_of(batch: RowBatch) -> Sequence[Block]:
    """The batch's columns as blocks; those that are not yet are put together here. Numbers, bools
    and strings in a "json" column become blocks of their own kind."""
    if isinstance(batch.columns, BlockColumns):
        return batch.columns.blocks
    row_count = len(batch.steps)
    groups: dict[tuple[str, bytes], tuple[Int64s, list[str], list[Any]]] = {}

    def add(kind: KeyKind, rows: Int64s, key: str, values: Any) -> None:
        group = groups.setdefault((kind, rows.tobytes()), (rows, [], []))
        group[1].append(key)
        group[2].append(values)

    for key, column in batch.columns.items():
        rows = np.ascontiguousarray(column.rows, np.int64)
        if not len(rows):
            continue
        if column.kind == "number":
            add("number", rows, key, np.asarray(column.values, np.float64))
        elif column.kind == "integer":
            add("integer", rows, key, np.asarray(column.values, np.int64))
        else:
            for kind, positions, values in by_kind(list(column.values)):
                add(kind, rows[positions], key, values)
    return [
        Block(
            kind,  # type: ignore[arg-type]
            keys,
            None if len(rows) == row_count else rows,
            columns if kind in ("string", "json") else np.stack(columns),
        )
        for (kind, _), (rows, keys, columns) in groups.items()
    ]


def by_kind(values: Sequence[Any]) -> Iterator[tuple[KeyKind, Int64s, Any]]:
    """`values` parted by kind: (kind, positions, values as a block keeps them)."""
    parts: dict[KeyKind, tuple[list[int], list[Any]]] = {}
    for at, value in enumerate(values):
        kind, kept = classify(value)
        part = parts.setdefault(kind, ([], []))
        part[0].append(at)
        part[1].append(kept)
    for kind, (positions, kept_values) in parts.items():
        yield kind, np.array(positions, np.int64), as_block_row(kind, kept_values)


def as_block_row(kind: KeyKind, values: list[Any]) -> Float64s | Int64s | Any:
    """One key's values as a row of a block of that kind."""
    if kind == "number":
        return np.array(values, np.float64)
    if kind == "integer":
        return np.array(values, np.int64)
    if kind == "bool":
        return np.array(values, np.uint8)
    return values


def classify(value: Any) -> tuple[KeyKind, Any]:
    """The kind a single value is kept as, and the value in that form. An integer beyond 64 bits is
    kept as the float64 where that is the same number, and as JSON where it is not."""
    kind = type(value)
    if kind is float:
        return "number", value
    if kind is bool:
        return "bool", value
    if kind is int:
        if INT64_MIN <= value <= INT64_MAX:
            return "integer", value
        try:
            as_float = float(value)
        except OverflowError:
            return "json", value
        return ("number", as_float) if math.isfinite(as_float) and int(as_float) == value else ("json", value)
    if kind is str:
        return "string", value
    if isinstance(value, np.bool_):
        return "bool", bool(value)
    if isinstance(value, (np.integer, np.floating)):
        return classify(value.item())
    if isinstance(value, (bool, int, float, str)):  # subclasses
        return classify(next(t for t in (bool, int, float, str) if isinstance(value, t))(value))
    return "json", value
