"""V14 and V15 at the edge: other sites, other names, and what a browser may do with an answer."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import httpx
import pytest
from tests.support.rest import People, client
from tests.support.server import RunningServer, running_server

EVIL = "https://evil.example"


@pytest.fixture
def signed_in(browser: httpx.Client, people: People) -> httpx.Client:
    assert browser.post("/session", json={"key": people.member.key}).is_success
    return browser


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.nip.io", "localhost.evil.example"]
)
def test_a_name_that_is_not_ours_gets_nothing(api: httpx.Client, host: str) -> None:
    for path in ("/me", "/../../healthz", "/../../"):
        answer = api.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "not_allowed"


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8080", "LOCALHOST", "192.168.7.7:80"])
def test_loopback_names_and_literal_addresses_are_ours(api: httpx.Client, host: str) -> None:
    assert api.get("/me", headers={"Host": host}).status_code == 200


def test_further_names_and_origins_are_ours_when_they_are_configured(tmp_path: Path) -> None:
    args = [
        *("--base-url", "https://ml.example.com/rs"),
        *("--allowed-host", "ml.internal"),
        *("--allowed-origin", "https://notebooks.example.com"),
    ]
    with running_server(tmp_path, args=args) as server, client(server) as api:
        for host in ("ml.example.com", "ml.internal:8080"):
            assert api.get("/me", headers={"Host": host}).status_code == 200
        me = api.get("/me").json()
        assert me["server"]["base_url"] == "https://ml.example.com/rs"
        # The path prefix may be handed on by the proxy or not; cookies are for it alone, and secure.
        with httpx.Client(base_url=server.base_url) as browser:
            answer = browser.post("/rs/api/v1/session", json={"key": server.admin_key})
            cookie = answer.headers["set-cookie"]
            assert "Path=/rs/" in cookie and "Secure" in cookie
            assert "strict-transport-security" in answer.headers
        friend = {"Origin": "https://notebooks.example.com"}
        asked = api.options("/me", headers={**friend, "Access-Control-Request-Method": "GET"})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == friend["Origin"]
        assert "access-control-allow-credentials" not in asked.headers
        answer = api.put("/projects/-/x", headers=friend)
        assert answer.status_code == 201
        assert answer.headers["access-control-allow-origin"] == friend["Origin"]
        for other in ("https://notebooks.example.com.evil.example", "http://notebooks.example.com", "null"):
            refused = api.put("/projects/-/y", headers={"Origin": other})
            assert refused.status_code == 403, other
            assert "access-control-allow-origin" not in refused.headers


def test_a_proxy_counts_only_where_it_is_trusted(tmp_path: Path) -> None:
    dressed = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    for args, secure in (([], False), (["--trusted-proxy", "127.0.0.1"], True)):
        name = "trusting" if secure else "plain"
        with running_server(tmp_path, args=args, name=name) as server, client(server, "") as browser:
            answer = browser.post("/session", json={"key": server.admin_key}, headers=dressed)
            assert answer.status_code == 200
            assert ("Secure" in answer.headers["set-cookie"]) is secure
            assert answer.json()["server"]["base_url"].startswith("https:" if secure else "http:")


def test_the_access_log_tells_routes_and_no_secrets(tmp_path: Path) -> None:
    with running_server(tmp_path, args=["--access-log"]) as server, client(server) as api:
        api.put("/projects/-/quiet-name")
        api.get("/signin?token=planted-secret")
        httpx.get(server.base_url + "/signin?token=planted-secret")
        lines = [line for line in server.tail(1000).splitlines() if '"route"' in line]
        told = [json.loads(line[line.index("{") :]) for line in lines]
        assert {"PUT", "GET"} <= {entry["method"] for entry in told}
        assert "/api/v1/projects/{entity}/{project}" in {entry["route"] for entry in told}
        assert all(len(entry["request_id"]) == 16 and entry["status"] for entry in told)
        printed = server.tail(1000)
        assert "planted-secret" not in printed and "quiet-name" not in printed
        assert server.admin_key not in printed


def test_pages_of_other_sites_change_nothing(signed_in: httpx.Client) -> None:
    for headers in (
        {"Origin": EVIL, "X-Runstone": "1"},
        {"Origin": EVIL},
        {"Origin": "null", "X-Runstone": "1"},
    ):
        answer = signed_in.patch("/me", json={"display_name": "stolen"}, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert signed_in.get("/me").json()["display_name"] != "stolen"


def test_a_cookie_alone_changes_nothing(signed_in: httpx.Client) -> None:
    assert signed_in.patch("/me", json={"display_name": "stolen"}).status_code == 403
    form = signed_in.post("/me/keys", data={"name": "x"})
    assert form.status_code == 403
    changed = signed_in.patch("/me", json={"display_name": "mine"}, headers={"X-Runstone": "1"})
    assert changed.json()["display_name"] == "mine"


def test_our_own_page_may_change_things(signed_in: httpx.Client, rest: RunningServer) -> None:
    headers = {"Origin": rest.base_url, "X-Runstone": "1"}
    assert signed_in.patch("/me", json={"display_name": "own"}, headers=headers).status_code == 200


def test_a_preflight_of_another_site_is_refused(api: httpx.Client) -> None:
    answer = api.options("/me", headers={"Origin": EVIL, "Access-Control-Request-Method": "PATCH"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_reading_from_another_site_gets_no_permission_to_look(api: httpx.Client) -> None:
    answer = api.get("/me", headers={"Origin": EVIL})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_every_answer_keeps_browsers_from_guessing_and_framing(
    api: httpx.Client, rest: RunningServer
) -> None:
    root = rest.base_url
    for url in ("/me", root + "/", root + "/healthz", root + "/metrics", "/none", root + "/admin/p/runs/x"):
        answer = api.get(url)
        assert answer.headers["x-content-type-options"] == "nosniff", url
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], url
        assert "unsafe-eval" not in answer.headers["content-security-policy"], url
        assert answer.headers["referrer-policy"] == "same-origin", url
        assert "server" not in answer.headers, url
    assert api.get("/me").headers["cache-control"] == "no-store"


UPLOADS = [
    ("page.html", "text/html", b"<script>fetch('/api/v1/me')</script>"),
    ("pic.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("doc.xhtml", "application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
    ("doc.xml", "text/xml", b"<x/>"),
    ("script.js", "text/javascript", b"alert(1)"),
    ("doc.pdf", "application/pdf", b"%PDF-1.4"),
    ("pic.png", "text/html", b"\x89PNG"),
    ("odd", "text/html; charset=utf-7", b"+ADw-script+AD4-"),
    ("odd.bin", "not a type", b"?"),
]


@pytest.mark.parametrize(("name", "kind", "body"), UPLOADS)
def test_what_somebody_uploaded_never_runs_as_this_site(
    api: httpx.Client, project: str, name: str, kind: str, body: bytes
) -> None:
    assert api.put(f"{project}/runs/one", json={}).is_success
    url = f"{project}/runs/one/files/{name}"
    put = api.put(url, content=body, headers={"Content-Type": kind})
    assert put.status_code == 201, put.text
    plain = api.get(url)
    assert plain.content == body
    assert plain.headers["content-disposition"].startswith("attachment")
    shown = api.get(url, params={"inline": "1"})
    for answer in (plain, shown):
        policy = answer.headers["content-security-policy"]
        # An origin of nobody: no cookies, no API, whatever the bytes are.
        assert policy.startswith("sandbox")
        assert "allow-same-origin" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    served = shown.headers["content-type"].partition(";")[0]
    if shown.headers["content-disposition"].startswith("inline"):
        assert served in ("text/plain", "image/png", "image/svg+xml", "text/html")
        if served == "text/html":
            assert "connect-src" not in shown.headers["content-security-policy"]
            assert "allow-scripts" in shown.headers["content-security-policy"].partition(";")[0]


def test_a_file_name_cannot_break_the_header_it_is_told_in(api: httpx.Client, project: str) -> None:
    assert api.put(f"{project}/runs/one", json={}).is_success
    url = f"{project}/runs/one/files/" + 'a";filename=evil.exe;x=é"'.replace('"', "%22")
    put = api.put(url, content=b"x")
    assert put.status_code == 201, put.text
    told = api.get(url).headers["content-disposition"]
    assert told.count('"') == 2
    assert "filename*=UTF-8''a%22%3Bfilename" in told


def test_a_second_host_header_does_not_pass(rest: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=10)
    connection.putrequest("GET", "/healthz", skip_host=True)
    connection.putheader("Host", "127.0.0.1")
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()
