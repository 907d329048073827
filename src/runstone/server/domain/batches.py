"""From rows as a door received them to the columns that the history keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runstone.server.domain.errors import Invalid, TooLarge
from runstone.server.stores.history.blocks import Block, BlockColumns, as_block_row, by_kind
from runstone.server.stores.history.contract import RUNTIME, STEP, TIMESTAMP, Int64s, KeyKind, RowBatch

KEYS_IN_ROW_MAX = 100_000
KEY_CHARS_MAX = 1024
NESTING_MAX = 64  # maps deeper than that are kept as they are, as one JSON value
_OWN = frozenset({STEP, TIMESTAMP, RUNTIME})  # fields of the row itself, whatever `values` says

_PLAIN = frozenset({float, int, bool, str, type(None)})  # most values; asking what else one is costs more
_KIND_OF_TYPE: dict[type, KeyKind] = {float: "number", bool: "bool", str: "string"}


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row as a door received it. step None: the one before plus 1."""

    offset: int
    step: int
    timestamp: float
    runtime: float
    values: Mapping[str, Any]


def batch_of(rows: Iterable[WrittenRow], *, end_offset: int, label: str = "") -> RowBatch:
    """Pivot rows into columns. Nested maps flatten with dots, save those with `_type`. With a
    label each key `k` is kept as `k/l:LABEL`: writers of one run that log the same key at the same
    step stay apart. A key whose values are of several kinds keeps them all, each as it is; of a key
    that one row holds twice (`a.b`, and `b` in `a`) the later stands. Raises TooLarge for more than
    100,000 keys in a row or a key of more than 1,024 characters, Invalid for an empty key or a step
    beyond 64 bits.
    """
    rows = list(rows)
    n = len(rows)
    try:
        steps = np.array([row.step for row in rows], np.int64)
        offsets = np.array([row.offset for row in rows], np.int64)
    except OverflowError:
        odd = next(row for row in rows if not -(2**63) <= row.step < 2**63)
        raise Invalid(
            f"Step {odd.step} does not fit 64 bits. Use steps between -2^63 and 2^63 - 1.", step=str(odd.step)
        ) from None
    blocks = _blocks([_flat(row) for row in rows]) if n else []
    if label:
        blocks = [
            Block(block.kind, [f"{key}/l:{label}" for key in block.keys], block.rows, block.values)
            for block in blocks
        ]
    return RowBatch(
        offsets,
        end_offset,
        steps,
        np.array([row.timestamp for row in rows], np.float64),
        np.array([row.runtime for row in rows], np.float64),
        BlockColumns(blocks, n),
    )


def _flat(row: WrittenRow) -> Mapping[str, Any]:
    """The row's values by flat keys. Raises TooLarge."""
    values = row.values
    for value in values.values():
        if type(value) not in _PLAIN and isinstance(value, Mapping):
            flat: dict[str, Any] = {}
            _flatten(values, "", flat, 0)
            values = flat
            break
    if not _OWN.isdisjoint(values):
        values = {key: value for key, value in values.items() if key not in _OWN}
    if len(values) > KEYS_IN_ROW_MAX:
        raise TooLarge(
            f"The row at step {row.step} holds {len(values):,} keys; the most is {KEYS_IN_ROW_MAX:,}. "
            "Log the large part as a file or a table.",
            step=row.step,
            keys=len(values),
        )
    return values


def _blocks(rows: Sequence[Mapping[str, Any]]) -> list[Block]:
    same = _same_keys(rows)
    return _any_keys(rows) if same is None else same


def _same_keys(rows: Sequence[Mapping[str, Any]]) -> list[Block] | None:
    """The blocks of rows that all hold the same keys in the same order, as a training loop logs
    them; None for any others."""
    keys = list(rows[0])
    for row in rows:
        if list(row) != keys:
            return None
    if not keys:
        return []
    types: list[tuple[type, ...]]
    if len(rows) == 1:
        columns: list[tuple[Any, ...]] = [(value,) for value in rows[0].values()]
        types = [(type(value),) for value in rows[0].values()]
    else:
        columns = list(zip(*(row.values() for row in rows), strict=True))
        types = [tuple(set(map(type, column))) for column in columns]
    by_type: dict[type, tuple[list[str], list[tuple[Any, ...]]]] = {}
    for key, column, kinds in zip(keys, columns, types, strict=True):
        kind = kinds[0]
        if len(kinds) != 1 or (kind not in _KIND_OF_TYPE and kind is not int):
            return None
        found = by_type.get(kind)
        if found is None:
            found = by_type[kind] = ([], [])
        found[0].append(key)
        found[1].append(column)
    _check_keys(keys)
    blocks = []
    for kind, (names, values) in by_type.items():
        if kind is float:
            blocks.append(Block("number", names, None, np.array(values, np.float64)))
        elif kind is int:
            try:
                blocks.append(Block("integer", names, None, np.array(values, np.int64)))
            except OverflowError:
                return None
        elif kind is bool:
            blocks.append(Block("bool", names, None, np.array(values, np.uint8)))
        else:
            blocks.append(Block("string", names, None, [list(column) for column in values]))
    return blocks


def _any_keys(rows: Sequence[Mapping[str, Any]]) -> list[Block]:
    columns: dict[str, tuple[list[int], list[Any]]] = {}
    for at, row in enumerate(rows):
        for key, value in row.items():
            column = columns.get(key)
            if column is None:
                columns[key] = ([at], [value])
            else:
                column[0].append(at)
                column[1].append(value)
    _check_keys(columns)
    groups: dict[tuple[KeyKind, bytes], tuple[Int64s, list[str], list[Any]]] = {}
    for key, (positions, values) in columns.items():
        held = np.array(positions, np.int64)
        for kind, picked, kept in _by_kind(values):
            where = held if picked is None else held[picked]
            group = groups.get((kind, where.tobytes()))
            if group is None:
                group = groups[kind, where.tobytes()] = (where, [], [])
            group[1].append(key)
            group[2].append(kept)
    return [
        Block(
            kind,
            names,
            None if len(where) == len(rows) else where,
            values if kind in ("string", "json") else np.stack(values),
        )
        for (kind, _), (where, names, values) in groups.items()
    ]


def _by_kind(values: list[Any]) -> Iterable[tuple[KeyKind, Int64s | None, Any]]:
    types = set(map(type, values))
    if len(types) == 1:
        kind = _KIND_OF_TYPE.get(types.pop())
        if kind is not None:
            return [(kind, None, as_block_row(kind, values))]
    return by_kind(values)


def _flatten(values: Mapping[str, Any], prefix: str, into: dict[str, Any], depth: int) -> None:
    for name, value in values.items():
        key = prefix + name if type(name) is str else prefix + str(name)
        if (
            type(value) not in _PLAIN
            and isinstance(value, Mapping)
            and value
            and "_type" not in value
            and depth < NESTING_MAX
        ):
            _flatten(value, key + ".", into, depth + 1)
        else:
            into[key] = value


def _check_keys(keys: Iterable[str]) -> None:
    count = 0
    for key in keys:
        count += 1
        if not 0 < len(key) <= KEY_CHARS_MAX:
            if not key:
                raise Invalid("A logged key is empty. Name every value.")
            raise TooLarge(
                f"A logged key has {len(key):,} characters; the most is {KEY_CHARS_MAX:,}: {key[:60]!r}… "
                "Shorten it.",
                key=key[:KEY_CHARS_MAX],
            )
    if count > KEYS_IN_ROW_MAX * 10:
        raise TooLarge(
            f"A batch of rows holds {count:,} different keys. Send fewer rows at once.", keys=count
        )
