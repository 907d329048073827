"""The grid a chart's buckets lie on, and points reduced onto it.

For steps the grid is absolute: bucket k holds the steps [k·width, (k+1)·width), width a whole
number. So a live chart's buckets stay where they are while the run grows, and wide buckets end on
the pyramid's cells (width is then a multiple of a power of 8). For any other x the range is cut in
`buckets` equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from runstone.server.stores.history.contract import Buckets, Float64s, Int64s
from runstone.server.stores.history.sql.segments import Cells, cells_at, join, means_of, starts_of

# The width of buckets is rounded up to whole cells where that makes them no more than a quarter wider.
CELLS_PER_BUCKET = 4  # where so many fit, it surely does not
EXPONENT_MIN, EXPONENT_MAX = 2, 20
WIDTH_MAX = 2**62


@dataclass(frozen=True, slots=True)
class StepGrid:
    """`width` steps to a bucket, a multiple of 8^e; 0: one bucket holds all."""

    lo: int
    hi: int
    width: int
    e: int

    def number(self, steps: Int64s) -> Int64s:
        return np.floor_divide(steps, self.width) if self.width else np.zeros(len(steps), np.int64)


def step_grid(lo: int, hi: int, buckets: int) -> StepGrid:
    """The finest grid with at most `buckets` buckets that touch [lo, hi]."""
    if buckets <= 1:
        return StepGrid(lo, hi, 0, EXPONENT_MAX)
    finest = max(1, -(-(hi - lo + 1) // buckets))
    e = 0
    while 8 ** (e + 1) * CELLS_PER_BUCKET <= finest:
        e += 1
    if e + 1 >= EXPONENT_MIN:
        # Eight times as wide, and so an eighth of them to read, if one happens to end near enough.
        width = _width(lo, hi, buckets, finest, 8 ** (e + 1))
        if width * 4 <= finest * 5:
            return StepGrid(lo, hi, width, e + 1)
    if e < EXPONENT_MIN:
        e = 0
    return StepGrid(lo, hi, _width(lo, hi, buckets, finest, 8**e), e)


def _width(lo: int, hi: int, buckets: int, finest: int, unit: int) -> int:
    """The least multiple of `unit`, from `finest` on, with which [lo, hi] touches no more buckets."""
    width = -(-finest // unit) * unit
    while hi // width - lo // width + 1 > buckets and width < WIDTH_MAX:
        width += unit
    return min(width, WIDTH_MAX)


class Summed(NamedTuple):
    """Cells with the number of the bucket they belong to, by rising number and first step."""

    numbers: Int64s
    cells: Cells


def sum_points(steps: Int64s, values: Float64s, grid: StepGrid) -> Summed | None:
    """Sorted points in their buckets."""
    if not len(steps):
        return None
    numbers, starts = starts_on(steps, grid)
    return Summed(numbers, cells_at(steps, values, starts))


def starts_on(steps: Int64s, grid: StepGrid) -> tuple[Int64s, Int64s]:
    """Numbers of the buckets that hold any of the steps (rising, at least one), and the position of
    each one's first."""
    if not grid.width:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    first, last = int(steps[0]) // grid.width, int(steps[-1]) // grid.width
    if last - first >= len(steps):
        of_each = grid.number(steps)
        starts = starts_of(of_each)
        return of_each[starts], starts
    edges = np.arange(first + 1, last + 1, dtype=np.int64) * grid.width
    starts = np.concatenate(([0], np.searchsorted(steps, edges))).astype(np.int64, copy=False)
    if len(starts) == 1:
        return np.array([first]), starts
    keep = np.empty(len(starts), bool)
    keep[-1] = True
    np.not_equal(starts[1:], starts[:-1], out=keep[:-1])
    if keep.all():
        return np.arange(first, last + 1), starts
    # An empty bucket starts where the next one does: only the last of equals holds points.
    return np.flatnonzero(keep) + first, starts[keep]


def sum_cells(cells: Cells, grid: StepGrid) -> Summed | None:
    if not len(cells.first_step):
        return None
    return add_up([Summed(grid.number(cells.first_step), cells)])


