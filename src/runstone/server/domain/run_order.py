"""Orders over a project's runs, and their pages: sorted on whole columns, with a cursor behind each run."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.domain.errors import Invalid
from runstone.server.domain.run_filter import OrderKey
from runstone.server.domain.run_matching import cells_of
from runstone.server.stores.records.run_column import (
    BOOL,
    JSON,
    MISSING,
    NON_FINITE,
    NULL,
    NUMBER,
    STRING,
    Bools,
    Floats,
    Positions,
)
from runstone.server.stores.records.run_column import Column as Cells
from runstone.server.stores.records.run_index import Table

_NUMBERS, _TEXTS, _LISTS, _NOTHING = range(4)
_CLASS_OF = np.zeros(7, np.int8)
_CLASS_OF[[MISSING, NULL, NON_FINITE]] = _NOTHING
_CLASS_OF[[BOOL, NUMBER]] = _NUMBERS
_CLASS_OF[STRING] = _TEXTS
_CLASS_OF[JSON] = _LISTS


def page(
    table: Table, found: Bools, order: Sequence[OrderKey], cursor: str, limit: int
) -> tuple[list[int], list[str], bool]:
    """Keys of the first `limit` found runs behind the cursor in that order, a cursor for each, and
    whether more follow. Numbers come before texts before lists, what is null or not finite last in
    either direction; equal runs in the order they were made, or the other way round where the last
    key falls."""
    at = np.flatnonzero(found)
    sorters = [_Sorter(cells_of(table, key.column), key) for key in order]
    falling = bool(order) and order[-1].descending
    if cursor:
        after = _after(table, at, sorters, _parse_cursor(cursor, order), falling)
        at = at[after]
    more = len(at) > limit
    chosen = _first(table, at, sorters, falling, limit)
    keys: list[int] = table.keys[chosen].tolist()
    head = _encode_mark([_signature(order)])[:-1]
    if not sorters:
        return keys, [_cursor(f"{head},{key}]") for key in keys], more
    cursors = [
        _cursor(f"{head},{_encode_mark([sorter.mark(position) for sorter in sorters])[1:-1]},{key}]")
        for position, key in zip(chosen.tolist(), keys, strict=True)
    ]
    return keys, cursors, more


class _Sorter:
    """One key of an order, as two rising arrays: the class of the value, then its place in the class."""

    def __init__(self, cells: Cells, key: OrderKey) -> None:
        self._cells = cells
        self._falling = key.descending

    def arrays(self, at: Positions) -> tuple[npt.NDArray[np.int8], Floats]:
        cells = self._cells
        classes = _CLASS_OF[cells.kinds[at]]
        places = cells.numbers[at]
        textual = (classes == _TEXTS) | (classes == _LISTS)
        if textual.any():
            places = np.where(textual, cells.ranks()[cells.codes[at]], places)
        places = np.where(classes == _NOTHING, 0.0, places)
        if self._falling:
            classes = np.where(classes == _NOTHING, classes, _LISTS - classes).astype(np.int8)
            places = -places
        return classes, places

    def mark(self, position: int) -> list[Any]:
        """The value's own place, to be found again when other runs have come and gone."""
        cells = self._cells
        group = int(_CLASS_OF[cells.kinds[position]])
        if group == _NOTHING:
            return [group]
        if group == _NUMBERS:
            return [group, float(cells.numbers[position])]
        return [group, cells.texts[cells.codes[position]]]

    def place(self, mark: Sequence[Any]) -> tuple[int, float]:
        """Where a mark stands among `arrays`."""
        group = int(mark[0])
        if group == _NOTHING:
            return group, 0.0
        place = float(mark[1]) if group == _NUMBERS else self._cells.rank_of(str(mark[1]))
        return (_LISTS - group, -place) if self._falling else (group, place)


def _after(
    table: Table, at: Positions, sorters: Sequence[_Sorter], mark: Sequence[Any], falling: bool
) -> Bools:
    """Which of the positions stand behind the mark."""
    behind = np.zeros(len(at), bool)
    level = np.ones(len(at), bool)  # equal to the mark so far
    for sorter, own in zip(sorters, mark[:-1], strict=True):
        classes, places = sorter.arrays(at)
        group, place = sorter.place(own)
        behind |= level & ((classes > group) | ((classes == group) & (places > place)))
        level &= (classes == group) & (places == place)
    keys = table.keys[at]
    behind |= level & ((keys < mark[-1]) if falling else (keys > mark[-1]))
    return behind


def _first(table: Table, at: Positions, sorters: Sequence[_Sorter], falling: bool, limit: int) -> Positions:
    """The first `limit` of the positions, in order."""
    if sorters and len(at) > 4 * limit + 1000:
        at = at[_candidates(sorters[0], at, limit)]
    keys = table.keys[at]
    columns: list[npt.NDArray[Any]] = [-keys if falling else keys]
    for sorter in reversed(sorters):
        classes, places = sorter.arrays(at)
        columns += [places, classes]
    return at[np.lexsort(columns)[:limit]]


def _candidates(sorter: _Sorter, at: Positions, limit: int) -> Bools:
    """Those that can be among the first by this key alone: far fewer to sort, mostly."""
    classes, places = sorter.arrays(at)
    lowest = classes.min()
    among: Bools = classes == lowest
    if int(among.sum()) <= limit:
        return np.ones(len(at), bool)
    if lowest == _NOTHING:
        return among
    last = np.partition(places[among], limit)[limit]
    among &= places <= last
    return among


def _signature(order: Sequence[OrderKey]) -> str:
    return ",".join(f"{'-' if key.descending else '+'}{key.column.source}.{key.column.name}" for key in order)


_encode_mark = json.JSONEncoder(separators=(",", ":")).encode


def _cursor(mark: str) -> str:
    """`mark`: a JSON list of the order's signature, each key's mark and the run's key."""
    return base64.b64encode(mark.encode()).translate(_URL_SAFE).rstrip(b"=").decode()


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _parse_cursor(cursor: str, order: Sequence[OrderKey]) -> list[Any]:
    try:
        mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        whole = (
            isinstance(mark, list)
            and len(mark) == len(order) + 2
            and mark[0] == _signature(order)
            and isinstance(mark[-1], int)
            and all(_is_mark(own) for own in mark[1:-1])
        )
    except (ValueError, UnicodeEncodeError):
        whole = False
    if not whole:
        raise Invalid("The cursor is not one of this list in this order. Start from the first page.")
    return list(mark[1:])


def _is_mark(own: Any) -> bool:
    if not isinstance(own, list) or not own or own[0] not in (_NUMBERS, _TEXTS, _LISTS, _NOTHING):
        return False
    if own[0] == _NOTHING:
        return True
    return len(own) == 2 and isinstance(own[1], (int | float) if own[0] == _NUMBERS else str)
