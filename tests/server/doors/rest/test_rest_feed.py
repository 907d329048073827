"""The feed by the API."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue
from typing import Any

import httpx
import pytest
from tests.support.rest import People, client, log_run, new_name, rows_records
from tests.support.server import RunningServer


class Follower:
    """Reads a feed in a thread; `wait_for` gives the first event that fits."""

    def __init__(self, api: httpx.Client, **parameters: str) -> None:
        self.events: Queue[dict[str, Any]] = Queue()
        self.ids: list[int] = []
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._api = api
        self._parameters = parameters
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._answer: httpx.Response | None = None
        self._thread.start()
        assert self._ready.wait(10)

    def _read(self) -> None:
        try:
            with self._api.stream("GET", "/feed", params=self._parameters) as answer:
                self._answer = answer
                assert answer.status_code == 200
                assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
                kind = ""
                for line in answer.iter_lines():
                    self.lines.append(line)
                    if line == ": hello":
                        self._ready.set()
                    elif line.startswith("event: "):
                        kind = line[7:]
                    elif line.startswith("id: "):
                        self.ids.append(int(line[4:]))
                    elif line.startswith("data: "):
                        assert kind == "change"
                        for event in json.loads(line[6:]):
                            self.events.put(event)
        except (httpx.TransportError, httpx.StreamError, ValueError):
            pass

    def wait_for(self, seconds: float = 60, **wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        seen = []
        while time.monotonic() < deadline:
            try:
                event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            except Empty:
                break
            seen.append(event)
            if all(event[key] == value for key, value in wanted.items()):
                return event
        pytest.fail(f"no event {wanted} among {seen}")

    def close(self) -> None:
        if self._answer is not None:
            stream = self._answer.extensions["network_stream"]
            with contextlib.suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def follow(rest: RunningServer) -> Iterator[Any]:
    followers: list[Follower] = []
    clients: list[httpx.Client] = []

    def begin(key: str | None = None, **parameters: str) -> Follower:
        api = client(rest, key)
        clients.append(api)
        followers.append(Follower(api, **parameters))
        return followers[-1]

    yield begin
    for follower in followers:
        follower.close()
    for api in clients:
        api.close()


def test_a_change_is_heard_soon_by_whom_it_concerns(api: httpx.Client, project: str, follow: Any) -> None:
    follower = follow()
    name = project.rpartition("/")[2]
    waits = []
    while min(waits, default=9.0) >= 2 and len(waits) < 10:  # a busy machine is slow, not each time
        run = f"one{len(waits)}"
        began = time.monotonic()
        sender = log_run(api, project, run, {"loss": [1.0]})
        event = follower.wait_for(kind="run", project=name, run=run)
        waits.append(time.monotonic() - began)
        assert event["entity"] == "admin"
    assert min(waits) < 2, waits
    sender.send(rows_records("loss", [0.5], first_step=1))
    rows = follower.wait_for(kind="rows", project=name, run=run)
    assert rows["detail"]["last_step"] in (0, 1)
    api.post(f"{project}/runs/tag", json={"runs": [run], "add": ["x"]})
    follower.wait_for(kind="run", project=name, run=run)
    assert follower.ids == sorted(set(follower.ids))


def test_a_feed_of_one_project_tells_nothing_of_others(api: httpx.Client, project: str, follow: Any) -> None:
    name = project.rpartition("/")[2]
    follower = follow(project=f"admin/{name}")
    other = f"/projects/admin/{new_name()}"
    log_run(api, other, "elsewhere", {"a": [1.0]})
    log_run(api, project, "here", {"a": [1.0]})
    follower.wait_for(kind="run", run="here")
    assert follower.events.qsize() < 10
    while not follower.events.empty():
        assert follower.events.get()["project"] == name


def test_a_feed_tells_nobody_what_they_may_not_read(people: People, follow: Any) -> None:
    stranger, viewer = follow(people.stranger.key), follow(people.viewer.key)
    path = f"/projects/{people.team}/{new_name()}"
    log_run(people.member.api, path, "one", {"a": [1.0]})
    viewer.wait_for(kind="run", run="one")
    log_run(people.stranger.api, f"/projects/{people.stranger.name}/{new_name()}", "own", {"a": [1.0]})
    stranger.wait_for(kind="run", run="own")
    while not stranger.events.empty():
        assert stranger.events.get()["entity"] == people.stranger.name


@pytest.mark.parametrize("project", ["x", "/x", "x/", "/"])
def test_a_project_that_is_none_is_refused(api: httpx.Client, project: str) -> None:
    assert api.get("/feed", params={"project": project}).status_code == 400


def test_readers_that_leave_are_let_go(rest: RunningServer, api: httpx.Client, follow: Any) -> None:
    def feeds() -> int:
        text = httpx.get(rest.base_url + "/metrics").text
        return int(
            float(next(line for line in text.splitlines() if line.startswith("runstone_feeds ")).split()[1])
        )

    def wait_until_nobody_follows() -> None:
        deadline = time.monotonic() + 60
        while feeds() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert feeds() == 0

    wait_until_nobody_follows()  # those of other tests have hung up, and the server hears of it
    followers = [follow() for _ in range(5)]
    assert feeds() == 5
    for follower in followers:
        follower.close()
    wait_until_nobody_follows()
