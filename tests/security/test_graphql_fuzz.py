"""Documents made from the schema itself, and values of any kind in their variables: answered, or refused
in words, never a fault of ours. New fields are tried without anybody remembering to."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from graphql import GraphQLNamedType, build_schema
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import from_schema, nodes
from tests.support.graphql_documents import MISSING, Root, document, roots
from tests.support.rest import People, new_name
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire, put_files

from runstone.server.doors.wandb.gql.schema import schema_text

SCHEMA = build_schema(schema_text())
ODD_TEXTS = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "\x00",
    "a\x00b",
    "%00",
    "é😀\u2028",
    "'; DROP TABLE runs; --",
    "{",
    "{}",
    "[]",
    "null",
    "NaN",
    '{"$regex": "(a+)+$"}',
    "-1",
    "9" * 40,
    "x" * 5000,
    "=",
    "AAAA",
    base64.b64encode(b"Run:v1:::").decode(),
    base64.b64encode(b"Run:v1:a:b:c:d").decode(),
    base64.b64encode(b"File:v1:99999999999999999999999:x").decode(),
    base64.b64encode(b"View:v1:99999999999999999999999").decode(),
    base64.b64encode(b"Artifact:v1:-1").decode(),
    base64.b64encode(b"\xff\xfe").decode(),
    base64.b64encode("٣".encode()).decode(),
]
JSON_TEXTS = [
    "{}",
    "[]",
    "null",
    "3",
    '"text"',
    "{",
    '{"a": NaN, "b": -Infinity}',
    '{"lr": {"value": 1e999}}',
    '{"' + "k" * 3000 + '": 1}',
    "[" * 300 + "]" * 300,
    '{"config.lr": {"$gt": "x"}}',
    '{"$or": []}',
    '{"$and": {"a": 1}}',
    '{"display_name": {"$regex": "("}}',
    '{"keys": ["loss"], "samples": -5}',
    '{"keys": [1, null], "samples": 1e300, "minStep": NaN}',
    '{"keys": "loss", "maxStep": 99999999999999999999999999}',
    '{"_wandb": {"m": [{"5": 99}], "t": []}}',
    '{"_wandb": 3, "": null, "a.b": {"c": []}}',
    '{"\\ud800": "\\udfff"}',
]
BIG = [0, 1, -1, 2**31 - 1, -(2**31), 2**53, 2**63 - 1, -(2**63), 2**63, 10**30]


class Room:
    """Somebody with a project, and what its ids are: they may break all they like in it."""

    def __init__(self, server: RunningServer, people: People) -> None:
        person = people.stranger
        self.wire = Wire(server, new_name("fuzz"), key=person.key)
        self.known: list[str] = [person.name, self.wire.project, "r1", "loss", "notes.txt", "latest"]
        self.refill()

    def refill(self) -> None:
        run = self.wire.upsert("r1", config='{"lr": {"value": 0.1}}')["bucket"]
        self.wire.rows({"_step": 0, "loss": 1.0, "acc": math.nan}, {"_step": 1, "loss": 0.5}, run="r1")
        put_files(self.wire, {"notes.txt": b"text"})
        self.known = [*self.known[:6], run["id"], run["project"]["id"]]


@pytest.fixture(scope="module")
def room(rest: RunningServer, people: People) -> Iterator[Room]:
    made = Room(rest, people)
    yield made
    made.wire.http.close()


class Guide:
    """Values for arguments: things that exist, and things that cannot."""

    def __init__(self, room: Room, data: st.DataObject) -> None:
        self._room, self._data = room, data
        # One value that does not fit its type refuses a whole document: most documents have none.
        self._fitting = data.draw(st.integers(0, 4), label="fitting") > 0

    def __call__(self, place: str, kind: GraphQLNamedType) -> Any:
        return self._data.draw(self._strategy(place.rpartition(".")[2], kind.name), label=place)

    def _strategy(self, name: str, kind: str) -> st.SearchStrategy[Any]:
        wire = self._room.wire
        known = {
            "entityName": wire.entity,
            "entity": wire.entity,
            "projectName": wire.project,
            "modelName": wire.project,
            "runName": "r1",
        }
        leave = st.just(MISSING)
        if name in known:
            # Mostly where there is something to find.
            return st.sampled_from([known[name]] * 6 + ODD_TEXTS[:6]) | leave
        if kind in ("JSONString", "JSON") or name in ("filters", "spec"):
            return st.sampled_from(JSON_TEXTS + ODD_TEXTS) | leave
        if kind in ("String", "ID"):
            known_texts = st.sampled_from(self._room.known)
            return known_texts | known_texts | st.sampled_from(ODD_TEXTS) | st.text(max_size=20) | leave
        if kind in ("Int", "Int64", "Duration"):
            most = 31 if kind == "Int" else 63
            fitting = [number for number in BIG if -(2**most) <= number < 2**most]
            return st.integers(0, 60) | st.sampled_from(fitting if self._fitting else BIG) | leave
        if kind == "Float":
            return st.sampled_from([0.0, 1.0, -1.5, 1e308, -1e308, 5e-324]) | leave
        if kind == "Boolean":
            return st.booleans() | leave
        if kind == "DateTime":
            return st.sampled_from(["2024-01-31T09:30:00Z", "", "yesterday", "9999999-01-01"]) | leave
        return st.just(None) | leave  # an enumeration: any of its values


def check(answer: httpx.Response, sent: str) -> bool:
    """Whether data came back. A refusal has words, and no fault of ours hides in it."""
    where = f"{sent[:3000]}\n{answer.status_code} {answer.text[:2000]}"
    assert answer.status_code in (200, 400, 401, 403, 404, 409, 413, 429), where
    body = answer.json()
    assert set(body) <= {"data", "errors"} and body, where
    for error in body.get("errors", ()):
        assert error["message"] and error.get("extensions", {}).get("code") != "internal", where
    assert answer.status_code == 200 or body["errors"], where
    return bool(body.get("data"))


def bounded(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("root", list(roots(SCHEMA)), ids=str)
def test_arguments_of_any_kind_are_answered_or_refused_in_words(root: Root, room: Room) -> None:
    answered = 0

    @bounded(6)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        nonlocal answered
        text, variables = document(SCHEMA, root, Guide(room, data))
        body = json.dumps({"query": text, "variables": variables})
        answered += check(room.wire.http.post("/graphql", content=body), body)

    ask()
    assert answered  # not all of them were turned away at the door
    room.refill()  # what was deleted is there again for the next
    assert room.wire.run("name") == {"name": "r1"}


def test_documents_of_any_shape_are_answered_or_refused_in_words(room: Room) -> None:
    texts = st.sampled_from([text for text in ODD_TEXTS if "\x00" not in text]).map(nodes.String)
    scalars = {
        "JSONString": st.sampled_from(JSON_TEXTS).map(nodes.String),
        "JSON": texts,
        "Int64": st.integers(-(2**63), 2**63 - 1).map(nodes.Int),
        "Duration": st.integers(0, 10**9).map(nodes.Int),
        "DateTime": texts,
    }

    @bounded(40)
    @given(from_schema(SCHEMA, custom_scalars=scalars))
    def ask(text: Any) -> None:
        check(room.wire.http.post("/graphql", json={"query": text}), text)

    ask()


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{",
        b'{"query": null}',
        b'{"query": {}}',
        b'{"query": "{viewer{id}}", "variables": "["}',
        b'{"query": "{viewer{id}}", "operationName": 5}',
        b'{"query": "{viewer{id}}", "operationName": "Other"}',
        b'{"query": "query A{viewer{id}} query B{viewer{id}}"}',
        b'{"query": "subscription{viewer{id}}"}',
        b'{"query": "\\ud800"}',
        b'{"query": "{viewer{id}}", "variables": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}",
        b'{"query": "query($a: String){viewer{id}}", "variables": {"a": NaN}}',
        b'{"query": "query($a: Int!){users(first: $a){pageInfo{endCursor}}}", "variables": {"a": 1e400}}',
        b'{"query": "{viewer{id @nothing}}"}',
        b'{"query": "{viewer{id @skip}}"}',
        b'{"query": ""}',
        b'{"query": "#"}',
    ],
)
def test_bodies_of_any_kind_are_answered_or_refused_in_words(room: Room, body: bytes) -> None:
    check(room.wire.http.post("/graphql", content=body), repr(body))
