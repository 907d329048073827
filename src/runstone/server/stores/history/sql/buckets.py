"""A bucket while it is being merged: up to 256 keys that share packs.

The way of a point: log → the bucket's open pack → (it is full) a full pack → (4,096 points of that
key in packs) the key's own segments. Merged storage holds a key at a step at most once: what a
later row overwrites is taken out of the older place first, so that counts add up and a chart may
sum the pyramid without looking at single points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import Int64s
from runstone.server.stores.history.sql import tables
from runstone.server.stores.history.sql.codec import BOOL, INTEGER, NUMBER
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.own_segments import OwnSegments
from runstone.server.stores.history.sql.stats import Stats
from runstone.server.stores.history.sql.tables import NUMERIC, Table

PACK_VALUES = 16_384  # an open pack that holds more is full
PACK_BYTES = 512 * 1024
MOVE_POINTS = 4096  # so many points of a key in packs go to segments of its own
SEAL_POINTS = 512  # at the end of a run, so many

OPEN, FULL = 0, 1
_EMPTY = np.empty(0, np.int64)


@dataclass(slots=True)
class Writes:
    """Rows to be written and deleted, in the order of the tables' columns."""

    buckets: list[tuple[Any, ...]] = field(default_factory=list)
    packs: list[tuple[Any, ...]] = field(default_factory=list)
    packs_gone: list[tuple[int, int, int]] = field(default_factory=list)
    segs: list[tuple[Any, ...]] = field(default_factory=list)
    segs_gone: list[tuple[int, int, int, int]] = field(default_factory=list)


class _Pack:
    """A full pack; decoded when it is needed."""

    __slots__ = ("_data", "_table", "changed", "n", "seq")

    def __init__(self, seq: int, n: int, data: Any = None, table: Table | None = None) -> None:
        self.seq = seq
        self.n = n
        self._data = data
        self._table = table
        self.changed = data is None

    @property
    def table(self) -> Table:
        if self._table is None:
            self._table = tables.decode(self._data)
        return self._table

    @table.setter
    def table(self, table: Table) -> None:
        self._table = table
        self.n = table.value_count
        self.changed = True


