"""Filters and orders of this wire in the domain's words.

Clients pass Mongo-like filters through as their users wrote them: column names in snake or camel
case, `config.lr` beside `config.lr.value`, `summary_metrics.loss`; orders as `-created_at` or
`+summary_metrics.loss`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.domain.runs import RunQuery
from runstone.server.doors.wandb import jsonx

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEPTH_MAX = 40

# This wire's `name` is the run's id, its display name the name. Other columns the domain knows by
# the names of this wire, in both cases.
_COLUMNS = {"name": "id", "display_name": "name", "group_name": "group", "description": "notes"}
_SUMMARY_PREFIXES = ("summary_metrics.", "summaryMetrics.", "summary.")
_LISTS = ("$and", "$or", "$nor")


def run_query(
    *,
    filters: str | None = None,
    order: str | None = None,
    cursor: str = "",
    limit: int = 50,
    light: bool = False,
) -> RunQuery:
    """Raises Invalid for a filter that is no JSON object, or an order that names nothing."""
    given = jsonx.parse_map(filters, what="filters") or {}
    return RunQuery(
        filter=_filter(given, 0),
        order=_order(order),
        cursor=cursor,
        limit=limit,
        select=() if light else None,
    )


def column(key: str, *, with_value: bool = True) -> str:
    """The domain's key for a column of this wire; config and summary paths stay as they are."""
    if key.startswith("config."):
        path = key.removeprefix("config.")
        if with_value and path.endswith(".value"):
            path = path.removesuffix(".value")
        return f"config.{path}"
    for prefix in _SUMMARY_PREFIXES:
        if key.startswith(prefix):
            return f"summary.{key.removeprefix(prefix)}"
    return _COLUMNS.get(_CAMEL.sub("_", key).lower(), key)


def _filter(given: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """The same filter over the domain's columns; the domain judges operators and values."""
    if depth > _DEPTH_MAX:
        raise Invalid(f"The filter is nested more than {_DEPTH_MAX} levels deep.")
    found: list[dict[str, Any]] = []
    for key, value in given.items():
        if key in _LISTS and isinstance(value, list):
            parts = [_filter(part, depth + 1) if isinstance(part, Mapping) else part for part in value]
            found.append({key: parts})
        elif key.startswith("$"):
            found.append({key: _filter(value, depth + 1) if isinstance(value, Mapping) else value})
        else:
            found.append({column(key): value})
    merged: dict[str, Any] = {}
    for one in found:
        if merged.keys() & one.keys():  # `config.a` and `config.a.value` in one object
            return {"$and": found}
        merged |= one
    return merged


def _order(given: str | None) -> tuple[str, ...]:
    """Several keys may be joined by commas. Equal ones follow by creation."""
    parts = [part.strip() for part in (given or "+created_at").split(",")]
    keys: list[str] = []
    for part in parts:
        name = part.lstrip("+-")
        if not name:
            raise Invalid(f"The order {given!r:.200} names no column. Use for example '-created_at'.")
        keys.append(("-" if part.startswith("-") else "+") + column(name))
    return tuple(keys)
