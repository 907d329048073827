"""What is known of sets and keys without reading points: sizes, ranges, last values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import (
    RUNTIME,
    STEP,
    TIMESTAMP,
    KeyInfo,
    KeyKind,
    SetInfo,
    SetKey,
    Window,
)
from runstone.server.stores.history.sql import charts
from runstone.server.stores.history.sql.append import bytes_text, text_bytes
from runstone.server.stores.history.sql.branches import Branch, Chain, set_row
from runstone.server.stores.history.sql.codec import INTEGER, KIND_NUMBERS, KINDS, NUMBER
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.pieces import Piece, as_python
from runstone.server.stores.history.sql.reading import Reader
from runstone.server.stores.history.sql.tables import last_of_each

OWN_KEYS = frozenset({STEP, TIMESTAMP, RUNTIME})
LABEL_MARK = "/l:"
PAGE_MIN = 32


def info(tx: Tx, where: SetKey) -> SetInfo:
    return _info(tx, where, Reader(tx, [where]))


def infos(tx: Tx, wheres: Sequence[SetKey]) -> list[SetInfo]:
    reader = Reader(tx, wheres)
    return [_info(tx, where, reader) for where in wheres]


def next_offsets(tx: Tx, wheres: Sequence[SetKey], stream: str) -> list[int]:
    name = text_bytes(stream)
    rows = tx.all_in(
        "SELECT s.run, s.space, t.next_offset FROM hist_set s JOIN hist_stream t ON t.branch = s.branch "
        "WHERE (s.run, s.space, t.stream) IN (VALUES {values})",
        [(*set_row(where), name) for where in wheres],
    )
    found = {(int(row[0]), int(row[1])): int(row[2]) for row in rows}
    return [found.get(set_row(where), 0) for where in wheres]


def _info(tx: Tx, where: SetKey, reader: Reader) -> SetInfo:
    chain = reader.chains.get(where)
    if not chain:
        return SetInfo(0, None, None, None, 0)
    version = sum(branch.version for branch in chain)
    if all(branch.all_shows() for branch in chain):
        last_steps = [b.last_step for b in chain if b.last_step is not None]
        firsts = [b.first_ts for b in chain if b.first_ts is not None]
        lasts = [b.last_ts for b in chain if b.last_ts is not None]
        rows = _row_count(chain)
        if rows is None:
            rows = len(reader.numbers(chain, TIMESTAMP)[0])
        return SetInfo(
            rows, max(last_steps, default=None), min(firsts, default=None), max(lasts, default=None), version
        )
    # Part of a branch shows: the rows' times, summed up, say how much.
    (rows_shown,) = charts.buckets(tx, [(where, TIMESTAMP)], x=STEP, window=Window(None, None, 1))
    if not rows_shown.total:
        return SetInfo(0, None, None, None, version)
    low, high = float(rows_shown.min[0]), float(rows_shown.max[0])
    return SetInfo(
        rows_shown.total,
        int(rows_shown.x_last[0]),
        low if math.isfinite(low) else None,
        high if math.isfinite(high) else None,
        version,
    )


def _row_count(chain: Chain) -> int | None:
    """Rows by what the branches say; None where rows may share steps."""
    total, top = 0, None
    for branch in chain:
        if branch.first_step is None:
            continue
        if not branch.log_rising and branch.log_batches:
            return None
        if top is not None and branch.first_step <= top:
            return None
        total += branch.merged_rows + branch.log_rows
        top = branch.last_step
    return total


def keys(
    tx: Tx, where: SetKey, *, search: str, after: str, limit: int, kind: KeyKind | None = None
) -> list[KeyInfo]:
    reader = Reader(tx, [where])
    chain = reader.chains.get(where, [])
    in_log = {key for branch in chain for key in _logged_names(reader, branch, kind) if search in key}
    per_branch = max(limit, PAGE_MIN) + len(OWN_KEYS)
    infos: list[KeyInfo] = []
    while len(infos) < limit:
        names = {key for key in in_log if key > after}
        known_to: str | None = None  # beyond this name a branch has more than it was asked for
        for branch in chain:
            some = _merged_names(tx, branch, search=search, after=after, limit=per_branch, kind=kind)
            names.update(some)
            if len(some) == per_branch:
                known_to = some[-1] if known_to is None else min(known_to, some[-1])
        page = sorted(name for name in names - OWN_KEYS if known_to is None or name <= known_to)
        for at in range(0, len(page), per_branch):
            # Of a branch that shows in part a key may not show at all: look on until there are enough.
            found = _infos(reader, where, chain, page[at : at + per_branch])
            infos += [found[name] for name in sorted(found)]
            if len(infos) >= limit:
                break
        if known_to is None:
            break
        after = known_to
    return infos[:limit]


def _logged_names(reader: Reader, branch: Branch, kind: KeyKind | None) -> set[str]:
    if kind is None:
        return set(reader.key_names(branch))
    number = KIND_NUMBERS[kind]
    return {
        key
        for entry in reader.log(branch)
        for block in entry.frame.blocks
        if block.kind == number
        for key in block.keys.names
    }


def _merged_names(
    tx: Tx, branch: Branch, *, search: str, after: str, limit: int, kind: KeyKind | None
) -> list[str]:
    contains = "position(? in key) > 0" if tx.dialect == "postgresql" else "instr(key, ?) > 0"
    rows = tx.all(
        "SELECT DISTINCT key FROM hist_key WHERE branch = ? AND key > ?"
        + (f" AND {contains}" if search else "")
        + (f" AND kind = {KIND_NUMBERS[kind]}" if kind else "")
        + " ORDER BY key LIMIT ?",
        (branch.id, text_bytes(after), *((text_bytes(search),) if search else ()), limit),
    )
    return [bytes_text(row[0]) for row in rows]


def key_infos(tx: Tx, where: SetKey, names: Sequence[str]) -> dict[str, KeyInfo]:
    reader = Reader(tx, [where])
    return _infos(reader, where, reader.chains.get(where, []), list(dict.fromkeys(names)))


@dataclass(slots=True)
class _Known:
    """Of one key and kind in one place."""

    kind: int
    count: int
    first: int
    last: int
    min: float
    max: float
    value: Any


def _infos(reader: Reader, where: SetKey, chain: Chain, names: list[str]) -> dict[str, KeyInfo]:
    reader.load((branch, name) for branch in chain for name in names)
    found: dict[str, KeyInfo] = {}
    logged = {branch.id: reader.key_names(branch) | set(OWN_KEYS) for branch in chain if branch.log_batches}
    for name in names:
        known = _from_parts(reader, chain, name, logged)
        if known is None:
            known = _from_cells(reader, where, chain, name, logged) or _from_points(reader, chain, name)
        if known:
            found[name] = _summed(name, known)
    return found


def _from_parts(reader: Reader, chain: Chain, name: str, logged: dict[int, set[str]]) -> list[_Known] | None:
    """Added up from what is kept beside the points; None where parts may share steps, or show in
    part only."""
    known: list[_Known] = []
    top: int | None = None
    for branch in chain:
        merged_top = top
        for place in reader.places(branch, name):
            stats = reader.stats(branch, place.bucket)
            count = int(stats.counts[place.slot])
            if not count:
                continue
            first, last = int(stats.first[place.slot]), int(stats.last[place.slot])
            if branch.limit is not None and last > branch.limit:
                return None
            if top is not None and first <= top:
                return None
            merged_top = last if merged_top is None else max(merged_top, last)
            known.append(
                _Known(
                    place.kind, count, first, last,
                    float(stats.min[place.slot]), float(stats.max[place.slot]), stats.last_value(place.slot),
                )
            )  # fmt: skip
        top = merged_top
        if name not in logged.get(branch.id, ()):
            continue
        for piece in reader.logged(branch, name, -(2**63), 2**63 - 1):
            if top is not None and int(piece.steps.min()) <= top:
                return None
            order = last_of_each(piece.steps)
            top = int(piece.steps[order[-1]])
            known.append(_of_piece(piece, order))
    return known


def _of_piece(piece: Piece, order: Any) -> _Known:
    low = high = math.nan
    if piece.kind in (NUMBER, INTEGER):
        values = piece.values[order].astype(np.float64, copy=False)
        low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    last = int(order[-1])
    return _Known(
        piece.kind, len(order), int(piece.steps[order[0]]), int(piece.steps[last]), low, high,
        as_python(Piece(piece.kind, piece.steps[last : last + 1], piece.values[last : last + 1]))[0],
    )  # fmt: skip


def _from_cells(
    reader: Reader, where: SetKey, chain: Chain, name: str, logged: dict[int, set[str]]
) -> list[_Known] | None:
    """Of a key that holds merged numbers only, by way of the pyramid."""
    kinds = {place.kind for branch in chain for place in reader.places(branch, name)}
    if kinds != {NUMBER} or any(name in names for names in logged.values()):
        return None
    (found,) = charts.buckets(reader.tx, [(where, name)], x=STEP, window=Window(None, None, 1))
    if not found.total or found.non_finite[0]:
        return None
    first, last = int(found.x[0]), int(found.x_last[0])
    return [
        _Known(
            NUMBER, found.total, first, last, float(found.min[0]), float(found.max[0]), float(found.last[0])
        )
    ]


def _from_points(reader: Reader, chain: Chain, name: str) -> list[_Known]:
    pieces = reader.pieces(chain, name, -(2**63), 2**63 - 1)
    if not pieces:
        return []
    steps = np.concatenate([piece.steps for piece in pieces])
    numbers = np.concatenate([np.full(len(piece.steps), at) for at, piece in enumerate(pieces)])
    offsets = np.concatenate([np.arange(len(piece.steps)) for piece in pieces])
    order = last_of_each(steps)
    known = []
    for at, piece in enumerate(pieces):
        mine = order[numbers[order] == at]
        if len(mine):
            known.append(_of_piece(piece, offsets[mine]))
    return known


def _summed(name: str, known: list[_Known]) -> KeyInfo:
    latest = max(known, key=lambda part: part.last)
    lows = [part.min for part in known if part.min == part.min]
    highs = [part.max for part in known if part.max == part.max]
    return KeyInfo(
        name,
        kind_of({part.kind for part in known}),
        sum(part.count for part in known),
        min(part.first for part in known),
        latest.last,
        min(lows, default=None),
        max(highs, default=None),
        latest.value,
    )


def kind_of(kinds: set[int]) -> KeyKind:
    """The one kind that holds them all."""
    if len(kinds) == 1:
        return KINDS[next(iter(kinds))]  # type: ignore[return-value]
    return "number" if kinds == {NUMBER, INTEGER} else "json"


def label_keys(tx: Tx, wanted: Sequence[tuple[SetKey, str]]) -> list[list[str]]:
    reader = Reader(tx, {where for where, _ in wanted})
    listed: list[tuple[int, bytes, bytes]] = []
    for where, key in wanted:
        lo = key + LABEL_MARK
        for branch in reader.chains.get(where, ()):
            listed.append((branch.id, text_bytes(lo), text_bytes(lo)[:-1] + b";"))
    merged: dict[tuple[int, bytes], set[str]] = {}
    for branch_id, lo_bytes, key_bytes in tx.all_in(
        "WITH w (branch, lo, hi) AS (VALUES {values}) SELECT DISTINCT w.branch, w.lo, k.key FROM w "
        "CROSS JOIN hist_key k WHERE k.branch = w.branch AND k.key > w.lo AND k.key < w.hi",
        sorted(set(listed)),
    ):
        merged.setdefault((branch_id, bytes(lo_bytes)), set()).add(bytes_text(key_bytes))
    answers = []
    for where, key in wanted:
        prefix = key + LABEL_MARK
        names: set[str] = set()
        for branch in reader.chains.get(where, ()):
            names |= merged.get((branch.id, text_bytes(prefix)), set())
            names |= {
                name
                for name in reader.key_names(branch)
                if name.startswith(prefix) and len(name) > len(prefix)
            }
        answers.append(sorted(names))
    return answers
