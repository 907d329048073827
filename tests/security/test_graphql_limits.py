"""V16 at the GraphQL route: texts made to be dear are refused in words, within bounded processor time."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from graphql import get_introspection_query
from starlette.types import ASGIApp
from tests.support.rest import new_name
from tests.support.server import RunningServer
from tests.support.wandb_wire import UPSERT, Wire

from runstone.server.app import build_app
from runstone.server.doors.wandb.gql import budget, documents
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.resolvers import all_fields
from runstone.server.house import open_house
from runstone.server.settings import ServerSettings

# What reading and refusing a text may cost; the machine of a test is shared and slow.
REFUSAL_CPU_SECONDS = 1.5


@pytest.fixture(scope="module")
def wire(rest: RunningServer) -> Iterator[Wire]:
    made = Wire(rest, new_name("limits"))
    for number in range(20):
        made.upsert(f"r{number}", config='{"lr": {"value": 0.1}}')
    yield made
    made.http.close()


@contextmanager
def cpu_below(server: RunningServer, seconds: float) -> Iterator[None]:
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    yield
    used = sum(process.cpu_times()[:2]) - before
    assert used < seconds, f"{used:.1f} s of processor time"


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, (answer.status_code, answer.text[:500])
    body = answer.json()
    assert body["data"] is None
    message: str = body["errors"][0]["message"]
    assert len(message) > 20
    return message


def _chain(count: int) -> str:
    """Fragments that each spread the next twice: two to the power of `count` fields."""
    links = " ".join(f"fragment f{at} on User {{ ...f{at + 1} ...f{at + 1} }}" for at in range(count))
    return f"{{ viewer {{ ...f0 }} }} {links} fragment f{count} on User {{ id }}"


def _mesh(count: int) -> str:
    """Fragments that each spread all others, in circles."""
    return "{ viewer { ...f0 } } " + " ".join(
        f"fragment f{at} on User {{ id "
        + " ".join(f"...f{other}" for other in range(count) if other != at)
        + " }"
        for at in range(count)
    )


DEAR = {
    "one field again and again": "{ viewer { " + "id " * 4900 + "} }",
    "one object again and again": "{ " + "viewer { id } " * 1500 + "}",
    "one object, other arguments": "{ "
    + " ".join(f'project(name: "{n}") {{ id }}' for n in range(1200))
    + "}",
    "thousands of aliases": "{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(2400)) + " }",
    "aliases below": "{ viewer { " + " ".join(f"a{n}: id" for n in range(5100)) + " } }",
    "fragments that double": _chain(60),
    "fragments in circles": _mesh(50),
    "a fragment of itself": "{ viewer { ...f } } fragment f on User { id ...f }",
    "objects to the bottom": "{ viewer { " + "userEntity { user { " * 60 + "id" + " } }" * 60 + " } }",
    "braces without end": "{" * 100_000,
    "lists without end": "{ project(name: " + "[" * 9000 + "]" * 9000 + ") { id } }",
    "a value nested without end": "{ project(name: " + "{a: " * 9000 + "1" + "}" * 9000 + ") { id } }",
    "inline fragments without end": "{ viewer { " + "... on User { " * 3000 + "id" + " }" * 3000 + " } }",
    "directives by the thousand": "{ viewer { id " + "@include(if: true) " * 6000 + "} }",
    "arguments by the thousand": "{ project(" + 'name: "a" ' * 4000 + ") { id } }",
    "unknown fields by the thousand": "{ viewer { " + " ".join(f"zz{n}" for n in range(4900)) + " } }",
    "types of types of types": "{ __schema { types { fields { type { fields { type { fields { type { fields {"
    " name } } } } } } } } } }",
    "a text longer than any": "{ viewer { id } } #" + "x" * documents.TEXT_CHARS_MAX,
    "a number longer than any": "{ models(first: " + "9" * 100_000 + ") { totalCount } }",
    "only opening quotes": '{ project(name: "' + "\\u0041" * 30_000,
}


@pytest.mark.parametrize("name", DEAR)
def test_a_text_made_to_be_dear_is_refused_in_words(rest: RunningServer, wire: Wire, name: str) -> None:
    with cpu_below(rest, REFUSAL_CPU_SECONDS):
        refused(wire.post(DEAR[name]))


def test_the_bounds_are_named(wire: Wire) -> None:
    assert "100 times" in refused(wire.post(DEAR["one field again and again"]))
    assert "250" in refused(wire.post(DEAR["thousands of aliases"]))
    assert "5000 fields" in refused(wire.post(DEAR["aliases below"]))


def test_a_list_of_queries_in_one_body_is_refused(wire: Wire) -> None:
    body = json.dumps([{"query": "{ viewer { id } }"}] * 1000)
    refused(wire.http.post("/graphql", content=body))


def test_what_was_read_is_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parsed text takes a hundred times its length."""
    monkeypatch.setattr(documents, "KEPT_CHARS_MAX", 20_000)
    known = documents.Documents(make_schema(all_fields()))
    long = "{ viewer { " + " ".join(f"a{at}: id" for at in range(3000)) + " } }"
    made = [weakref.ref(known.get(long))]
    for turn in range(100):
        text = "{ viewer { " + " ".join(f"b{turn}x{at}: id" for at in range(40)) + " } }"
        made.append(weakref.ref(known.get(text)))
        assert known.get(text) is made[-1]()
    gc.collect()
    alive = [number for number, one in enumerate(made) if one() is not None]
    assert 10 < len(alive) < 60 and alive[-1] == 100 and 0 not in alive


