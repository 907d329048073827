"""V16 and V19 in the filter language: what is made to be dear is refused in words or answered within
bounded processor time, on both doors; what is no filter is refused and never evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import hypothesis.strategies as st
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.rest import log_run, new_name
from tests.support.server import RunningServer

CPU_SECONDS = 4.0
RUNS = 60


@pytest.fixture(scope="module")
def place(api: httpx.Client) -> str:
    """A project whose runs hold texts that a back-tracking engine would choke on."""
    path = f"/projects/admin/{new_name('filters')}"
    assert api.put(path).status_code == 201
    log_run(api, path, "r0", {"loss": [1.0]})
    for number in range(RUNS):
        fields = {
            "notes": "a" * 5000 + "!",
            "config": {"lr": number / 10, "word": "a" * 2000, "list": [number]},
            "tags": ["t"],
        }
        assert api.put(f"{path}/runs/r{number}", json=fields).is_success
    return path


def ask(api: httpx.Client, place: str, given: Any, order: list[str] | None = None) -> tuple[int, str]:
    """By the native door, then by GraphQL: neither knows more than the other."""
    body = json.dumps({"filter": given, **({"order": order} if order else {})}).encode()
    native = api.post(f"{place}/runs/query", content=body, headers={"Content-Type": "application/json"})
    assert native.status_code in (200, 400, 413, 422), native.text
    if native.status_code != 200:
        assert len(native.json()["error"]["message"]) > 10
    project = place.rpartition("/")[2]
    query = """query Q($p: String, $f: JSONString, $o: String) { project(name: $p, entityName: "admin") {
      runs(filters: $f, order: $o, first: 5) { edges { node { name } } } runCount(filters: $f) } }"""
    variables = {"p": project, "f": json.dumps(given), "o": order[0] if order else None}
    wire = api.post("/../../graphql", json={"query": query, "variables": variables})
    assert wire.status_code in (200, 400, 413), wire.text
    assert "internal" not in wire.text
    return native.status_code, native.text


@contextmanager
def bounded_cpu(server: RunningServer) -> Iterator[None]:
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    yield
    used = sum(process.cpu_times()[:2]) - before
    assert used < CPU_SECONDS, f"{used:.1f} s of processor time"


def nested(depth: int, key: str) -> Any:
    found: Any = {"config.lr": 1}
    for _ in range(depth):
        found = {key: [found]} if key != "$not" else {"config.lr": {"$not": found.get("config.lr", found)}}
    return found


REFUSED = {
    "nested and": nested(150, "$and"),
    "nested or": nested(150, "$or"),
    "nested not": nested(150, "$not"),
    "a giant in": {"config.lr": {"$in": list(range(200_000))}},
    "a hundred patterns": {"$or": [{"notes": {"$regex": f"a{number}"}} for number in range(100)]},
    "a long key": {"config." + "a.b" * 3000: 1},
    "dots": {"config." + "." * 500: 1},
    "many conditions": {"$or": [{"config.lr": number} for number in range(5_000)]},
    "a giant pattern": {"notes": {"$regex": "a" * 100_000}},
    "a pattern of patterns": {"notes": {"$regex": "((((a{1,1000}){1,1000}){1,1000}){1,1000})"}},
    "a pattern that looks back": {"notes": {"$regex": r"(a)\1"}},
    "a pattern that looks ahead": {"notes": {"$regex": "a(?=b)"}},
    "a pattern that is none": {"notes": {"$regex": "(["}},
    "options that are none": {"notes": {"$regex": "a", "$options": "imsxaz"}},
    "javascript": {"$where": "sleep(10000) || true"},
    "an expression": {"$expr": {"$gt": ["$config.lr", 1]}},
    "a function": {"$function": {"body": "function() {}", "args": [], "lang": "js"}},
    "dunder": {"__class__.__mro__": 1},
    "sql": {"name'; DROP TABLE runs; --": 1},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_filter_that_breaks_a_rule_is_refused(
    rest: RunningServer, api: httpx.Client, place: str, name: str
) -> None:
    with bounded_cpu(rest):
        status, text = ask(api, place, REFUSED[name])
    assert status in (400, 422), text[:500]


DEAR = {
    "a pattern that backtracks": {"notes": {"$regex": "(a+)+$"}},
    "another": {"notes": {"$regex": "^(a|a?)+$"}},
    "one of many stars": {"config.word": {"$regex": "(.*)" * 50 + "x$"}},
    "many patterns": {"$or": [{"notes": {"$regex": f"(a+)+{number}$"}} for number in range(45)]},
    "a large in": {"config.lr": {"$in": [number / 10 for number in range(20_000)]}},
    "many ins": {"$or": [{"config.lr": {"$in": list(range(2_000))}} for _ in range(100)]},
    "many keys": {"$or": [{f"config.k{number}": 1} for number in range(900)]},
    "dots": {"config." + "." * 60: 1},
    "text against numbers": {"config.lr": {"$gt": "x" * 100_000}},
}


@pytest.mark.parametrize("name", DEAR)
def test_a_filter_that_is_dear_is_answered_within_bounds(
    rest: RunningServer, api: httpx.Client, place: str, name: str
) -> None:
    with bounded_cpu(rest):
        ask(api, place, DEAR[name])


columns = st.sampled_from(
    [
        "config.lr",
        "config.word",
        "config.list",
        "summary.loss",
        "name",
        "state",
        "tags",
        "created_at",
        "notes",
    ]
) | st.text(max_size=10)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from([10**30, "NaN", "2024-01-31", "\x00", [], {}, [[]]])
)
operators = st.sampled_from(
    [
        "$eq",
        "$ne",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$in",
        "$nin",
        "$exists",
        "$regex",
        "$contains",
        "$all",
        "$size",
        "$not",
        "$is",
        "$odd",
    ]
)
conditions = st.dictionaries(operators, scalars | st.lists(scalars, max_size=3), max_size=2)
filters = st.recursive(
    st.dictionaries(columns, scalars | conditions, max_size=2),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or", "$nor", "$not"]), st.lists(inner, max_size=3) | inner, max_size=2
    ),
    max_leaves=5,
)
orders = st.lists(
    st.sampled_from(["-created_at", "+config.lr", "summary.loss"]) | st.text(max_size=8), max_size=2
)


def test_filters_of_any_shape_are_answered_or_refused_in_words(api: httpx.Client, place: str) -> None:
    seen: dict[int, int] = {}

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(filters, orders)
    def one(given: Any, order: list[str]) -> None:
        status, _ = ask(api, place, given, order)
        seen[status] = seen.get(status, 0) + 1

    one()
    assert seen.get(200, 0) > 10, seen
