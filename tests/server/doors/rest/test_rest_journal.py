"""Journals by the API: exactly once, by offset, children first."""

from __future__ import annotations

import gzip
import random
import threading
import time

import httpx
import msgspec
import pytest
import zstandard
from tests.support.rest import (
    JournalSender,
    People,
    client,
    end_record,
    log_run,
    new_name,
    row_record,
    rows_records,
    run_record,
)
from tests.support.server import RunningServer

from runstone.journal.format import HEADER_BYTES, frame
from runstone.journal.kinds import FileLogged, Kind


def rows_of(api: httpx.Client, project: str, run: str) -> list[tuple[int, dict[str, float]]]:
    found: list[tuple[int, dict[str, float]]] = []
    step: int | None = None
    while True:
        parameters = {"limit": 500} | ({} if step is None else {"min_step": step})
        page = api.get(f"{project}/runs/{run}/rows", params=parameters).json()
        for row in page["rows"]:
            found.append((row["_step"], {key: row[key] for key in row if not key.startswith("_")}))
        if page["next_step"] is None:
            return found
        step = page["next_step"]


def test_a_journal_makes_run_and_project_and_rows(api: httpx.Client) -> None:
    name = new_name("fresh")
    sender = JournalSender(api, f"/projects/-/{name}", "one")
    told = sender.send(run_record("one", name, display_name="first") + rows_records("loss", [3.0, 2.0, 1.0]))
    assert told["entity"] == "admin" and told["project"] == name and told["run"] == "one"
    assert told["stop_requested"] is False
    run = api.get(f"/projects/admin/{name}/runs/one").json()
    assert run["display_name"] == "first"
    assert run["state"] == "running"
    assert run["summary"]["loss"] == 1.0
    rows = rows_of(api, f"/projects/admin/{name}", "one")
    assert rows == [(0, {"loss": 3.0}), (1, {"loss": 2.0}), (2, {"loss": 1.0})]
    sender.send(end_record(3))
    ended = api.get(f"/projects/admin/{name}/runs/one").json()
    assert (ended["state"], ended["exit_code"]) == ("failed", 3)