class Bucket:
    def __init__(
        self, tx: Tx, branch: int, number: int, stats: Stats, next_pack: int, *, sealing: bool = False
    ) -> None:
        self._tx = tx
        self._branch = branch
        self._number = number
        self._sealing = sealing
        self.stats = stats
        self._next_pack = next_pack
        row = None
        if stats.open.any():
            row = tx.one(
                "SELECT seq, b FROM hist_pack WHERE branch = ? AND bucket = ? AND state = ?",
                (branch, number, OPEN),
            )
        self._open_seq: int | None = int(row[0]) if row else None
        self._open = tables.decode(row[1]) if row else Table(_EMPTY)
        self._open_changed = False
        self._packs: list[_Pack] | None = None
        self._packs_gone: list[int] = []
        self._own = OwnSegments(tx, branch, number, stats, sealing=sealing)
        self._recount: set[int] = set()

    # -- taking rows in

    def drop(self, slot: int, steps: Int64s) -> None:
        """Take away what the slot holds at `steps` (rising): a later row said otherwise."""
        if slot >= self.stats.slots or not len(steps):
            return
        steps = steps[
            np.searchsorted(steps, self.stats.first[slot]) : np.searchsorted(
                steps, self.stats.last[slot], "right"
            )
        ]
        if len(steps):
            self._drop_open(slot, steps)
            self._drop_older(slot, steps)

    def add(self, fresh: Table) -> None:
        """Rows of the log, per slot and step the last one; they overwrite what is there."""
        stats = self.stats
        first_new = int(fresh.steps[0])
        if first_new <= int(stats.last.max(initial=-(2**63))):
            for group in fresh.groups:
                steps = fresh.steps if group.rows is None else fresh.steps[group.rows]
                for slot in group.slots[stats.last[group.slots] >= steps[0]].tolist():
                    old = steps[: np.searchsorted(steps, stats.last[slot], "right")]
                    self._drop_open(slot, old, overwritten=True)
                    self._drop_older(slot, old)
        self._note(fresh)
        self._open = tables.merge([self._open, fresh])
        self._open_changed = True
        stats.open[:] = self._open.counts(stats.slots)

    def _drop_open(self, slot: int, steps: Int64s, *, overwritten: bool = False) -> None:
        """`overwritten`: what lies in the open pack is about to be overwritten by the merge itself."""
        if not self.stats.open[slot]:
            return
        found = self._open.series(slot)
        if found is None:
            return
        kind, old_steps, old_values = found
        hit = np.isin(old_steps, steps, assume_unique=True)
        if not hit.any():
            return
        self._forget(slot, old_steps[hit], tables.pick_values(old_values, hit))
        if overwritten:
            return
        self._open = self._open.with_series(slot, kind, old_steps[~hit], tables.pick_values(old_values, ~hit))
        self._open_changed = True
        self.stats.open[slot] -= int(hit.sum())

    def _drop_older(self, slot: int, steps: Int64s) -> None:
        if self.stats.packed[slot]:
            for pack in self._full_packs():
                found = pack.table.series(slot)
                if found is None:
                    continue
                kind, old_steps, old_values = found
                hit = np.isin(old_steps, steps, assume_unique=True)
                if hit.any():
                    self._forget(slot, old_steps[hit], tables.pick_values(old_values, hit))
                    pack.table = pack.table.with_series(
                        slot, kind, old_steps[~hit], tables.pick_values(old_values, ~hit)
                    )
                    self.stats.packed[slot] -= int(hit.sum())
        if self.stats.own[slot]:
            gone_steps, gone_values = self._own.editor(slot, int(steps[0])).remove(steps)
            self.stats.own[slot] -= len(gone_steps)
            self._forget(slot, gone_steps, gone_values)

    def _forget(self, slot: int, steps: Int64s, values: Any) -> None:
        """Points went away: where one was the first, the last, the lowest or the highest, the slot
        is counted anew once everything has its place."""
        if not len(steps):
            return
        stats = self.stats
        extreme = steps[0] <= stats.first[slot] or steps[-1] >= stats.last[slot]
        if not extreme and int(stats.kinds[slot]) in NUMERIC:
            with np.errstate(invalid="ignore"):
                extreme = bool((values <= stats.min[slot]).any() or (values >= stats.max[slot]).any())
        if extreme:
            self._recount.add(slot)

    def _note(self, fresh: Table) -> None:
        stats = self.stats
        for group in fresh.groups:
            steps = fresh.steps if group.rows is None else fresh.steps[group.rows]
            first, last = int(steps[0]), int(steps[-1])
            slots = group.slots
            stats.first[slots] = np.minimum(stats.first[slots], first)
            newer = stats.last[slots] <= last
            stats.last[slots] = np.maximum(stats.last[slots], last)
            if group.kind in NUMERIC:
                values = group.values
                if group.kind == NUMBER:
                    ends = np.ascontiguousarray(values[:, -1]).view(np.int64)
                else:
                    ends = values[:, -1]
                    values = values.astype(np.float64)
                stats.last_bits[slots[newer]] = ends[newer]
                low, high = _extremes(values)
                stats.min[slots] = np.fmin(stats.min[slots], low)
                stats.max[slots] = np.fmax(stats.max[slots], high)
            else:
                for at in np.flatnonzero(newer).tolist():
                    value = group.values[at][-1]
                    stats.set_last(int(slots[at]), bool(value) if group.kind == BOOL else value)

    # -- packs and segments

    def settle(self) -> None:
        """Where the open pack is full, make room: move what has grown to segments."""
        full = self._open.value_count >= PACK_VALUES or self._text_bytes() >= PACK_BYTES
        if not full and not self._sealing:
            return
        stats = self.stats
        if len(self._open.steps):
            if self._open_seq is None:
                self._open_seq = self._next_pack
                self._next_pack += 1
            self._full_packs().append(_Pack(self._open_seq, self._open.value_count, table=self._open))
            stats.packed += stats.open
            stats.open[:] = 0
            self._open, self._open_seq, self._open_changed = Table(_EMPTY), None, False
        least = SEAL_POINTS if self._sealing else MOVE_POINTS
        numeric = (stats.kinds == NUMBER) | (stats.kinds == INTEGER)
        grown = np.flatnonzero(numeric & ((stats.packed >= least) | (self._sealing & (stats.own > 0))))
        grown = grown[stats.packed[grown] > 0]
        if len(grown):
            self._move_out(grown.tolist())
        if self._sealing or len(grown):
            self._join_small()

    def _move_out(self, slots: list[int]) -> None:
        held: dict[int, list[tuple[Int64s, Any]]] = {slot: [] for slot in slots}
        for pack in self._full_packs():
            found = False
            for group in pack.table.groups:
                steps = pack.table.steps if group.rows is None else pack.table.steps[group.rows]
                for at in np.flatnonzero(np.isin(group.slots, slots)).tolist():
                    held[int(group.slots[at])].append((steps, group.values[at]))
                    found = True
            if found:
                pack.table = pack.table.without(slots)
        for slot, parts in held.items():
            steps = np.concatenate([s for s, _ in parts])
            values = np.concatenate([v for _, v in parts])
            if not tables.rising(steps):
                order = tables.last_of_each(steps)
                steps, values = steps[order], values[order]
            self._own.editor(slot, int(steps[0])).add(steps, values)
            self.stats.own[slot] += len(steps)
            self.stats.packed[slot] = 0

    def _join_small(self) -> None:
        """Packs that have little left become one."""
        packs = self._full_packs()
        for pack in [p for p in packs if not p.n]:
            packs.remove(pack)
            self._packs_gone.append(pack.seq)
        small = [pack for pack in packs if pack.n < PACK_VALUES // 2]
        if len(small) < 2:
            return
        whole = tables.merge([pack.table for pack in small])
        parts = tables.split(whole, PACK_VALUES)
        for pack in small[len(parts) :]:
            packs.remove(pack)
            self._packs_gone.append(pack.seq)
        for pack, part in zip(small, parts, strict=False):
            pack.table = part

    def _full_packs(self) -> list[_Pack]:
        if self._packs is None:
            self._packs = [
                _Pack(row[0], row[1], row[2])
                for row in self._tx.all(
                    "SELECT seq, n, b FROM hist_pack WHERE branch = ? AND bucket = ? AND state = ? "
                    "ORDER BY seq",
                    (self._branch, self._number, FULL),
                )
            ]
        return self._packs

    def _text_bytes(self) -> int:
        """A guess at what the values that are not numbers weigh."""
        size = 0
        for group in self._open.groups:
            if group.kind not in tables.ARRAYS:
                for column in group.values:
                    sample = column[:: max(1, len(column) // 16)]
                    size += sum(len(v) if isinstance(v, str) else len(repr(v)) for v in sample) * (
                        len(column) // max(len(sample), 1)
                    )
        return size

    # -- counting anew

    def _count_again(self, slot: int) -> None:
        stats = self.stats
        stats.clear(slot)
        parts: list[tuple[Int64s, Any]] = []
        for table in (self._open, *(pack.table for pack in self._full_packs())):
            found = table.series(slot)
            if found is not None and len(found[1]):
                parts.append((found[1], found[2]))
        if stats.own[slot]:
            for steps, values in self._own.points(slot):
                self._see(slot, steps, values)
        for steps, values in parts:
            self._see(slot, steps, values)

    def _see(self, slot: int, steps: Int64s, values: Any) -> None:
        stats = self.stats
        if steps[0] < stats.first[slot]:
            stats.first[slot] = steps[0]
        if steps[-1] > stats.last[slot]:
            stats.last[slot] = steps[-1]
            last = values[-1]
            stats.set_last(slot, bool(last) if int(stats.kinds[slot]) == BOOL else last)
        if int(stats.kinds[slot]) in NUMERIC:
            low, high = _extremes(np.asarray(values, np.float64).reshape(1, -1))
            stats.min[slot] = np.fmin(stats.min[slot], low[0])
            stats.max[slot] = np.fmax(stats.max[slot], high[0])

    # -- the result

    def collect(self, into: Writes) -> None:
        for slot in sorted(self._recount):
            self._count_again(slot)
        branch, number = self._branch, self._number
        if self._open_changed:
            if not len(self._open.steps):
                if self._open_seq is not None:
                    self._packs_gone.append(self._open_seq)
            else:
                if self._open_seq is None:
                    self._open_seq = self._next_pack
                    self._next_pack += 1
                into.packs.append(self._pack_row(self._open_seq, OPEN, self._open))
        for pack in self._packs or ():
            if pack.changed:
                if pack.n:
                    into.packs.append(self._pack_row(pack.seq, FULL, pack.table))
                else:
                    self._packs_gone.append(pack.seq)
        into.packs_gone += [(branch, number, seq) for seq in self._packs_gone]
        gone, written = self._own.rows()
        into.segs_gone += gone
        into.segs += written
        into.buckets.append((branch, number, self.stats.slots, self._next_pack, self.stats.encode()))

    def _pack_row(self, seq: int, state: int, table: Table) -> tuple[Any, ...]:
        return (
            self._branch, self._number, seq, state, table.value_count,
            int(table.steps[0]), int(table.steps[-1]), table.encode(),
        )  # fmt: skip


def _extremes(values: Any) -> tuple[Any, Any]:
    """The lowest and highest of each row of a (K, m) matrix, NaN left out (NaN where there is no
    number)."""
    return np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
