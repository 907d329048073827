"""What a run's summary says of a trial: its objectives and constraints, by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from runstone.search.config import Metric, SweepConfig

_ABSENT: Any = object()


def objective_of(config: SweepConfig, summary: Mapping[str, Any]) -> tuple[float | None, ...]:
    """One value per objective; None where the summary holds no number under its name."""
    return tuple(_value(metric, summary) for metric in config.metrics)


def excess_of(config: SweepConfig, summary: Mapping[str, Any]) -> list[float]:
    """By how much each constraint over metrics is broken; ∞ where its metric is not there."""
    return [bound.excess(number_at(summary, bound.name)) for bound in config.constraints]


def number_at(summary: Mapping[str, Any], name: str) -> float | None:
    """The number under a name: the literal key first, then the longest one that leads on
    (`val.loss` is summary["val.loss"], else summary["val"]["loss"]). A map that summaries of
    metric definitions make (`{"min": …}`) stands for its best known member."""
    value = _at(summary, name)
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("best", "min", "max", "last", "mean") if key in value), None)
    return _number(value)


def _value(metric: Metric, summary: Mapping[str, Any]) -> float | None:
    if not metric.slice_by:
        value = _at(summary, metric.key)
        if isinstance(value, Mapping):
            wanted = ("best", "min" if metric.goal == "minimize" else "max", "last", "mean")
            value = next((value[key] for key in wanted if key in value), None)
        return _number(value)
    slices = list(slices_of(summary, metric.key, metric.slice_by).values())
    if not slices:
        return None
    return max(slices) if metric.goal == "minimize" else min(slices)


def slices_of(summary: Mapping[str, Any], metric: str, by: str) -> dict[str, float]:
    """A metric by slice, in any of the ways in which it is logged: `wer/language=de`,
    `wer/language/de`, `wer.language.de`, or {"wer": {"language": {"de": …}}}."""
    found: dict[str, float] = {}
    for key, value in _flat(summary, ""):
        for prefix in (f"{metric}/{by}=", f"{metric}/{by}/", f"{metric}.{by}.", f"{metric}.{by}="):
            if key.startswith(prefix) and len(key) > len(prefix):
                number = _number(value)
                if number is not None:
                    found[key[len(prefix) :]] = number
                break
    return found


def _flat(value: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and depth < 8:
            yield from _flat(item, f"{prefix}{key}.", depth + 1)
        else:
            yield prefix + key, item


def _at(summary: Mapping[str, Any], name: str) -> Any:
    if name in summary:
        return summary[name]
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        inner = summary.get(".".join(parts[:cut]), _ABSENT)
        if isinstance(inner, Mapping):
            found = _at(inner, ".".join(parts[cut:]))
            if found is not _ABSENT:
                return found
    return _ABSENT


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    return None if math.isnan(number) else number
