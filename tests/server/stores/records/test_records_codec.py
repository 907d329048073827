"""JSON is kept without loss."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runstone.server.stores.records import codec

texts = st.text(st.characters(codec=None), max_size=20)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**40), 10**40), st.floats(), texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        if math.isnan(one):
            return math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@given(values)
def test_every_value_comes_back(value: Any) -> None:
    text = codec.dumps(value)
    text.encode()
    assert "\\u0000" not in text
    assert same(codec.loads(text), value)


@given(values)
def test_what_is_kept_is_json_that_other_programs_read(value: Any) -> None:
    json.loads(codec.dumps(value), parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))


@given(texts)
def test_escaped_text_comes_back(text: str) -> None:
    kept = codec.escape(text)
    kept.encode()
    assert "\x00" not in kept
    assert codec.unescape_key(kept) == text
    assert codec.unescape(kept) == text


@given(st.floats(allow_nan=False), texts)
def test_a_text_is_never_taken_for_a_number(number: float, text: str) -> None:
    for meant in (text, codec.MARK + repr(number), codec.MARK + text, repr(number)):
        assert codec.loads(codec.dumps([meant])) == [meant]


def test_plain_json_is_kept_as_it_is() -> None:
    assert codec.dumps({"lr": 0.1, "größe": [1, None, True]}) == '{"lr":0.1,"größe":[1,null,true]}'
