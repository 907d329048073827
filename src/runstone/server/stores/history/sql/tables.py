"""Merged rows in memory: what a pack holds, and how packs and log rows become one.

A table has strictly rising steps; its groups are keys (by slot) that have values in the same rows.
`merge` takes tables in the order their rows arrived and keeps, per slot and step, the value that
came last. Work is done on whole matrices: slots that always occur together move together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.stores.history.contract import Int64s
from runstone.server.stores.history.sql.codec import (
    BOOL,
    INTEGER,
    NUMBER,
    EncodedBlock,
    Frame,
    encode_frame,
)

NUMERIC = (NUMBER, INTEGER)
ARRAYS = (NUMBER, INTEGER, BOOL)
DTYPES: dict[int, Any] = {NUMBER: np.float64, INTEGER: np.int64, BOOL: np.uint8}


@dataclass(slots=True)
class Group:
    """rows: shape (m,), rising positions in the table; None is all. values: (K, m) or K lists of m."""

    kind: int
    slots: Int64s
    rows: Int64s | None
    values: Any


@dataclass(slots=True)
class Table:
    steps: Int64s
    groups: list[Group] = field(default_factory=list)

    @property
    def value_count(self) -> int:
        n = len(self.steps)
        return sum(len(g.slots) * (n if g.rows is None else len(g.rows)) for g in self.groups)

    def counts(self, slot_count: int) -> Int64s:
        """Values per slot, shape (slot_count,)."""
        counts = np.zeros(slot_count, np.int64)
        for group in self.groups:
            counts[group.slots] += len(self.steps) if group.rows is None else len(group.rows)
        return counts

    def series(self, slot: int) -> tuple[int, Int64s, Any] | None:
        """(kind, steps, values) of one slot."""
        for group in self.groups:
            found = np.flatnonzero(group.slots == slot)
            if len(found):
                steps = self.steps if group.rows is None else self.steps[group.rows]
                return group.kind, steps, group.values[int(found[0])]
        return None

    def without(self, slots: Iterable[int]) -> Table:
        """A copy that lacks those slots."""
        gone = np.fromiter(slots, np.int64)
        groups = []
        for group in self.groups:
            keep = ~np.isin(group.slots, gone)
            if keep.all():
                groups.append(group)
            elif keep.any():
                groups.append(Group(group.kind, group.slots[keep], group.rows, pick_rows(group.values, keep)))
        return _compact(Table(self.steps, groups))

    def with_series(self, slot: int, kind: int, steps: Int64s, values: Any) -> Table:
        """A copy in which the slot holds exactly those points (a subset of its former ones)."""
        rest = self.without([slot])
        if not len(steps):
            return rest
        matrix = values.reshape(1, -1) if isinstance(values, np.ndarray) else [values]
        return merge([rest, Table(steps, [Group(kind, np.array([slot], np.int64), None, matrix)])])

    def encode(self) -> bytes:
        return encode_frame(
            self.steps,
            [EncodedBlock(g.kind, g.slots.tolist(), g.rows, g.values) for g in self.groups],
        )


def decode(data: bytes | memoryview) -> Table:
    frame = Frame(data)
    return Table(
        frame.steps,
        [
            Group(block.kind, np.array(block.keys.names, np.int64), block.rows, block.values())
            for block in frame.blocks
        ],
    )


def rising(steps: Int64s) -> bool:
    return len(steps) < 2 or bool((steps[1:] > steps[:-1]).all())


def last_of_each(target: Int64s) -> npt.NDArray[np.int64]:
    """Positions that put `target` in rising order, of equal ones the last only."""
    order = np.argsort(target, kind="stable")
    ordered = target[order]
    keep = np.empty(len(order), bool)
    keep[-1:] = True
    np.not_equal(ordered[1:], ordered[:-1], out=keep[:-1])
    return order[keep]


def merge(tables: Sequence[Table]) -> Table:
    """One table of all; steps of the inputs may come in any order and repeat."""
    tables = [t for t in tables if len(t.steps) and t.groups]
    if not tables:
        return Table(np.empty(0, np.int64))
    if len(tables) == 1 and rising(tables[0].steps) and not _repeats(tables[0]):
        return _compact(tables[0])
    starts = np.cumsum([0, *(len(t.steps) for t in tables)])
    arrived = np.concatenate([t.steps for t in tables])
    inverse: Int64s | None = None
    steps = arrived
    if not rising(arrived):
        steps, inverse = np.unique(arrived, return_inverse=True)
        inverse = inverse.astype(np.int64, copy=False)
    pieces: dict[tuple[int, bytes], list[tuple[Int64s, Any, Int64s]]] = {}
    for table, start in zip(tables, starts, strict=False):
        for group in table.groups:
            rows = np.arange(len(table.steps)) if group.rows is None else group.rows
            pieces.setdefault((group.kind, group.slots.tobytes()), []).append(
                (rows + start, group.values, group.slots)
            )
    merged: dict[tuple[int, bytes], list[tuple[Int64s, Any, Int64s]]] = {}
    for kind, slots, members in _classes(pieces):
        rows, values = _joined(kind, members)
        if not rising(rows):  # blocks of one frame may have rows between each other's
            order = np.argsort(rows, kind="stable")
            rows = rows[order]
            values = values[:, order] if kind in ARRAYS else [[v[i] for i in order] for v in values]
        target = rows if inverse is None else inverse[rows]
        if not rising(target):
            order = last_of_each(target)
            target = target[order]
            values = values[:, order] if kind in ARRAYS else [[v[i] for i in order] for v in values]
        merged.setdefault((kind, target.tobytes()), []).append((slots, values, target))
    groups = []
    for (kind, _), same in merged.items():
        target = same[0][2]
        slots = same[0][0] if len(same) == 1 else np.concatenate([s for s, _, _ in same])
        if kind in ARRAYS:
            values = same[0][1] if len(same) == 1 else np.concatenate([v for _, v, _ in same])
        else:
            values = [column for _, v, _ in same for column in v]
        groups.append(Group(kind, slots, None if len(target) == len(steps) else target, values))
    return _compact(Table(steps, groups))


def _repeats(table: Table) -> bool:
    """Whether a slot stands in several groups, as where one log frame took in several batches."""
    slots = np.concatenate([group.slots for group in table.groups])
    return len(np.unique(slots)) < len(slots)


_Member = tuple[Int64s, Any]


def _classes(
    pieces: dict[tuple[int, bytes], list[tuple[Int64s, Any, Int64s]]],
) -> Iterable[tuple[int, Int64s, list[_Member]]]:
    """Slots that occur in exactly the same pieces, with those pieces' rows and values."""
    slots_of = [members[0][2] for members in pieces.values()]
    together = np.concatenate(slots_of)
    if len(pieces) == 1 or len(np.unique(together)) == len(together):
        for (kind, _), members in pieces.items():
            yield kind, members[0][2], [(rows, values) for rows, values, _ in members]
        return
    signature: dict[int, list[int]] = {}
    for at, slots in enumerate(slots_of):
        for slot in slots.tolist():
            signature.setdefault(slot, []).append(at)
    classes: dict[tuple[int, ...], list[int]] = {}
    for slot, groups in signature.items():
        classes.setdefault(tuple(groups), []).append(slot)
    listed = list(pieces.items())
    for groups_of_class, slots_list in classes.items():
        wanted = np.array(slots_list, np.int64)
        kind = listed[groups_of_class[0]][0][0]
        picked: list[_Member] = []
        for at in groups_of_class:
            own = slots_of[at]
            order = np.argsort(own)
            pick = order[np.searchsorted(own, wanted, sorter=order)]
            whole = len(pick) == len(own) and bool((pick == np.arange(len(own))).all())
            for rows, values, _ in listed[at][1]:
                picked.append((rows, values if whole else pick_rows(values, pick)))
        picked.sort(key=lambda member: int(member[0][0]))  # by arrival
        yield kind, wanted, picked


