"""Whole rows, put together from columns: a page of them, a sample, or the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import RUNTIME, TIMESTAMP, Int64s, Row, SetKey
from runstone.server.stores.history.sql.append import bytes_text
from runstone.server.stores.history.sql.branches import Branch, Chain
from runstone.server.stores.history.sql.charts import values_at
from runstone.server.stores.history.sql.codec import Frame
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.listing import OWN_KEYS
from runstone.server.stores.history.sql.pieces import Piece, settled_steps, settled_values
from runstone.server.stores.history.sql.reading import STEP_HIGHEST, STEP_LOWEST, Reader
from runstone.server.stores.history.sql.segments import decode_points
from runstone.server.stores.history.sql.stats import SLOTS_MAX

SAMPLE_VALUES = 1 << 22


def rows(
    tx: Tx,
    where: SetKey,
    *,
    keys: Sequence[str] | None,
    min_step: int | None,
    max_step: int | None,
    limit: int,
    require_all: bool,
) -> list[Row]:
    reader = Reader(tx, [where])
    chain = reader.chains.get(where)
    if not chain or limit <= 0:
        return []
    lo = STEP_LOWEST if min_step is None else max(min_step, STEP_LOWEST)
    hi = STEP_HIGHEST if max_step is None else min(max_step, STEP_HIGHEST)
    wanted = None if keys is None else [k for k in dict.fromkeys(keys) if k not in OWN_KEYS]
    if wanted is not None and not wanted:
        wanted_steps = first_steps(reader, chain, lo, hi, limit)
        return _put_together(reader, chain, wanted_steps, {})
    found: list[Row] = []
    take = limit
    while lo <= hi and len(found) < limit:
        steps = first_steps(reader, chain, lo, hi, take)
        if not len(steps):
            break
        last = int(steps[-1])
        columns = _columns(reader, chain, wanted, int(steps[0]), last)
        if wanted is not None:
            have = [columns[key][0] for key in wanted if key in columns]
            if require_all and len(have) < len(wanted):
                kept = np.empty(0, np.int64)
            else:
                kept = steps if not require_all else _in_all(steps, have)
                if not require_all:
                    kept = np.intersect1d(steps, np.concatenate(have)) if have else np.empty(0, np.int64)
        else:
            kept = steps
        found += _put_together(reader, chain, kept[: limit - len(found)], columns)
        if len(steps) < take or last >= hi:
            break
        lo = last + 1
        take = min(take * 4, 262_144)  # rows that hold the keys are rare: look further at once
    return found


def _in_all(steps: Int64s, have: list[Int64s]) -> Int64s:
    for column in have:
        steps = np.intersect1d(steps, column)
    return steps


def sample(
    tx: Tx,
    where: SetKey,
    *,
    keys: Sequence[str] | None,
    samples: int,
    min_step: int | None,
    max_step: int | None,
    require_all: bool,
) -> list[Row]:
    reader = Reader(tx, [where])
    chain = reader.chains.get(where)
    if not chain or samples <= 0:
        return []
    lo = STEP_LOWEST if min_step is None else max(min_step, STEP_LOWEST)
    hi = STEP_HIGHEST if max_step is None else min(max_step, STEP_HIGHEST)
    wanted = None if keys is None else [k for k in dict.fromkeys(keys) if k not in OWN_KEYS]
    if not wanted:
        steps = reader.numbers(chain, TIMESTAMP, lo, hi)[0]
    else:
        reader.load((branch, key) for branch in chain for key in wanted)
        of_each = [settled_steps(reader.pieces(chain, key, lo, hi)) for key in wanted]
        steps = of_each[0]
        for other in of_each[1:]:
            steps = np.intersect1d(steps, other) if require_all else np.union1d(steps, other)
    if not len(steps):
        return []
    if samples < len(steps):
        picked = steps[np.unique(np.round(np.linspace(0, len(steps) - 1, samples)).astype(np.int64))]
        if samples == 1:
            picked = steps[-1:]
    else:
        picked = steps
    width = len(wanted) if wanted else _key_count(reader, chain)
    found: list[Row] = []
    # So many picked rows at once that what lies between them, which is read too, stays bounded.
    at_once = max(1, len(picked) * SAMPLE_VALUES // max(1, len(steps) * (width + 2)))
    for at in range(0, len(picked), at_once):
        some = picked[at : at + at_once]
        columns = _columns(reader, chain, wanted, int(some[0]), int(some[-1])) if wanted != [] else {}
        found += _put_together(reader, chain, some, columns)
    return found


def _key_count(reader: Reader, chain: Chain) -> int:
    count = 0
    for branch in chain:
        row = reader.tx.one("SELECT coalesce(sum(slots), 0) FROM hist_bucket WHERE branch = ?", (branch.id,))
        count += (int(row[0]) if row else 0) + len(reader.key_names(branch))
    return count


def tail(tx: Tx, where: SetKey, n: int) -> list[Row]:
    reader = Reader(tx, [where])
    chain = reader.chains.get(where)
    if not chain or n <= 0:
        return []
    top = max(
        (
            b.last_step if b.limit is None else min(b.last_step, b.limit)
            for b in chain
            if b.last_step is not None
        ),
        default=None,
    )
    low = min((b.first_step for b in chain if b.first_step is not None), default=None)
    if top is None or low is None:
        return []
    # Steps are dense more often than not: look at the last stretch, and further back if it was thin.
    width = _stretch(chain, n)
    while True:
        lo = max(low, top - width + 1)
        steps = reader.numbers(chain, TIMESTAMP, lo, top)[0]
        if len(steps) >= n or lo <= low:
            break
        width *= 4
    steps = steps[-n:]
    if not len(steps):
        return []
    columns = _columns(reader, chain, None, int(steps[0]), int(steps[-1]))
    return _put_together(reader, chain, steps, columns)


def first_steps(reader: Reader, chain: Chain, lo: int, hi: int, count: int) -> Int64s:
    """The first `count` steps of rows in [lo, hi]."""
    reader.load((branch, TIMESTAMP) for branch in chain)
    first = min((b.first_step for b in chain if b.first_step is not None), default=None)
    last = max((b.last_step for b in chain if b.last_step is not None), default=None)
    if first is None or last is None:
        return np.empty(0, np.int64)
    lo, hi = max(lo, first), min(hi, last)
    width = _stretch(chain, count)
    parts: list[Int64s] = []
    have = 0
    while lo <= hi and have < count:
        top = min(hi, lo + width - 1)
        steps = reader.numbers(chain, TIMESTAMP, lo, top)[0]
        parts.append(steps)
        have += len(steps)
        lo = top + 1
        width *= 4
    return np.concatenate(parts)[:count] if parts else np.empty(0, np.int64)


Columns = dict[str, tuple[Int64s, list[Any]]]


def _columns(reader: Reader, chain: Chain, keys: list[str] | None, lo: int, hi: int) -> Columns:
    """Values by key: steps and values in [lo, hi], as they stand."""
    if keys is not None:
        reader.load((branch, key) for branch in chain for key in keys)
        pieces = {key: reader.pieces(chain, key, lo, hi) for key in keys}
    else:
        pieces = all_pieces(reader, chain, lo, hi)
    return {key: settled_values(found) for key, found in pieces.items() if found}


def all_pieces(reader: Reader, chain: Chain, lo: int, hi: int) -> dict[str, list[Piece]]:
    """The pieces of every key that has points in the range: buckets are read whole, not key by key."""
    found: dict[str, list[Piece]] = {}
    for branch in chain:
        top = hi if branch.limit is None else min(hi, branch.limit)
        by_sid: dict[int, list[Piece]] = {}
        for bucket, data in reader.tx.all(
            "SELECT bucket, b FROM hist_pack WHERE branch = ? AND step_lo <= ? AND step_hi >= ?",
            (branch.id, top, lo),
        ):
            frame = Frame(data)
            for block in frame.blocks:
                steps = frame.steps if block.rows is None else frame.steps[block.rows]
                part = slice(int(np.searchsorted(steps, lo)), int(np.searchsorted(steps, top, "right")))
                if part.start == part.stop:
                    continue
                values = block.values()
                for at, slot in enumerate(block.keys.names):
                    by_sid.setdefault(bucket * SLOTS_MAX + slot, []).append(
                        Piece(block.kind, steps[part], values[at][part])
                    )
        kinds: dict[int, tuple[str, int]] = {}
        segments = reader.tx.all(
            "SELECT sid, b FROM hist_seg WHERE branch = ? AND lvl = 0 AND step_lo <= ? AND step_hi >= ?",
            (branch.id, top, lo),
        )
        if by_sid or segments:
            kinds = _names(reader.tx, branch.id, {*by_sid, *(row[0] for row in segments)})
        for sid, data in segments:
            kind = kinds[sid][1]
            by_sid.setdefault(sid, []).append(Piece(kind, *decode_points(data, kind)).within(lo, top))
        for sid, parts in by_sid.items():
            found.setdefault(kinds[sid][0], []).extend(part for part in parts if len(part.steps))
        _add_logged(reader, branch, lo, top, found)
    for key in OWN_KEYS:
        found.pop(key, None)
    return found


def _add_logged(reader: Reader, branch: Branch, lo: int, hi: int, found: dict[str, list[Piece]]) -> None:
    """The log's points of every key, block by block; keys with several kinds in a frame one by one."""
    twice: set[str] = set()
    logged: dict[str, list[Piece]] = {}
    for entry in reader.log(branch):
        if entry.step_lo > hi or entry.step_hi < lo:
            continue
        seen: set[str] = set()
        for block in entry.frame.blocks:
            steps = entry.frame.steps if block.rows is None else entry.frame.steps[block.rows]
            values = block.values()
            for at, key in enumerate(block.keys.names):
                if key in seen:
                    twice.add(key)
                logged.setdefault(key, []).append(Piece(block.kind, steps, values[at]).between(lo, hi))
            seen.update(block.keys.names)
    for key in twice:
        logged[key] = reader.logged(branch, key, lo, hi)
    for key, pieces in logged.items():
        kept = [piece for piece in pieces if len(piece.steps)]
        if kept:
            found.setdefault(key, []).extend(kept)


