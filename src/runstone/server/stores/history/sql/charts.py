"""Series reduced for a chart: exact over all points, at a cost that follows the chart's width."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import STEP, Buckets, Float64s, Int64s, Points, SetKey, Window
from runstone.server.stores.history.sql import grid as grids
from runstone.server.stores.history.sql.branches import Branch, Chain
from runstone.server.stores.history.sql.catalog import Place
from runstone.server.stores.history.sql.codec import INTEGER, NUMBER
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.grid import EvenGrid, StepGrid, Summed
from runstone.server.stores.history.sql.pieces import Piece, settled_numbers
from runstone.server.stores.history.sql.reading import STEP_HIGHEST, STEP_LOWEST, Reader, Want
from runstone.server.stores.history.sql.segments import POINTS_MAX, Cells, decode_cells, join
from runstone.server.stores.history.sql.together import Together

BUCKETS_MAX = 100_000
CHUNK_POINTS = 1 << 20  # points held at once where x is not the step


class _Line:
    """One wanted series: where its numbers are."""

    __slots__ = ("chain", "first", "fold_from", "key", "last", "log", "parts")

    def __init__(self, reader: Reader, chain: Chain, key: str) -> None:
        self.chain = chain
        self.key = key
        self.parts: list[tuple[Branch, Place]] = []
        self.log: list[Piece] = []
        self.first, self.last = STEP_HIGHEST, STEP_LOWEST
        # From this step on, points of different places may overwrite each other.
        self.fold_from = STEP_HIGHEST
        top = STEP_LOWEST
        for branch in chain:
            merged_top = top
            for place in reader.places(branch, key):
                stats = reader.stats(branch, place.bucket)
                first, last = int(stats.first[place.slot]), int(stats.last[place.slot])
                if first > last:
                    continue
                if branch.limit is not None:
                    last = min(last, branch.limit)
                    if first > last:
                        continue
                if first <= top:
                    self.fold_from = min(self.fold_from, first)
                merged_top = max(merged_top, last)
                if place.kind in (NUMBER, INTEGER):
                    self.parts.append((branch, place))
                    self._seen(first, last)
            top = merged_top
            for piece in reader.logged(branch, key, STEP_LOWEST, STEP_HIGHEST):
                if piece.rising:
                    low, high = int(piece.steps[0]), int(piece.steps[-1])
                else:
                    low, high = int(piece.steps.min()), int(piece.steps.max())
                if low <= top or not piece.rising:
                    self.fold_from = min(self.fold_from, low)
                top = max(top, high)
                if piece.kind in (NUMBER, INTEGER):
                    self._seen(low, high)
                self.log.append(piece)

    def _seen(self, first: int, last: int) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)


def buckets(tx: Tx, wanted: Sequence[tuple[SetKey, str]], *, x: str, window: Window) -> list[Buckets]:
    """See HistoryStore.buckets."""
    count = max(1, min(int(window.buckets), BUCKETS_MAX))
    reader = Reader(tx, {where for where, _ in wanted})
    keys = {(where, key) for where, key in wanted} | (
        {(where, x) for where, _ in wanted} if x != STEP else set()
    )
    reader.load((branch, key) for where, key in sorted(keys) for branch in reader.chains.get(where, ()))
    if x != STEP:
        return _by_other(reader, wanted, x, window, count)
    lines = [
        _Line(reader, reader.chains[where], key) if where in reader.chains else None for where, key in wanted
    ]
    lo = min((line.first for line in lines if line), default=STEP_HIGHEST)
    hi = max((line.last for line in lines if line), default=STEP_LOWEST)
    if window.lo is not None:
        lo = _whole(math.ceil, window.lo)
    if window.hi is not None:
        hi = _whole(math.floor, window.hi)
    if lo > hi:
        return [grids.empty_buckets() for _ in wanted]
    grid = grids.step_grid(lo, hi, count)
    return _on_steps(reader, lines, grid)


def _whole(how: Any, value: float) -> int:
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return STEP_HIGHEST if value > 0 else STEP_LOWEST
    return max(STEP_LOWEST, min(STEP_HIGHEST, int(how(value))))


# -- x is the step


def _on_steps(reader: Reader, lines: Sequence[_Line | None], grid: StepGrid) -> list[Buckets]:
    summed: list[list[Summed]] = [[] for _ in lines]
    raw: list[tuple[int, Want]] = []  # line, what Reader.merged is asked for
    celled: list[tuple[int, Branch, Place, int, int]] = []
    for at, line in enumerate(lines):
        if line is None:
            continue
        fold_from = line.fold_from
        for branch, place in line.parts:
            hi = grid.hi if fold_from > grid.hi else fold_from - 1
            if branch.limit is not None:
                hi = min(hi, branch.limit)
            if hi < grid.lo:
                continue
            if grid.e and reader.stats(branch, place.bucket).own[place.slot]:
                celled.append((at, branch, place, grid.lo, hi))
            else:
                raw.append((at, Want(branch.id, place, grid.lo, hi)))
        if fold_from > grid.hi:
            # Nothing overwrites anything in view: the log's points follow each other.
            log = [piece.between(grid.lo, grid.hi) for piece in line.log]
            steps, values = settled_numbers([piece for piece in log if len(piece.steps)])
        else:
            steps, values = reader.numbers(line.chain, line.key, max(grid.lo, fold_from), grid.hi)
            before = [piece.between(grid.lo, fold_from - 1) for piece in line.log]
            early, early_values = settled_numbers([piece for piece in before if len(piece.steps)])
            steps, values = np.concatenate([early, steps]), np.concatenate([early_values, values])
        part = grids.sum_points(steps, values, grid)
        if part is not None:
            summed[at].append(part)
    raw += _pyramid(reader, celled, grid, summed)
    together = Together(grid)
    for (at, _), pieces in zip(raw, reader.merged([what for _, what in raw]), strict=True):
        together.add(at, pieces)
    together.close()
    # A line that comes from one place alone is done as it stands; others are put together first.
    places = Counter(number for stretch in together.stretches for number in stretch.lines)
    answers: dict[int, Buckets] = {}
    for stretch in together.stretches:
        for position, (number, done) in enumerate(zip(stretch.lines, stretch.finished(), strict=True)):
            if places[number] == 1 and not summed[number]:
                answers[number] = done
            else:
                summed[number].append(stretch.part(position))
    return [answers[at] if at in answers else _put_together(parts) for at, parts in enumerate(summed)]


def _put_together(parts: list[Summed]) -> Buckets:
    return grids.buckets_of(None if not parts else parts[0] if len(parts) == 1 else grids.add_up(parts))


def _pyramid(
    reader: Reader,
    celled: list[tuple[int, Branch, Place, int, int]],
    grid: StepGrid,
    summed: list[list[Summed]],
) -> list[tuple[int, Want]]:
    """Add what the pyramid knows to `summed`; returns what must be read point by point."""
    raw: list[tuple[int, Want]] = []
    if not celled:
        return raw
    rows = reader.tx.all_in(
        "WITH w (at, branch, sid, lo, hi) AS (VALUES {values}) "
        "SELECT w.at, s.lvl, s.step_lo, s.e FROM w CROSS JOIN hist_seg s WHERE s.branch = w.branch "
        "AND s.sid = w.sid AND s.lvl > 0 AND s.step_lo <= w.hi AND s.step_hi >= w.lo",
        [(n, branch.id, place.sid, lo, hi) for n, (_, branch, place, lo, hi) in enumerate(celled)],
    )
    levels: list[dict[int, list[int]]] = [{} for _ in celled]
    too_wide: list[set[int]] = [set() for _ in celled]
    for n, lvl, step_lo, e in rows:
        levels[n].setdefault(lvl, []).append(step_lo)
        if e > grid.e:
            too_wide[n].add(lvl)
    fetch: list[tuple[int, int, int, int, int]] = []
    usable: list[bool] = []
    for n, (at, branch, place, lo, hi) in enumerate(celled):
        lvl = max((lvl for lvl in levels[n] if lvl not in too_wide[n]), default=0)
        usable.append(bool(lvl) or not levels[n])
        if lvl:
            fetch.append((n, branch.id, place.sid, lvl, 0))
        elif levels[n]:
            raw.append((at, Want(branch.id, place, lo, hi)))
    cells: dict[int, list[Cells]] = {}
    for n, data in _cell_rows(reader.tx, fetch, celled):
        cells.setdefault(n, []).append(decode_cells(data))
    for n, (at, branch, place, lo, hi) in enumerate(celled):
        if not usable[n]:
            continue
        stats = reader.stats(branch, place.bucket)
        if stats.packed[place.slot] or stats.open[place.slot]:
            raw.append((at, Want(branch.id, place, lo, hi, segments=False)))
        if n not in cells:
            continue
        found = join(cells[n])
        if len(cells[n]) > 1 and (found.first_step[1:] < found.first_step[:-1]).any():
            found = found.pick(np.argsort(found.first_step, kind="stable"))
        inside = (found.first_step >= lo) & (found.last_step <= hi)
        cut = ~inside & (found.last_step >= lo) & (found.first_step <= hi)
        for edge in np.flatnonzero(cut).tolist():
            # The view ends inside this cell: its points are looked at one by one.
            raw.append(
                (
                    at,
                    Want(
                        branch.id,
                        place,
                        max(lo, int(found.first_step[edge])),
                        min(hi, int(found.last_step[edge])),
                        packs=False,
                    ),
                )
            )
        part = grids.sum_cells(found if inside.all() else found.pick(inside), grid)
        if part is not None:
            summed[at].append(part)
    return raw


def _cell_rows(
    tx: Tx, fetch: list[tuple[int, int, int, int, int]], celled: list[tuple[int, Branch, Place, int, int]]
) -> list[tuple[int, Any]]:
    return [
        (row[0], row[1])
        for row in tx.all_in(
            "WITH w (at, branch, sid, lvl, lo, hi) AS (VALUES {values}) SELECT w.at, s.b "
            "FROM w CROSS JOIN hist_seg s WHERE s.branch = w.branch AND s.sid = w.sid "
            "AND s.lvl = w.lvl AND s.step_lo <= w.hi AND s.step_hi >= w.lo ORDER BY w.at, s.step_lo",
            [(n, branch, sid, lvl, celled[n][3], celled[n][4]) for n, branch, sid, lvl, _ in fetch],
        )
    ]


# -- any other x


def _by_other(
    reader: Reader, wanted: Sequence[tuple[SetKey, str]], x: str, window: Window, count: int
) -> list[Buckets]:
    """Points paired with x by step, then reduced: in memory where that is small, else stretch by
    stretch of steps, in two passes if the range of x must be found first."""
    paired: list[_Paired | None] = []
    abscissas: dict[tuple[SetKey, int, int], tuple[Int64s, Float64s]] = {}
    for where, key in wanted:
        chain = reader.chains.get(where)
        paired.append(None if chain is None else _Paired(reader, where, chain, key, x, abscissas))
    lo, hi = window.lo, window.hi
    if lo is None or hi is None:
        ranges = [pair.x_range() for pair in paired if pair is not None]
        known = [r for r in ranges if r is not None]
        if not known:
            return [grids.empty_buckets() for _ in wanted]
        lo = min(r[0] for r in known) if lo is None else lo
        hi = max(r[1] for r in known) if hi is None else hi
    grid = EvenGrid(float(lo), float(hi), count)
    answers = []
    for pair in paired:
        parts = []
        for xs, values in pair.stretches() if pair is not None else ():
            part = grids.sum_by_x(xs, values, grid)
            if part is not None:
                parts.append(part)
        if not parts:
            answers.append(grids.empty_buckets())
            continue
        whole = parts[0] if len(parts) == 1 else grids.add_up(parts)
        answers.append(
            grids.finished(whole.numbers, whole.cells, whole.cells.first_step, whole.cells.last_step)
        )
    return answers


class _Paired:
    """A key's numbers and x at the same steps."""

    def __init__(
        self,
        reader: Reader,
        where: SetKey,
        chain: Chain,
        key: str,
        x: str,
        abscissas: dict[tuple[SetKey, int, int], tuple[Int64s, Float64s]],
    ) -> None:
        self._reader = reader
        self._where = where
        self._chain = chain
        self._key = key
        self._x = x
        self._abscissas = abscissas
        self._kept: tuple[Float64s, Float64s] | None = None

    def x_range(self) -> tuple[float, float] | None:
        found: tuple[float, float] | None = None
        for xs, _ in self.stretches():
            if len(xs):
                low, high = float(xs.min()), float(xs.max())
                found = (low, high) if found is None else (min(found[0], low), max(found[1], high))
        return found

    def stretches(self) -> Iterator[tuple[Float64s, Float64s]]:
        """(x, values) in order of steps; where x is NaN or infinite there is nothing to draw."""
        if self._kept is not None:
            yield self._kept
            return
        ranges = step_ranges(self._reader, self._chain, self._key, CHUNK_POINTS)
        for lo, hi in ranges:
            steps, values = self._reader.numbers(self._chain, self._key, lo, hi)
            at = (self._where, lo, hi)
            abscissa = self._abscissas.get(at)
            if abscissa is None:
                abscissa = self._reader.numbers(self._chain, self._x, lo, hi)
                if len(ranges) == 1:
                    self._abscissas[at] = abscissa
            xs = values_at(steps, *abscissa)
            good = np.isfinite(xs)
            pair = (xs, values) if good.all() else (xs[good], values[good])
            if len(ranges) == 1:
                self._kept = pair
            yield pair