def test_the_wanted_offset_can_be_asked_for(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    asked = api.get(f"{project}/runs/one/journal", params={"writer": sender.writer})
    assert asked.json()["next_offset"] in (0, HEADER_BYTES)
    sender.send(sender.first() + rows_records("a", [1.0]))
    asked = api.get(f"{project}/runs/one/journal", params={"writer": sender.writer})
    assert asked.json() == {"next_offset": sender.offset}


def test_bytes_sent_twice_count_once_whatever_their_boundaries(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    records = [sender.first(), *(row_record(step, {"v": float(step)}) for step in range(200))]
    whole = b"".join(records)
    ends = [0]
    for record in records:
        ends.append(ends[-1] + len(record))
    dice = random.Random(7)
    at = 0
    while at < len(whole):
        # From some record that was taken already, to some record further on.
        begin = dice.choice([end for end in ends if end <= at])
        end = dice.choice([end for end in ends if end > at][:40])
        answer = sender.post(whole[begin:end], offset=HEADER_BYTES + begin)
        assert answer.status_code == 200, answer.text
        at = end
        assert answer.json()["next_offset"] == HEADER_BYTES + at
    assert rows_of(api, project, "one") == [(step, {"v": float(step)}) for step in range(200)]


def test_a_gap_is_refused_with_the_offset_that_is_wanted(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    sender.send(sender.first())
    answer = sender.post(rows_records("a", [1.0]), offset=sender.offset + 100)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "offset_mismatch"
    assert error["fields"]["next_offset"] == sender.offset


def test_damage_is_refused_where_it_is_and_what_came_before_is_kept(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    good = sender.first() + rows_records("a", [1.0, 2.0])
    bad = bytearray(rows_records("a", [3.0], first_step=2))
    bad[-1] ^= 0xFF
    answer = sender.post(good + bytes(bad))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid"
    assert error["fields"]["offset"] == HEADER_BYTES + len(good)
    assert rows_of(api, project, "one") == [(0, {"a": 1.0}), (1, {"a": 2.0})]
    sender.offset += len(good)
    sender.send(rows_records("a", [3.0], first_step=2))
    assert len(rows_of(api, project, "one")) == 3


@pytest.mark.parametrize("body", [b"\0" * 100, b"garbage that is no journal at all", b"\xff" * 9])
def test_garbage_is_refused(api: httpx.Client, project: str, body: bytes) -> None:
    answer = JournalSender(api, project, "one").post(body)
    assert answer.status_code == 400, answer.text
    assert api.get("/me").status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_packed(api: httpx.Client, project: str, encoding: str) -> None:
    sender = JournalSender(api, project, "one")
    body = sender.first() + rows_records("a", [float(n) for n in range(1000)])
    packed = gzip.compress(body) if encoding == "gzip" else zstandard.compress(body)
    assert len(packed) < len(body)
    answer = sender.post(packed, **{"Content-Encoding": encoding})
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_offset"] == HEADER_BYTES + len(body)
    assert len(rows_of(api, project, "one")) == 1000


def test_a_record_that_names_a_file_waits_for_the_file(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    sender.send(sender.first())
    record = frame(
        Kind.FILE, msgspec.msgpack.encode(FileLogged(name="media/a.png", path="files/media/a.png"))
    )
    body = rows_records("a", [1.0]) + record + rows_records("a", [2.0], first_step=1)
    answer = sender.post(body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "missing_file"
    assert answer.json()["error"]["fields"]["name"] == "media/a.png"
    assert rows_of(api, project, "one") == [(0, {"a": 1.0})]  # those before it are applied
    assert api.put(f"{project}/runs/one/files/media/a.png", content=b"png").status_code == 201
    again = sender.post(body)
    assert again.status_code == 200, again.text
    assert len(rows_of(api, project, "one")) == 2


def test_an_empty_body_is_a_heartbeat(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    sender.send(sender.first())
    api.post(f"{project}/runs/one/stop")
    deadline = time.monotonic() + 60
    while True:  # a wish to stop may go unseen for a second
        answer = sender.post(b"")
        assert answer.status_code == 200
        assert answer.json()["next_offset"] == sender.offset
        if answer.json()["stop_requested"]:
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert api.get(f"{project}/runs/one").json()["heartbeat_at"] is not None


def test_several_writers_log_one_run(rest: RunningServer, api: httpx.Client, project: str) -> None:
    def write(rank: int) -> None:
        with client(rest) as mine:
            sender = JournalSender(mine, project, "shared")
            sender.send(sender.first(rank=rank, world_size=4, label=f"rank{rank}"))
            for step in range(20):
                sender.send(row_record(step, {"loss": rank + step / 100}))

    threads = [threading.Thread(target=write, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = {key["name"]: key for key in api.get(f"{project}/runs/shared/keys").json()["keys"]}
    for rank in range(4):
        assert keys[f"loss/l:rank{rank}"]["count"] == 20


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"writer": "aa"},
        {"offset": "0"},
        {"writer": "../x", "offset": "0"},
        {"writer": "", "offset": "0"},
        {"writer": "aa", "offset": "-1"},
        {"writer": "aa", "offset": "1e3"},
        {"writer": "aa", "offset": "9" * 30},
        {"writer": "a" * 65, "offset": "0"},
        {"writer": "aa", "offset": "٣"},
    ],
)
def test_parameters_that_are_none_are_refused(
    api: httpx.Client, project: str, parameters: dict[str, str]
) -> None:
    answer = api.post(f"{project}/runs/one/journal", params=parameters, content=b"")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "invalid"


def test_a_viewer_logs_nothing(people: People) -> None:
    path = f"/projects/{people.team}/{new_name()}"
    log_run(people.member.api, path, "one", {"a": [1.0]})
    sender = JournalSender(people.viewer.api, path, "one")
    answer = sender.post(sender.first() + rows_records("a", [9.0]))
    assert answer.status_code == 403
    assert rows_of(people.viewer.api, path, "one") == [(0, {"a": 1.0})]
