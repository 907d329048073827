"""Metric definitions, and the summary a run can read while it runs.

The server derives summaries itself; here they are derived again, for `run.summary[...]` in the
script, from the journal's own rows and only when somebody asks: logging pays nothing for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from runstone.journal.kinds import MetricDefinition
from runstone.sdk.errors import UsageError

SUMMARIES = ("min", "max", "mean", "best", "first", "last", "copy", "none")


def definition(
    name: str,
    *,
    step_metric: Any = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | Sequence[str] | None = None,
    goal: str | None = None,
) -> MetricDefinition:
    """Raises UsageError with what is allowed."""
    if not isinstance(name, str) or not name:
        raise UsageError(f"define_metric() takes the metric's name as text, met {name!r}.")
    if step_metric is not None and not isinstance(step_metric, str):
        step_metric = getattr(step_metric, "name", None)
        if not isinstance(step_metric, str):
            raise UsageError(f"define_metric({name!r}): step_metric is a metric's name.")
    kinds: list[str] = []
    for part in [summary] if isinstance(summary, str) else summary or []:
        kinds += [word.strip().lower() for word in part.split(",") if word.strip()]
    wrong = [word for word in kinds if word not in SUMMARIES]
    if wrong:
        raise UsageError(
            f"define_metric({name!r}): summary {wrong[0]!r} is not known. Use any of {', '.join(SUMMARIES)}."
        )
    aim = None
    if goal is not None:
        aim = {"min": "minimize", "minimize": "minimize", "max": "maximize", "maximize": "maximize"}.get(
            str(goal).lower()
        )
        if aim is None:
            raise UsageError(
                f"define_metric({name!r}): goal {goal!r} is not known. Use minimize or maximize."
            )
    if step_sync is None and step_metric is not None:
        step_sync = True
    return MetricDefinition(
        name=name,
        step_metric=step_metric,
        step_sync=step_sync,
        summary=kinds,
        goal=aim,
        hidden=bool(hidden),
    )


class Definitions:
    """The definitions of a run; a definition of the very name comes before a glob's, a longer glob
    before a shorter one."""

    def __init__(self) -> None:
        self._exact: dict[str, MetricDefinition] = {}
        self._globs: dict[str, tuple[re.Pattern[str], MetricDefinition]] = {}

    def add(self, new: MetricDefinition) -> None:
        if "*" not in new.name:
            self._exact[new.name] = new
            return
        pattern = re.compile(".*".join(map(re.escape, new.name.split("*"))), re.DOTALL)
        self._globs[new.name] = (pattern, new)
        self._globs = dict(sorted(self._globs.items(), key=lambda item: -len(item[0])))

    def find(self, key: str) -> MetricDefinition | None:
        found = self._exact.get(key)
        if found is None and self._globs:
            found = next((item for pattern, item in self._globs.values() if pattern.fullmatch(key)), None)
        return found


class Derived:
    """Summaries derived from rows, in the order the rows were logged."""

    def __init__(self, definitions: Definitions) -> None:
        self.values: dict[str, Any] = {}
        self._definitions = definitions
        self._sums: dict[str, tuple[float, int]] = {}

    def take(self, step: int, timestamp: float, runtime: float, row: dict[str, Any]) -> None:
        values = self.values
        for key, value in row.items():
            defined = self._definitions.find(key)
            if defined is None or not defined.summary:
                values[key] = value
            else:
                self._aggregate(defined, key, value)
        values["_step"] = max(step, values.get("_step", step))
        values["_timestamp"] = timestamp
        values["_runtime"] = runtime

    def _aggregate(self, defined: MetricDefinition, key: str, value: Any) -> None:
        if "none" in defined.summary:
            return
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or set(defined.summary) == {"copy"}:
            self.values[key] = value
            return
        known = self.values.get(key)
        found: dict[str, Any] = known if isinstance(known, dict) else {}
        for kind in defined.summary:
            if kind in ("min", "max", "best"):
                lowest = kind == "min" or (kind == "best" and defined.goal != "maximize")
                old = found.get(kind)
                if value == value and (old is None or (value < old if lowest else value > old)):
                    found[kind] = value
            elif kind == "mean":
                if value == value:
                    total, count = self._sums.get(key, (0.0, 0))
                    self._sums[key] = (total + value, count + 1)
                    found["mean"] = (total + value) / (count + 1)
            elif kind == "first":
                found.setdefault("first", value)
            elif kind == "last":
                found["last"] = value
        if found:
            self.values[key] = found
