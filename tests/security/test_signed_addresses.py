"""Addresses that carry their own authority hold for exactly what they were made for."""

from __future__ import annotations

import itertools
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from tests.support.rest import People, new_name
from tests.support.server import RunningServer
from tests.support.wandb_wire import CREATE, FILES, Wire

from runstone.server.domain.signing import Signer


class Addresses:
    """Of one run's file `a.txt`: where to put it and where to get it, and the run's history."""

    def __init__(self, server: RunningServer, people: People) -> None:
        self.server = server
        self.people = people
        self.wire = Wire(server, new_name("signed"), key=people.member.key)
        self.wire.entity = people.team
        self.wire.upsert("r1", entity=people.team)
        self.put = self.place("a.txt")
        assert httpx.put(self.put, content=b"first").status_code == 200
        node = self.wire.run(FILES)["files"]["edges"][0]["node"]
        self.get = node["directUrl"]

    def place(self, name: str) -> str:
        made = self.wire.graphql(CREATE, e=self.people.team, p=self.wire.project, r="r1", f=[name])
        url: str = made["createRunFiles"]["files"][0]["uploadUrl"]
        return url

    def content(self) -> bytes:
        answer = httpx.get(self.get)
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture(scope="module")
def addresses(rest: RunningServer, people: People) -> Iterator[Addresses]:
    made = Addresses(rest, people)
    yield made
    made.wire.http.close()


def split(url: str) -> tuple[str, bytes, str]:
    """(what stands before the token, its claim, its signature)."""
    before, _, token = url.rpartition("/")
    body, _, mac = token.partition(".")
    return before, urlsafe_b64decode(body + "=" * (-len(body) % 4)), mac


def joined(before: str, claim: bytes, mac: str) -> str:
    return f"{before}/{urlsafe_b64encode(claim).rstrip(b'=').decode()}.{mac}"


def refused(answer: httpx.Response) -> None:
    assert answer.status_code in (400, 403, 404), (answer.status_code, answer.text)
    error = answer.json()["error"]
    assert error["code"] in ("not_allowed", "not_found", "invalid") and len(error["message"]) > 20


def test_an_altered_address_is_refused(addresses: Addresses) -> None:
    before, claim, mac = split(addresses.get)
    decoded = msgspec.msgpack.decode(claim)
    altered = [
        {**decoded, "name": "b.txt"},
        {**decoded, "run": decoded["run"] + 1},
        {**decoded, "exp": decoded["exp"] + 3600},
        {**decoded, "do": "put"},
        {**decoded, "as": {**decoded["as"], "admin": True}},
    ]
    for one in altered:
        refused(httpx.get(joined(before, msgspec.msgpack.encode(one), mac)))
        refused(httpx.put(joined(before, msgspec.msgpack.encode(one), mac), content=b"planted"))
    flipped = [claim[:at] + bytes([claim[at] ^ 1]) + claim[at + 1 :] for at in range(0, len(claim), 7)]
    for body in flipped:
        refused(httpx.get(joined(before, body, mac)))
    for wrong in (
        "",
        mac[:-2],
        mac[:-2] + ("AA" if mac[-2:] != "AA" else "BB"),
        mac.swapcase(),
        "é",
        "%00",
        "A" * 5000,
    ):
        refused(httpx.get(joined(before, claim, wrong)))
    assert addresses.content() == b"first"


def test_a_signature_of_another_key_is_refused(addresses: Addresses) -> None:
    before, claim, _ = split(addresses.get)
    decoded = msgspec.msgpack.decode(claim)
    decoded.pop("exp")
    for secret in (b"", b"\0" * 32, addresses.server.admin_key.encode()):
        refused(httpx.get(f"{before}/{Signer(secret).sign(decoded, seconds=60)}"))


def test_an_expired_address_is_refused(addresses: Addresses) -> None:
    """Signed by the server's own key, so that only the hour is wrong."""
    signer = Signer(bytes.fromhex((addresses.server.data / "signing.key").read_text().strip()))
    for url, method in ((addresses.get, "GET"), (addresses.put, "PUT")):
        before, claim, _ = split(url)
        decoded = msgspec.msgpack.decode(claim)
        assert decoded.pop("exp") > time.time()
        fresh = f"{before}/{signer.sign(decoded, seconds=60)}"
        assert httpx.request(method, fresh, content=b"first").is_success
        answer = httpx.request(method, f"{before}/{signer.sign(decoded, seconds=-1)}", content=b"late")
        refused(answer)
        assert "expired" in answer.json()["error"]["message"]
    assert addresses.content() == b"first"


def test_an_address_serves_one_method(addresses: Addresses) -> None:
    refused(httpx.put(addresses.get, content=b"planted"))
    refused(httpx.get(addresses.put))
    for method, url in itertools.product(("POST", "DELETE", "PATCH"), (addresses.get, addresses.put)):
        assert httpx.request(method, url).status_code in (404, 405)
    assert httpx.head(addresses.get).status_code == 200
    assert addresses.content() == b"first"


def test_an_address_serves_one_file(addresses: Addresses) -> None:
    for tail in ("/b.txt", "/../b.txt", "?name=b.txt", "%2Fb.txt", "#b.txt"):
        answer = httpx.put(addresses.put + tail, content=b"first")
        assert answer.status_code in (200, 403, 404, 405), answer.text
    names = [edge["node"]["name"] for edge in addresses.wire.run(FILES)["files"]["edges"]]
    assert names == ["a.txt"]


def test_names_of_files_are_data_in_addresses(addresses: Addresses) -> None:
    for name in ("x/../y.txt", "..%2Fz.txt", "é ü.txt", "a#b?c.txt", "C:\\x.txt"):
        answer = addresses.wire.post(
            CREATE, {"e": addresses.people.team, "p": addresses.wire.project, "r": "r1", "f": [name]}
        )
        if "errors" in answer.json():
            assert answer.status_code == 400, answer.text
            continue
        url = answer.json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]
        assert httpx.put(url, content=b"bytes").status_code == 200


def test_who_lost_their_rights_lost_their_addresses(addresses: Addresses) -> None:
    """An address is good only as long as whoever asked for it may do the same by key."""
    people, wire = addresses.people, addresses.wire
    gone = people.viewer
    own = Wire(addresses.server, wire.project, key=gone.key)
    own.entity = people.team
    nodes = [edge["node"] for edge in own.run(FILES)["files"]["edges"]]
    url = next(node["directUrl"] for node in nodes if node["name"] == "a.txt")
    assert httpx.get(url).content == b"first"
    member = f"/entities/{people.team}/members/{gone.name}"
    assert people.admin.api.delete(member).status_code == 204
    try:
        refused(httpx.get(url))
    finally:
        assert people.admin.api.put(member, json={"role": "viewer"}).is_success
        own.http.close()
    assert httpx.get(url).content == b"first"


def test_nobody_is_told_addresses_of_what_they_may_not_read(addresses: Addresses) -> None:
    people = addresses.people
    for key, words in ((people.stranger.key, "stranger"), ("", "nobody")):
        body = {
            "query": CREATE,
            "variables": {"e": people.team, "p": addresses.wire.project, "r": "r1", "f": ["a.txt"]},
        }
        answer = addresses.wire.http.post("/graphql", json=body, auth=("api", key) if key else None)
        assert answer.status_code in (401, 403, 404), (words, answer.text)
        assert "/storage/" not in answer.text
    viewer = {"query": CREATE, "variables": body["variables"]}
    answer = addresses.wire.http.post("/graphql", json=viewer, auth=("api", people.viewer.key))
    assert answer.status_code == 403 and "/storage/" not in answer.text
