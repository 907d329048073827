"""How fast clients may send, and summaries that they leave to the server."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.wandb_wire import UPSERT, Wire

from runstone.server.app import build_app
from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import RunKey
from runstone.server.doors.wandb.stream.pace import (
    AWAY_SECONDS_MAX,
    CALM,
    HEARTBEAT_SECONDS,
    HEARTBEAT_SECONDS_MAX,
    PATIENCE_SECONDS,
    REQUESTS_MAX,
    REQUESTS_MIN,
    WINDOW_SECONDS,
    Pace,
    heartbeat_at,
    requests_at,
    send_away,
)
from runstone.server.house import open_house
from runstone.server.pool import Lane
from runstone.server.settings import ServerSettings


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


def test_those_that_would_wait_too_long_are_sent_away_each_for_a_time_of_its_own() -> None:
    send_away(0.0)
    send_away(PATIENCE_SECONDS)
    told = set()
    for _ in range(200):
        with pytest.raises(Unavailable) as raised:
            send_away(PATIENCE_SECONDS * 2)
        told.add(raised.value.fields["retry_after_seconds"])
    assert told == set(range(1, AWAY_SECONDS_MAX + 1))


def test_a_stream_that_would_wait_too_long_is_sent_away_and_taken_when_it_comes_back(tmp_path: Path) -> None:
    """By a status that clients send again after, and never by one that ends their stream."""
    settings = ServerSettings.load(data=tmp_path, environ={}, start_uplink=False)
    house = open_house(settings)
    key = house.domain.accounts.ensure_first_admin(None)
    assert key is not None
    app, context = build_app(settings, house)

    def busy() -> None:
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass

    async def main() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE, auth=("api", key)) as http:
            path = "/files/admin/p/r1/file_stream"
            upsert = {"query": UPSERT, "variables": {"name": "r1", "project": "p"}}
            made = await http.post("/graphql", json=upsert)
            assert made.status_code == 200, made.text
            for _ in range(30):  # so that the lane knows what a call takes
                await context.run(busy, lane=Lane.INGEST)
            release = threading.Event()
            holding = [
                asyncio.ensure_future(context.run(release.wait, lane=Lane.INGEST))
                for _ in range(settings.limits.ingest_threads)
            ]
            few = [asyncio.ensure_future(context.run(busy, lane=Lane.INGEST)) for _ in range(2)]
            soon = asyncio.ensure_future(http.post(path, json={}))
            await asyncio.sleep(0.1)
            many = [asyncio.ensure_future(context.run(busy, lane=Lane.INGEST)) for _ in range(60)]
            await asyncio.sleep(0)
            away = await http.post(path, json={})
            assert away.status_code == 503 and 1 <= int(away.headers["retry-after"]) <= AWAY_SECONDS_MAX
            assert "Retry-After" in away.json()["error"]
            assert not soon.done()
            release.set()
            await asyncio.gather(*holding, *few, *many)
            assert (await soon).status_code == 200
            assert (await http.post(path, json={})).status_code == 200

    asyncio.run(main())
    house.close()


HERE = "http://127.0.0.1"


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
