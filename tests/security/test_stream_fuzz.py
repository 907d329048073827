"""Whatever lines a client streams, the stream goes on: a 4xx would end it for good, and a 5xx would be
sent again for days, with all that is behind it waiting. What can be kept of the rows is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.rest import new_name
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire

HISTORY, EVENTS, SUMMARY, CONSOLE = (
    "wandb-history.jsonl",
    "wandb-events.jsonl",
    "wandb-summary.json",
    "output.log",
)
ODD_VALUES = [
    "NaN",
    "-Infinity",
    "1e999",
    "-0.0",
    str(10**400),
    str(2**63),
    str(-(2**63) - 1),
    "true",
    "null",
    '""',
    '"\\ud800"',
    '"\\u0000"',
    json.dumps("x" * 70_000),
    "[]",
    "{}",
    '{"": {"": {"": 1}}}',
    '{"_type": null}',
    '{"_type": "image-file", "path": 3}',
    '{"a": ' * 120 + "1" + "}" * 120,
    "[" * 400 + "]" * 400,
    '[1, "a", null, {"b": NaN}]',
    '{"min": {"min": {"max": NaN}}}',
]
ODD_KEYS = [
    "loss",
    "_step",
    "_timestamp",
    "_runtime",
    "_wandb",
    "",
    ".",
    "a.b",
    "a..b",
    "a/l:b",
    "\\u0000",
    "\\ud800",
    "k" * 2000,
    "é😀",
    "loss.min",
]
ODD_LINES = [
    "",
    " ",
    "{",
    "null",
    "3",
    "[]",
    '"text"',
    "{}",
    "\x00",
    '{"loss": }',
    '{"loss": 1} {"loss": 2}',
    '{"loss": 1}, {"loss": 2}',
    "{" + ", ".join(f'"k{number}": {number}' for number in range(3000)) + "}",
]

numbers = st.sampled_from(["0", "1", "2", "7.5", "-1", "1e3"])
values = numbers | st.sampled_from(ODD_VALUES)
rows = st.lists(st.tuples(st.sampled_from(ODD_KEYS), values), max_size=6).map(
    lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
)
lines = rows | rows | rows | st.sampled_from(ODD_LINES) | st.text(max_size=30)
consoles = st.sampled_from(
    [
        "2024-01-31T09:30:00.000000 text\n",
        "ERROR 2024-01-31T09:30:00.000000 [label] text",
        "2024-99-99T99:99:99 x",
        '{"ts": 3, "content": "x"}',
        '{"ts": "never", "content": "\\ud800", "label": "l", "level": 5}',
        '{"content": null, "ts": "2024-01-31T09:30:00Z"}',
        "\r\r\x1b[31m",
        "",
    ]
) | st.text(max_size=40)


def part(content: st.SearchStrategy[str], most: int) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"offset": st.integers(0, 50), "content": st.lists(content, max_size=most)})


files = st.fixed_dictionaries(
    {},
    optional={
        HISTORY: part(lines, 6),
        EVENTS: part(lines, 4),
        SUMMARY: part(lines, 1),
        CONSOLE: part(consoles, 4),
        "other.txt": part(st.text(max_size=5), 2),
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "files": files,
        "uploaded": st.lists(st.sampled_from(["a.txt", "../x", ""]), max_size=2),
        "preempting": st.booleans(),
        "complete": st.booleans(),
        "exitcode": st.integers(-3, 300),
        "dropped": st.integers(0, 3),
        "failed": st.booleans(),
        "unheard_of": st.just({"a": 1}),
    },
)


def bounded(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def wire(rest: RunningServer) -> Iterator[Wire]:
    made = Wire(rest, new_name("stream"))
    made.upsert()
    yield made
    made.http.close()


def test_a_stream_goes_on_whatever_its_lines_are(wire: Wire) -> None:
    @bounded(250)
    @given(bodies, st.sampled_from(["", "", "", "w1", "w2"]))
    def send(body: Any, writer: str) -> None:
        headers = {"X-WANDB-ASYNC-CLIENT-ID": writer} if writer else {}
        answer = wire.stream(json.dumps(body).encode("utf-8", "surrogatepass"), **headers)
        assert answer.status_code == 200, (body, answer.text)
        assert isinstance(answer.json(), dict)

    send()
    # And all of it can be read.
    found = wire.run(
        "state historyLineCount eventsLineCount logLineCount historyKeys historyTail eventsTail "
        "summaryMetrics systemMetrics history(samples: 100) events(samples: 100) "
        "logLines(last: 100) { edges { node { line } } }"
    )
    assert found["history"] and found["events"]
    for text in (found["summaryMetrics"], found["historyTail"], *found["history"], *found["events"]):
        json.loads(text, parse_constant=pytest.fail)  # no bare NaN


@pytest.mark.parametrize(
    "bad", ['"": 1', f'"{"k" * 2000}": 1', '"_step": 1e300', '"_step": 99999999999999999999']
)
def test_what_is_good_of_a_row_is_kept_beside_what_is_not(wire: Wire, bad: str) -> None:
    run = new_name("r")
    wire.upsert(run)
    content = ['{"_step": 0, "loss": 1.0}', "{" + bad + ', "loss": 2.0}', '{"_step": 9, "loss": 3.0}']
    answer = wire.stream({"files": {HISTORY: {"offset": 0, "content": content}}}, run)
    assert answer.status_code == 200, answer.text
    assert [row["loss"] for row in wire.history(run)] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"files": []}',
        b'{"files": {"wandb-history.jsonl": []}}',
        b'{"files": {"wandb-history.jsonl": {"offset": -1, "content": ["{}"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 1e300, "content": ["{}"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 9223372036854775807, "content": ["{}"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 99999999999999999999, "content": ["{}"]}}}',
        b'{"files": {"output.log": {"offset": 9223372036854775807, "content": ["a", "b"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": [3, null]}}}',
        b'{"exitcode": 99999999999999999999, "complete": true}',
        b'{"exitcode": "x", "complete": true}',
        b'{"files": ' * 1500 + b"1" + b"}" * 1500,
        b"\xff\xfe\x00",
    ],
)
def test_a_body_that_is_none_is_refused_in_words_and_does_no_harm(wire: Wire, body: bytes) -> None:
    run = new_name("r")
    wire.upsert(run)
    answer: httpx.Response = wire.stream(body, run)
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or len(answer.json()["error"]) > 20
    wire.rows({"_step": 1, "loss": 1.0}, run=run, offset=0)
    assert wire.run("state", run)["state"] in ("running", "failed")


@pytest.mark.parametrize("run", ["..", "%2e%2e", "a%2Fb", "a%00", "no-such-run", "x" * 300, "%ff"])
def test_a_run_that_is_not_there_is_refused_in_words(wire: Wire, run: str) -> None:
    answer = wire.http.post(f"/files/{wire.entity}/{wire.project}/{run}/file_stream", content=b"{}")
    assert answer.status_code in (400, 404, 405), (answer.status_code, answer.text)
