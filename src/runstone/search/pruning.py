"""Whether a running trial is stopped early, worked out from records alone: any replica says the same.

A curve is what a trial has reported so far: (x, value), x rising. For the rules with rungs (hyperband,
asha) x counts reports from 1, as the published client counts iterations: a run that logs every 100
steps has made its tenth at step 900. For the others x is the step. `counts_reports` says which.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence

from runstone.search.config import EarlyTerminate, SweepConfig
from runstone.search.records import Record, Verdict

CURVE_MAX = 512  # points of a curve that are kept
Curve = Sequence[tuple[int, float]]


def counts_reports(rule: EarlyTerminate | None) -> bool:
    """Whether x of a curve is the number of the report, and not its step."""
    return rule is not None and rule.kind in ("hyperband", "asha")


def judged(config: SweepConfig, trial: Record, others: Iterable[Record]) -> Verdict | None:
    """Why the trial should be stopped now, or None. others: all trials of the sweep; the trial's own
    record among them is passed over."""
    rule = config.early_terminate
    if rule is None or rule.kind == "custom" or not config.metrics or not trial.curve:
        return None
    sign = config.metrics[0].sign
    own = _costs(trial.curve, sign)
    rest = [record for record in others if record.number != trial.number and record.curve]
    judge = _JUDGES[rule.kind]
    verdict = judge(rule, own, rest, sign)
    if verdict is None:
        return None
    step, value, threshold, words = verdict
    return Verdict(rule.kind, step, sign * value, sign * threshold, words)


Judgement = tuple[int, float, float, str]


def _by_rungs(rule: EarlyTerminate, own: Curve, others: Sequence[Record], sign: float) -> Judgement | None:
    """Hyperband's brackets, asynchronously: at each rung the best 1/eta of all that came so far go on."""
    latest = own[-1][0]
    reached = [rung for rung in _rungs(rule, latest) if rung <= latest]
    if not reached:
        return None
    for rung in reached if rule.strict else reached[-1:]:
        mine = _best_until(own, rung)
        rivals = (_best_until(_costs(r.curve, sign), rung) for r in others if r.curve[-1][0] >= rung)
        field = sorted([mine, *rivals], key=lambda value: (math.isnan(value), value))
        if len(field) < rule.eta:
            continue  # too few to say who is among the best
        go_on = max(1, math.floor(len(field) / rule.eta))
        threshold = field[go_on - 1]
        if mine > threshold or math.isnan(mine):
            words = f"after {rung} reports it is not among the best {go_on} of {len(field)} that came as far"
            return rung, mine, threshold, words
    return None


def _rungs(rule: EarlyTerminate, length: int) -> list[int]:
    if rule.rungs:
        return list(rule.rungs)
    rungs: list[int] = []
    rung = float(rule.min_iter)
    while rung <= length:
        if not rungs or int(rung) > rungs[-1]:
            rungs.append(int(rung))
        rung *= rule.eta
    return rungs


def _by_median(rule: EarlyTerminate, own: Curve, others: Sequence[Record], sign: float) -> Judgement | None:
    """Its best so far against the median of the others' means up to the same step."""
    if len(own) < rule.min_iter:
        return None
    step = own[-1][0]
    means = []
    for record in others:
        if record.state == "running":
            continue  # Vizier's rule compares with trials that ended
        until = bisect.bisect_right(record.curve, (step, math.inf))
        if record.curve[-1][0] >= step and until:
            means.append(math.fsum(sign * value for _, value in record.curve[:until]) / until)
    if len(means) < rule.startup_trials:
        return None
    means.sort()
    middle = len(means) // 2
    median = means[middle] if len(means) % 2 else (means[middle - 1] + means[middle]) / 2
    mine = _best(own)
    if mine > median or math.isnan(mine):
        return (
            step,
            mine,
            median,
            f"its best up to step {step} is worse than the median of {len(means)} trials",
        )
    return None


def _by_wilcoxon(rule: EarlyTerminate, own: Curve, others: Sequence[Record], sign: float) -> Judgement | None:
    """Steps are instances (questions, folds): a paired test against the best trial that ended."""
    scored = [record for record in others if record.is_scored and record.is_feasible]
    if not scored:
        return None
    best = min(scored, key=lambda record: (sign * float(record.values[0] or 0.0), record.number))
    theirs = dict(_costs(best.curve, sign))
    pairs = [
        (value, theirs[step])
        for step, value in own
        if step in theirs and math.isfinite(value) and math.isfinite(theirs[step])
    ]
    if len(pairs) < max(2, rule.min_iter):
        return None
    mean = math.fsum(a for a, _ in pairs) / len(pairs)
    mean_best = math.fsum(theirs.values()) / len(theirs)
    if mean <= mean_best:
        return None  # what looks better on the whole is not stopped for its ranks
    from scipy.stats import wilcoxon  # heavy, and only this rule needs it

    p = float(wilcoxon([a - b for a, b in pairs], alternative="greater", zero_method="zsplit").pvalue)
    if p < rule.p_threshold:
        words = f"worse than trial {best.number} on {len(pairs)} instances (p = {p:.3g})"
        return own[-1][0], mean, mean_best, words
    return None


_JUDGES: dict[str, Callable[[EarlyTerminate, Curve, Sequence[Record], float], Judgement | None]] = {
    "hyperband": _by_rungs,
    "asha": _by_rungs,
    "median": _by_median,
    "wilcoxon": _by_wilcoxon,
}


def thinned(curve: Curve, limit: int = CURVE_MAX) -> list[tuple[int, float]]:
    """At most `limit` points of a curve: its beginning whole, where rungs lie close, then ever fewer."""
    points = list(curve)
    while len(points) > limit:
        half = limit // 2
        # Every second point of the later part; the last one stays.
        points = points[:half] + points[half:-1][::2] + points[-1:]
        if len(points) <= half + 2:
            break
    return points


def _costs(curve: Curve, sign: float) -> list[tuple[int, float]]:
    return [(step, sign * value) for step, value in curve]


def _best_until(costs: Curve, x: int) -> float:
    return _best(costs[: bisect.bisect_right(costs, (x, math.inf))])


def _best(costs: Curve) -> float:
    """The lowest; NaN only where there is nothing else."""
    finite = [value for _, value in costs if not math.isnan(value)]
    return min(finite) if finite else math.nan