def pick_rows(values: Any, at: npt.NDArray[Any]) -> Any:
    """Some of the rows of a block's values: an array, or a list of lists."""
    if isinstance(values, np.ndarray):
        return values[at]
    if at.dtype == bool:
        at = np.flatnonzero(at)
    return [values[int(i)] for i in at]


def pick_values(values: Any, at: npt.NDArray[np.bool_]) -> Any:
    """Some of one key's values."""
    return values[at] if isinstance(values, np.ndarray) else [values[i] for i in np.flatnonzero(at).tolist()]


def _joined(kind: int, members: list[_Member]) -> tuple[Int64s, Any]:
    if len(members) == 1:
        return members[0]
    rows = np.concatenate([rows for rows, _ in members])
    if kind in ARRAYS:
        return rows, np.concatenate([values for _, values in members], axis=1)
    return rows, [
        [value for _, values in members for value in values[at]] for at in range(len(members[0][1]))
    ]


def _compact(table: Table) -> Table:
    """Without rows that hold nothing."""
    n = len(table.steps)
    if any(group.rows is None for group in table.groups):
        return table
    used = np.zeros(n, bool)
    for group in table.groups:
        used[group.rows] = True
    if used.all():
        return table
    at = np.cumsum(used) - 1
    steps = table.steps[used]
    groups = []
    for group in table.groups:
        assert group.rows is not None
        rows = at[group.rows]
        groups.append(Group(group.kind, group.slots, None if len(rows) == len(steps) else rows, group.values))
    return Table(steps, groups)


def split(table: Table, values_max: int) -> list[Table]:
    """The same rows in tables of about `values_max` values."""
    n, total = len(table.steps), table.value_count
    count = max(1, -(-total // values_max))
    if count == 1 or n < 2:
        return [table] if n else []
    edges = np.unique(np.linspace(0, n, min(count, n) + 1).astype(np.int64))
    parts = []
    for lo, hi in itertools.pairwise(edges):
        groups = []
        for group in table.groups:
            if group.rows is None:
                a, b = int(lo), int(hi)
                rows = None
            else:
                a, b = (int(i) for i in np.searchsorted(group.rows, (lo, hi)))
                rows = group.rows[a:b] - lo
            if b > a:
                values = (
                    group.values[:, a:b]
                    if isinstance(group.values, np.ndarray)
                    else [column[a:b] for column in group.values]
                )
                groups.append(Group(group.kind, group.slots, rows, values))
        if groups:
            parts.append(_compact(Table(table.steps[lo:hi], groups)))
    return parts
