"""A run that read what another one has logged and is still sending: it waits while that gets further."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.faulty import Exchange, FaultyProxy, faulty_proxy
from tests.support.server import RunningServer, running_server
from tests.support.written_runs import wait_until

from runstone.client import Client
from runstone.journal.home import QueueEntry
from runstone.uplink import artifacts, shipping, watch
from runstone.uplink.artifacts import NotYet, _Patience
from runstone.uplink.sync import Outcome, Sync, find_journals
from runstone.uplink.watch import Watch

HELD_SECONDS = 1.5
TWO_RUNS = """
    import os, runstone
    settings = runstone.Settings(console="off", system=False, git=False, packages=False, environment=False)
    def begin(id):
        return runstone.init(project="waiting", id=id, dir="here", mode="offline", settings=settings)
    open("data", "wb").write(os.urandom(400_000))
    with begin("maker") as run:
        dataset = run.log_artifact("data", name="cats", type="dataset")
    with begin("reader") as run:
        run.use_artifact(dataset)
        run.log({"x": 1})
"""
SEND = """
    import sys
    from pathlib import Path
    from runstone.client import Client
    from runstone.uplink import shipping
    from runstone.uplink.sync import Sync
    shipping.BEAT_SECONDS = 0.2
    with Client(sys.argv[1], sys.argv[2]) as client:
        list(Sync(client).run([Path(sys.argv[3])]))
"""


@dataclass
class World:
    """Two runs without a server, one of which read what the other made; the server, and a proxy to it that
    holds the maker's bytes up until `go`."""

    server: RunningServer
    proxy: FaultyProxy
    maker: Path
    reader: Path
    go: threading.Event

    def send_maker(self) -> subprocess.Popen[bytes]:
        """By a process of its own; returns when its bytes are on their way."""
        given = [self.proxy.base_url, self.server.admin_key, str(self.maker)]
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SEND), *given])
        wait_until(lambda: self.held, what="the maker's bytes")
        return process

    held: list[str]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(artifacts, "HELD_SECONDS", HELD_SECONDS)
    monkeypatch.setattr(artifacts, "_LOOK_SECONDS", 0.2)
    code = [sys.executable, "-c", textwrap.dedent(TWO_RUNS)]
    subprocess.run(code, cwd=tmp_path, check=True, env=dict(os.environ), timeout=120)
    maker, reader = find_journals([tmp_path / "here"])
    go, held = threading.Event(), list[str]()

    def hold(exchange: Exchange) -> Any:
        held.append(exchange.path)
        go.wait(60)
        return exchange.forward()

    with running_server(tmp_path / "server") as server, faulty_proxy(server.port) as proxy:
        proxy.plan(hold, when=lambda exchange: len(exchange.body) > 100_000)
        yield World(server, proxy, maker, reader, go, held)
        go.set()


def send_reader(world: World) -> tuple[Outcome, float]:
    """What became of it, and after how many seconds."""
    began = time.monotonic()
    with Client(world.proxy.base_url, world.server.admin_key) as client:
        (outcome,) = Sync(client, away_seconds=60).run([world.reader])
    return outcome, time.monotonic() - began


def used(world: World) -> list[str]:
    from runstone import Api

    with Api(base_url=world.server.base_url, api_key=world.server.admin_key) as api:
        return [one.name for one in api.run("waiting/reader").used_artifacts()]


def test_it_waits_longer_than_any_bound_while_the_maker_is_at_it_and_then_names_what_it_read(
    world: World,
) -> None:
    process = world.send_maker()
    threading.Timer(3 * HELD_SECONDS, world.go.set).start()
    outcome, seconds = send_reader(world)
    assert process.wait(60) == 0
    assert outcome.state == "sent" and outcome.troubles == [] and seconds > 2.5 * HELD_SECONDS
    assert used(world) == ["cats:v0"]


def test_it_is_told_soon_after_the_maker_is_gone_whose_run_that_is_and_what_to_do(world: World) -> None:
    process = world.send_maker()
    threading.Timer(2 * HELD_SECONDS, process.kill).start()
    outcome, seconds = send_reader(world)
    process.wait()
    assert outcome.state == "sent" and seconds > 2 * HELD_SECONDS
    (trouble,) = outcome.troubles
    assert "the use of artifact cats: it is not on the server. The run in" in trouble
    assert str(world.maker.parent) in trouble and "nobody is sending that: `runstone sync`" in trouble
    assert used(world) == []


def test_one_that_nobody_sends_is_waited_for_as_long_as_it_might_yet_begin(world: World) -> None:
    outcome, seconds = send_reader(world)
    assert len(outcome.troubles) == 1 and HELD_SECONDS < seconds < 30


def test_time_in_which_nobody_looked_is_no_silence_of_the_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server is away no sign can come."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    patience = _Patience()
    assert patience.look(0) == 0
    now[0] += 3600
    assert patience.look(0) == 10
    now[0] += 1
    assert patience.look(0) == 11
    assert patience.look(1) == 0


def test_the_server_hears_of_a_run_that_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(artifacts, "HELD_SECONDS", 600.0)
    monkeypatch.setattr(shipping, "BEAT_SECONDS", 600.0)
    watched = Watch("reader", QueueEntry(journal=str(world.reader), mode="online", pid=0))
    with Client(world.proxy.base_url, world.server.admin_key) as client:
        watched.look(time.monotonic())
        for _ in range(3):
            with pytest.raises(NotYet):
                watched.carry(client)
        said = world.proxy.count("POST", "/journal")
        with pytest.raises(NotYet):
            watched.carry(client)
        assert world.proxy.count("POST", "/journal") == said + 1
    watched.close()
