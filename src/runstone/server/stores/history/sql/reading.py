"""One consistent look at the history: where a series' points are, and getting them.

A series is read from a chain of branches; in each from the key's own segments, the packs of its
bucket and the log. Merged storage holds a step once; the log comes after it, a later branch after
an earlier one. `Reader.pieces` answers in that order, `Reader.numbers` settles what overwrites what.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from runstone.server.stores.history.contract import Float64s, Int64s, SetKey
from runstone.server.stores.history.sql import branches
from runstone.server.stores.history.sql.append import bytes_text, text_bytes
from runstone.server.stores.history.sql.branches import Branch, Chain
from runstone.server.stores.history.sql.catalog import Place, stats_of
from runstone.server.stores.history.sql.codec import (
    NUMBER,
    Frame,
    FrameBlock,
)
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.pieces import Piece, Segment, piece_of_slot, settled_numbers, steps_in
from runstone.server.stores.history.sql.stats import Stats
from runstone.server.stores.history.sql.tables import DTYPES

STEP_LOWEST, STEP_HIGHEST = -(2**63), 2**63 - 1
TIME_ROWS = {"_timestamp": 0, "_runtime": 1}


class Want(NamedTuple):
    """Merged points of one place, steps in [lo, hi]; from where."""

    branch: int
    place: Place
    lo: int
    hi: int
    segments: bool = True
    packs: bool = True


@dataclass(slots=True)
class LogFrame:
    frame: Frame
    step_lo: int
    step_hi: int


class Reader:
    """Sets and keys to be read in one snapshot. What several series share is fetched once."""

    def __init__(self, tx: Tx, wheres: Iterable[SetKey]) -> None:
        self.tx = tx
        self.chains: dict[SetKey, Chain] = branches.chains(tx, wheres)
        self._logs: dict[int, list[LogFrame]] | None = None
        self._places: dict[tuple[int, str], tuple[Place, ...]] = {}
        self._stats: dict[tuple[int, int], Stats] = {}

    # -- what is fetched

    def all_branches(self) -> dict[int, Branch]:
        return {branch.id: branch for chain in self.chains.values() for branch in chain}

    def log(self, branch: Branch) -> list[LogFrame]:
        """The branch's frames that are not merged yet, in order of arrival."""
        if self._logs is None:
            waiting = sorted({b.id for b in self.all_branches().values() if b.log_batches})
            self._logs = {}
            rows = (
                self.tx.all(
                    "SELECT branch, step_lo, step_hi, b FROM hist_log WHERE branch = ? ORDER BY seq", waiting
                )
                if len(waiting) == 1
                else self.tx.all_in(
                    "SELECT branch, step_lo, step_hi, b FROM hist_log WHERE branch IN (VALUES {values}) "
                    "ORDER BY branch, seq",
                    [(b,) for b in waiting],
                )
            )
            for number, lo, hi, data in rows:
                self._logs.setdefault(number, []).append(LogFrame(Frame(data), lo, hi))
        return self._logs.get(branch.id, [])

    def load(self, wanted: Iterable[tuple[Branch, str]]) -> None:
        """Places and stats of keys, ahead of many `places` and `stats` calls."""
        pairs: dict[int, set[str]] = {}
        for branch, key in wanted:
            if (branch.id, key) not in self._places:
                pairs.setdefault(branch.id, set()).add(key)
        if not pairs:
            return
        rows = []
        names = {text_bytes(key): key for keys in pairs.values() for key in keys}
        listed = [(branch, text_bytes(key)) for branch, keys in pairs.items() for key in sorted(keys)]
        rows = self.tx.all_in(
            "WITH w (branch, key) AS (VALUES {values}) SELECT k.branch, k.key, k.kind, k.bucket, k.slot "
            "FROM w CROSS JOIN hist_key k WHERE k.branch = w.branch AND k.key = w.key",
            listed,
        )
        for number, keys in pairs.items():
            for key in keys:
                self._places[number, key] = ()
        for number, key_bytes, kind, bucket, slot in rows:
            at = (number, names[bytes(key_bytes)])
            self._places[at] = (*self._places[at], Place(kind, bucket, slot))
        self.load_stats(
            (number, place.bucket)
            for number, keys in pairs.items()
            for key in keys
            for place in self._places[number, key]
        )

    def load_stats(self, pairs: Iterable[tuple[int, int]]) -> None:
        self._stats.update(stats_of(self.tx, set(pairs) - set(self._stats)))

    def places(self, branch: Branch, key: str) -> tuple[Place, ...]:
        found = self._places.get((branch.id, key))
        if found is None:
            self.load([(branch, key)])
            found = self._places[branch.id, key]
        return found

    def stats(self, branch: Branch, bucket: int) -> Stats:
        found = self._stats.get((branch.id, bucket))
        if found is None:
            self.load_stats([(branch.id, bucket)])
            found = self._stats[branch.id, bucket]
        return found

    # -- points

    def merged(self, wanted: Sequence[Want]) -> Iterator[list[Piece]]:
        """Merged points of many series, one after another, so that only one is held at a time.
        Pieces of one series hold different steps, in no order between them."""
        own: list[tuple[int, ...]] = []
        packed: dict[tuple[int, int], list[int]] = {}
        for at, (branch, place, lo, hi, segments, packs) in enumerate(wanted):
            stats = self._stats[branch, place.bucket]
            if stats.first[place.slot] > hi or stats.last[place.slot] < lo:
                continue
            if segments and stats.own[place.slot]:
                own.append((at, branch, place.sid, lo, hi))
            if packs and (stats.packed[place.slot] or stats.open[place.slot]):
                packed.setdefault((branch, place.bucket), []).append(at)
        rows = self._segments(own)
        row = next(rows, None)
        frames: dict[tuple[int, int], list[tuple[int, int, Frame]]] = {}
        for at, want in enumerate(wanted):
            found: list[Piece] = []
            kind = want.place.kind
            while row is not None and row[0] == at:
                found.append(Segment(kind, row[1]).within(want.lo, want.hi))
                row = next(rows, None)
            bucket = (want.branch, want.place.bucket)
            users = packed.get(bucket, [])
            if at in users:
                if bucket not in frames:
                    frames[bucket] = self._packs(bucket, [wanted[user] for user in users])
                for step_lo, step_hi, frame in frames[bucket]:
                    if step_lo <= want.hi and step_hi >= want.lo:
                        held = piece_of_slot(frame, want.place)
                        if held is not None:
                            found.append(held.within(want.lo, want.hi))
                if at == users[-1]:
                    del frames[bucket]
            yield found

    def _packs(self, bucket: tuple[int, int], users: list[Want]) -> list[tuple[int, int, Frame]]:
        lo, hi = min(want.lo for want in users), max(want.hi for want in users)
        return [
            (step_lo, step_hi, Frame(data))
            for step_lo, step_hi, data in self.tx.all(
                "SELECT step_lo, step_hi, b FROM hist_pack WHERE branch = ? AND bucket = ? "
                "AND step_lo <= ? AND step_hi >= ? ORDER BY seq",
                (*bucket, hi, lo),
            )
        ]

    def _segments(self, own: list[tuple[int, ...]]) -> Iterator[Any]:
        """(position in `wanted`, blob) by position and step."""
        if not own:
            return iter(())
        if len(own) == 1:
            at, branch, sid, lo, hi = own[0]
            return (
                (at, row[0])
                for row in self.tx.stream(
                    "SELECT b FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = 0 AND step_lo <= ? "
                    "AND step_hi >= ? ORDER BY step_lo",
                    (branch, sid, hi, lo),
                )
            )
        return self.tx.stream_in(
            "WITH w (at, branch, sid, lo, hi) AS (VALUES {values}) SELECT w.at, s.b "
            "FROM w CROSS JOIN hist_seg s WHERE s.branch = w.branch AND s.sid = w.sid AND s.lvl = 0 "
            "AND s.step_lo <= w.hi AND s.step_hi >= w.lo ORDER BY w.at, s.step_lo",
            own,
        )

    def logged(self, branch: Branch, key: str, lo: int, hi: int) -> list[Piece]:
        """The key's points in the log, in order of arrival; of every kind."""
        pieces: list[Piece] = []
        hi = hi if branch.limit is None else min(hi, branch.limit)
        time_row = TIME_ROWS.get(key)
        for entry in self.log(branch):
            if entry.step_lo > hi or entry.step_hi < lo:
                continue
            if time_row is not None:
                pieces.append(Piece(NUMBER, entry.frame.steps, entry.frame.times[time_row]).between(lo, hi))
                continue
            blocks = [(block, at) for block in entry.frame.blocks if (at := block.keys.find(key)) >= 0]
            if len(blocks) > 1:
                pieces += [piece.between(lo, hi) for piece in _by_arrival(entry.frame, blocks)]
            elif blocks:
                block, at = blocks[0]
                steps = steps_in(entry.frame, block)
                pieces.append(Piece(block.kind, steps, block.row(at), entry.frame.rising).between(lo, hi))
        return [piece for piece in pieces if len(piece.steps)]

    def pieces(self, chain: Chain, key: str, lo: int, hi: int) -> list[Piece]:
        """All points of the key in the step range, of every kind; a later piece overwrites an
        earlier one where they share a step, and so does a later point within a piece."""
        found: list[Piece] = []
        for branch in chain:
            top = hi if branch.limit is None else min(hi, branch.limit)
            places = self.places(branch, key)
            for pieces in self.merged([Want(branch.id, place, lo, top) for place in places]):
                found += pieces
            found += self.logged(branch, key, lo, top)
        return [piece for piece in found if len(piece.steps)]

    def numbers(
        self, chain: Chain, key: str, lo: int = STEP_LOWEST, hi: int = STEP_HIGHEST
    ) -> tuple[Int64s, Float64s]:
        """The key's numbers as they stand: steps strictly rising, values float64."""
        return settled_numbers(self.pieces(chain, key, lo, hi))

    def key_names(self, branch: Branch) -> set[str]:
        """Keys that the log knows."""
        names: set[str] = set()
        for entry in self.log(branch):
            for block in entry.frame.blocks:
                names.update(block.keys.names)
        return names

    def merged_keys(self, branch: Branch, lo: str, hi: str) -> list[str]:
        """Merged keys from `lo` on, below `hi`."""
        return [
            bytes_text(row[0])
            for row in self.tx.all(
                "SELECT DISTINCT key FROM hist_key WHERE branch = ? AND key >= ? AND key < ?",
                (branch.id, text_bytes(lo), text_bytes(hi)),
            )
        ]


