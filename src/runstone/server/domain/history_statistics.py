"""Statistics of all points of a series, read part by part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from runstone.server.stores.history.contract import HistoryStore, KeyInfo, SetKey

STATISTICS_POINTS = 1 << 20  # held at once


def statistics(
    store: HistoryStore, where: SetKey, key: str, *, lo: float | None = None, hi: float | None = None
) -> Mapping[str, float | int | None]:
    """count, non_finite, min, max, mean, std, first, last over all points in the step range:
    exact. count counts every point, min, max, mean and std (population, as numpy's) the finite
    ones; None where there is none."""
    info = store.key_infos(where, [key]).get(key)
    total, non_finite, low, high = 0, 0, math.inf, -math.inf
    first: float | None = None
    last: float | None = None
    finite, mean, squares = 0, 0.0, 0.0
    if info is not None:
        for start, end in _stretches(info, lo, hi):
            values = store.points(where, key, lo=start, hi=end).values
            if not len(values):
                continue
            total += len(values)
            first = float(values[0]) if first is None else first
            last = float(values[-1])
            good = values[np.isfinite(values)]
            non_finite += len(values) - len(good)
            if not len(good):
                continue
            low, high = min(low, float(good.min())), max(high, float(good.max()))
            # Sums of squares of two parts from their own (Chan, Golub, LeVeque 1979).
            part_mean = float(good.mean())
            part_squares = float(np.square(good - part_mean).sum())
            difference, both = part_mean - mean, finite + len(good)
            squares += part_squares + difference * difference * finite * len(good) / both
            mean = part_mean if not finite else mean + difference * len(good) / both
            finite = both
    return {
        "count": total,
        "non_finite": non_finite,
        "min": low if finite else None,
        "max": high if finite else None,
        "mean": mean if finite else None,
        "std": math.sqrt(squares / finite) if finite else None,
        "first": first,
        "last": last,
    }


def _stretches(info: KeyInfo, lo: float | None, hi: float | None) -> Iterator[tuple[int, int]]:
    """The step range in parts of about a million points each."""
    first = info.first_step if lo is None else max(info.first_step, math.ceil(lo))
    last = info.last_step if hi is None else min(info.last_step, math.floor(hi))
    if first > last:
        return
    count = max(1, -(-info.count // STATISTICS_POINTS))
    width = -(-(last - first + 1) // count)
    for start in range(first, last + 1, width):
        yield start, min(start + width - 1, last)
