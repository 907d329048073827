"""Signing in, and who I am."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.rest import People, Person, client
from tests.support.server import RunningServer

MARK = {"X-Runstone": "1"}


def test_a_key_signs_a_browser_in_by_a_cookie_that_scripts_cannot_read(
    browser: httpx.Client, people: People
) -> None:
    answer = browser.post("/session", json={"key": people.member.key})
    assert answer.status_code == 200
    assert answer.json()["username"] == people.member.name
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert people.member.key not in cookie
    assert browser.get("/me").json()["username"] == people.member.name


def test_sign_out_ends_the_session_on_the_server(browser: httpx.Client, people: People) -> None:
    browser.post("/session", json={"key": people.member.key})
    token = browser.cookies["runstone_session"]
    assert browser.request("DELETE", "/session", headers=MARK).status_code == 204
    assert "runstone_session" not in browser.cookies
    answer = browser.get("/me", headers={"Cookie": f"runstone_session={token}"})
    assert answer.status_code == 401


def test_sign_out_without_a_session_is_no_error(browser: httpx.Client) -> None:
    assert browser.request("DELETE", "/session", headers=MARK).status_code == 204


def test_a_wrong_key_is_refused_without_a_cookie(browser: httpx.Client) -> None:
    answer = browser.post("/session", json={"key": "local-" + "0" * 40})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_signed_in"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("shape", ["Bearer {}", "bearer {}"])
def test_a_bearer_key_is_enough(browser: httpx.Client, people: People, shape: str) -> None:
    answer = browser.get("/me", headers={"Authorization": shape.format(people.viewer.key)})
    assert answer.json()["username"] == people.viewer.name


def test_basic_takes_the_key_as_password_whatever_the_user(browser: httpx.Client, people: People) -> None:
    for user in ("api", "user", ""):
        answer = browser.get("/me", auth=(user, people.viewer.key))
        assert answer.json()["username"] == people.viewer.name


@pytest.mark.parametrize("header", ["Basic !!!", "Basic YXBp", "Digest x", "Bearer", "Bearer " + "x" * 600])
def test_an_authorization_that_cannot_be_read_is_401_and_says_what_to_send(
    browser: httpx.Client, header: str
) -> None:
    answer = browser.get("/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


def test_a_link_signs_in_once_and_leads_to_the_place_asked_for(rest: RunningServer, people: People) -> None:
    made = people.viewer.api.post("/session/link", json={"seconds": 60}).json()
    assert 0 < made["expires_at"] - time.time() <= 61
    assert made["url"].startswith(rest.base_url + "/signin?token=")
    with httpx.Client() as one, httpx.Client() as other:
        answer = one.get(made["url"] + "&next=/viewer/p/workspace")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/viewer/p/workspace"
        me = one.get(rest.base_url + "/api/v1/me").json()
        assert me["username"] == people.viewer.name
        again = other.get(made["url"])
        assert again.status_code == 303
        assert parse_qs(urlsplit(again.headers["location"]).query) == {"signin": ["used"]}
        assert "set-cookie" not in again.headers


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/x\r\nSet-Cookie: evil=1",
        "x",
    ],
)
def test_a_link_never_leads_away(people: People, place: str) -> None:
    made = people.viewer.api.post("/session/link", json={}).json()
    answer = httpx.get(made["url"], params={"token": made["token"], "next": place})
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))
    assert "evil" not in answer.headers["location"]


def test_me_tells_entities_with_roles_and_the_server(people: People, rest: RunningServer) -> None:
    me = people.viewer.api.get("/me").json()
    roles = {entity["name"]: (entity["kind"], entity["role"]) for entity in me["entities"]}
    assert next(iter(roles)) == people.viewer.name
    assert roles[people.viewer.name] == ("user", "admin")
    assert roles[people.team] == ("team", "viewer")
    assert me["server"]["base_url"] == rest.base_url
    assert me["server"]["version"]


def test_my_names_can_be_changed(people: People) -> None:
    api = people.member.api
    me = api.patch("/me", json={"display_name": "Mia 🚀", "default_entity": people.team}).json()
    assert me["display_name"] == "Mia 🚀"
    assert me["default_entity"] == people.team
    assert api.get("/me").json() == me
    assert api.patch("/me", json={"default_entity": people.member.name}).is_success


def _key_of(person: Person, rest: RunningServer, key: str) -> int:
    with client(rest, key) as api:
        return api.get("/me").status_code


def test_a_key_is_shown_once_works_and_ends_at_once(people: People, rest: RunningServer) -> None:
    api = people.member.api
    made = api.post("/me/keys", json={"name": "laptop"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert key.endswith(made.json()["hint"])
    assert _key_of(people.member, rest, key) == 200
    listed = api.get("/me/keys")
    assert key not in listed.text
    assert made.json()["id"] in [known["id"] for known in listed.json()["keys"]]
    assert api.delete(f"/me/keys/{made.json()['id']}").status_code == 204
    assert _key_of(people.member, rest, key) == 401


def test_an_expired_key_is_no_key(people: People, rest: RunningServer) -> None:
    for seconds in (0.5, 2.0, 8.0, 32.0):  # a busy machine may need longer to ask with it
        expires = time.time() + seconds
        made = people.member.api.post("/me/keys", json={"expires_at": expires}).json()
        status = _key_of(people.member, rest, made["key"])
        if time.time() < expires:
            break
    assert status == 200
    time.sleep(expires + 0.1 - time.time())
    assert _key_of(people.member, rest, made["key"]) == 401


def test_nobody_ends_somebody_elses_key(people: People) -> None:
    made = people.member.api.post("/me/keys", json={}).json()
    assert people.stranger.api.delete(f"/me/keys/{made['id']}").status_code == 404
    assert people.member.api.delete(f"/me/keys/{made['id']}").status_code == 204