@pytest.fixture
def small_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bounded]:
    """The whole application, with bounds that are reached sooner."""
    monkeypatch.setattr(budget, "FIELDS_MAX", 20_000)
    monkeypatch.setattr(budget, "CPU_SECONDS_MAX", 0.4)
    settings = ServerSettings.load(data=tmp_path, environ={})
    house = open_house(settings)
    try:
        app, _ = build_app(settings, house)
        key = "local-" + "b" * 40
        house.domain.accounts.ensure_first_admin(key)
        made = Bounded(app, key)
        for number in range(40):
            assert made.graphql(UPSERT, {"name": f"r{number}", "project": "p"}).status_code == 200
        lines = [json.dumps({"_step": step, "loss": 1.0}) for step in range(2000)]
        sent = {"files": {"wandb-history.jsonl": {"offset": 0, "content": lines}}}
        assert made.post("/files/admin/p/r0/file_stream", sent).status_code == 200
        yield made
    finally:
        house.close()


class Bounded:
    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app, self._key = app, key

    def graphql(self, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        return self.post("/graphql", {"query": query, "variables": variables})

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Answered within the bound, and what was begun before it was reached."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.post(path, json=body, auth=("api", self._key))

        before = time.process_time()
        answer = asyncio.run(ask())
        assert time.process_time() - before < 5.0
        return answer


def test_an_answer_that_multiplies_is_given_up(small_bounds: Bounded) -> None:
    """A short text, allowed in depth and fields, whose answer would have 40 to the power of 6 runs."""
    query = "name"
    for _ in range(6):
        query = f"runs(first: 1000) {{ edges {{ node {{ project {{ {query} }} }} }} }}"
    message = refused(small_bounds.graphql(f'{{ project(name: "p") {{ {query} }} }}'))
    assert "less at once" in message


def test_an_answer_of_many_fields_is_given_up(small_bounds: Bounded) -> None:
    fields = " ".join(f"a{at}: name" for at in range(900))
    query = f'{{ project(name: "p") {{ runs(first: 1000) {{ edges {{ node {{ {fields} }} }} }} }} }}'
    assert "20,000 fields" in refused(small_bounds.graphql(query))


def test_fields_that_are_dear_each_are_given_up(small_bounds: Bounded) -> None:
    reads = " ".join(f"a{at}: sampledHistory(specs: $s)" for at in range(100))
    query = f'query Q($s: [JSONString!]!) {{ project(name: "p") {{ run(name: "r0") {{ {reads} }} }} }}'
    specs = [json.dumps({"keys": ["loss"], "samples": 100_000})] * 200
    assert "processor" in refused(small_bounds.graphql(query, {"s": specs}))


def test_without_a_key_only_short_texts_are_read(rest: RunningServer) -> None:
    url = rest.base_url + "/graphql"
    long = "{ viewer { id } } #" + "x" * 20_000
    with cpu_below(rest, REFUSAL_CPU_SECONDS):
        answer = httpx.post(url, json={"query": long}, timeout=30)
    assert answer.status_code == 401 and "Sign in" in answer.json()["errors"][0]["message"]
    whole = httpx.post(url, json={"query": get_introspection_query()}, timeout=30)
    assert whole.status_code == 200 and "errors" not in whole.json()


def test_large_pages_of_real_clients_are_answered(wire: Wire) -> None:
    """What is refused is far from what is used: every run of a project with all its fields."""
    fields = "id name displayName state config summaryMetrics tags notes createdAt heartbeatAt user { name }"
    runs = wire.graphql(
        f'{{ project(name: "{wire.project}", entityName: "{wire.entity}") {{ runs(first: 1000) '
        f"{{ edges {{ node {{ {fields} }} cursor }} pageInfo {{ hasNextPage }} }} }} }}"
    )
    assert len(runs["project"]["runs"]["edges"]) == 20
