"""From the log to where points stay.

A merge reads a stretch of one branch's log, plans everything that must be written (in a snapshot,
on the caller's thread), and hands the writer one transaction that checks that nobody else merged
meanwhile, writes, and deletes the log rows it replaced. So a crash at any point leaves either the
log or the merged form, never neither and never both; and two processes that merge the same branch
cost time, not truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import RUNTIME, TIMESTAMP, Int64s
from runstone.server.stores.history.sql import tables
from runstone.server.stores.history.sql.append import DUE_BATCHES, DUE_BYTES, DUE_ROWS, text_bytes
from runstone.server.stores.history.sql.branches import Branch
from runstone.server.stores.history.sql.buckets import Bucket, Writes
from runstone.server.stores.history.sql.catalog import Place, PlaceCache, Places, places_of
from runstone.server.stores.history.sql.codec import NUMBER, Frame
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.stats import SLOTS_MAX, Stats
from runstone.server.stores.history.sql.tables import Group, Table

MERGE_BYTES_MAX = 4 << 20  # of the log, encoded, in one merge
MERGE_ROWS_MAX = 65_536
_TIMES = (TIMESTAMP, RUNTIME)


@dataclass(slots=True)
class Plan:
    """What one merge wants written. It replaces the log below `seq_end`."""

    branch: int
    merge_gen: int
    seq_end: int = 0
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)
    places: Places = field(default_factory=dict)
    merged_rows: int = 0
    merged_last: int | None = None
    rest: bool = False  # the log holds more than this plan takes


class Merger:
    """Plans one merge of one branch. `seal`: empty the log and the packs as far as they go."""

    def __init__(self, tx: Tx, branch: Branch, cache: PlaceCache, *, seal: bool = False) -> None:
        self._tx = tx
        self._branch = branch
        self._cache = cache
        self._seal = seal
        self._buckets: dict[int, Bucket] = {}
        self.plan = Plan(branch.id, branch.merge_gen)
        self.plan.merged_rows, self.plan.merged_last = branch.merged_rows, branch.merged_last

    def merge(self) -> Plan:
        frames = self._take_log()
        sealing = self._seal and not self.plan.rest
        if frames:
            places = self._places(frames)
            fresh, odd = self._by_bucket(frames, places)
            del frames
            wanted = set(fresh) | {place.bucket for key in odd for place in places[key]}
            self._open(wanted, sealing=sealing)
            for key, pieces in odd.items():
                self._last_kind_stands(pieces, places[key], fresh)
            for number, table in sorted(fresh.items()):
                self._buckets[number].add(table)
            self._count_rows(places)
        if sealing:
            rows = self._tx.all("SELECT bucket FROM hist_bucket WHERE branch = ?", (self._branch.id,))
            self._open((row[0] for row in rows), sealing=True)
        for bucket in self._buckets.values():
            bucket.settle()
            bucket.collect(self.plan.writes)
        return self.plan

    # -- the log

    def _take_log(self) -> list[Frame]:
        """Frames from the log's start, at most as many as one merge should hold."""
        frames: list[Frame] = []
        size = rows = 0
        after = -1
        while True:
            found = self._tx.all(
                "SELECT seq, n, b FROM hist_log WHERE branch = ? AND seq > ? ORDER BY seq LIMIT 64",
                (self._branch.id, after),
            )
            for seq, n, data in found:
                if frames and (size + len(data) > MERGE_BYTES_MAX or rows + n > MERGE_ROWS_MAX):
                    self.plan.rest = True
                    return frames
                frames.append(Frame(data))
                size += len(data)
                rows += n
                after = seq
                self.plan.seq_end = seq + n
            if len(found) < 64:
                return frames

    def _places(self, frames: list[Frame]) -> Places:
        """The place of every (key, kind) in the frames; new ones are given out here."""
        known = self._cache.get(self._branch.id)
        needed: dict[tuple[str, int], None] = dict.fromkeys((key, NUMBER) for key in _TIMES)
        seen: set[tuple[int, int]] = set()
        for frame in frames:
            for block in frame.blocks:
                # The same list of keys comes back as the same object.
                mark = (id(block.keys), block.kind)
                if mark not in seen:
                    seen.add(mark)
                    needed.update(dict.fromkeys((name, block.kind) for name in block.keys.names))
        missing = {key for key, kind in needed if not _has(known, key, kind)}
        places = known
        if missing:
            places = dict(known)
            places.update(places_of(self._tx, self._branch.id, missing))
            self._give_places([pair for pair in needed if not _has(places, *pair)], places)
        self.plan.places = places
        return places

    def _give_places(self, new: list[tuple[str, int]], places: Places) -> None:
        if not new:
            return
        row = self._tx.one(
            "SELECT bucket, slots FROM hist_bucket WHERE branch = ? ORDER BY bucket DESC LIMIT 1",
            (self._branch.id,),
        )
        bucket, slot = (int(row[0]), int(row[1])) if row else (0, 0)
        for key, kind in new:
            if slot == SLOTS_MAX:
                bucket, slot = bucket + 1, 0
            places[key] = (*places.get(key, ()), Place(kind, bucket, slot))
            self.plan.keys.append((self._branch.id, text_bytes(key), kind, bucket, slot))
            slot += 1

    def _by_bucket(
        self, frames: list[Frame], places: Places
    ) -> tuple[dict[int, Table], dict[str, list[_Piece]]]:
        """The frames' rows by bucket, per slot and step the last one only; and, apart, the points
        of keys that have values of several kinds."""
        mixed = {key for key, found in places.items() if len(found) > 1}
        parts: dict[int, list[Table]] = {}
        odd: dict[str, list[_Piece]] = {}
        targets: dict[tuple[int, int], list[_Target]] = {}
        times = [_place(places, key, NUMBER) for key in _TIMES]
        arrived = 0
        for frame in frames:
            steps = frame.steps
            here: dict[int, list[Group]] = {}
            for place, values in zip(times, frame.times, strict=True):
                here.setdefault(place.bucket, []).append(_single(place, values.reshape(1, -1)))
            for block in frame.blocks:
                values = block.values()
                mark = (id(block.keys), block.kind)
                found = targets.get(mark)
                if found is None:
                    found = targets[mark] = _targets(block.keys.names, block.kind, places, mixed)
                for bucket, slots, pick in found:
                    taken = values if pick is None else tables.pick_rows(values, pick)
                    here.setdefault(bucket, []).append(Group(block.kind, slots, block.rows, taken))
                if mixed:
                    rows = np.arange(frame.n) if block.rows is None else block.rows
                    for at, name in enumerate(block.keys.names):
                        if name in mixed:
                            piece = (rows + arrived, steps[rows], block.kind, values[at])
                            odd.setdefault(name, []).append(piece)
            for bucket, groups in here.items():
                parts.setdefault(bucket, []).append(Table(steps, groups))
            arrived += frame.n
        return {bucket: tables.merge(found) for bucket, found in parts.items()}, odd

    def _last_kind_stands(
        self, pieces: list[_Piece], places: tuple[Place, ...], fresh: dict[int, Table]
    ) -> None:
        """A key with values of several kinds: the last one logged at a step stands, whatever its
        kind, and takes the place of what other kinds hold there."""
        by_arrival = np.argsort(np.concatenate([piece[0] for piece in pieces]), kind="stable")
        steps = np.concatenate([piece[1] for piece in pieces])[by_arrival]
        kinds = np.concatenate([np.full(len(piece[0]), piece[2]) for piece in pieces])[by_arrival]
        listed = [value for piece in pieces for value in piece[3]]
        values = [listed[at] for at in by_arrival.tolist()]
        order = tables.last_of_each(steps)
        for place in places:
            mine = order[kinds[order] == place.kind]
            self._buckets[place.bucket].drop(place.slot, steps[order[kinds[order] != place.kind]])
            if not len(mine):
                continue
            kept: Any = [values[at] for at in mine.tolist()]
            matrix: Any = [kept]
            if place.kind in tables.ARRAYS:
                matrix = np.array([kept], tables.DTYPES[place.kind])
            table = Table(steps[mine], [_single(place, matrix)])
            before = fresh.get(place.bucket)
            fresh[place.bucket] = table if before is None else tables.merge([before, table])

    # -- buckets

    def _open(self, numbers: Iterable[int], *, sealing: bool) -> None:
        wanted = sorted(set(numbers) - set(self._buckets))
        rows = {
            row[0]: row
            for row in self._tx.all_in(
                f"SELECT bucket, next_pack, b FROM hist_bucket WHERE branch = {int(self._branch.id)} "
                "AND bucket IN (VALUES {values})",
                [(number,) for number in wanted],
            )
        }
        new: dict[int, list[tuple[int, int]]] = {}
        for _, _, kind, bucket, slot in self.plan.keys:
            new.setdefault(bucket, []).append((slot, kind))
        for number in wanted:
            row = rows.get(number)
            stats = Stats.decode(row[2]) if row else Stats()
            given = new.get(number)
            if given:
                stats.grow(max(slot for slot, _ in given) + 1)
                stats.kinds[[slot for slot, _ in given]] = [kind for _, kind in given]
            self._buckets[number] = Bucket(
                self._tx, self._branch.id, number, stats, int(row[1]) if row else 0, sealing=sealing
            )

    def _count_rows(self, places: Places) -> None:
        place = _place(places, TIMESTAMP, NUMBER)
        stats = self._buckets[place.bucket].stats
        self.plan.merged_rows = int(stats.counts[place.slot])
        self.plan.merged_last = int(stats.last[place.slot])


