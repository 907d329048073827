"""Resume, rewind and fork."""

from __future__ import annotations

import json
from typing import Any

from tests.support.wandb_wire import RESUME, REWIND, Wire


def resume_status(wire: Wire, run: str = "r1") -> Any:
    return wire.graphql(RESUME, project=wire.project, entity=wire.entity, name=run)["model"]


def test_resume_status_of_what_is_not_there_is_null(wire: Wire) -> None:
    assert resume_status(wire) is None
    wire.upsert()
    assert resume_status(wire, "absent")["bucket"] is None


def test_resume_status_says_where_to_go_on(wire: Wire) -> None:
    internal = {"t": {"1": [1]}}
    wire.upsert(config=json.dumps({"a": {"value": 1}, "_wandb": {"value": internal}}), tags=["x"])
    fresh = resume_status(wire)["bucket"]
    assert (fresh["historyLineCount"], fresh["eventsLineCount"], fresh["logLineCount"]) == (0, 0, 0)
    assert (fresh["historyTail"], fresh["eventsTail"]) == ('["{}"]', "[]")
    wire.rows(*({"_step": n, "_runtime": n / 2, "_timestamp": 1.7e9 + n, "x": n} for n in range(3)))
    event = '{"_wandb":true,"_timestamp":1700000000.5,"_runtime":2,"system.cpu":1}'
    wire.stream({"files": {
        "wandb-events.jsonl": {"offset": 0, "content": [event]},
        "output.log": {"offset": 0, "content": ["a", "b"]},
        "wandb-summary.json": {"offset": 0, "content": ['{"x":2,"_step":2}']},
    }})  # fmt: skip
    found = resume_status(wire)["bucket"]
    assert (found["historyLineCount"], found["eventsLineCount"], found["logLineCount"]) == (3, 1, 2)
    last = json.loads(json.loads(found["historyTail"])[-1])
    assert (last["_step"], last["_runtime"], last["x"]) == (2, 1.0, 2)
    assert json.loads(json.loads(found["eventsTail"])[-1])["_runtime"] == 2
    assert json.loads(found["wandbConfig"]) == internal
    assert json.loads(found["summaryMetrics"]) == {"x": 2, "_step": 2}
    assert json.loads(found["config"])["a"] == {"value": 1}
    assert wire.upsert()["bucket"]["historyLineCount"] == 3


def test_a_resumed_stream_goes_on_where_the_server_said(wire: Wire) -> None:
    wire.upsert()
    wire.rows({"_step": 0, "x": 0}, {"_step": 5, "x": 5})
    offset = wire.upsert(host="h")["bucket"]["historyLineCount"]
    wire.rows({"_step": 6, "x": 6}, offset=offset)
    assert [row["_step"] for row in wire.history()] == [0, 5, 6]


def test_a_rewound_run_forgets_later_steps_and_takes_new_ones(wire: Wire) -> None:
    wire.upsert()
    wire.rows(*({"_step": n, "x": n} for n in range(10)))
    found = wire.graphql(REWIND, run="r1", entity=wire.entity, project=wire.project, value=4)["rewindRun"][
        "rewoundRun"
    ]
    assert [row["x"] for row in wire.history()] == [0, 1, 2, 3, 4]
    wire.rows({"_step": 5, "x": 50}, {"_step": 6, "x": 60}, offset=found["historyLineCount"])
    assert [row["x"] for row in wire.history()] == [0, 1, 2, 3, 4, 50, 60]
    assert wire.run("historyKeys")["historyKeys"]["lastStep"] == 6


def test_rewinding_what_is_not_there_is_null(wire: Wire) -> None:
    wire.upsert()
    variables = {"run": "absent", "entity": wire.entity, "project": wire.project, "value": 1}
    assert wire.graphql(REWIND, **variables)["rewindRun"]["rewoundRun"] is None


def test_a_fork_reads_its_parent_up_to_the_branch(wire: Wire) -> None:
    wire.upsert("parent")
    wire.rows(*({"_step": n, "x": n} for n in range(6)), run="parent")
    point = {"_wandb": {"value": {"branch_point": {"run_id": "parent", "step": 3}}}}
    wire.upsert("child", config=json.dumps(point), host="h")
    wire.rows({"_step": 4, "x": 40}, run="child")
    assert [row["x"] for row in wire.history("child")] == [0, 1, 2, 3, 40]
    assert [row["x"] for row in wire.history("parent")] == [0, 1, 2, 3, 4, 5]


def test_a_run_that_is_synced_late_keeps_the_times_it_had(wire: Wire) -> None:
    began = 1_700_000_000.0
    wire.upsert(host="h")
    wire.rows(*({"_step": n, "_timestamp": began + n, "_runtime": float(n), "x": n} for n in range(100)))
    wire.stream({"complete": True, "exitcode": 0})
    path = f"/api/v1/projects/{wire.entity}/{wire.project}/runs/r1"
    kept = wire.http.get(path).json()
    assert (kept["started_at"], kept["finished_at"], kept["duration"]) == (began, began + 99, 99)
    assert wire.run("duration")["duration"] == 99
