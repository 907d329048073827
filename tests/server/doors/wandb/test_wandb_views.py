"""Views that other clients save: given back text for text."""

from __future__ import annotations

import json
from typing import Any

import httpx
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


def test_a_share_link_opens_its_view_until_it_is_revoked(wire: Wire, stranger: httpx.Client) -> None:
    wire.upsert()
    node = saved(wire, n="s", d="shared", t="runs", s='{"a": 1}')["view"]["id"]
    projects = [{"entityName": wire.entity, "projectName": wire.project}]
    create = """mutation C($v: ID!, $p: [ProjectSpecifier!]!) {
      createAccessToken(input: {viewId: $v, projects: $p}) { accessToken { token type } } }"""
    token = wire.graphql(create, v=node, p=projects)["createAccessToken"]["accessToken"]["token"]
    read = """query T($v: ID!) { view(id: $v) {
      accessTokens { token type revokedAt projects { entityName name } } } }"""

    def kept() -> list[Any]:
        found: list[Any] = wire.graphql(read, v=node)["view"]["accessTokens"]
        return found

    here = [{"entityName": wire.entity, "name": wire.project}]
    assert kept() == [{"token": token, "type": "PUBLIC", "revokedAt": None, "projects": here}]
    with httpx.Client(base_url=wire.http.base_url) as anybody:
        opened = anybody.get(f"/api/v1/shared-views/{token}")
        assert opened.status_code == 200
        assert opened.json()["spec"]["spec"] == '{"a": 1}' and "share_links" not in opened.json()["spec"]
        assert not opened.json()["may"]["write"]["allowed"]  # though it is read as by the server itself
        altered = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
        assert anybody.get(f"/api/v1/shared-views/{altered}").status_code == 403
        update = """mutation U($t: String!, $p: [ProjectSpecifier!]!) {
          updateAccessTokenProjects(input: {token: $t, projects: $p}) { success } }"""
        assert wire.graphql(update, t=token, p=[])["updateAccessTokenProjects"]["success"]
        assert kept()[0]["projects"] == []
        revoke = "mutation R($t: String!) { revokeAccessToken(input: {token: $t}) { success } }"
        body = {"query": revoke, "variables": {"t": token}}
        assert stranger.post("/graphql", json=body).status_code == 404
        assert wire.graphql(revoke, t=token)["revokeAccessToken"]["success"]
        assert kept()[0]["revokedAt"]
        assert anybody.get(f"/api/v1/shared-views/{token}").status_code == 404
    assert json.loads(wire.graphql("query V($id: ID!) { view(id: $id) { spec } }", id=node)["view"]["spec"])


def test_a_view_is_deleted_with_its_drafts(wire: Wire) -> None:
    wire.upsert()
    node = saved(wire, n="r", d="report", t="runs", s="{}")["view"]["id"]
    query = """mutation U($e: String, $p: String, $parent: ID) { upsertView(input: {entityName: $e,
      projectName: $p, type: "runs/draft", displayName: "draft", spec: "{}", parentId: $parent}) {
      view { id } } }"""
    wire.graphql(query, e=wire.entity, p=wire.project, parent=node)
    assert len(listed(wire, "runs/draft")) == 1
    delete = """mutation D($id: ID!) { deleteView(input: {id: $id, deleteDrafts: true}) {
      success pendingDrafts __typename } }"""
    assert wire.graphql(delete, id=node)["deleteView"] == {
        "success": True,
        "pendingDrafts": 0,
        "__typename": "DeleteViewPayload",
    }
    assert listed(wire, "runs/draft") == []
