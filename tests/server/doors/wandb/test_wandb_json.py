"""The JSON of the wandb wire: what clients send is read, what is answered strict readers can read."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb import jsonx

_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def same(left: object, right: object) -> bool:
    """Equal, NaN to NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


@given(_VALUES)
def test_what_a_client_encodes_is_read_back(value: object) -> None:
    assert same(jsonx.parse(json.dumps(value)), value)


@given(st.lists(st.dictionaries(st.text(), _SCALARS), max_size=6))
def test_lines_are_read_one_by_one(rows: list[dict[str, object]]) -> None:
    assert same(jsonx.parse_lines([json.dumps(row) for row in rows]), rows)


def test_bare_nan_and_infinities_are_numbers() -> None:
    found = jsonx.parse_lines(['{"a":NaN,"b":Infinity,"c":-Infinity}', '{"a":1.5e+09}'])
    assert math.isnan(found[0]["a"])
    assert (found[0]["b"], found[0]["c"], found[1]["a"]) == (math.inf, -math.inf, 1.5e9)


def test_an_unreadable_line_is_none_and_shifts_no_other() -> None:
    assert jsonx.parse_lines(['{"a":1}', "{", '{"b":2}']) == [{"a": 1}, None, {"b": 2}]
    assert jsonx.parse_lines(['{"a":1},{"x":9}', '{"b":2}']) == [None, {"b": 2}]


@given(_VALUES)
def test_answers_are_strict_json_and_utf8(value: object) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"bare {name} in an answer")

    json.loads(jsonx.dump_bytes(value).decode(), parse_constant=refuse)


def test_not_finite_numbers_leave_as_words() -> None:
    value = {"a": math.nan, "b": [math.inf, {"c": -math.inf}]}
    assert json.loads(jsonx.dumps(value)) == {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}]}


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    found = jsonx.parse(r'{"a":"\ud83d"}')
    assert found == {"a": "\N{REPLACEMENT CHARACTER}"}
    assert jsonx.parse(r'{"a":"\ud83d\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_an_integer_beyond_64_bits_becomes_a_float() -> None:
    assert jsonx.parse("18446744073709551616123") == 1.8446744073709552e22


def test_an_argument_that_is_no_object_is_named() -> None:
    with pytest.raises(Invalid, match="filters is a JSON list"):
        jsonx.parse_map("[1]", what="filters")
    with pytest.raises(Invalid, match="config is not JSON"):
        jsonx.parse_map("{", what="config")
    assert jsonx.parse_map(None, what="config") is None


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(Invalid):
        jsonx.parse_argument("[" * 100_000 + "]" * 100_000, what="specs")
