"""Tables: rows and columns, cells may be media."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Keeper, Media
from runstone.sdk.values import plain_value, to_numpy

ROWS_MAX = 200_000


class Table(Media):
    """columns: names. data: rows, or a 2-d array. dataframe: of pandas, instead of both."""

    _type, _folder = "table-file", "table"

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = None,
    ) -> None:
        if dataframe is None and hasattr(data, "columns") and hasattr(data, "itertuples"):
            dataframe = data
        if dataframe is not None:
            self.columns = [str(name) for name in dataframe.columns]
            self.data: list[list[Any]] = [list(row) for row in dataframe.itertuples(index=False)]
            return
        given = data if data is not None else rows
        array = to_numpy(given)
        if array is not None:
            if array.ndim != 2:
                raise UsageError(f"Table takes a 2-d array, met {array.ndim} dimensions.")
            given = array.tolist()
        self.data = [list(row) for row in given or []]
        if columns is None:
            width = len(self.data[0]) if self.data else 3
            columns = ["Input", "Output", "Expected"] if not self.data else [str(n) for n in range(width)]
        self.columns = [str(name) for name in columns]
        for number, row in enumerate(self.data):
            self._check(row, f"row {number}")

    def _check(self, row: Sequence[Any], what: str) -> None:
        if len(row) != len(self.columns):
            raise UsageError(f"Table has {len(self.columns)} columns, and {what} has {len(row)} values.")

    def add_data(self, *values: Any) -> None:
        """One row."""
        self._check(values, "the new row")
        self.data.append(list(values))

    add_row = add_data

    def add_column(self, name: str, data: Sequence[Any], optional: bool = False) -> None:
        values = list(to_numpy(data).tolist() if hasattr(data, "shape") else data)
        if self.data and len(values) != len(self.data):
            raise UsageError(
                f"Table has {len(self.data)} rows, and column {name!r} has {len(values)} values."
            )
        if not self.data:
            self.data = [[] for _ in values]
            self.columns = []
        self.columns.append(str(name))
        for row, value in zip(self.data, values, strict=True):
            row.append(value)

    def add_computed_columns(self, function: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
        computed = [function(n, dict(zip(self.columns, row, strict=True))) for n, row in enumerate(self.data)]
        for name in computed[0] if computed else ():
            self.add_column(name, [one[name] for one in computed])

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        if name not in self.columns:
            raise UsageError(f"Table has no column {name!r}. There are: {', '.join(self.columns)}.")
        at = self.columns.index(name)
        values = [row[at] for row in self.data]
        if convert_to == "numpy":
            import numpy

            return numpy.asarray(values)
        return values

    def get_dataframe(self) -> Any:
        import pandas

        return pandas.DataFrame(self.data, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        yield from enumerate(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def _runstone_value(
        self, keeper: Keeper, key: str, step: int, index: int | None = None
    ) -> dict[str, Any]:
        if len(self.data) > ROWS_MAX:
            raise UsageError(
                f"Table {key!r} has {len(self.data)} rows; the most is {ROWS_MAX}. Save it as a file."
            )
        cells = [[_cell(cell, keeper, key, step) for cell in row] for row in self.data]
        self._encoded = json.dumps({"columns": self.columns, "data": cells}, allow_nan=True).encode()
        value = super()._runstone_value(keeper, key, step, index)
        del self._encoded
        return value

    def _content(self) -> tuple[bytes | str, str]:
        return self._encoded, "table.json"

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        return {"ncols": len(self.columns), "nrows": len(self.data)}


def _cell(value: Any, keeper: Keeper, key: str, step: int) -> Any:
    keep = getattr(value, "_runstone_value", None)
    if keep is not None:
        return keep(keeper, key, step)
    plain = plain_value(value)
    if isinstance(plain, float) and not math.isfinite(plain):
        return "NaN" if plain != plain else "Infinity" if plain > 0 else "-Infinity"
    return plain
