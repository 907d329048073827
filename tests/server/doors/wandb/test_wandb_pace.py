"""How fast clients may send, and summaries that they leave to the server."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.support.wandb_wire import Wire

from runstone.server.domain.identity import RunKey
from runstone.server.doors.wandb.stream.pace import (
    CALM,
    HEARTBEAT_SECONDS,
    HEARTBEAT_SECONDS_MAX,
    REQUESTS_MAX,
    REQUESTS_MIN,
    WINDOW_SECONDS,
    Pace,
    heartbeat_at,
    requests_at,
)


@given(st.floats(0, 2), st.floats(0, 2))
def test_more_load_never_allows_more(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert REQUESTS_MAX >= requests_at(low) >= requests_at(high) >= REQUESTS_MIN
    assert HEARTBEAT_SECONDS <= heartbeat_at(low) <= heartbeat_at(high) <= HEARTBEAT_SECONDS_MAX


def test_a_calm_server_holds_nobody_back_and_a_full_one_lets_each_run_send_once_in_a_window() -> None:
    assert requests_at(CALM) == REQUESTS_MAX and requests_at(1.0) == 1
    assert heartbeat_at(0.0) == 30.0 and heartbeat_at(1.0) == 120.0


def test_the_remainder_falls_with_each_request_of_a_run_and_only_of_that_run() -> None:
    pace = Pace()
    seen = [pace.headers(RunKey(1), 0.0) for _ in range(3)]
    assert [int(one["RateLimit-Remaining"]) for one in seen] == [REQUESTS_MAX - n for n in (1, 2, 3)]
    assert all(0 < float(one["RateLimit-Reset"]) <= WINDOW_SECONDS for one in seen)
    assert int(pace.headers(RunKey(2), 0.0)["RateLimit-Remaining"]) == REQUESTS_MAX - 1
    assert pace.headers(RunKey(1), 1.0)["RateLimit-Remaining"] == "0"


def test_every_answer_tells_the_pace_in_the_words_of_its_client(wire: Wire) -> None:
    wire.upsert()
    answer = wire.stream({})
    assert 0 < int(answer.headers["ratelimit-remaining"]) < REQUESTS_MAX
    assert answer.json() == {}
    old = wire.stream({}, **{"User-Agent": "W&B Internal Client 0.16.6"})
    assert old.json()["limits"] == {"heartbeat_seconds": 30.0}


DERIVED = {"X-WANDB-SERVER-SIDE-DERIVED-SUMMARY": "true"}


def test_a_summary_is_derived_for_those_who_leave_it_to_the_server(wire: Wire) -> None:
    metrics = [{"1": "best", "7": [1, 2], "6": [3]}, {"1": "hidden", "7": [6]}]
    wire.upsert(config=json.dumps({"_wandb": {"value": {"t": {}, "m": metrics}}}))

    def send(rows: list[dict[str, object]], offset: int, summary: dict[str, object] | None = None) -> None:
        files: dict[str, object] = {
            "wandb-history.jsonl": {"offset": offset, "content": [json.dumps(row) for row in rows]}
        }
        if summary is not None:
            files["wandb-summary.json"] = {"offset": 0, "content": [json.dumps(summary)]}
        assert wire.stream({"files": files}, **DERIVED).status_code == 200

    send([{"_step": n, "x": n, "best": abs(n - 2), "hidden": 1, "deep": {"a": n}} for n in range(4)], 0)
    send([{"_step": 4, "best": 2, "x": 4}], 4, {"mine": "set"})
    kept = json.loads(wire.run("summaryMetrics")["summaryMetrics"])
    assert kept["x"] == 4 and kept["best"] == {"min": 0, "max": 2} and kept["mine"] == "set"
    assert kept["_step"] == 4 and "hidden" not in kept
    assert kept.get("deep", {}).get("a", kept.get("deep.a")) == 3