def _by_arrival(frame: Frame, blocks: list[tuple[FrameBlock[Any], int]]) -> list[Piece]:
    """A key that lies in several blocks of one frame: its points as the rows came."""
    held = [np.arange(frame.n) if block.rows is None else block.rows for block, _ in blocks]
    rows = np.concatenate(held)
    order = np.argsort(rows, kind="stable")
    steps = frame.steps[rows[order]]
    columns = [block.row(at) for block, at in blocks]
    kinds = np.concatenate(
        [np.full(len(part), block.kind) for part, (block, _) in zip(held, blocks, strict=True)]
    )
    if len({block.kind for block, _ in blocks}) == 1:
        if isinstance(columns[0], np.ndarray):
            return [Piece(blocks[0][0].kind, steps, np.concatenate(columns)[order])]
        joined = [value for column in columns for value in column]
        return [Piece(blocks[0][0].kind, steps, [joined[i] for i in order.tolist()])]
    # Of several kinds: runs of one kind follow each other.
    kinds = kinds[order]
    values = [value for column in columns for value in column]
    pieces = []
    for start, end in itertools.pairwise([0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]):
        kind = int(kinds[start])
        run: Any = [values[i] for i in order[start:end].tolist()]
        pieces.append(Piece(kind, steps[start:end], np.array(run, DTYPES[kind]) if kind in DTYPES else run))
    return pieces
