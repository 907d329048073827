"""Work that can wait: merging, sealing, clearing what was deleted. Any number of processes may do it
at once: a lease keeps them from doing the same work, the check in `merge.write` from doing harm."""

from __future__ import annotations

import logging
import time
from typing import Any

from runstone.server.stores.history.sql import branches, copying, merge
from runstone.server.stores.history.sql.branches import Branch
from runstone.server.stores.history.sql.catalog import PlaceCache, stats_of
from runstone.server.stores.history.sql.database import Database, Tx
from runstone.server.stores.history.sql.segments import (
    decode_cells,
    decode_points,
    encode_cells,
    encode_points,
)
from runstone.server.stores.history.sql.stats import SLOTS_MAX
from runstone.server.stores.history.sql.writer import Writer

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
IDLE_MERGE_SECONDS = 600.0  # what waits that long is merged though it is little
REAP_ROWS = 200
RESEAL_ROWS = 64
TRIES_MAX = 20


class Maintenance:
    def __init__(self, database: Database, writer: Writer[Any], cache: PlaceCache) -> None:
        self._database = database
        self._writer = writer
        self._cache = cache

    def run(self, seconds: float) -> bool:
        """Work for about that long. True: there is more to do."""
        until = time.monotonic() + seconds
        while True:
            worked = self._merge_one() or self._clear_some()
            if not worked:
                return False
            if time.monotonic() >= until:
                return True

    def _clear_some(self) -> bool:
        """Remove some of what nobody reads any more. Asks before it writes: most often there is nothing."""
        with self._database.read() as tx:
            dead = tx.one("SELECT 1 FROM hist_branch WHERE dead > 0 LIMIT 1")
            left = copying.abandoned(tx)
        if left:
            self._writer.run(copying.clear_abandoned, settled=False)
        return (dead is not None or left) and self._writer.run(
            lambda tx: branches.reap(tx, rows_max=REAP_ROWS), settled=False
        )

    def _merge_one(self) -> bool:
        now = time.time()
        with self._database.read() as tx:
            found = tx.all(
                "SELECT id FROM hist_branch WHERE due > 0 AND lease_until < ? ORDER BY log_since LIMIT 4",
                (now,),
            ) or tx.all(
                "SELECT id FROM hist_branch WHERE waiting > 0 AND log_since < ? AND lease_until < ? "
                "AND dead = 0 ORDER BY log_since LIMIT 4",
                (now - IDLE_MERGE_SECONDS, now),
            )
        for (branch,) in found:
            if self._claim(branch):
                self.merge(branch)  # its write gives the lease back; where it fails the lease runs out
                return True
        return False

    def _claim(self, branch: int) -> bool:
        now = time.time()
        return self._writer.run(
            lambda tx: (
                tx.run(
                    "UPDATE hist_branch SET lease_until = ? WHERE id = ? AND lease_until < ?",
                    (now + LEASE_SECONDS, branch, now),
                )
                == 1
            ),
            settled=False,
        )

    def merge(self, branch: int, *, seal: bool = False) -> bool:
        """Merge a stretch of the branch's log. True: the log holds more, or somebody was faster."""
        with self._database.read() as tx:
            found = branches.by_id(tx, [branch]).get(branch)
            if found is None or (not found.log_batches and not seal):
                return False
            plan = merge.Merger(tx, found, self._cache, seal=seal).merge()
        if not self._writer.run(lambda tx: merge.write(tx, plan), settled=False):
            self._cache.drop(branch)
            return True
        if plan.places:
            self._cache.put(branch, plan.places)
        return plan.rest

    def seal(self, branch: int) -> None:
        """Everything merged and in its smallest form. A set that is written to all the while is not
        sealed: it will be when its run ends again."""
        for _ in range(TRIES_MAX):
            while self.merge(branch, seal=True):
                pass
            generation = self._reseal(branch)
            if generation is None:
                return
            done = self._writer.run(
                lambda tx, generation=generation: tx.run(  # type: ignore[misc]
                    "UPDATE hist_branch SET sealed = 1 WHERE id = ? AND merge_gen = ? AND log_batches = 0",
                    (branch, generation),
                ),
                settled=False,
            )
            if done:
                return

    def _reseal(self, branch: int) -> int | None:
        """Encode segments again that were written while the run lived; the generation they are of."""
        with self._database.read() as tx:
            found = branches.by_id(tx, [branch]).get(branch)
            if found is None:
                return None
            sids = [
                row[0]
                for row in tx.all(
                    "SELECT DISTINCT sid FROM hist_seg WHERE branch = ? ORDER BY sid", (branch,)
                )
            ]
            stats = stats_of(tx, {(branch, sid // SLOTS_MAX) for sid in sids})
        for sid in sids:
            kind = int(stats[branch, sid // SLOTS_MAX].kinds[sid % SLOTS_MAX])
            after = (-1, -(2**63))
            while True:
                with self._database.read() as tx:
                    rows = tx.all(
                        "SELECT lvl, step_lo, b FROM hist_seg WHERE branch = ? AND sid = ? "
                        f"AND (lvl, step_lo) > (?, ?) ORDER BY lvl, step_lo LIMIT {RESEAL_ROWS}",
                        (branch, sid, *after),
                    )
                smaller = []
                for lvl, step_lo, data in rows:
                    again = (
                        encode_points(*decode_points(data, kind), sealed=True)
                        if lvl == 0
                        else encode_cells(decode_cells(data), sealed=True)
                    )
                    if len(again) < len(data):
                        smaller.append((again, branch, sid, lvl, step_lo))
                if smaller and not self._writer.run(
                    lambda tx, smaller=smaller: _rewrite(tx, found, smaller),  # type: ignore[misc]
                    settled=False,
                ):
                    return -1
                if len(rows) < RESEAL_ROWS:
                    break
                after = (rows[-1][0], rows[-1][1])
        return found.merge_gen


def _rewrite(tx: Tx, branch: Branch, smaller: list[tuple[Any, ...]]) -> bool:
    row = tx.one(f"SELECT merge_gen FROM hist_branch WHERE id = ?{tx.lock}", (branch.id,))
    if row is None or row[0] != branch.merge_gen:
        return False
    tx.run_many("UPDATE hist_seg SET b = ? WHERE branch = ? AND sid = ? AND lvl = ? AND step_lo = ?", smaller)
    return True
