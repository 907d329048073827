"""The filter language over runs: Mongo-like JSON, parsed into a small tree. Nothing is evaluated here.

    {"state": "finished", "config.lr": {"$gt": 0.01},
     "$or": [{"tags": "best"}, {"summary.acc": {"$gte": 0.9}}]}

Operators: $and $or $nor (lists of filters), $not (of a condition, or of a filter), $eq $ne $gt $gte
$lt $lte $in $nin $exists $regex $contains $all $size, implicit equality, several keys as "and"; and
$is, strict equality that never looks into lists. Rules, as in Mongo: a value that is not there is
null; $ne, $nin and $not match it; comparisons only match values of the same type; a condition on a
list (tags) holds where it holds for one of its items.

$regex is unanchored, case-sensitive RE2 (linear time, no back references or look-around); `(?i)` or
`$options: "i"` ignores case. $contains: an item of a list, or a part of a text.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from runstone.server.domain.errors import Invalid

DEPTH_MAX = 50
CONDITIONS_MAX = 1_000
VALUES_MAX = 20_000
REGEX_CHARS_MAX = 500
REGEXES_MAX = 50  # each may have to look at a text of every run
KEY_CHARS_MAX = 1_024
KEY_PARTS_MAX = 64  # a dotted name is looked for at as many places as it has dots
ORDER_KEYS_MAX = 8

Source = Literal["field", "config", "summary", "logged"]
Operator = Literal["eq", "is", "gt", "gte", "lt", "lte", "in", "exists", "regex", "contains", "all", "size"]

TIMES = frozenset({"created_at", "updated_at", "started_at", "heartbeat_at", "finished_at"})
FIELDS = TIMES | {
    "name",
    "id",
    "state",
    "duration",
    "username",
    "group",
    "job_type",
    "tags",
    "notes",
    "host",
    "program",
    "sweep",
    "colour",
    "exit_code",
    "fork_of",
}
_ALIASES = {
    "display_name": "name",
    "displayName": "name",
    "run_id": "id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "startedAt": "started_at",
    "heartbeatAt": "heartbeat_at",
    "finishedAt": "finished_at",
    "jobType": "job_type",
    "user": "username",
    "user.username": "username",
    "sweepName": "sweep",
    "sweep_name": "sweep",
    "color": "colour",
    "exitCode": "exit_code",
    "exitcode": "exit_code",
    "forkOf": "fork_of",
}
_PREFIXES: tuple[tuple[str, Source], ...] = (
    ("config.", "config"),
    ("summary_metrics.", "summary"),
    ("summaryMetrics.", "summary"),
    ("summary.", "summary"),
    ("keys_info.keys.", "logged"),
    ("keysInfo.keys.", "logged"),
    ("with_key.", "logged"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """What a condition or an order looks at: a field of the run, or a path as it was written."""

    source: Source
    name: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`column operator value`. Values of times are Unix seconds."""

    column: Column
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    parts: Sequence[Filter]  # none: everything


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: Sequence[Filter]  # none: nothing


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


Filter: TypeAlias = "All | AnyOf | Not | Condition"


@dataclass(frozen=True, slots=True)
class OrderKey:
    column: Column
    descending: bool


def parse(given: Mapping[str, Any] | None) -> Filter:
    """The tree of a filter. Raises Invalid, which names what is wrong in it."""
    return _Parser().filter({} if given is None else given, 0)


def parse_order(given: Sequence[str]) -> list[OrderKey]:
    """`-created_at`, `+config.lr`, `summary.acc` (rising). Raises Invalid."""
    if len(given) > ORDER_KEYS_MAX:
        raise Invalid(f"Runs can be ordered by up to {ORDER_KEYS_MAX} keys, met {len(given)}.")
    found = []
    for key in given:
        if not isinstance(key, str) or not key.lstrip("+-"):
            raise Invalid(f"The order {key!r} names no column. Use for example '-created_at'.", order=key)
        sign = key[0] if key[0] in "+-" else "+"
        name = key[1:] if key[0] in "+-" else key
        found.append(OrderKey(column(name), sign == "-"))
    return found


def column(key: str) -> Column:
    """The column of that name; snake and camel case are the same. Raises Invalid for an unknown one."""
    if len(key) > KEY_CHARS_MAX or key.count(".") >= KEY_PARTS_MAX:
        raise Invalid(
            f"The column {key!r:.60}… has {len(key):,} characters and {key.count('.'):,} dots; the most is "
            f"{KEY_CHARS_MAX:,} and {KEY_PARTS_MAX - 1}.",
            column=key[:KEY_CHARS_MAX],
        )
    for prefix, source in _PREFIXES:
        if key.startswith(prefix) and len(key) > len(prefix):
            return Column(source, key[len(prefix) :])
    name = _ALIASES.get(key, key)
    if name in FIELDS:
        return Column("field", name)
    raise Invalid(
        f"Runs have no column {key!r}. Use config.KEY, summary.KEY, or one of: {', '.join(sorted(FIELDS))}.",
        column=key,
    )


def columns_of(tree: Filter) -> Iterator[Column]:
    if isinstance(tree, Condition):
        yield tree.column
    elif isinstance(tree, Not):
        yield from columns_of(tree.part)
    else:
        for part in tree.parts:
            yield from columns_of(part)


