"""The uplink's loop in this process, where a test can turn its clockwork."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.faulty import Exchange, faulty_proxy, is_journal, status
from tests.support.server import RunningServer
from tests.support.written_runs import WrittenRun, wait_until

from runstone.uplink import links, loop, watch
from runstone.uplink.queue import Queue


@contextmanager
def uplink_in_a_thread(home: Path) -> Iterator[loop.Uplink]:
    uplink = loop.Uplink(home, linger_seconds=0.2)
    thread = threading.Thread(target=uplink.run)
    thread.start()
    try:
        yield uplink
    finally:
        uplink.stop()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def home(tmp_path: Path, shared_server: RunningServer) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    (path / "key").write_text(shared_server.admin_key)
    return path


def is_heartbeat(exchange: Exchange) -> bool:
    return is_journal(exchange) and not exchange.body


def test_a_silent_run_says_that_it_lives(
    home: Path, shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HEARTBEAT_SECONDS", 0.5)
    beats = []

    def listening(exchange: Exchange) -> bool:
        if is_heartbeat(exchange):
            beats.append(exchange.path)
        return False

    with faulty_proxy(shared_server.port) as proxy:
        proxy.plan(status(500), when=listening)
        run = WrittenRun(tmp_path).rows(1)
        run.enqueue(
            home,
            base_url=proxy.base_url,
            api_key_file=str(home / "key"),
            pid=os.getpid(),
            sample_system=False,
        )
        begun = time.monotonic()
        with uplink_in_a_thread(home):
            wait_until(lambda: len(beats) >= 4, what="four heartbeats")
            run.end()
            wait_until(lambda: not list(Queue(home).names()))
    assert len(beats) <= (time.monotonic() - begun) / 0.5 + 1


def test_a_steady_stream_is_gathered_into_few_requests(
    home: Path, shared_server: RunningServer, tmp_path: Path
) -> None:
    with faulty_proxy(shared_server.port) as proxy:
        run = WrittenRun(tmp_path)
        run.enqueue(
            home,
            base_url=proxy.base_url,
            api_key_file=str(home / "key"),
            pid=os.getpid(),
            sample_system=False,
        )
        begun = time.monotonic()
        with uplink_in_a_thread(home):
            for _ in range(300):
                run.row()
                time.sleep(0.005)
            lasted = time.monotonic() - begun
            run.end()
            wait_until(lambda: not list(Queue(home).names()))
        # The first and the last ones do not wait for more.
        assert proxy.count("POST", "/journal") <= lasted / loop.GATHER_SECONDS + 6


def test_a_server_that_is_away_is_asked_by_one_not_by_all(
    home: Path, shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "FIRST_SECONDS", 0.5)
    with faulty_proxy(shared_server.port) as proxy:
        proxy.plan(status(503), times=10_000, when=lambda exchange: True)
        runs = [WrittenRun(tmp_path).rows(3) for _ in range(20)]
        for run in runs:
            run.enqueue(
                home,
                base_url=proxy.base_url,
                api_key_file=str(home / "key"),
                pid=os.getpid(),
                sample_system=False,
            )
        with uplink_in_a_thread(home):
            # Asked after 0.5 s, 1 s, 2 s, …; those on their way when it was first found away count, too.
            wait_until(lambda: len(proxy.seen) >= 2, what="a second question")
            time.sleep(2.5)
            assert len(proxy.seen) <= loop.THREADS + 6
            proxy.clear()
            for run in runs:
                run.end()
            wait_until(lambda: not list(Queue(home).names()))


def test_retry_after_is_honoured(home: Path, shared_server: RunningServer, tmp_path: Path) -> None:
    with faulty_proxy(shared_server.port) as proxy:
        proxy.plan(status(429, retry_after="3"), times=1, when=is_journal)
        run = WrittenRun(tmp_path).rows(3)
        run.enqueue(home, base_url=proxy.base_url, api_key_file=str(home / "key"), pid=os.getpid())
        with uplink_in_a_thread(home):
            begun = time.monotonic()
            run.end()
            wait_until(lambda: not list(Queue(home).names()))
            assert time.monotonic() - begun >= 2.5
