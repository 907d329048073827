"""Views that other clients save: given back text for text."""

from __future__ import annotations

import json
from typing import Any

from tests.support.wandb_wire import Wire

SAVE = """mutation U($id: ID, $e: String, $p: String, $n: String, $d: String, $t: String, $s: String) {
  upsertView(input: {id: $id, entityName: $e, projectName: $p, name: $n, displayName: $d, type: $t,
    spec: $s}) {
    view { id name displayName type spec user { username } createdAt updatedAt } inserted } }"""

LIST = """query L($e: String, $p: String, $t: String, $n: String) { project(name: $p, entityName: $e) {
  allViews(viewType: $t, viewName: $n, first: 10) {
    edges { node { id name displayName spec type } cursor } pageInfo { hasNextPage endCursor } } } }"""


def saved(wire: Wire, **fields: Any) -> Any:
    return wire.graphql(SAVE, e=wire.entity, p=wire.project, **fields)["upsertView"]


def listed(wire: Wire, view_type: str, name: str | None = None) -> list[Any]:
    found = wire.graphql(LIST, e=wire.entity, p=wire.project, t=view_type, n=name)
    return [edge["node"] for edge in found["project"]["allViews"]["edges"]]


def test_a_report_comes_back_as_it_was_saved(wire: Wire) -> None:
    wire.upsert()
    blocks = [{"type": "paragraph", "children": [{"text": "ü  "}]}]
    spec = json.dumps({"version": 5, "blocks": blocks}, indent=1)
    made = saved(wire, n="abc", d="My report", t="runs", s=spec)
    assert made["inserted"] and made["view"]["spec"] == spec and made["view"]["type"] == "runs"
    changed = saved(wire, id=made["view"]["id"], d="Renamed")
    assert not changed["inserted"]
    (found,) = listed(wire, "runs")
    assert found == {**found, "id": made["view"]["id"], "displayName": "Renamed", "spec": spec, "name": "abc"}


def test_workspaces_and_drafts_are_not_listed_among_reports(wire: Wire) -> None:
    wire.upsert()
    draft = saved(wire, n="d", d="draft", t="runs/draft", s="{}")["view"]["id"]
    saved(wire, n="nw-abc-v", d="space", t="project-view", s="{}")
    saved(wire, n="other-v", d="space two", t="project-view", s="{}")
    assert listed(wire, "runs") == []
    assert [one["name"] for one in listed(wire, "project-view", "nw-abc-v")] == ["nw-abc-v"]
    saved(wire, id=draft, t="runs")
    assert [one["id"] for one in listed(wire, "runs")] == [draft]


def test_a_deleted_view_is_gone(wire: Wire) -> None:
    wire.upsert()
    node = saved(wire, n="x", d="x", t="runs", s="{}")["view"]["id"]
    query = "mutation D($id: ID!) { deleteView(input: {id: $id}) { success } }"
    assert wire.graphql(query, id=node)["deleteView"]["success"]
    assert wire.graphql("query V($id: ID!) { view(id: $id) { id } }", id=node)["view"] is None
    assert listed(wire, "runs") == []
