"""The filter language, read: what it accepts, and what it says to what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import Invalid
from runstone.server.domain.run_filter import (
    CONDITIONS_MAX,
    All,
    AnyOf,
    Column,
    Condition,
    Not,
    OrderKey,
    column,
    columns_of,
    parse,
    parse_order,
)
from runstone.server.stores.records.run_index import FIELDS as INDEXED
from runstone.server.stores.records.run_index import paths_of

LR = Column("config", "lr")


def test_every_field_of_the_language_is_in_the_index() -> None:
    from runstone.server.domain.run_filter import FIELDS

    assert FIELDS == INDEXED


@pytest.mark.parametrize(
    ("given", "tree"),
    [
        ({}, All([])),
        ({"state": "running"}, Condition(Column("field", "state"), "eq", "running")),
        ({"config.lr": {"$gt": 1}}, Condition(LR, "gt", 1)),
        (
            {"config.lr": {"$gt": 1, "$lte": 2}},
            All([Condition(LR, "gt", 1), Condition(LR, "lte", 2)]),
        ),
        ({"config.lr": {"$ne": 1}}, Not(Condition(LR, "eq", 1))),
        ({"config.lr": {"$nin": [1]}}, Not(Condition(LR, "in", [1]))),
        ({"config.lr": {"$not": {"$gt": 1}}}, Not(Condition(LR, "gt", 1))),
        ({"$not": {"config.lr": 1}}, Not(Condition(LR, "eq", 1))),
        ({"$nor": [{"config.lr": 1}]}, Not(AnyOf([Condition(LR, "eq", 1)]))),
        ({"$or": []}, AnyOf([])),
        ({"config.lr": {}}, Condition(LR, "eq", {})),
        ({"config.lr": {"a": 1}}, Condition(LR, "eq", {"a": 1})),
        ({"createdAt": "1970-01-01T00:01:00Z"}, Condition(Column("field", "created_at"), "eq", 60.0)),
        ({"created_at": {"$gt": "1970-01-02"}}, Condition(Column("field", "created_at"), "gt", 86400.0)),
        ({"created_at": {"$in": ["60", 61]}}, Condition(Column("field", "created_at"), "in", [60.0, 61])),
        ({"with_key": "loss"}, Condition(Column("logged", "loss"), "exists", True)),
        (
            {"keys_info.keys.val/loss": {"$exists": False}},
            Condition(Column("logged", "val/loss"), "exists", False),
        ),
        (
            {"display_name": {"$regex": "^a", "$options": "i"}},
            Condition(Column("field", "name"), "regex", "(?i)^a"),
        ),
    ],
    ids=str,
)
def test_a_filter_is_read_as_a_tree(given: dict[str, Any], tree: Any) -> None:
    assert parse(given) == tree


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("displayName", Column("field", "name")),
        ("jobType", Column("field", "job_type")),
        ("heartbeat_at", Column("field", "heartbeat_at")),
        ("summary_metrics.loss", Column("summary", "loss")),
        ("summaryMetrics.a.b", Column("summary", "a.b")),
        ("summary.loss", Column("summary", "loss")),
        ("config.lr.value", Column("config", "lr.value")),
        ("config.config.lr", Column("config", "config.lr")),
    ],
)
def test_columns_have_several_spellings(name: str, meant: Column) -> None:
    assert column(name) == meant


@pytest.mark.parametrize(
    "given",
    [
        {"nope": 1},
        {"config.": 1},
        {"": 1},
        {"$where": "1"},
        {"$and": {}},
        {"$or": "x"},
        {"$or": [1]},
        {"$not": 3},
        {"config.lr": {"$foo": 1}},
        {"config.lr": {"$gt": None}},
        {"config.lr": {"$gt": [1]}},
        {"config.lr": {"$in": 1}},
        {"config.lr": {"$in": [0] * 20_001}},
        {"config.lr": {"$size": "1"}},
        {"name": {"$regex": 1}},
        {"name": {"$regex": "x" * 501}},
        {"name": {"$regex": "x", "$options": "q"}},
        {"created_at": "yesterday"},
        {"created_at": {"$lt": "NaN"}},
        {"with_key": 1},
        {1: 2},
        [],
        "x",
        3,
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_it_does_not_know_it_names(given: Any) -> None:
    with pytest.raises(Invalid) as caught:
        parse(given)
    assert len(caught.value.message) < 600


def test_a_filter_is_bounded() -> None:
    deep: dict[str, Any] = {"state": "x"}
    for _ in range(60):
        deep = {"$and": [deep]}
    with pytest.raises(Invalid, match="nested"):
        parse(deep)
    turned: dict[str, Any] = {"$eq": 1}
    for _ in range(60):
        turned = {"$not": turned}
    with pytest.raises(Invalid, match="nested"):
        parse({"state": turned})
    with pytest.raises(Invalid, match="conditions"):
        parse({"$or": [{"state": "x"}] * (CONDITIONS_MAX + 1)})


def test_orders() -> None:
    assert parse_order(["-created_at", "+summary_metrics.loss", "config.lr"]) == [
        OrderKey(Column("field", "created_at"), True),
        OrderKey(Column("summary", "loss"), False),
        OrderKey(LR, False),
    ]
    for wrong in (["-"], [""], ["nope"], [3], ["state"] * 9):
        with pytest.raises(Invalid):
            parse_order(wrong)  # type: ignore[arg-type]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["$and", "$or", "$not", "$eq", "$in", "$regex", "$gt", "state", "config.a", "tags"]
                )
                | st.text(max_size=3),
                inner,
                max_size=3,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_comes_is_read_or_refused(anything: Any) -> None:
    try:
        tree = parse(anything)
    except Invalid:
        return
    assert all(isinstance(one, Column) for one in columns_of(tree))


def test_the_longest_literal_key_comes_first() -> None:
    assert paths_of("a") == [["a"]]
    assert paths_of("a.b.c") == [["a.b.c"], ["a.b", "c"], ["a", "b.c"], ["a", "b", "c"]]
    assert paths_of("lr.value") == [["lr.value"], ["lr", "value"], ["lr"]]
    long = paths_of(".".join("abcdefghijkl"))
    assert len(long) < 30
    assert long[0] == ["a.b.c.d.e.f.g.h.i.j.k.l"]
    assert list("abcdefghijkl") in long