def add_up(parts: list[Summed]) -> Summed:
    """Cells of the same bucket made one."""
    cells = join([part.cells for part in parts])
    numbers = parts[0].numbers if len(parts) == 1 else np.concatenate([part.numbers for part in parts])
    if len(parts) > 1:
        order = np.lexsort((cells.first_step, numbers))
        numbers, cells = numbers[order], cells.pick(order)
    starts = starts_of(numbers)
    if len(starts) == len(numbers):
        return Summed(numbers, cells)
    ends = np.append(starts[1:], len(numbers)) - 1
    last_step, last = cells.last_step[ends], cells.last[ends]
    if len(parts) > 1:
        by_last = np.lexsort((cells.last_step, numbers))
        last_step, last = cells.last_step[by_last][ends], cells.last[by_last][ends]
    finite = cells.points - cells.non_finite
    count = np.add.reduceat(finite, starts)
    return Summed(
        numbers[starts],
        Cells(
            cells.first_step[starts],
            last_step,
            np.add.reduceat(cells.points, starts),
            np.add.reduceat(cells.non_finite, starts),
            np.minimum.reduceat(cells.min, starts),
            np.maximum.reduceat(cells.max, starts),
            weighted(cells.mean, finite, starts, count),
            cells.first[starts],
            last,
        ),
    )


def weighted(mean: Float64s, finite: Int64s, starts: Int64s, count: Int64s) -> Float64s:
    """Means of stretches of cells, each counting for its `finite` points; `count` is their sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        products = mean * finite
        if np.isfinite(products).all():
            return means_of(products, starts, count)
        share = finite / np.maximum(np.repeat(count, np.diff(np.append(starts, len(mean)))), 1)
        together: Float64s = np.add.reduceat(mean * share, starts)
        return together


def buckets_of(summed: Summed | None) -> Buckets:
    if summed is None:
        return empty_buckets()
    return finished(
        summed.numbers,
        summed.cells,
        summed.cells.first_step.astype(np.float64),
        summed.cells.last_step.astype(np.float64),
    )


def finished(numbers: Int64s, cells: Cells, x: Float64s, x_last: Float64s) -> Buckets:
    return finished_lines(numbers, cells, x, x_last, np.zeros(1, np.int64))[0]


def finished_lines(
    numbers: Int64s, cells: Cells, x: Float64s, x_last: Float64s, bounds: Int64s
) -> list[Buckets]:
    """The buckets of several lines one after another; each begins at one of `bounds`, none of them
    is empty."""
    finite = cells.points - cells.non_finite
    low, high = cells.min, cells.max
    mean = np.clip(cells.mean, low, high)  # rounding must not leave [min, max]
    none = finite == 0
    if none.any():
        low, high, mean = (np.where(none, np.nan, column) for column in (low, high, mean))
    most = np.maximum.reduceat(cells.points, bounds).tolist()
    total = np.add.reduceat(cells.points, bounds).tolist()
    ends = [*bounds[1:].tolist(), len(numbers)]
    lines = []
    for at, (start, end) in enumerate(zip(bounds.tolist(), ends, strict=True)):
        part = slice(start, end)
        lines.append(
            Buckets(
                x=x[part],
                x_last=x_last[part],
                min=low[part],
                max=high[part],
                mean=mean[part],
                first=cells.first[part],
                last=cells.last[part],
                count=cells.points[part],
                non_finite=cells.non_finite[part],
                exact=most[at] <= 1,
                total=total[at],
                index=numbers[part],
            )
        )
    return lines


def empty_buckets() -> Buckets:
    floats, ints = np.empty(0), np.empty(0, np.int64)
    return Buckets(
        floats, floats, floats, floats, floats, floats, floats, ints, ints, exact=True, total=0, index=ints
    )


@dataclass(frozen=True, slots=True)
class EvenGrid:
    """[lo, hi] in `buckets` equal parts; the last one holds hi too."""

    lo: float
    hi: float
    buckets: int

    def number(self, x: Float64s) -> Int64s:
        width = (self.hi - self.lo) / self.buckets
        if not width > 0:
            return np.zeros(len(x), np.int64)
        return np.clip(((x - self.lo) / width).astype(np.int64), 0, self.buckets - 1)


def sum_by_x(x: Float64s, values: Float64s, grid: EvenGrid) -> Summed | None:
    """Points in any order of x on an even grid; the cells' first and last step are then values of x.
    Where x repeats, the point of the lower step comes first."""
    keep = (x >= grid.lo) & (x <= grid.hi)
    if not keep.all():
        x, values = x[keep], values[keep]
    if not len(x):
        return None
    if len(x) > 1 and (x[1:] < x[:-1]).any():
        order = np.argsort(x, kind="stable")
        x, values = x[order], values[order]
    of_each = grid.number(x)
    starts = starts_of(of_each)
    return Summed(of_each[starts], cells_at(x, values, starts))
