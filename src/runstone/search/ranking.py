"""Which combination is best: over repeats, under constraints, by one objective or several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runstone.search.config import Metric, SweepConfig
from runstone.search.hypervolume import non_dominated_of_three, volume_of_three
from runstone.search.records import OPEN, Json, Record, TrialState

CONFIDENCE = 0.9
HYPERVOLUME_POINTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Ranked:
    """A combination and what its repeats say. mean: per objective. bound: the end of the confidence
    interval of the mean on the bad side, per objective; None with fewer than two repeats where the
    sweep repeats. std: sample standard deviation, None below two."""

    number: int  # of its first trial
    trials: tuple[int, ...]  # those that count: finished, scored
    params: Mapping[str, Json]
    mean: tuple[float, ...]
    std: tuple[float | None, ...]
    bound: tuple[float | None, ...]
    best: tuple[float, ...]  # of any one repeat
    feasible: bool


def combined(config: SweepConfig, records: Iterable[Record]) -> list[Record]:
    """One record per combination for the sampler: means over finished repeats. It is running while a
    repeat is, and queued before any has begun; numbers count combinations."""
    if config.repeats == 1:
        return list(records)
    groups: dict[int, list[Record]] = {}
    for record in records:
        own = record.number // config.repeats if record.number >= 0 else record.number
        groups.setdefault(own, []).append(record)
    return [_one_of(number, group) for number, group in groups.items()]


def _one_of(number: int, group: Sequence[Record]) -> Record:
    scored = [record for record in group if record.is_scored]
    first = group[0]
    state: TrialState
    if any(record.state == "running" for record in group):
        state = "running"
    elif any(record.state in OPEN for record in group):
        state = "running" if scored else "queued"
    else:
        state = "finished" if scored else first.state
    values = tuple(
        math.fsum(record.values[place] or 0.0 for record in scored) / len(scored)
        for place in range(len(scored[0].values) if scored else 0)
    )
    excess = tuple(max(overs) for overs in zip(*(r.excess for r in scored), strict=False)) if scored else ()
    return Record(number, first.params, state, values, excess, first.curve, first.memo)


def ranked(config: SweepConfig, records: Iterable[Record], *, robust: bool = True) -> list[Ranked]:
    """Best first. Feasible ones come before the others.

    robust: by the bad end of the confidence interval of the mean (combinations with one repeat of
    several come after those with two, by their mean); else by the luckiest repeat. By the first
    objective where there are several.
    """
    found = [_ranked(config, group) for group in _groups(config, records)]
    first = config.metrics[0] if config.metrics else Metric("")

    def key(item: Ranked) -> tuple[bool, bool, float, int]:
        if not robust:
            return not item.feasible, False, first.sign * item.best[0], item.number
        bound = item.bound[0]
        value = item.mean[0] if bound is None else bound
        return not item.feasible, bound is None, first.sign * value, item.number

    return sorted((item for item in found if item is not None), key=key)


def best_value(config: SweepConfig, records: Sequence[Record]) -> float | None:
    """The best value of the first objective by any one feasible trial; None before any."""
    if not config.metrics:
        return None
    sign = config.metrics[0].sign
    values = [
        float(record.values[0] or 0.0)
        for record in records
        if record.is_scored and record.is_feasible and record.number >= 0
    ]
    return min(values, key=lambda value: sign * value) if values else None


def _groups(config: SweepConfig, records: Iterable[Record]) -> Iterable[list[Record]]:
    groups: dict[int, list[Record]] = {}
    for record in records:
        if record.is_scored:
            own = record.number // config.repeats if record.number >= 0 else record.number
            groups.setdefault(own, []).append(record)
    return groups.values()


def _ranked(config: SweepConfig, group: list[Record]) -> Ranked | None:
    columns = [
        [float(record.values[place] or 0.0) for record in group] for place in range(len(group[0].values))
    ]
    if len(columns) < len(config.metrics):
        return None
    mean, std, bound, best = [], [], [], []
    for metric, values in zip(config.metrics, columns, strict=False):
        centre = math.fsum(values) / len(values)
        spread = _std(values, centre)
        mean.append(centre)
        std.append(spread)
        bound.append(_bad_end(config, metric, centre, spread, len(values)))
        best.append(metric.sign * min(metric.sign * value for value in values))
    return Ranked(
        min(record.number for record in group),
        tuple(sorted(record.number for record in group)),
        group[0].params,
        tuple(mean),
        tuple(std),
        tuple(bound),
        tuple(best),
        all(record.is_feasible for record in group),
    )


def _std(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _bad_end(config: SweepConfig, metric: Metric, mean: float, std: float | None, n: int) -> float | None:
    if config.repeats == 1:
        return mean  # nothing is known of the noise: all are alike in that
    if std is None:
        return None
    return mean + metric.sign * student(n - 1) * std / math.sqrt(n)


# Quantiles of Student's t at 0.95 (both sides 0.9), for 1 to 30 degrees of freedom.
_STUDENT = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812,
    1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740, 1.734, 1.729, 1.725,
    1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
)  # fmt: skip


def student(freedom: int) -> float:
    """The factor of the standard error at 90 % confidence."""
    return _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else 1.645


# -- several objectives


@dataclass(frozen=True, slots=True)
class Front:
    """points: the combinations that no feasible other is better than in every objective, by the first
    objective. dominated: how many feasible ones are not on it. infeasible: numbers of those that break a
    constraint. hypervolume: between the front and `reference`, the worst value of each objective that
    was met; None with one objective, without a front, or with more than 2,000 points on it."""

    points: tuple[Ranked, ...]
    dominated: int
    infeasible: tuple[int, ...]
    hypervolume: float | None
    reference: tuple[float, ...]


def front(config: SweepConfig, records: Iterable[Record]) -> Front:
    """Over means of repeats. Points of equal values are all kept."""
    everything = ranked(config, records)
    feasible = [item for item in everything if item.feasible]
    signs = [metric.sign for metric in config.metrics]
    costs = [tuple(sign * value for sign, value in zip(signs, item.mean, strict=True)) for item in feasible]
    kept = non_dominated(costs)
    points = sorted(
        (feasible[place] for place in kept),
        key=lambda item: [s * v for s, v in zip(signs, item.mean, strict=True)],
    )
    worst = [max(column) for column in zip(*costs, strict=True)]
    volume = None
    if kept and len(kept) <= HYPERVOLUME_POINTS_MAX and len(signs) > 1:
        volume = hypervolume([costs[place] for place in kept], worst)
    return Front(
        tuple(points),
        len(feasible) - len(kept),
        tuple(item.number for item in everything if not item.feasible),
        volume,
        tuple(sign * value for sign, value in zip(signs, worst, strict=False)),
    )


def non_dominated(costs: Sequence[Sequence[float]]) -> list[int]:
    """Places of the points that no other is at most as costly as in all, and cheaper in one.
    Cost O(n log n) for two or three objectives, O(n × front) beyond."""
    if costs and len(costs[0]) == 3:
        return non_dominated_of_three(costs)
    order = sorted(range(len(costs)), key=lambda place: tuple(costs[place]))
    kept: list[int] = []
    if costs and len(costs[0]) == 2:
        lowest, lowest_first = math.inf, math.inf
        for place in order:
            first, second = costs[place]
            if second < lowest or (second == lowest and first == lowest_first):
                kept.append(place)
                lowest, lowest_first = second, first
        return sorted(kept)
    for place in order:  # whoever dominates comes earlier in this order
        own = costs[place]
        if not any(_dominates(costs[other], own) for other in kept):
            kept.append(place)
    return sorted(kept)


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def hypervolume(costs: Sequence[Sequence[float]], reference: Sequence[float]) -> float:
    """The volume between the points and the reference: less is better in every cost.
    By slicing along the last objective; O(n log n) for two or three objectives."""
    inside = sorted({tuple(p) for p in costs if all(a <= r for a, r in zip(p, reference, strict=True))})
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - inside[0][0]
    if len(reference) == 2:
        volume, ceiling = 0.0, reference[1]
        for first, second in inside:
            if second < ceiling:
                volume += (reference[0] - first) * (ceiling - second)
                ceiling = second
        return volume
    if len(reference) == 3:
        return volume_of_three(inside, reference)
    volume = 0.0
    by_last = sorted(inside, key=lambda point: point[-1])
    for place, point in enumerate(by_last):
        until = by_last[place + 1][-1] if place + 1 < len(by_last) else reference[-1]
        if until > point[-1]:
            below = [other[:-1] for other in by_last[: place + 1]]
            below = [below[kept] for kept in non_dominated(below)]
            volume += (until - point[-1]) * hypervolume(below, reference[:-1])
    return volume
