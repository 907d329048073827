"""Several processes over one PostgreSQL: any of them answers for all."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from tests.support.postgres import Cluster, running_postgres
from tests.support.rest import JournalSender, client, row_record
from tests.support.server import RunningServer

from runstone.server.domain.feed import Event
from runstone.server.domain.identity import EntityId, ProjectId
from runstone.server.relay import PAYLOAD_BYTES_MAX, letters


def event(run: str, **detail: Any) -> Event:
    return Event("rows", EntityId(1), ProjectId(2), "e", "p", run, detail)


def test_letters_hold_every_event_within_the_bound() -> None:
    events = [event(f"r{number}", last_step=number, text='é"\\' * (number % 50)) for number in range(2000)]
    found: list[dict[str, Any]] = []
    for letter in letters("origin", events):
        assert len(letter.encode()) <= PAYLOAD_BYTES_MAX
        origin, inside = json.loads(letter)
        assert origin == "origin"
        found += inside
    assert [told["run"] for told in found] == [sent.run for sent in events]
    assert [told["detail"] for told in found] == [sent.detail for sent in events]


def test_an_event_too_long_for_a_letter_goes_without_its_detail() -> None:
    (letter,) = letters("o", [event("long", text="x" * 10_000)])
    (told,) = json.loads(letter)[1]
    assert told["run"] == "long" and told["detail"] == {}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_postgres() as found:
        yield found


@pytest.fixture
def replicas(tmp_path: Path, cluster: Cluster) -> Iterator[list[RunningServer]]:
    key = tmp_path / "key"
    key.write_text("local-" + os.urandom(20).hex())
    signing = tmp_path / "signing"
    signing.write_text(os.urandom(32).hex())
    env = {
        "RUNSTONE_DATABASE_URL": cluster.new_database(),
        "RUNSTONE_BLOBS_URL": str(tmp_path / "blobs"),
        "RUNSTONE_SIGNING_KEY_FILE": str(signing),
    }
    args = ["--admin-key-file", str(key)]
    servers = [RunningServer(tmp_path / f"replica{number}", env=env, args=args) for number in range(2)]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill9()


@pytest.mark.postgres
def test_what_one_replica_takes_in_the_other_answers_and_tells(
    replicas: list[RunningServer], tmp_path: Path
) -> None:
    key = (tmp_path / "key").read_text()
    heard: Queue[dict[str, Any]] = Queue()
    with client(replicas[0], key) as one, client(replicas[1], key) as other:

        def follow() -> None:
            with other.stream("GET", "/feed") as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        for told in json.loads(line[6:]):
                            heard.put(told)
                            if told["run"] == "last":
                                return

        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        time.sleep(1.0)
        sender = JournalSender(one, "/projects/-/shared", "one")
        sender.send(sender.first() + row_record(0, {"loss": 1.0}))
        # The same journal goes on at the other replica.
        sender.api = other
        sender.send(row_record(1, {"loss": 0.5}))
        sender.api = one
        sender.send(row_record(2, {"loss": 0.25}))
        for api in (one, other):
            rows = api.get("/projects/-/shared/runs/one/rows").json()["rows"]
            assert [row["loss"] for row in rows] == [1.0, 0.5, 0.25]
            assert api.get("/projects/-/shared/runs/one").json()["summary"]["loss"] == 0.25
        assert one.put("/projects/-/shared/runs/one/files/a.txt", content=b"bytes").status_code == 201
        assert other.get("/projects/-/shared/runs/one/files/a.txt").content == b"bytes"
        with client(replicas[1], "") as browser:
            token = one.post("/session/link", json={}).json()["token"]
            answer = browser.get(f"{replicas[1].base_url}/signin", params={"token": token})
            assert answer.status_code == 303
            assert browser.get("/me").json()["username"] == "admin"
        last = JournalSender(one, "/projects/-/shared", "last")
        last.send(last.first() + row_record(0, {"loss": 1.0}))
        reader.join(10)
        seen: set[str] = set()
        try:
            while True:
                seen.add(heard.get_nowait()["run"])
        except Empty:
            pass
        assert {"one", "last"} <= seen
