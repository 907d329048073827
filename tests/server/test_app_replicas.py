"""Several processes over one PostgreSQL: any of them answers for all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from tests.support.artifacts import log_artifact
from tests.support.postgres import Cluster, running_postgres
from tests.support.rest import JournalSender, client, row_record
from tests.support.server import RunningServer, clean_environment

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


def _shared(tmp_path: Path, cluster: Cluster) -> tuple[dict[str, str], list[str]]:
    """The environment and arguments that replicas have in common."""
    key = tmp_path / "key"
    key.write_text("local-" + os.urandom(20).hex())
    signing = tmp_path / "signing"
    signing.write_text(os.urandom(32).hex())
    env = {
        "RUNSTONE_DATABASE_URL": cluster.new_database(),
        "RUNSTONE_BLOBS_URL": str(tmp_path / "blobs"),
        "RUNSTONE_SIGNING_KEY_FILE": str(signing),
    }
    return env, ["--admin-key-file", str(key)]


@pytest.fixture
def replicas(tmp_path: Path, cluster: Cluster) -> Iterator[list[RunningServer]]:
    env, args = _shared(tmp_path, cluster)
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


@pytest.mark.postgres
def test_a_worker_does_what_servers_without_jobs_leave(tmp_path: Path, cluster: Cluster) -> None:
    env, args = _shared(tmp_path, cluster)
    key = (tmp_path / "key").read_text()
    server = RunningServer(tmp_path / "server", env=env, args=[*args, "--no-jobs"])
    worker = None
    try:
        server.start()
        with client(server, key) as api:
            for number in range(3):
                log_artifact(api, "/projects/admin/shared", "data", {"a.txt": b"%d" % number})
            asked = api.post("/projects/admin/shared/deletions", json={"collection": "data", "keep_last": 1})
            assert asked.status_code == 202, asked.text
            where = f"/projects/admin/shared/deletions/{asked.json()['id']}"
            time.sleep(3)  # a server with jobs begins at once
            assert api.get(where).json()["state"] == "running"
            assert api.get("/admin/health").json()["jobs"] == {}
            log = (tmp_path / "worker.log").open("ab")
            with log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "runstone.cli", "worker", "--data", str(tmp_path / "worker")],
                    env=server.environment(**env),
                    stdout=log,
                    stderr=log,
                )
            deadline = time.monotonic() + 60
            while api.get(where).json()["state"] != "done":
                assert worker.poll() is None, (tmp_path / "worker.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            assert api.get("/admin/health").json()["jobs"]
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        server.kill9()
        if worker is not None and worker.poll() is None:
            worker.kill()
            worker.wait()


@pytest.mark.parametrize("words", [["worker"], ["server", "--no-jobs", "--port", "0"]])
def test_work_that_nobody_could_share_is_not_given_away(tmp_path: Path, words: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "runstone.cli", *words, "--data", str(tmp_path / "data")],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1 and "RUNSTONE_DATABASE_URL" in ended.stderr
