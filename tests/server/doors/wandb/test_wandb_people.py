"""Users, keys, teams and alerts as the wandb wire has them."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire

USER = """id name username email admin flags entity deletedAt
  apiKeys { edges { node { id name description } } } teams { edges { node { name } } }"""


def new_name(stem: str) -> str:
    return f"{stem}-{uuid.uuid4().hex[:8]}"


def test_the_viewer_is_who_the_key_belongs_to(wire: Wire) -> None:
    viewer = wire.graphql(f"{{ viewer {{ {USER} }} }}")["viewer"]
    assert (viewer["username"], viewer["entity"], viewer["admin"]) == ("admin", "admin", True)
    assert viewer["flags"] == "{}" and viewer["deletedAt"] is None
    assert viewer["teams"]["edges"][0]["node"]["name"] == "admin"
    (key, *_) = viewer["apiKeys"]["edges"]
    secret = wire.http.auth._auth_header.split()[1]  # type: ignore[union-attr]
    assert key["node"]["name"] and key["node"]["name"] != secret


def test_a_made_key_works_until_it_is_deleted(wire: Wire, shared_server: RunningServer) -> None:
    made = wire.graphql(
        "mutation G($d: String) { generateApiKey(input: {description: $d}) { apiKey { id name } } }", d="x"
    )["generateApiKey"]["apiKey"]

    def works() -> bool:
        body = {"query": "{ viewer { id } }"}
        answer = httpx.post(f"{shared_server.base_url}/graphql", json=body, auth=("api", made["name"]))
        return answer.status_code == 200

    assert made["name"].startswith("local-") and len(made["name"]) == 46 and works()
    wire.graphql("mutation D($id: String!) { deleteApiKey(input: {id: $id}) { success } }", id=made["id"])
    assert not works()


def test_users_are_found_and_made_by_an_administrator(wire: Wire) -> None:
    email = f"{new_name('ada')}@example.org"
    made = wire.graphql(
        "mutation C($e: String!) { createUser(input: {email: $e}) { user { username email } } }",
        e=email,
    )["createUser"]["user"]
    assert made["email"] == email
    query = f"query U($q: String) {{ users(query: $q) {{ edges {{ node {{ {USER} }} }} }} }}"
    found = wire.graphql(query, q=email)
    assert [edge["node"]["username"] for edge in found["users"]["edges"]] == [made["username"]]


INVITE = """mutation I($e: String!, $u: String) {
  createInvite(input: {entityName: $e, username: $u, admin: false}) {
    invite { id name toUser { name } } } }"""

TEAM = """query T($n: String!) { entity(name: $n) {
  id name available photoUrl readOnly readOnlyAdmin isTeam entityType privateOnly storageBytes
  codeSavingEnabled defaultAccess isPaid organization { name orgEntity { name } }
  members { id admin pending email username name photoUrl accountType apiKey } } }"""


def test_a_team_is_made_and_its_members_come_and_go(wire: Wire) -> None:
    organization, team, user = new_name("org"), new_name("team"), new_name("bo")
    for path, body in (
        ("users", {"username": user}),
        ("organizations", {"name": organization, "owner": "admin"}),
        ("teams", {"name": team, "organization": organization, "owner": "admin"}),
    ):
        assert wire.http.post(f"/api/v1/admin/{path}", json=body).status_code < 300
    invite = wire.graphql(INVITE, e=team, u=user)["createInvite"]["invite"]
    found = wire.graphql(TEAM, n=team)["entity"]
    assert found["isTeam"] and found["entityType"] == "team" and found["storageBytes"] == 0
    assert found["organization"] == {"name": organization, "orgEntity": {"name": organization}}
    assert {(one["username"], one["admin"]) for one in found["members"]} == {("admin", True), (user, False)}
    wire.graphql(
        "mutation D($id: String, $e: String) { deleteInvite(input: {id: $id, entityName: $e}) { success } }",
        id=invite["id"],
        e=team,
    )
    assert [one["username"] for one in wire.graphql(TEAM, n=team)["entity"]["members"]] == ["admin"]
    found = wire.graphql(
        "query O($n: String!) { organization(name: $n) { id name orgEntity { __typename entityType } } }",
        n=organization,
    )
    assert found["organization"]["orgEntity"] == {"__typename": "Entity", "entityType": "organization"}


def test_strangers_are_not_seen_and_members_only_by_name(wire: Wire, stranger: httpx.Client) -> None:
    def seen(query: str) -> Any:
        return stranger.post("/graphql", json={"query": query}).json()["data"]

    everybody = f"{{ users {{ edges {{ node {{ {USER} }} }} }} }}"
    own = seen("{ viewer { username } }")["viewer"]["username"]
    assert [edge["node"]["username"] for edge in seen(everybody)["users"]["edges"]] == [own]
    organization, team = new_name("org"), new_name("team")
    for path, body in (
        ("organizations", {"name": organization, "owner": "admin"}),
        ("teams", {"name": team, "organization": organization, "owner": "admin"}),
    ):
        assert wire.http.post(f"/api/v1/admin/{path}", json=body).status_code < 300
    wire.graphql(INVITE, e=team, u=own)
    nodes = {edge["node"]["username"]: edge["node"] for edge in seen(everybody)["users"]["edges"]}
    assert set(nodes) == {"admin", own}
    assert nodes["admin"]["email"] is None and nodes["admin"]["apiKeys"] is None
    assert nodes["admin"]["teams"]["edges"] == [] and nodes[own]["apiKeys"]["edges"]


def test_an_alert_is_kept_once_within_its_wait(wire: Wire) -> None:
    wire.upsert()
    query = """mutation A($e: String!, $p: String!, $r: String!, $w: Duration, $s: AlertSeverity = INFO) {
      notifyScriptableRunAlert(input: {entityName: $e, projectName: $p, runName: $r, title: "hot", text: "42",
        severity: $s, waitDuration: $w}) { success } }"""
    where = {"e": wire.entity, "p": wire.project, "r": "r1"}
    for _ in range(2):
        assert wire.graphql(query, **where, s="WARN", w=60_000)["notifyScriptableRunAlert"]["success"]
    wire.graphql(query, **where, w=0)
    kept = wire.http.get(f"/api/v1/projects/{wire.entity}/{wire.project}/runs/r1/alerts").json()["alerts"]
    assert [(one["title"], one["text"], one["level"]) for one in kept] == [
        ("hot", "42", "INFO"),
        ("hot", "42", "WARN"),
    ]
