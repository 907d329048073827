"""Runs of a project by the values of some columns, and what each group holds; on whole columns at once."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.domain.run_filter import Column
from runstone.server.domain.run_matching import cells_of
from runstone.server.stores.records.run_column import (
    JSON,
    MISSING,
    NON_FINITE,
    NULL,
    NUMBER,
    STRING,
    Bools,
    Positions,
)
from runstone.server.stores.records.run_column import Column as Cells
from runstone.server.stores.records.run_index import Table


class Groups:
    """Runs by the values of some columns. Null and missing are one value; each group's `members`
    are positions in the table."""

    def __init__(self, table: Table, found: Bools, by: Sequence[Column]) -> None:
        self._table = table
        self._by = by
        at = np.flatnonzero(found)
        codes = np.zeros(len(at), np.int64)
        for column in by:
            own, size = _value_codes(cells_of(table, column), at)
            codes = _ranked(codes * size + own)[0]
        self.group_of, size = _ranked(codes)
        self.first = np.full(size, len(table.keys), np.int64)
        np.minimum.at(self.first, self.group_of, at)
        self.at = at
        self.counts = np.bincount(self.group_of, minlength=len(self.first))

    def values(self, group: int) -> list[Any]:
        return [cells_of(self._table, column).cell(int(self.first[group])) for column in self._by]

    def conditions(self, group: int, names: Sequence[str]) -> list[Mapping[str, Any]]:
        """One per column, in the filter language: together they hold for exactly the group."""
        return [
            {name: {"$is": _sayable(value)}} for name, value in zip(names, self.values(group), strict=True)
        ]

    def largest(self, limit: int) -> list[int]:
        """Groups by falling size; equal ones in the order of their first run."""
        return [int(group) for group in np.lexsort((self.first, -self.counts))[:limit]]

    def tallies(self, column: Column) -> list[dict[str, int]]:
        """Per group: how many runs have each text (states)."""
        cells = cells_of(self._table, column)
        tallies: list[dict[str, int]] = [{} for _ in self.first]
        width = max(1, len(cells.texts))
        pairs = self.group_of * width + cells.codes[self.at]
        seen, counts = np.unique(pairs, return_counts=True)
        for pair, count in zip(seen.tolist(), counts.tolist(), strict=True):
            tallies[pair // width][cells.texts[pair % width]] = count
        return tallies

    def numbers(self, column: Column) -> dict[str, npt.NDArray[Any]]:
        """Per group, over its runs that hold a finite number: count, mean, m2 (sum of squared
        differences from the mean), min, max."""
        cells = cells_of(self._table, column)
        held = cells.kinds[self.at] == NUMBER
        group, value = self.group_of[held], cells.numbers[self.at][held]
        size = len(self.first)
        count = np.bincount(group, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            mean = np.bincount(group, value, minlength=size) / count
            # Once more around the first mean: what rounding left out of it.
            mean += np.bincount(group, value - mean[group], minlength=size) / count
            m2 = np.bincount(group, (value - mean[group]) ** 2, minlength=size)
        lowest, highest = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(lowest, group, value)
        np.maximum.at(highest, group, value)
        return {"count": count, "mean": mean, "m2": m2, "min": lowest, "max": highest}


def _value_codes(cells: Cells, at: Positions) -> tuple[npt.NDArray[np.int64], int]:
    """A number per distinct value, for the positions, and how many there may be."""
    kinds = cells.kinds[at].astype(np.int64)
    kinds[kinds == MISSING] = NULL
    textual = (kinds == STRING) | (kinds == JSON)
    values = np.where(textual, cells.codes[at], 0).astype(np.int64)
    plain = ~textual & (kinds != NULL)
    if plain.any():
        _, values[plain] = np.unique(cells.numbers[at][plain], return_inverse=True)
    if cells.large:  # integers that a float would round
        exact = sorted(set(cells.large.values()))
        for i, position in enumerate(at.tolist()):
            if position in cells.large:
                kinds[i], values[i] = JSON + NON_FINITE, bisect.bisect_left(exact, cells.large[position])
    width = JSON + NON_FINITE + 1
    return _ranked(values * width + kinds)


def _ranked(codes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """The same numbers without gaps, in the same order, and how many differ."""
    if not len(codes):
        return codes, 0
    highest = int(codes.max())
    if highest > 4 * len(codes) + 1000:
        seen, ranked = np.unique(codes, return_inverse=True)
        return ranked.reshape(-1), len(seen)
    there = np.zeros(highest + 1, bool)
    there[codes] = True
    return (np.cumsum(there) - 1)[codes], int(there.sum())


def _sayable(value: Any) -> Any:
    """A value as a filter can say it in JSON."""
    if isinstance(value, float) and value - value != 0.0:
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value