_Piece = tuple[Int64s, Int64s, int, Any]  # positions by arrival, steps, kind, values
_Target = tuple[int, Int64s, Any]  # bucket, slots, which keys of the block (None: all)


def _has(places: Places, key: str, kind: int) -> bool:
    found = places.get(key)
    if found is None:
        return False
    return found[0].kind == kind or (len(found) > 1 and any(place.kind == kind for place in found))


def _place(places: Places, key: str, kind: int) -> Place:
    found = places[key]
    return found[0] if found[0].kind == kind else next(place for place in found if place.kind == kind)


def _single(place: Place, matrix: Any) -> Group:
    return Group(place.kind, np.array([place.slot], np.int64), None, matrix)


def _targets(names: list[str], kind: int, places: Places, mixed: set[str]) -> list[_Target]:
    """Where the keys of a block go, by bucket; those in `mixed` go another way."""
    by_bucket: dict[int, tuple[list[int], list[int]]] = {}
    for at, name in enumerate(names):
        if name not in mixed:
            place = _place(places, name, kind)
            slots, picks = by_bucket.setdefault(place.bucket, ([], []))
            slots.append(place.slot)
            picks.append(at)
    return [
        (
            bucket,
            np.array(slots, np.int64),
            None if len(picks) == len(names) else np.array(picks, np.int64),
        )
        for bucket, (slots, picks) in by_bucket.items()
    ]


