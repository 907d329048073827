"""Rows become columns without loss, whatever a client logs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.batches import KEY_CHARS_MAX, KEYS_IN_ROW_MAX, WrittenRow, batch_of
from runstone.server.domain.errors import Invalid, TooLarge
from runstone.server.stores.history.contract import RowBatch
from runstone.testing.history.checks import same


def rows_of(*values: dict[str, Any]) -> list[WrittenRow]:
    return [WrittenRow(at, at, 1.0 + at, float(at), some) for at, some in enumerate(values)]


def back(batch: RowBatch) -> list[dict[str, Any]]:
    """The values of each row again."""
    rows: list[dict[str, Any]] = [{} for _ in batch.steps]
    for key, column in batch.columns.items():
        values = column.values.tolist() if isinstance(column.values, np.ndarray) else column.values
        for at, value in zip(column.rows.tolist(), values, strict=True):
            rows[at][key] = value
    return rows


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value:
            out.update(flat(value, f"{prefix}{key}."))
        else:
            out[prefix + key] = value
    return out


def test_rows_of_the_same_numbers_become_one_matrix() -> None:
    batch = batch_of(rows_of({"a": 1.0, "b": 2.0}, {"a": 3.0, "b": math.nan}), end_offset=2)
    (block,) = batch.columns.blocks  # type: ignore[attr-defined]
    assert block.kind == "number" and block.rows is None and list(block.keys) == ["a", "b"]
    assert block.values.tolist()[0] == [1.0, 3.0]
    assert batch.steps.tolist() == [0, 1] and batch.timestamps.tolist() == [1.0, 2.0]
    assert batch.offsets.tolist() == [0, 1] and batch.end_offset == 2


def test_nested_maps_flatten_with_dots_save_those_with_a_type() -> None:
    media = {"_type": "image-file", "path": "a.png"}
    batch = batch_of(
        rows_of({"val": {"loss": 1.0, "deep": {"x": 2}}, "img": media, "empty": {}}), end_offset=1
    )
    assert back(batch) == [{"val.loss": 1.0, "val.deep.x": 2, "img": media, "empty": {}}]
    assert batch.columns["img"].kind == "json"


def test_of_a_key_that_one_row_holds_twice_the_later_stands() -> None:
    assert back(batch_of(rows_of({"a": {"b": 1.0}, "a.b": 2.0}), end_offset=1)) == [{"a.b": 2.0}]
    assert back(batch_of(rows_of({"a.b": 2.0, "a": {"b": 1.0}}), end_offset=1)) == [{"a.b": 1.0}]


def test_a_label_keeps_a_writers_keys_apart() -> None:
    batch = batch_of(rows_of({"loss": 1.0, "x": {"y": 1}}), end_offset=1, label="node0/gpu1")
    assert sorted(batch.columns) == ["loss/l:node0/gpu1", "x.y/l:node0/gpu1"]


def test_fields_of_the_row_itself_are_not_keys() -> None:
    batch = batch_of(rows_of({"_step": 9, "_timestamp": 1.0, "_runtime": 2.0, "a": 1.0}), end_offset=1)
    assert list(batch.columns) == ["a"]


def test_integers_are_exact_and_those_beyond_64_bits_are_kept() -> None:
    values = {"edge": 2**63 - 1, "low": -(2**63), "beyond": 2**63, "odd": 2**64 + 1, "huge": 10**400}
    assert back(batch_of(rows_of(values), end_offset=1)) == [values]
    two = rows_of({"k": 2**63 - 1}, {"k": 2**63})
    assert [row["k"] for row in back(batch_of(two, end_offset=2))] == [2**63 - 1, 2**63]


def test_a_key_of_several_kinds_keeps_all_of_them() -> None:
    logged = [1.0, 2, "x", True, None, [1], {"_type": "t"}, 2.5]
    batch = batch_of(rows_of(*({"k": value} for value in logged)), end_offset=8)
    assert same([row["k"] for row in back(batch)], logged)
    assert batch.columns["k"].kind == "json"


def test_rows_without_values_are_rows() -> None:
    batch = batch_of(rows_of({}, {}), end_offset=2)
    assert len(batch.steps) == 2 and len(batch.columns) == 0
    assert len(batch_of([], end_offset=7).steps) == 0


def test_limits_name_the_value_met_and_the_rule() -> None:
    with pytest.raises(TooLarge, match=r"100,001 keys; the most is 100,000"):
        batch_of(rows_of({f"k{i}": 1.0 for i in range(KEYS_IN_ROW_MAX + 1)}), end_offset=1)
    with pytest.raises(TooLarge, match="1,025 characters"):
        batch_of(rows_of({"x" * (KEY_CHARS_MAX + 1): 1.0}), end_offset=1)
    with pytest.raises(Invalid, match="empty"):
        batch_of(rows_of({"": 1.0}), end_offset=1)
    with pytest.raises(Invalid, match="64 bits"):
        batch_of([WrittenRow(0, 2**63, 0.0, 0.0, {})], end_offset=1)
    most = batch_of(rows_of({f"k{i}": 1.0 for i in range(KEYS_IN_ROW_MAX)}), end_offset=1)
    assert len(most.columns) == KEYS_IN_ROW_MAX


def test_maps_nested_without_end_are_kept_as_they_are() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(500):
        deep = {"x": deep}
    batch = batch_of(rows_of(deep), end_offset=1)
    (key,) = batch.columns
    assert key == ".".join(["x"] * 65) and batch.columns[key].kind == "json"


_leaves = (
    st.floats()
    | st.integers(-(2**70), 2**70)
    | st.booleans()
    | st.none()
    | st.text(max_size=4)
    | st.lists(st.integers(), max_size=2)
)
_names = st.sampled_from(["a", "b", "c", "val"])
_values = st.dictionaries(
    _names, _leaves | st.dictionaries(_names, _leaves, min_size=1, max_size=2), max_size=4
)


@given(st.lists(_values, max_size=12))
def test_whatever_is_logged_comes_back(values: list[dict[str, Any]]) -> None:
    found = back(batch_of(rows_of(*values), end_offset=len(values)))
    for got, wanted in zip(found, values, strict=True):
        for key, value in flat(wanted).items():
            if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
                assert got.pop(key) == value  # as a float where that is the same number
            else:
                assert same(got.pop(key), value)
        assert not got


@given(
    st.lists(
        st.fixed_dictionaries({"a": st.floats(), "b": st.integers(-5, 5), "c": st.booleans()}), max_size=9
    )
)
def test_the_quick_way_and_the_other_agree(values: list[dict[str, Any]]) -> None:
    quick = batch_of(rows_of(*values), end_offset=len(values))
    shuffled = [dict(reversed(row.items())) if at % 2 else row for at, row in enumerate(values)]
    slow = batch_of(rows_of(*shuffled), end_offset=len(values))
    assert same(back(quick), back(slow))
    assert {key: quick.columns[key].kind for key in quick.columns} == {
        key: slow.columns[key].kind for key in slow.columns
    }
