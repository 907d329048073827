"""Custom charts: kept text for text under `entity/name`."""

from __future__ import annotations

import json

import httpx
from tests.support.wandb_wire import Wire

CREATE = """mutation C($e: String!, $n: String!, $a: String!, $s: JSONString!) { createCustomChart(input: {
  entity: $e, name: $n, displayName: "Bars", type: "vega2", access: $a, spec: $s}) { chart { id } } }"""

SPEC = '{"mark": "bar",  "encoding": {"x": {"field": "${field:x}"}}}'


def test_a_chart_is_kept_as_it_came_and_replaced_by_name(wire: Wire) -> None:
    for spec in ("{}", SPEC):
        made = wire.graphql(CREATE, e=wire.entity, n="bars", a="PRIVATE", s=spec)["createCustomChart"]
        assert made == {"chart": {"id": f"{wire.entity}/bars"}}
    kept = wire.http.get(f"/api/v1/charts/{wire.entity}/bars").json()
    assert kept["spec"] == SPEC and kept["display_name"] == "Bars" and kept["public"] is False
    assert [one["name"] for one in wire.http.get("/api/v1/charts/-").json()["charts"]] == ["bars"]
    read = "query Q($e: String!) { entity(name: $e) { customCharts { id spec access user { username } } } }"
    (listed,) = wire.graphql(read, e=wire.entity)["entity"]["customCharts"]
    assert listed == {
        "id": f"{wire.entity}/bars",
        "spec": SPEC,
        "access": "PRIVATE",
        "user": {"username": "admin"},
    }


def test_strangers_see_public_charts_only(wire: Wire, stranger: httpx.Client) -> None:
    for name, access in (("mine", "PRIVATE"), ("ours", "PUBLIC")):
        wire.graphql(CREATE, e=wire.entity, n=name, a=access, s="{}")
    assert stranger.get(f"/api/v1/charts/{wire.entity}/ours").status_code == 200
    assert stranger.get(f"/api/v1/charts/{wire.entity}/mine").status_code == 404
    assert stranger.get(f"/api/v1/charts/{wire.entity}").status_code == 404
    body = {"query": CREATE, "variables": {"e": wire.entity, "n": "theirs", "a": "PUBLIC", "s": "{}"}}
    assert stranger.post("/graphql", json=body).status_code == 404


def test_what_is_no_chart_is_refused_in_words(wire: Wire) -> None:
    for name, access, spec, words in (
        ("a/b", "PUBLIC", "{}", "not allowed"),
        ("a", "SECRET", "{}", "PRIVATE or PUBLIC"),
        ("a", "PUBLIC", "[1]", "Give a Vega"),
        ("a", "PUBLIC", "{", "not JSON"),
        ("a", "PUBLIC", json.dumps({"x": "y" * 2_000_000}), "the most is"),
    ):
        answer = wire.post(CREATE, {"e": wire.entity, "n": name, "a": access, "s": spec})
        assert answer.status_code in (400, 413) and words in answer.json()["errors"][0]["message"]
