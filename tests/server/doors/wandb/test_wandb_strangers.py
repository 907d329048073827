"""Other people's things stay theirs."""

from __future__ import annotations

from typing import Any

import httpx
from tests.support.wandb_wire import CREATE, FILES, REWIND, UPSERT, Wire, put_files


def test_a_stranger_finds_nothing_and_changes_nothing(wire: Wire, stranger: httpx.Client) -> None:
    node = wire.upsert(notes="mine")["bucket"]["id"]
    put_files(wire, {"a": b"x"})
    file_id = wire.run(FILES)["files"]["edges"][0]["node"]["id"]
    where = {"p": wire.project, "e": wire.entity}

    def ask(query: str, **variables: Any) -> httpx.Response:
        return stranger.post("/graphql", json={"query": query, "variables": variables})

    seen = ask(
        "query Q($p: String, $e: String) { project(name: $p, entityName: $e) { id } "
        "models(entityName: $e) { edges { node { name } } } }",
        **where,
    )
    assert seen.json()["data"] == {"project": None, "models": None}
    for query, variables in (
        (UPSERT, {"id": node, "notes": "theirs"}),
        (UPSERT, {"name": "r1", "project": wire.project, "entity": wire.entity, "notes": "theirs"}),
        ("mutation D($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }", {"id": node}),
        ("mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }", {"id": node}),
        ("mutation D($f: [ID!]!) { deleteFiles(input: {files: $f}) { success } }", {"f": [file_id]}),
        (CREATE, {"e": wire.entity, "p": wire.project, "r": "r1", "f": ["b"]}),
        (REWIND, {"run": "r1", "entity": wire.entity, "project": wire.project, "value": 0}),
    ):
        answer = ask(query, **variables)
        told = answer.json()
        assert answer.status_code in (403, 404) or told["data"] == {"rewindRun": {"rewoundRun": None}}, (
            query,
            answer.text,
        )
    stream = stranger.post(
        f"/files/{wire.entity}/{wire.project}/r1/file_stream", content=b'{"complete":true,"exitcode":1}'
    )
    assert stream.status_code in (403, 404)
    assert wire.run("notes state fileCount") == {"notes": "mine", "state": "running", "fileCount": 1}


def test_telemetry_is_taken_and_dropped(wire: Wire) -> None:
    for signal in ("metrics", "logs"):
        assert wire.http.post(f"/sdk/otel/v1/{signal}", content=b"\x0a\x00").status_code == 200