class _Parser:
    def __init__(self) -> None:
        self._conditions = 0
        self._regexes = 0

    def filter(self, given: Any, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise Invalid(f"The filter is nested more than {DEPTH_MAX} levels deep.")
        if not isinstance(given, Mapping):
            raise Invalid(f"A filter is a JSON object, met {_short(given)}.")
        parts = [self._key(key, value, depth) for key, value in given.items()]
        return parts[0] if len(parts) == 1 else All(parts)

    def _key(self, key: Any, value: Any, depth: int) -> Filter:
        if not isinstance(key, str):
            raise Invalid(f"A filter's keys are column names, met {_short(key)}.")
        if key in ("$and", "$or", "$nor"):
            if not isinstance(value, list | tuple):
                raise Invalid(f"{key} takes a list of filters, met {_short(value)}.")
            parts = [self.filter(part, depth + 1) for part in value]
            if key == "$and":
                return All(parts)
            return AnyOf(parts) if key == "$or" else Not(AnyOf(parts))
        if key == "$not":
            return Not(self.filter(value, depth + 1))
        if key == "with_key":
            if not isinstance(value, str) or not value:
                raise Invalid(f"with_key takes the name of a metric, met {_short(value)}.")
            return self._condition(Column("logged", value), "exists", True)
        if key.startswith("$"):
            raise Invalid(f"{key} is not known here. Use $and, $or, $nor, $not, or a column.", operator=key)
        return self._on_column(column(key), value, depth)

    def _on_column(self, target: Column, value: Any, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise Invalid(f"The filter is nested more than {DEPTH_MAX} levels deep.")
        if not (isinstance(value, Mapping) and value and all(str(key).startswith("$") for key in value)):
            return self._condition(target, "eq", value)
        parts = [
            self._operator(target, str(name), operand, value, depth)
            for name, operand in value.items()
            if name != "$options"
        ]
        return parts[0] if len(parts) == 1 else All(parts)

    def _operator(
        self, target: Column, name: str, operand: Any, whole: Mapping[str, Any], depth: int
    ) -> Filter:
        if name in ("$eq", "$is"):
            return self._condition(target, "eq" if name == "$eq" else "is", operand)
        if name == "$ne":
            return Not(self._condition(target, "eq", operand))
        if name in ("$gt", "$gte", "$lt", "$lte"):
            if not isinstance(operand, str | int | float):
                raise Invalid(f"{name} compares with a number or a text, met {_short(operand)}.")
            return self._condition(target, name[1:], operand)  # type: ignore[arg-type]
        if name in ("$in", "$nin", "$all"):
            if not isinstance(operand, list | tuple):
                raise Invalid(f"{name} takes a list, met {_short(operand)}.")
            if len(operand) > VALUES_MAX:
                raise Invalid(f"{name} takes up to {VALUES_MAX:,} values, met {len(operand):,}.")
            values = [self._value(target, item) for item in operand]
            if name == "$all":
                return self._condition(target, "all", values)
            found = self._condition(target, "in", values)
            return found if name == "$in" else Not(found)
        if name == "$exists":
            return self._condition(target, "exists", bool(operand))
        if name == "$regex":
            self._regexes += 1
            if self._regexes > REGEXES_MAX:
                raise Invalid(f"A filter has up to {REGEXES_MAX} patterns. Join some with `|`.")
            return self._condition(target, "regex", _pattern(operand, whole.get("$options", "")))
        if name == "$contains":
            return self._condition(target, "contains", operand)
        if name == "$size":
            if not isinstance(operand, int) or isinstance(operand, bool):
                raise Invalid(f"$size takes a whole number, met {_short(operand)}.")
            return self._condition(target, "size", operand)
        if name == "$not":
            return Not(self._on_column(target, operand, depth + 1))
        raise Invalid(
            f"{name} is not an operator here. One of: $eq $ne $gt $gte $lt $lte $in $nin $exists $regex "
            "$contains $all $size $not $is.",
            operator=name,
        )

    def _condition(self, target: Column, operator: Operator, value: Any) -> Condition:
        self._conditions += 1
        if self._conditions > CONDITIONS_MAX:
            raise Invalid(f"A filter has up to {CONDITIONS_MAX:,} conditions.")
        if operator in ("eq", "is", "gt", "gte", "lt", "lte"):
            value = self._value(target, value)
        return Condition(target, operator, value)

    @staticmethod
    def _value(target: Column, value: Any) -> Any:
        if isinstance(value, str) and target.source == "field" and target.name in TIMES:
            return _seconds(value)
        return value


def _pattern(given: Any, options: Any) -> str:
    if not isinstance(given, str):
        raise Invalid(f"$regex takes a text, met {_short(given)}.")
    if len(given) > REGEX_CHARS_MAX:
        raise Invalid(f"A pattern has up to {REGEX_CHARS_MAX} characters, met {len(given)}.")
    if not isinstance(options, str) or set(options) - set("ims"):
        raise Invalid(f"$options takes some of i, m and s, met {_short(options)}.")
    return f"(?{options}){given}" if options else given


def _seconds(text: str) -> float:
    """A time as ISO 8601 (without a zone: UTC), or Unix seconds as text."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        except ValueError:
            raise Invalid(
                f"{text!r:.100} is no time. Use Unix seconds or ISO 8601, such as 2025-01-31T12:00:00Z."
            ) from None
        if when.tzinfo is None:
            when = when.replace(tzinfo=datetime.timezone.utc)
        return when.timestamp()
    if not math.isfinite(seconds):
        raise Invalid(f"{text!r:.100} is no time.")
    return seconds


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
