"""Filters over a project's runs, evaluated on whole columns at once.

The one place where the filter language gets its meaning, the same over every database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from runstone.server.domain.errors import Invalid
from runstone.server.domain.run_filter import All, AnyOf, Column, Condition, Filter, Not, OrderKey
from runstone.server.stores.records import codec
from runstone.server.stores.records.run_column import (
    BOOL,
    JSON,
    MISSING,
    NON_FINITE,
    NULL,
    NUMBER,
    STRING,
    Bools,
)
from runstone.server.stores.records.run_column import Column as Cells
from runstone.server.stores.records.run_index import ColumnKey, Table

_NON_FINITE_NAMES = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def index_key(column: Column) -> ColumnKey:
    # A metric that was logged has a summary; what only ever was a row's value without one is not found.
    return ColumnKey("summary" if column.source == "logged" else column.source, column.name)


def cells_of(table: Table, column: Column) -> Cells:
    return table.columns[index_key(column)]


def wanted_columns(
    conditions: Iterable[Column], order: Sequence[OrderKey], *, search: bool
) -> list[ColumnKey]:
    wanted = [index_key(column) for column in conditions] + [index_key(key.column) for key in order]
    if search:
        wanted += [ColumnKey("field", "name"), ColumnKey("field", "id")]
    return list(dict.fromkeys(wanted))


def matches(table: Table, tree: Filter) -> Bools:
    """Which runs the filter holds for; shape (runs,)."""
    if isinstance(tree, Condition):
        return _condition(cells_of(table, tree.column), tree)
    if isinstance(tree, Not):
        return ~matches(table, tree.part)
    found = np.full(len(table.keys), isinstance(tree, All))
    for part in tree.parts:
        if isinstance(tree, AnyOf):
            found |= matches(table, part)
        else:
            found &= matches(table, part)
    return found


def holds_text(table: Table, text: str) -> Bools:
    """Runs whose name or id contains the text, whatever its case."""
    needle = codec.escape(text).casefold()
    found = np.zeros(len(table.keys), bool)
    for name in ("name", "id"):
        cells = table.column("field", name)
        found |= cells.where_codes(STRING, [needle in folded for folded in cells.folded()])
    return found


def _condition(cells: Cells, condition: Condition) -> Bools:
    operator, value = condition.operator, condition.value
    if operator == "eq":
        return _equal(cells, value)
    if operator == "is":
        return _text_is(cells, "") if value == "" else _strictly_equal(cells, value)
    if operator == "in":
        return _any_equal(cells, value)
    if operator == "exists":
        present: Bools = (cells.kinds != MISSING) == value
        return present
    if operator in ("gt", "gte", "lt", "lte"):
        return _compared(cells, operator, value)
    if operator == "regex":
        return _regex(cells, value)
    if operator == "contains":
        return _contains(cells, value)
    if operator == "all":
        found = np.full(cells.length, bool(value))
        for item in value:
            found &= _equal(cells, item)
        return found
    return _lists(cells, lambda items: len(items) == value)


def _equal(cells: Cells, value: Any) -> Bools:
    found = _strictly_equal(cells, value)
    if not isinstance(value, list | dict):
        found |= _lists(cells, lambda items: any(_same(item, value) for item in items))
    return found


def _strictly_equal(cells: Cells, value: Any) -> Bools:
    kinds = cells.kinds
    found: Bools
    if value is None:
        found = kinds <= NULL
        return found
    if isinstance(value, bool):
        found = (kinds == BOOL) & (cells.numbers == value)
        return found
    if isinstance(value, int | float):
        near = _float(value)
        found = (kinds == NUMBER) & (cells.numbers == near) & (near == value)
        for position, exact in cells.large.items():
            found[position] = exact == value
        return found
    if isinstance(value, str):
        if not value:
            found = (kinds == MISSING) | _text_is(cells, "")
            return found
        found = _text_is(cells, codec.escape(value))
        if value in _NON_FINITE_NAMES:
            name = float(_NON_FINITE_NAMES[value])
            same = np.isnan(cells.numbers) if name != name else cells.numbers == name
            found |= (kinds == NON_FINITE) & same
        return found
    return _parsed(cells, lambda held: _same(held, value))


def _any_equal(cells: Cells, values: Sequence[Any]) -> Bools:
    """`_equal` to one of them; long lists of texts or numbers (run ids) in one go."""
    found = np.zeros(cells.length, bool)
    texts = [value for value in values if isinstance(value, str) and value and value not in _NON_FINITE_NAMES]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if texts:
        wanted = np.zeros(len(cells.texts), bool)
        wanted[[code for text in texts if (code := cells.code_of(codec.escape(text))) is not None]] = True
        found |= cells.where_codes(STRING, wanted)
    if numbers:
        wanted_numbers = np.array([near for value in numbers if (near := _float(value)) == value])
        found |= (cells.kinds == NUMBER) & np.isin(cells.numbers, wanted_numbers)
        exact = set(numbers)
        for position, number in cells.large.items():
            found[position] = number in exact
    if texts or numbers:
        scalars = {(type(value) is bool, value) for value in (*texts, *numbers)}
        found |= _lists(
            cells,
            lambda items: any(
                isinstance(item, str | int | float) and (type(item) is bool, item) in scalars
                for item in items
            ),
        )
    for value in values:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain and not (isinstance(value, str) and value and value not in _NON_FINITE_NAMES):
            found |= _equal(cells, value)
    return found


def _compared(cells: Cells, operator: str, value: Any) -> Bools:
    compare = _COMPARE[operator]
    if isinstance(value, str):
        found = np.zeros(cells.length, bool)
        if cells.texts:
            escaped = codec.escape(value)
            found |= cells.where_text(STRING, lambda text: bool(compare(text, escaped)))
        return found | _lists(
            cells, lambda items: any(isinstance(item, str) and compare(item, value) for item in items)
        )
    if isinstance(value, bool):
        found = np.asarray((cells.kinds == BOOL) & compare(cells.numbers, value), bool)
        return found | _lists(
            cells, lambda items: any(isinstance(item, bool) and compare(item, value) for item in items)
        )
    # A large integer lies beside the float that is nearest: numbers equal to that one are compared
    # with the integer itself.
    near = _float(value)
    holds = np.where(cells.numbers == near, compare(near, value), compare(cells.numbers, near))
    found = np.asarray((cells.kinds == NUMBER) & holds, bool)
    for position, exact in cells.large.items():
        found[position] = compare(exact, value)
    return found | _lists(
        cells,
        lambda items: any(
            isinstance(item, int | float) and not isinstance(item, bool) and compare(item, value)
            for item in items
        ),
    )


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "gt": lambda held, value: held > value,
    "gte": lambda held, value: held >= value,
    "lt": lambda held, value: held < value,
    "lte": lambda held, value: held <= value,
}


def _contains(cells: Cells, value: Any) -> Bools:
    found = _lists(cells, lambda items: any(_same(item, value) for item in items))
    if isinstance(value, str):
        part = codec.escape(value)
        found |= cells.where_text(STRING, lambda text: part in text)
    return found


def _regex(cells: Cells, pattern: str) -> Bools:
    """By RE2: its time is linear in the text whatever the pattern."""
    import pyarrow as pa  # only where a pattern is used
    import pyarrow.compute as pc

    def search(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        # What arrow cannot hold (lone surrogates) it need not find.
        plain = [text if text.isascii() else text.encode("utf-8", "replace").decode() for text in texts]
        try:
            found = pc.match_substring_regex(pa.array(plain, pa.large_string()), pattern)
        except pa.ArrowInvalid as error:
            raise Invalid(
                f"{pattern!r} is no pattern that can be searched for: {str(error).removeprefix('Invalid ')}. "
                "Back references and look-around are not supported.",
                pattern=pattern,
            ) from None
        return np.asarray(found.to_numpy(zero_copy_only=False), bool)

    holds = search([str(codec.unescape(text)) if codec.MARK in text else text for text in cells.texts])
    return cells.where_codes(STRING, holds) | _lists(
        cells, lambda items: bool(search([item for item in items if isinstance(item, str)]).any())
    )


def _lists(cells: Cells, holds: Callable[[list[Any]], bool]) -> Bools:
    return _parsed(cells, lambda value: isinstance(value, list) and holds(value))


def _parsed(cells: Cells, holds: Callable[[Any], bool]) -> Bools:
    """Cells that hold a list or map for which `holds`; asked once for each that differs."""
    are_json: Bools = cells.kinds == JSON
    if not are_json.any():
        return are_json
    wanted = np.zeros(len(cells.texts), bool)
    for code in np.unique(cells.codes[are_json]).tolist():
        wanted[code] = holds(cells.parsed(code))
    return cells.where_codes(JSON, wanted)


def _text_is(cells: Cells, text: str) -> Bools:
    code = cells.code_of(text)
    if code is None:
        return np.zeros(cells.length, bool)
    found: Bools = (cells.kinds == STRING) & (cells.codes == code)
    return found


def _same(one: Any, other: Any) -> bool:
    """Equal, and a truth value only equals a truth value."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
