"""Users, organisations, teams and health by the API: as design rigs rely on them."""

from __future__ import annotations

import httpx
from tests.support.rest import client, new_name
from tests.support.server import RunningServer


def test_a_user_is_made_once_with_a_key_of_the_admins_choice(api: httpx.Client, rest: RunningServer) -> None:
    name, key = new_name("user"), "local-" + new_name("k").ljust(40, "x")
    first = api.post("/admin/users", json={"username": name, "api_key": key, "email": "u@example.com"})
    assert first.is_success, first.text
    assert first.json()["api_key"] is None  # known to the one who chose it
    again = api.post("/admin/users", json={"username": name, "api_key": key})
    assert again.is_success
    assert again.json()["email"] == "u@example.com"
    with client(rest, key) as mine:
        assert mine.get("/me").json()["username"] == name
    other = "local-" + new_name("o").ljust(40, "x")
    assert api.post("/admin/users", json={"username": name, "api_key": other}).is_success
    for each in (key, other):
        with client(rest, each) as mine:
            assert mine.get("/me").status_code == 200


def test_a_user_without_a_chosen_key_gets_one_shown_once(api: httpx.Client, rest: RunningServer) -> None:
    name = new_name("user")
    made = api.post("/admin/users", json={"username": name})
    assert made.status_code == 201
    with client(rest, made.json()["api_key"]) as mine:
        assert mine.get("/me").json()["username"] == name
    again = api.post("/admin/users", json={"username": name})
    assert again.status_code == 200
    assert again.json()["api_key"] is None
    extra = api.post(f"/admin/users/{name}/keys", json={"name": "ci"})
    assert extra.status_code == 201
    with client(rest, extra.json()["key"]) as mine:
        assert mine.get("/me").json()["username"] == name
    reading = api.post(f"/admin/users/{name}/keys", json={"name": "deploy", "read_only": True}).json()
    assert reading["read_only"] and not extra.json()["read_only"]
    with client(rest, reading["key"]) as mine:
        assert mine.get("/me").json()["read_only"]
        assert mine.put(f"/projects/{name}/p").status_code == 403


def test_a_deleted_user_is_out_at_once_and_listed_as_former(api: httpx.Client, rest: RunningServer) -> None:
    name = new_name("user")
    key = api.post("/admin/users", json={"username": name}).json()["api_key"]
    with client(rest, key) as mine:
        assert mine.get("/me").status_code == 200
        assert api.delete(f"/admin/users/{name}").status_code == 204
        assert mine.get("/me").status_code == 401
    listed = api.get("/admin/users", params={"search": name}).json()["users"]
    assert [(user["username"], user["deleted"]) for user in listed] == [(name, True)]
    assert api.delete("/admin/users/nobody-of-that-name").status_code == 404


def test_the_only_admin_cannot_lock_everybody_out(api: httpx.Client) -> None:
    assert api.delete("/admin/users/admin").status_code == 409


def test_users_page_by_name(api: httpx.Client) -> None:
    mark = new_name("page")
    names = [f"{mark}-{number}" for number in range(5)]
    for name in names:
        api.post("/admin/users", json={"username": name})
    seen: list[str] = []
    after = ""
    while True:
        page = api.get("/admin/users", params={"search": mark, "limit": 2, "after": after}).json()
        seen += [user["username"] for user in page["users"]]
        after = page["next"]
        if not after:
            break
    assert seen == names


def test_creating_what_exists_is_no_error(api: httpx.Client) -> None:
    owner, organization, team = new_name("boss"), new_name("org"), new_name("team")
    api.post("/admin/users", json={"username": owner})
    for _ in range(2):
        made = api.post("/admin/organizations", json={"name": organization, "owner": owner})
        assert made.is_success, made.text
        assert made.json()["kind"] == "organization"
        added = api.post(
            f"/admin/organizations/{organization}/members", json={"username": owner, "role": "admin"}
        )
        assert added.is_success, added.text
        wanted = {"name": team, "organization": organization, "owner": owner}
        answer = api.post("/admin/teams", json=wanted)
        assert answer.is_success, answer.text
        assert answer.json()["organization"] == organization
    members = api.get(f"/entities/{team}/members").json()["members"]
    assert {"username": owner, "role": "admin"} in members


def test_members_come_change_and_go(api: httpx.Client, rest: RunningServer) -> None:
    owner, other = new_name("boss"), new_name("other")
    keys = {
        name: api.post("/admin/users", json={"username": name}).json()["api_key"] for name in (owner, other)
    }
    organization, team = new_name("org"), new_name("team")
    api.post("/admin/organizations", json={"name": organization, "owner": owner})
    api.post("/admin/teams", json={"name": team, "organization": organization, "owner": owner})
    with client(rest, keys[owner]) as boss, client(rest, keys[other]) as mine:
        assert mine.get(f"/entities/{team}").status_code == 404
        assert boss.put(f"/entities/{team}/members/{other}", json={"role": "viewer"}).is_success
        assert mine.get(f"/entities/{team}").json()["role"] == "viewer"
        assert mine.put(f"/projects/{team}/p").status_code == 403
        assert boss.put(f"/entities/{team}/members/{other}", json={"role": "member"}).is_success
        assert mine.put(f"/projects/{team}/p").status_code == 201
        assert boss.delete(f"/entities/{team}/members/{other}").status_code == 204
        assert mine.get(f"/projects/{team}/p").status_code == 404


def test_a_role_that_is_none_is_refused(api: httpx.Client) -> None:
    answer = api.post("/admin/organizations/x/members", json={"username": "y", "role": "owner"})
    assert answer.status_code == 422


def test_names_that_look_like_something_else_are_refused(api: httpx.Client) -> None:
    for name in ("../x", "a/b", "a b", "-x", "", "x" * 129, "a\x00b", ".."):
        assert api.post("/admin/users", json={"username": name}).status_code in (400, 422), name


def test_health_tells_an_admin_what_is_there(api: httpx.Client, project: str) -> None:
    api.put(f"{project}/runs/one", json={})
    told = api.get("/admin/health").json()
    assert told["database"] == "sqlite"
    assert told["runs"] >= 1 and told["live_runs"] >= 1
    assert told["storage"]["records_bytes"] > 0
    assert told["storage"]["free_bytes"] > 0
    assert told["uptime_seconds"] > 0
    assert set(told["queue"]) == {"ingest", "read", "slow"}
