"""file_stream: idempotent, lenient, and never fatal for passing trouble."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.support.wandb_wire import Wire


def test_a_stream_to_a_run_that_is_not_there_is_404(wire: Wire) -> None:
    wire.upsert()
    assert wire.stream({}, "absent").status_code == 404


def test_a_body_that_is_no_stream_is_400(wire: Wire) -> None:
    wire.upsert()
    for body in (b"{", b"[]", b'{"files": 5}'):
        assert wire.stream(body).status_code == 400


def test_a_heartbeat_is_answered_with_an_empty_object(wire: Wire) -> None:
    wire.upsert()
    assert wire.stream({}).json() == {} == wire.stream(b"").json()


def test_a_resent_chunk_changes_nothing(wire: Wire) -> None:
    wire.upsert()
    for _ in range(3):
        wire.rows({"_step": 0, "x": 1}, {"_step": 1, "x": 2})
    wire.rows({"_step": 1, "x": 99}, {"_step": 2, "x": 3}, offset=1)  # a re-send with more behind it
    assert [(row["_step"], row["x"]) for row in wire.history()] == [(0, 1), (1, 2), (2, 3)]
    assert wire.run("historyLineCount")["historyLineCount"] == 3


def test_rows_of_several_writers_of_a_shared_run_add_up(wire: Wire) -> None:
    wire.upsert()
    for client in ("one", "two"):
        wire.rows(
            *({"_step": n, client: n} for n in range(3)),
            writer=client,
        )
    assert [(row["_step"], row["one"], row["two"]) for row in wire.history()] == [(n, n, n) for n in range(3)]


def test_not_finite_numbers_and_nesting_are_kept(wire: Wire) -> None:
    wire.upsert()
    line = (
        '{"_step":0,"a":NaN,"b":-Infinity,"d":{"x":1,"y":{"z":2}},'
        '"i":{"_type":"image-file","path":"p"},"big":9007199254740993}'
    )
    wire.stream({"files": {"wandb-history.jsonl": {"offset": 0, "content": [line]}}})
    row = wire.history()[0]
    assert (row["a"], row["b"], row["d.x"], row["d.y.z"]) == ("NaN", "-Infinity", 1, 2)
    assert row["i"] == {"_type": "image-file", "path": "p"} and row["big"] == 9007199254740993
    keys = wire.run("historyKeys")["historyKeys"]
    assert keys["keys"]["d.y.z"]["previousValue"] == 2 and keys["lastStep"] == 0
    assert keys["keys"]["a"]["previousValue"] == "NaN"


def test_an_unreadable_line_does_not_end_the_stream(wire: Wire) -> None:
    wire.upsert()
    lines = ['{"_step":0,"x":1}', "{broken", '{"_step":1,"x":2}']
    assert wire.stream({"files": {"wandb-history.jsonl": {"offset": 0, "content": lines}}}).status_code == 200
    assert [row["x"] for row in wire.history()] == [1, 2]


def test_integers_beyond_64_bits_do_not_end_the_stream(wire: Wire) -> None:
    wire.upsert()
    wire.rows({"_step": 0, "x": 2**70}, {"_step": 1, "x": -(2**63)})
    assert [float(row["x"]) for row in wire.history()] == [float(2**70), float(-(2**63))]


def test_a_gzip_body_is_understood(wire: Wire) -> None:
    wire.upsert()
    body = json.dumps(
        {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":4,"x":1}']}}}
    ).encode()
    assert wire.stream(gzip.compress(body), **{"Content-Encoding": "gzip"}).status_code == 200
    assert wire.history()[0]["_step"] == 4


def test_a_sixteen_megabyte_body_is_taken(wire: Wire) -> None:
    wire.upsert()
    lines = [json.dumps({"_step": n, "text": "x" * 2_000_000}) for n in range(9)]
    assert wire.stream({"files": {"wandb-history.jsonl": {"offset": 0, "content": lines}}}).status_code == 200
    assert wire.run("historyKeys")["historyKeys"]["lastStep"] == 8


def test_the_summary_is_replaced_whole_and_keeps_whole_steps(wire: Wire) -> None:
    wire.upsert()
    for summary in ('{"a":1,"b":2,"_step":7}', '{"a":NaN,"_step":8}'):
        wire.stream({"files": {"wandb-summary.json": {"offset": 0, "content": [summary]}}})
    text = wire.run("summaryMetrics")["summaryMetrics"]
    assert json.loads(text) == {"a": "NaN", "_step": 8}
    assert '"_step":8' in text.replace(" ", "") and "8.0" not in text


def test_console_lines_are_rewritten_by_number(wire: Wire) -> None:
    wire.upsert()

    def console(offset: int, *lines: str) -> None:
        wire.stream({"files": {"output.log": {"offset": offset, "content": list(lines)}}})

    console(0, '{"ts":"2024-01-31T09:30:00.000000","content":"10%"}', "2024-01-31T09:30:01.000000 two")
    console(0, '{"ts":"2024-01-31T09:30:02.000000","content":"done"}')
    console(2, "ERROR 2024-01-31T09:30:03.000000 three")
    found = wire.run(
        "logLineCount logLines(first: 10) { edges { node { number line level } } pageInfo { hasNextPage } }"
    )
    assert [edge["node"] for edge in found["logLines"]["edges"]] == [
        {"number": 0, "line": "done", "level": None},
        {"number": 1, "line": "two", "level": None},
        {"number": 2, "line": "three", "level": "error"},
    ]
    assert found["logLineCount"] == 3 and not found["logLines"]["pageInfo"]["hasNextPage"]
    tail = wire.run("logLines(last: 2) { edges { node { number } } }")["logLines"]["edges"]
    assert [edge["node"]["number"] for edge in tail] == [1, 2]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ({"exitcode": 0}, "finished"),
        ({"exitcode": 3}, "failed"),
        ({"exitcode": 255}, "failed"),
        ({}, "finished"),
    ],
)
def test_the_exit_code_decides_the_state(wire: Wire, end: dict[str, int], state: str) -> None:
    wire.upsert()
    wire.stream({"complete": True, **end})
    assert wire.run("state")["state"] == state


def test_stop_is_told_in_the_stream_and_by_the_older_poll_until_the_run_starts_again(wire: Wire) -> None:
    node = wire.upsert(host="h")["bucket"]["id"]
    assert wire.graphql("mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }", id=node)["stopRun"][
        "success"
    ]
    assert wire.stream({}).json() == {"stopped": True}
    assert wire.run("stopped shouldStop") == {"stopped": True, "shouldStop": True}
    wire.stream({"complete": True, "exitcode": 255})
    assert wire.run("state")["state"] == "killed"
    wire.upsert(host="h")
    assert wire.stream({}).json() == {}
    assert wire.run("state stopped") == {"state": "running", "stopped": False}


def test_preempting_is_kept_and_the_end_still_counts(wire: Wire) -> None:
    wire.upsert()
    wire.stream({"preempting": True})
    assert wire.run("state")["state"] == "preempting"
    wire.stream({"complete": True, "exitcode": 0})
    assert wire.run("state")["state"] == "finished"
