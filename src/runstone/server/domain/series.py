"""Lines of a chart: runs' keys, and what several of them come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runstone.server.stores.history.contract import Buckets, Float64s, Int64s, Window


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One line of a chart: a run's key, or an aggregate of several."""

    run: str  # run id; of an aggregate over a group of runs the group's name
    key: str
    buckets: Buckets
    members: int = 1  # runs (or ranks) in the aggregate
    std: Float64s | None = None  # per bucket, over the members' means; aggregates only


@dataclass(frozen=True, slots=True)
class Series:
    x: str
    window: Window  # as answered: lo and hi are filled in
    lines: Sequence[SeriesLine]
    version: str  # ETag
    no_data_x: Sequence[str] = ()  # keys that have data, but none for this x


def aggregate(members: Sequence[Buckets]) -> tuple[Buckets, Float64s]:
    """Several series on one grid as one, and the standard deviation over their means.

    Per bucket: `mean` is the mean of the members' means, each member counting once however often
    it logged; the deviation is that of those means (population: 0 for a single member); min and max
    are over all points; count, non_finite and total add up; first and last are means of the
    members' first and last values. Members without a finite value in a bucket do not count there.
    """
    members = [member for member in members if len(member.index)]
    if not members:
        floats: Float64s = np.empty(0)
        ints: Int64s = np.empty(0, np.int64)
        empty = Buckets(
            floats,
            floats,
            floats,
            floats,
            floats,
            floats,
            floats,
            ints,
            ints,
            exact=True,
            total=0,
            index=ints,
        )
        return empty, floats
    numbers, at = np.unique(np.concatenate([member.index for member in members]), return_inverse=True)
    m = len(numbers)

    def lay(name: str, fill: float) -> Float64s:
        out = np.full((len(members), m), fill)
        out[rows, at] = np.concatenate([getattr(member, name) for member in members])
        return out

    rows = np.repeat(np.arange(len(members)), [len(member.index) for member in members])
    means = lay("mean", np.nan)
    known = ~np.isnan(means)
    finite = known.sum(axis=0)
    mean = _mean(means, known, finite)
    spread = np.where(known, means - mean, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        std = np.sqrt((spread * spread).sum(axis=0) / finite)
    count = lay("count", 0).sum(axis=0).astype(np.int64)
    non_finite = lay("non_finite", 0).sum(axis=0).astype(np.int64)
    firsts, lasts = lay("first", np.nan), lay("last", np.nan)
    whole = Buckets(
        x=lay("x", np.inf).min(axis=0),
        x_last=lay("x_last", -np.inf).max(axis=0),
        min=np.fmin.reduce(lay("min", np.nan), axis=0),
        max=np.fmax.reduce(lay("max", np.nan), axis=0),
        mean=mean,
        first=_mean_of_finite(firsts),
        last=_mean_of_finite(lasts),
        count=count,
        non_finite=non_finite,
        exact=len(members) == 1 and members[0].exact,
        total=int(count.sum()),
        index=numbers,
    )
    return whole, np.where(finite > 0, std, np.nan)


def _mean(
    values: Float64s, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], count: Int64s
) -> Float64s:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Float64s = np.where(known, values, 0.0).sum(axis=0) / count
    return mean


def _mean_of_finite(values: Float64s) -> Float64s:
    known = np.isfinite(values)
    return _mean(values, known, known.sum(axis=0))
