"""The catalogue of columns: how many runs of a project have a value of each kind under each path."""

from __future__ import annotations

from collections import Counter
from typing import Any

from runstone.server.domain.run_values import ABSENT, Json
from runstone.server.stores.records import codec

PATH_CHARS_MAX = 1024  # longer ones are kept, and not listed among the columns


class _Empty(dict[str, Any]):
    """A map's side that has no keys, and is still no leaf."""


_EMPTY = _Empty()
_ROOTS = ("config", "summary")
_PLAIN = frozenset({bool, int, float, str, type(None)})


def count_leaves(counts: Counter[tuple[str, str]], prefix: str, before: Json, after: Json) -> None:
    """Add to `counts` by how much the runs under each (path, kind) rise when a run's value under
    `prefix` goes from one to the other; `ABSENT` for a run that had or has none."""
    old_map, new_map = _is_map(before, prefix), _is_map(after, prefix)
    if old_map and new_map:
        for key in before.keys() | after.keys():
            inner_before, inner_after = before.get(key, ABSENT), after.get(key, ABSENT)
            # Most values change within their kind, which changes no count.
            if type(inner_before) is not type(inner_after) or type(inner_after) not in _PLAIN:
                count_leaves(counts, f"{prefix}.{key}", inner_before, inner_after)
        return
    if old_map:
        count_leaves(counts, prefix, before, _EMPTY)
    elif before is not ABSENT:
        _count(counts, prefix, before, -1)
    if new_map:
        count_leaves(counts, prefix, _EMPTY, after)
    elif after is not ABSENT:
        _count(counts, prefix, after, 1)


def _is_map(value: Json, prefix: str) -> bool:
    """Maps are descended into, save empty ones and media (`_type`), which are values."""
    if isinstance(value, _Empty) or prefix in _ROOTS:
        return True
    return isinstance(value, dict) and bool(value) and "_type" not in value


def _count(counts: Counter[tuple[str, str]], path: str, value: Json, by: int) -> None:
    if len(path) <= PATH_CHARS_MAX:
        counts[codec.escape(path), kind_of(value)] += by


def kind_of(value: Json) -> str:
    """number, string, bool, null or json."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"
