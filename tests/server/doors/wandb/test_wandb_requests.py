"""Who asks, and what went wrong: statuses and words that clients act on."""

from __future__ import annotations

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_wire import UPSERT, Wire


def test_a_wrong_key_is_401_everywhere(wire: Wire) -> None:
    wrong = ("api", "local-" + "x" * 40)
    answer = wire.http.post("/graphql", json={"query": "{ viewer { id } }"}, auth=wrong)
    assert answer.status_code == 401 and answer.json()["errors"][0]["message"]
    wire.upsert()
    answer = wire.http.post(f"/files/{wire.entity}/{wire.project}/r1/file_stream", content=b"{}", auth=wrong)
    assert answer.status_code == 401 and "key" in answer.json()["error"]


def test_without_a_key_there_is_no_viewer_and_no_data(wire: Wire, shared_server: RunningServer) -> None:
    bare = httpx.post(
        f"{shared_server.base_url}/graphql",
        json={"query": "{ viewer { id } serverInfo { features { name } } }"},
    )
    assert bare.status_code == 200 and bare.json()["data"]["viewer"] is None
    wire.upsert()
    query = {"query": UPSERT, "variables": {"name": "r2", "project": wire.project}}
    assert httpx.post(f"{shared_server.base_url}/graphql", json=query).status_code == 401


def test_an_unknown_field_is_refused_in_the_words_of_graphql_js(wire: Wire) -> None:
    answer = wire.post("{ serverInfo { nonsense } }")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == 'Cannot query field "nonsense" on type "ServerInfo".'


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"query": 5}', b'{"query":"{viewer{id}}","variables":[1]}']
)
def test_a_body_that_is_no_request_is_400_with_a_message(wire: Wire, body: bytes) -> None:
    answer = wire.http.post("/graphql", content=body)
    assert answer.status_code == 400 and answer.json()["errors"][0]["message"]


def test_undeclared_variables_are_ignored_and_a_wrong_type_is_400(wire: Wire) -> None:
    assert wire.post("#graphql\nquery { viewer { id } }", {"entity": "x", "usedAs": None}).status_code == 200
    answer = wire.post(UPSERT, {"name": 5, "project": wire.project})
    assert answer.status_code == 400 and "name" in answer.json()["errors"][0]["message"]


def test_a_bare_string_of_variables_and_null_are_understood(wire: Wire) -> None:
    for variables in (None, "", "{}"):
        answer = wire.http.post("/graphql", json={"query": "{ viewer { id } }", "variables": variables})
        assert answer.status_code == 200


def test_a_ten_megabyte_variable_passes(wire: Wire) -> None:
    wire.upsert()
    query = """query Q($p: String, $e: String, $d: String!) {
      project(name: $p, entityName: $e) { run(name: "r1", desc: $d) { name } } }"""
    assert wire.graphql(query, p=wire.project, e=wire.entity, d="a" * 10**7)["project"]["run"]["name"] == "r1"


def test_what_is_missing_is_null_not_an_error(wire: Wire) -> None:
    query = """query Q($p: String, $e: String) {
      a: project(name: "absent", entityName: $e) { id } b: project(name: $p, entityName: "nobody") { id }
      d: organization(name: "nobody") { id } e: artifact(id: "x") { id } }"""
    wire.upsert()
    assert set(wire.graphql(query, p=wire.project, e=wire.entity).values()) == {None}
    assert wire.run("name", "absent") is None


def test_a_name_that_is_nobodys_is_available_and_owns_nothing(wire: Wire) -> None:
    fields = (
        "name available isTeam members { name } projects { totalCount } organization { name } user { name }"
    )
    free = wire.graphql(f'{{ entity(name: "nobody-yet") {{ {fields} }} }}')["entity"]
    assert free == {
        "name": "nobody-yet",
        "available": True,
        "isTeam": False,
        "members": [],
        "projects": None,
        "organization": None,
        "user": None,
    }
    own = wire.graphql(f'{{ entity(name: "{wire.entity}") {{ available user {{ username }} }} }}')["entity"]
    assert own == {"available": False, "user": {"username": wire.entity}}
