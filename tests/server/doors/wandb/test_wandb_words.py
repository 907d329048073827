"""Small translations: node ids, times, config, metric definitions, filters and orders."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import ProjectId, RunKey
from runstone.server.doors.wandb import clock, ids, wire_config
from runstone.server.doors.wandb.metric_globs import expanded
from runstone.server.doors.wandb.run_query import column, run_query

_NAMES = st.text(st.characters(exclude_characters=":/\\#?%", exclude_categories=["Cs", "Cc"]), min_size=1)


@given(_NAMES, _NAMES, _NAMES)
def test_a_run_is_found_again_by_its_node_id(entity: str, project: str, run: str) -> None:
    node = ids.run_id(entity, project, run)
    assert ids.run_of(node) == (entity, project, run)
    b64decode(node, validate=True)


@given(st.text(min_size=1))
def test_a_file_is_found_again_by_its_node_id_whatever_its_name(name: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in name):
        return
    assert ids.file_of(ids.file_id(RunKey(7), name)) == (7, name)


@given(st.text())
def test_a_strange_node_id_is_a_thing_that_is_not_there(node: str) -> None:
    for find in (ids.run_of, ids.project_of, ids.file_of):
        with pytest.raises(NotFound):
            find(node)


def test_the_internal_id_reads_as_old_clients_expect() -> None:
    assert b64decode(ids.internal_id(ProjectId(42))).decode() == "ProjectInternalId:42"


def test_a_cursor_of_nobody_is_refused() -> None:
    assert ids.cursor_text(None) == ids.cursor_text("") == ""
    assert ids.cursor_text(ids.cursor("a/b")) == "a/b"
    with pytest.raises(Invalid, match="not a cursor"):
        ids.cursor_text("%%%")


def test_times_are_utc_with_a_z() -> None:
    assert clock.iso(1706693400.9) == "2024-01-31T09:30:00Z"
    assert clock.seconds_of("2024-01-31T09:30:00.123456789Z") == 1706693400.123456
    assert clock.seconds_of("2024-01-31T09:30:00") == 1706693400.0
    assert clock.seconds_of("2024-01-31T10:30:00+01:00") == 1706693400.0
    assert clock.seconds_of("yesterday") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text().filter(lambda k: k not in ("_wandb", "wandb_version")), _JSON))
def test_config_comes_back_as_it_went_in(config: dict[str, object]) -> None:
    internal = {"t": {"1": [5]}, "cli_version": "0.31.0"}
    plain, kept = wire_config.unwrap(wire_config.wrap(config, internal))
    assert (plain, kept) == (config, internal)


def test_config_without_wrapping_or_with_descriptions_is_understood() -> None:
    sent = {"a": {"value": 1, "desc": None}, "b": 2, "c": {"value": 3, "unit": "m"}, "d": {"x": {"value": 1}}}
    assert wire_config.unwrap(sent) == (
        {"a": 1, "b": 2, "c": {"value": 3, "unit": "m"}, "d": {"x": {"value": 1}}},
        None,
    )


def test_metric_definitions_refer_to_their_step_by_place() -> None:
    internal = {
        "m": [
            {"1": "epoch", "6": [3]},
            {"2": "val/*", "5": 1, "6": [1, 3]},
            {"1": "loss", "5": 1, "6": [2, 3], "7": [1, 3], "8": 1},
            "nonsense",
            {"5": 99},
        ]
    }
    assert wire_config.metrics(internal) == [
        {"name": "epoch"},
        {"name": "val/*", "step_metric": "epoch", "step_sync": True},
        {
            "name": "loss",
            "step_metric": "epoch",
            "hidden": True,
            "summary": ["min", "mean"],
            "goal": "minimize",
        },
    ]


@given(_JSON)
def test_metric_definitions_of_any_shape_cost_the_run_nothing(sent: object) -> None:
    wire_config.metrics({"m": sent})
    wire_config.environment({"e": sent})
    wire_config.fork({"branch_point": sent})


def test_globs_are_expanded_behind_what_was_sent() -> None:
    entries = [{"1": "epoch"}, {"2": "val/*", "5": 1}, {"1": "val/acc", "7": [2]}]
    found = expanded(entries, lambda: ["loss", "val/acc", "val/loss"])
    assert found == [*entries, {"1": "val/loss", "5": 1}]


def test_keys_are_not_looked_up_where_no_metric_is_a_glob() -> None:
    def never() -> list[str]:
        raise AssertionError("looked up")

    assert expanded([{"1": "a"}], never) == [{"1": "a"}]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("createdAt", "createdAt"),
        ("created_at", "created_at"),
        ("displayName", "name"),
        ("display_name", "name"),
        ("name", "id"),
        ("groupName", "group"),
        ("config.lr.value", "config.lr"),
        ("config.a.b/c", "config.a.b/c"),
        ("summary_metrics.val.acc", "summary.val.acc"),
        ("summaryMetrics.loss", "summary.loss"),
    ],
)
def test_columns_have_many_names(sent: str, meant: str) -> None:
    assert column(sent) == meant


def test_a_filter_keeps_its_shape() -> None:
    query = run_query(
        filters='{"$or":[{"config.lr.value":{"$gt":0.1}},{"tags":{"$in":["a"]}}],"displayName":{"$regex":"^x"}}',
        order="-summary_metrics.loss",
    )
    assert query.filter == {
        "$or": [{"config.lr": {"$gt": 0.1}}, {"tags": {"$in": ["a"]}}],
        "name": {"$regex": "^x"},
    }
    assert query.order == ("-summary.loss",)


def test_two_names_of_one_column_must_both_hold() -> None:
    query = run_query(filters='{"config.a":{"$gt":1},"config.a.value":{"$lt":3}}')
    assert query.filter == {"$and": [{"config.a": {"$gt": 1}}, {"config.a": {"$lt": 3}}]}


@pytest.mark.parametrize("sent", ["[]", "{", '"x"'])
def test_what_is_no_filter_is_refused(sent: str) -> None:
    with pytest.raises(Invalid):
        run_query(filters=sent)


def test_a_filter_nested_without_end_is_refused() -> None:
    with pytest.raises(Invalid, match="nested"):
        run_query(filters='{"$and":[' * 200 + "{}" + "]}" * 200)
