"""Filters over sweeps, in the Mongo-like words that clients use for runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.domain.sweep_model import Sweep
from runstone.server.doors.wandb import clock, jsonx

_DEPTH_MAX = 20
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COLUMNS: dict[str, Callable[[Sweep, str], Any]] = {
    "name": lambda sweep, _state: sweep.id,
    "id": lambda sweep, _state: sweep.id,
    "display_name": lambda sweep, _state: sweep.title,
    "description": lambda sweep, _state: sweep.description,
    "state": lambda _sweep, state: state,
    "method": lambda sweep, _state: sweep.method,
    "created_at": lambda sweep, _state: sweep.created_at,
    "updated_at": lambda sweep, _state: sweep.updated_at,
    "user": lambda sweep, _state: sweep.username,
    "username": lambda sweep, _state: sweep.username,
}
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: _same(value, wanted),
    "$ne": lambda value, wanted: not _same(value, wanted),
    "$in": lambda value, wanted: any(_same(value, one) for one in wanted),
    "$nin": lambda value, wanted: not any(_same(value, one) for one in wanted),
    "$gt": lambda value, wanted: _comparable(value, wanted) and value > _number(wanted),
    "$gte": lambda value, wanted: _comparable(value, wanted) and value >= _number(wanted),
    "$lt": lambda value, wanted: _comparable(value, wanted) and value < _number(wanted),
    "$lte": lambda value, wanted: _comparable(value, wanted) and value <= _number(wanted),
    "$contains": lambda value, wanted: isinstance(value, str) and str(wanted) in value,
    # A part of the text, not a pattern: patterns of a caller's own could keep the server busy for long.
    "$regex": lambda value, wanted: isinstance(value, str) and _part(wanted) in value,
}


def parse_sweep_filter(filters: str | None) -> Mapping[str, Any]:
    """Raises Invalid where it is no JSON object, or names what sweeps have not."""
    given = jsonx.parse_map(filters, what="filters") or {}
    _check(given, 0)
    return given


def matches(filter_: Mapping[str, Any], sweep: Sweep, state: str) -> bool:
    """Whether a sweep, in that state of this wire, is meant."""
    for key, wanted in filter_.items():
        if key == "$and":
            holds = all(matches(part, sweep, state) for part in wanted)
        elif key == "$or":
            holds = any(matches(part, sweep, state) for part in wanted)
        elif key == "$nor":
            holds = not any(matches(part, sweep, state) for part in wanted)
        elif key == "$not":
            holds = not matches(wanted, sweep, state)
        else:
            value = _COLUMNS[_column(key)](sweep, state)
            if isinstance(wanted, Mapping):
                holds = all(_TESTS[sign](value, one) for sign, one in wanted.items())
            else:
                holds = _same(value, wanted)
        if not holds:
            return False
    return True


def _check(given: Any, depth: int) -> None:
    if not isinstance(given, Mapping) or depth > _DEPTH_MAX:
        raise Invalid('A filter over sweeps is a JSON object such as {"state": "RUNNING"}.')
    for key, wanted in given.items():
        if key in ("$and", "$or", "$nor"):
            if not isinstance(wanted, list):
                raise Invalid(f"{key} takes a list of filters.")
            for part in wanted:
                _check(part, depth + 1)
        elif key == "$not":
            _check(wanted, depth + 1)
        elif _column(key) not in _COLUMNS:
            raise Invalid(f"Sweeps have no {key!r:.60}. There are {', '.join(_COLUMNS)}.")
        elif isinstance(wanted, Mapping):
            for sign, one in wanted.items():
                if sign not in _TESTS or (sign in ("$in", "$nin") and not isinstance(one, list)):
                    raise Invalid(f"{sign!r:.40} cannot be used so. There are {', '.join(_TESTS)}.")


def _column(key: str) -> str:
    return _CAMEL.sub("_", key).lower()


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.casefold() == wanted.casefold()
    return bool(value == wanted)


def _part(pattern: Any) -> str:
    return str(pattern).strip("^$").replace(".*", "")


def _comparable(value: Any, wanted: Any) -> bool:
    return isinstance(value, float) and _number(wanted) is not None


def _number(wanted: Any) -> Any:
    if isinstance(wanted, str):
        return clock.seconds_of(wanted)
    return wanted if isinstance(wanted, (int, float)) and not isinstance(wanted, bool) else None