def _stretch(chain: Chain, count: int) -> int:
    """How many steps about `count` rows take."""
    rows_known = sum(b.merged_rows + b.log_rows for b in chain)
    first = min((b.first_step for b in chain if b.first_step is not None), default=0)
    last = max((b.last_step for b in chain if b.last_step is not None), default=0)
    return max(count, -(-count * (last - first + 1) // max(rows_known, 1)), 64)


def _names(tx: Tx, branch: int, sids: set[int]) -> dict[int, tuple[str, int]]:
    """Key and kind by sid."""
    buckets = sorted({sid // SLOTS_MAX for sid in sids})
    if len(buckets) > 64:
        listed = tx.all("SELECT key, kind, bucket, slot FROM hist_key WHERE branch = ?", (branch,))
    else:
        listed = tx.all_in(
            f"SELECT key, kind, bucket, slot FROM hist_key WHERE branch = {int(branch)} "
            "AND bucket IN (VALUES {values})",
            [(bucket,) for bucket in buckets],
        )
    return {bucket * SLOTS_MAX + slot: (bytes_text(key), kind) for key, kind, bucket, slot in listed}


def _put_together(reader: Reader, chain: Chain, steps: Int64s, columns: Columns) -> list[Row]:
    if not len(steps):
        return []
    lo, hi = int(steps[0]), int(steps[-1])
    timestamps = values_at(steps, *reader.numbers(chain, TIMESTAMP, lo, hi)).tolist()
    runtimes = values_at(steps, *reader.numbers(chain, RUNTIME, lo, hi)).tolist()
    made = [
        Row(step, timestamp, runtime)
        for step, timestamp, runtime in zip(steps.tolist(), timestamps, runtimes, strict=True)
    ]
    for key in sorted(columns):
        of_steps, values = columns[key]
        if len(of_steps) == len(steps) and (of_steps == steps).all():
            for row, value in zip(made, values, strict=True):
                row.values[key] = value
            continue
        at = np.searchsorted(steps, of_steps)
        inside = at < len(steps)
        hit = np.zeros(len(of_steps), bool)
        hit[inside] = steps[at[inside]] == of_steps[inside]
        for position in np.flatnonzero(hit).tolist():
            made[int(at[position])].values[key] = values[position]
    return made


# -- Arrow