def values_at(steps: Int64s, of_steps: Int64s, values: Float64s) -> Float64s:
    """`values`, known at `of_steps` (rising), at `steps`; NaN where there is none."""
    if len(steps) == len(of_steps) and (steps == of_steps).all():
        return values
    found = np.full(len(steps), np.nan)
    if len(of_steps):
        at = np.minimum(np.searchsorted(of_steps, steps), len(of_steps) - 1)
        hit = of_steps[at] == steps
        found[hit] = values[at[hit]]
    return found


def step_ranges(reader: Reader, chain: Chain, key: str, points_max: int) -> list[tuple[int, int]]:
    """Ranges of steps that together hold everything, each with about `points_max` points of `key`."""
    starts: list[int] = []
    for branch in chain:
        for place in reader.places(branch, key):
            stats = reader.stats(branch, place.bucket)
            if int(stats.own[place.slot]) > points_max:
                rows = reader.tx.all(
                    "SELECT step_lo FROM hist_seg WHERE branch = ? AND sid = ? AND lvl = 0 ORDER BY step_lo",
                    (branch.id, place.sid),
                )
                per_range = max(1, points_max // POINTS_MAX)
                starts += [row[0] for row in rows[per_range::per_range]]
    edges = [STEP_LOWEST, *sorted(set(starts) - {STEP_LOWEST})]
    return [(lo, (edges[at + 1] - 1) if at + 1 < len(edges) else STEP_HIGHEST) for at, lo in enumerate(edges)]


# -- every point


def points(tx: Tx, where: SetKey, key: str, *, x: str, lo: float | None, hi: float | None) -> Points:
    """See HistoryStore.points; lo and hi are in x."""
    reader = Reader(tx, [where])
    chain = reader.chains.get(where)
    if not chain:
        return Points(np.empty(0, np.int64), np.empty(0), np.empty(0))
    if x == STEP:
        first = STEP_LOWEST if lo is None else _whole(math.ceil, lo)
        last = STEP_HIGHEST if hi is None else _whole(math.floor, hi)
        steps, values = reader.numbers(chain, key, first, last)
        return Points(steps, values, steps.astype(np.float64))
    steps, values = reader.numbers(chain, key)
    xs = values_at(steps, *reader.numbers(chain, x))
    keep = np.ones(len(xs), bool)
    with np.errstate(invalid="ignore"):
        if lo is not None:
            keep &= xs >= lo
        if hi is not None:
            keep &= xs <= hi
    return Points(steps[keep], values[keep], xs[keep])
