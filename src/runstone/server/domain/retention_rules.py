"""What a retention rule says, and which rule holds for a collection.

A rule is JSON: `{"best": 3, "last": 1, "metric": "acc", "goal": "max", "ttl_seconds": 1209600}`. Of a
collection holds its own; where it has none, that of its type in the project, the project's default, that
of its type in the entity, the entity's default. One rule holds whole: they are not mixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from runstone.server.domain.artifact_names import check_ttl
from runstone.server.domain.errors import Invalid
from runstone.server.stores.records.rows import AnyRow

KEPT_MAX = 1_000_000
METRIC_CHARS_MAX = 1024
_KNOWN = ("all", "last", "best", "metric", "of", "goal", "ttl_seconds", "keep_used")

Source = Literal["run", "metadata"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes is what is neither among the `last` nor the `best`; with `ttl_seconds`, only once it is
    older than that. Alone, `ttl_seconds` is how long versions stay that have no time to live of their own."""

    last: int = 0
    best: int = 0
    metric: str = ""
    of: Source = "run"  # the metric lies in the summary of the run that made it, or in the metadata
    goal: Literal["max", "min"] = "max"
    ttl_seconds: int | None = None
    keep_used: bool = False  # what a run used stays

    @property
    def counts(self) -> bool:
        return bool(self.last or self.best)


def check_retention(rule: dict[str, Any]) -> dict[str, Any]:
    """As it is kept: {} is no rule (another holds), `{"all": true}` keeps all whatever other rules say.
    Raises Invalid."""
    if not rule:
        return {}
    unknown = rule.keys() - set(_KNOWN)
    if unknown:
        raise Invalid(
            f"A retention rule knows {', '.join(_KNOWN)}, not {', '.join(sorted(unknown))[:200]}.",
            unknown=sorted(unknown),
        )
    if rule.get("all"):
        if rule["all"] is not True or len(rule) > 1:
            raise Invalid('A rule that keeps all says nothing else: {"all": true}.')
        return {"all": True}
    kept: dict[str, Any] = {}
    for name in ("last", "best"):
        value = rule.get(name) or 0
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= KEPT_MAX:
            raise Invalid(f"{name} is a number of versions, 0 to {KEPT_MAX:,}, met {value!r}.")
        kept[name] = value
    metric, of, goal = rule.get("metric") or "", rule.get("of") or "run", rule.get("goal") or "max"
    if not isinstance(metric, str) or len(metric) > METRIC_CHARS_MAX:
        raise Invalid(f"metric is the name of a number, met {str(metric)[:80]!r}.")
    if of not in ("run", "metadata"):
        raise Invalid(f"of is run or metadata: where the metric lies. Met {str(of)[:80]!r}.")
    if goal not in ("max", "min"):
        raise Invalid(f"goal is max or min, met {str(goal)[:80]!r}.")
    if kept["best"] and not metric:
        raise Invalid(
            "To keep the best, name the metric they are the best by: of the run's summary, or of=metadata."
        )
    ttl = rule.get("ttl_seconds")
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl <= 0):
        raise Invalid(f"ttl_seconds is a positive number of seconds, met {str(ttl)[:80]!r}.")
    check_ttl(ttl)
    if not isinstance(rule.get("keep_used", False), bool):
        raise Invalid(f"keep_used is true or false, met {str(rule['keep_used'])[:80]!r}.")
    if not kept["last"] and not kept["best"] and ttl is None:
        raise Invalid('Say what stays: last, best, ttl_seconds, or {"all": true}. {} is no rule.')
    return {
        **kept,
        "metric": metric,
        "of": of,
        "goal": goal,
        "ttl_seconds": ttl,
        "keep_used": rule.get("keep_used", False),
    }


def parse_rule(rule: dict[str, Any]) -> Rule | None:
    """None where nothing goes by it."""
    if not rule or rule.get("all"):
        return None
    return Rule(
        last=rule.get("last", 0),
        best=rule.get("best", 0),
        metric=rule.get("metric", ""),
        of=rule.get("of", "run"),
        goal=rule.get("goal", "max"),
        ttl_seconds=rule.get("ttl_seconds"),
        keep_used=rule.get("keep_used", False),
    )


def rule_for(collection: AnyRow, policies: Iterable[AnyRow]) -> tuple[dict[str, Any], str]:
    """The rule that holds for a collection (retention, type, project_id) and from where: "collection",
    "type", "project", "entity type", "entity", or "" where there is none."""
    if collection.retention:
        return collection.retention, "collection"
    ranked: dict[str, dict[str, Any]] = {}
    for policy in policies:
        if policy.project_id not in (None, collection.project_id):
            continue
        if policy.type_name not in ("", collection.type):
            continue
        if policy.project_id is not None:
            ranked["type" if policy.type_name else "project"] = policy.rule
        else:
            ranked["entity type" if policy.type_name else "entity"] = policy.rule
    for where in ("type", "project", "entity type", "entity"):
        if where in ranked:
            return ranked[where], where
    return {}, ""


def number_in(values: dict[str, Any], metric: str) -> float | None:
    """A number by its whole name, or by its path; None for what is none (and for NaN)."""
    value: Any = values.get(metric)
    if value is None:
        value = values
        for part in metric.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)


def ranges(indices: Iterable[int]) -> str:
    """Numbers of versions, short: `v0-v3 v7`."""
    parts: list[str] = []
    start = end = None
    for index in [*sorted(indices), None]:
        if end is not None and index == end + 1:
            end = index
            continue
        if start is not None:
            parts.append(f"v{start}" if start == end else f"v{start}-v{end}")
        start = end = index
    return " ".join(parts)