# -- writing a plan


def write(tx: Tx, plan: Plan) -> bool:
    """Carry a plan out. False: somebody else merged the branch since it was read; nothing is done."""
    row = tx.one(
        f"SELECT merge_gen, log_batches, log_rows, log_bytes, dead FROM hist_branch WHERE id = ?{tx.lock}",
        (plan.branch,),
    )
    if row is None or row[0] != plan.merge_gen or row[4] > 0:
        return False
    gone = tx.one(
        "SELECT count(*), coalesce(sum(n), 0), coalesce(sum(length(b)), 0) FROM hist_log "
        "WHERE branch = ? AND seq < ?",
        (plan.branch, plan.seq_end),
    )
    batches, rows, size = (int(row[i + 1]) - int(gone[i]) for i in range(3))  # type: ignore[index]
    writes = plan.writes
    tx.run_many("INSERT INTO hist_key (branch, key, kind, bucket, slot) VALUES (?,?,?,?,?)", plan.keys)
    tx.run_many("DELETE FROM hist_pack WHERE branch = ? AND bucket = ? AND seq = ?", writes.packs_gone)
    tx.run_many(
        "INSERT INTO hist_pack (branch, bucket, seq, state, n, step_lo, step_hi, b) VALUES (?,?,?,?,?,?,?,?) "
        "ON CONFLICT (branch, bucket, seq) DO UPDATE SET state = excluded.state, n = excluded.n, "
        "step_lo = excluded.step_lo, step_hi = excluded.step_hi, b = excluded.b",
        writes.packs,
    )
    tx.run_many(
        "DELETE FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = ? AND step_lo = ?", writes.segs_gone
    )
    tx.run_many(
        "INSERT INTO hist_seg (branch, sid, lvl, step_lo, step_hi, n, e, b) VALUES (?,?,?,?,?,?,?,?) "
        "ON CONFLICT (branch, sid, lvl, step_lo) DO UPDATE SET step_hi = excluded.step_hi, n = excluded.n, "
        "e = excluded.e, b = excluded.b",
        writes.segs,
    )
    tx.run_many(
        "INSERT INTO hist_bucket (branch, bucket, slots, next_pack, b) VALUES (?,?,?,?,?) "
        "ON CONFLICT (branch, bucket) DO UPDATE SET slots = excluded.slots, "
        "next_pack = excluded.next_pack, b = excluded.b",
        writes.buckets,
    )
    tx.run("DELETE FROM hist_log WHERE branch = ? AND seq < ?", (plan.branch, plan.seq_end))
    due = int(batches >= DUE_BATCHES or rows >= DUE_ROWS or size >= DUE_BYTES)
    tx.run(
        "UPDATE hist_branch SET merge_gen = merge_gen + 1, merged_rows = ?, merged_last = ?, "
        "log_batches = ?, log_rows = ?, log_bytes = ?, due = ?, waiting = ?, lease_until = 0, "
        "log_rising = CASE WHEN ? = 0 THEN 1 ELSE log_rising END WHERE id = ?",
        (
            plan.merged_rows,
            plan.merged_last,
            batches,
            rows,
            size,
            due,
            int(batches > 0),
            batches,
            plan.branch,
        ),
    )
    return True
