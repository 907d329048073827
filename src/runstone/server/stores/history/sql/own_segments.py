"""The segments that keys of a bucket have of their own, while the bucket is being merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runstone.server.stores.history.contract import Int64s
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.segments import Leaf, SeriesEditor, decode_points
from runstone.server.stores.history.sql.stats import SLOTS_MAX, Stats


class OwnSegments:
    """An editor for each key that is touched, opened when it first is. `stats` are the bucket's."""

    def __init__(self, tx: Tx, branch: int, bucket: int, stats: Stats, *, sealing: bool) -> None:
        self._tx = tx
        self._branch = branch
        self._first_sid = bucket * SLOTS_MAX
        self._stats = stats
        self._sealing = sealing
        self._editors: dict[int, SeriesEditor] = {}

    def editor(self, slot: int, since: int) -> SeriesEditor:
        """Opened once for each series; asked for an earlier step it reads further back."""
        sid = self._first_sid + slot
        editor = self._editors.get(slot)
        if editor is not None:
            if since < editor.since:
                editor.reach(self._leaves(sid, since), since)
            return editor
        editor = SeriesEditor(
            int(self._stats.kinds[slot]),
            self._leaves(sid, since) if self._stats.own[slot] else [],
            lambda lvl, lo: self._fetch(sid, lvl, lo),
            since=since,
            sealed=self._sealing,
        )
        self._editors[slot] = editor
        return editor

    def points(self, slot: int) -> Iterator[tuple[Int64s, Any]]:
        """(steps, values) of all that the key has in segments now, in no order between them."""
        sid = self._first_sid + slot
        kind = int(self._stats.kinds[slot])
        editor = self._editors.get(slot)
        gone = editor.deleted if editor else set()
        new = editor.written if editor else {}
        for (step_lo,) in self._tx.all(
            "SELECT step_lo FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = 0", (self._branch, sid)
        ):
            if (0, step_lo) not in gone and (0, step_lo) not in new:
                yield decode_points(self._fetch(sid, 0, step_lo), kind)
        for leaf in new.values():
            if leaf.lvl == 0:
                assert leaf.b is not None
                yield decode_points(leaf.b, kind)

    def rows(self) -> tuple[list[tuple[int, int, int, int]], list[tuple[Any, ...]]]:
        """Rows of `hist_seg` to be deleted, by their keys, and to be written."""
        gone: list[tuple[int, int, int, int]] = []
        written: list[tuple[Any, ...]] = []
        for slot, editor in self._editors.items():
            sid = self._first_sid + slot
            gone += [(self._branch, sid, lvl, lo) for lvl, lo in editor.deleted]
            written += [
                (self._branch, sid, leaf.lvl, leaf.step_lo, leaf.step_hi, leaf.n, leaf.e, leaf.b)
                for leaf in editor.written.values()
            ]
        return gone, written

    def _leaves(self, sid: int, since: int) -> list[Leaf]:
        """The last row of each level, and all rows that a change from `since` on may touch. A row of points
        that it touches is written anew whole, with all cells over it: those lie also in rows of cells that
        end before `since`."""
        last = " UNION ALL ".join(
            "SELECT * FROM (SELECT lvl, step_lo, step_hi, n, e FROM hist_seg WHERE branch = ? AND sid = ? "
            "AND lvl = ? ORDER BY step_lo DESC LIMIT 1) t"
            for _ in range(4)
        )
        params: list[Any] = []
        for lvl in range(4):
            params += [self._branch, sid, lvl]
        rows = self._tx.all(last, params)
        points = next((row for row in rows if row[0] == 0), None)
        if points is None:
            return []
        if points[2] >= since:  # not at the end: which row holds `since`?
            found = self._tx.one(
                "SELECT step_lo, step_hi FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = 0 "
                "AND step_lo <= ? ORDER BY step_lo DESC LIMIT 1",
                (self._branch, sid, since),
            )
            reach = int(found[0]) if found is not None and found[1] >= since else since
            at_hand = False
        else:
            reach = int(points[1])
            at_hand = all(row[1] <= reach for row in rows)
        if not at_hand:
            rows += self._tx.all(
                "SELECT lvl, step_lo, step_hi, n, e FROM hist_seg WHERE branch = ? AND sid = ? "
                "AND step_hi >= ?",
                (self._branch, sid, reach),
            )
        return [Leaf(*row) for row in dict.fromkeys(rows)]

    def _fetch(self, sid: int, lvl: int, step_lo: int) -> bytes:
        row = self._tx.one(
            "SELECT b FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = ? AND step_lo = ?",
            (self._branch, sid, lvl, step_lo),
        )
        assert row is not None
        return bytes(row[0])
