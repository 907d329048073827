"""Streams of many wandb clients, with the server killed under them: every row there, once."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from tests.support.server import running_server
from tests.support.wandb_load import Load, Steady, check_rows
from tests.support.wandb_recording import record_stream

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CLIENTS, SECONDS = 20, 10.0


def test_streams_outlive_the_servers_death_without_losing_or_doubling_a_row(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        # The client's own pace is 15 s; a faster one makes the same bodies, smaller and more of them.
        steady = Steady(record_stream(server, tmp_path / "client", release="0.31.0", seconds=5, interval=1.5))
        load = Load(server, steady, clients=CLIENTS, interval=0.5, retry_seconds=0.3)

        def kill() -> None:
            time.sleep(SECONDS / 2)
            server.kill9()
            server.start()

        killer = threading.Thread(target=kill)
        killer.start()
        asyncio.run(load.run(SECONDS))
        killer.join()
        assert check_rows(load) == []
        assert load.figures.retries > 0
        assert sum(client.rows for client in load.clients) > CLIENTS * 50
