"""Processes killed while they write and merge, and several that merge at once: every acknowledged
row is there, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support.postgres import Cluster

from runstone.server.stores.history.contract import HistoryStore, Window
from runstone.server.stores.history.sql import open_history
from runstone.testing.history.checks import check_buckets
from runstone.testing.history.model import key_of, merge_all

pytestmark = pytest.mark.faults

RUNS = 3
# Appends to three runs from two threads, rows of 40 at a time, and merges eagerly in tiny parts; says
# after each acknowledged append how far its run has come.
_WRITER = """
import sys, threading
import numpy as np
from runstone.server.stores.history.sql import buckets, maintenance, open_history, segments
from runstone.testing.history.model import key_of, numbers
buckets.PACK_VALUES, buckets.MOVE_POINTS, segments.POINTS_MAX, segments.CELLS_MAX = 400, 150, 256, 8
maintenance.IDLE_MERGE_SECONDS = -1.0
store = open_history(sys.argv[1], blobs=None)
lock = threading.Lock()
def write(run):
    at = store.next_offset(key_of(run), "s")
    while True:
        steps = np.arange(at, at + 40)
        at = store.append(key_of(run), "s", numbers(steps, {"a": np.sin(steps), "b": steps * 2.0}, offset=at))
        with lock:
            sys.stdout.write(f"{run} {at}\\n")
            sys.stdout.flush()
for run in range(int(sys.argv[2])):
    threading.Thread(target=write, args=(run,), daemon=True).start()
while True:
    store.maintain(seconds=1)
"""

_KEEPER = """
import sys
from runstone.server.stores.history.sql import buckets, maintenance, open_history, segments
buckets.PACK_VALUES, buckets.MOVE_POINTS, segments.POINTS_MAX, segments.CELLS_MAX = 400, 150, 256, 8
maintenance.IDLE_MERGE_SECONDS = -1.0
store = open_history(sys.argv[1], blobs=None)
print("up", flush=True)
while True:
    store.maintain(seconds=0.2)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'history.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new_database()
    yield url
    cluster.drop(url)


def _start(program: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True)


def _exact(store: HistoryStore, run: int, least: int) -> None:
    """The run holds whole batches from the first on, at least the acknowledged ones, each row once."""
    where = key_of(run)
    at = store.next_offset(where, "s")
    assert at >= least and at % 40 == 0
    if not at:  # a slow disk: its first append was not through yet
        assert store.info(where).rows == 0
        return
    steps = np.arange(at)
    for key, values in (("a", np.sin(steps)), ("b", steps * 2.0)):
        points = store.points(where, key)
        assert points.steps.tolist() == steps.tolist()
        assert (points.values == values).all()
        assert store.key_infos(where, [key])[key].count == at
        for count in (1, 20):
            (found,) = store.buckets([(where, key)], x="_step", window=Window(None, None, count))
            check_buckets(found, steps, values, count)
    assert store.info(where).rows == at


@pytest.mark.slow
def test_no_acknowledged_row_is_lost_or_doubled_by_kill_9(url: str) -> None:
    seed = int(os.environ.get("RUNSTONE_TEST_SEED", random.randrange(10**6)))
    print("seed", seed)
    random.seed(seed)
    acknowledged = [0] * RUNS
    for _ in range(5):
        writer = _start(_WRITER, url, str(RUNS))
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(random.uniform(0.05, 0.9))
        writer.send_signal(signal.SIGKILL)
        for line in [first, *writer.stdout]:
            if line.endswith("\n"):
                run, at = map(int, line.split())
                acknowledged[run] = max(acknowledged[run], at)
        writer.wait()
        writer.stdout.close()
        store = open_history(url, blobs=None)
        for run in range(RUNS):
            _exact(store, run, acknowledged[run])
        store.close()
    assert sum(acknowledged) > 0
    store = open_history(url, blobs=None)
    for run in range(RUNS):
        merge_all(store)
        store.seal(key_of(run))
        _exact(store, run, acknowledged[run])
    store.close()


@pytest.mark.slow
def test_three_processes_merge_at_once_while_another_writes(url: str) -> None:
    open_history(url, blobs=None).close()
    keepers = [_start(_KEEPER, url) for _ in range(2)]
    for keeper in keepers:
        assert keeper.stdout is not None and keeper.stdout.readline() == "up\n"
    writer = _start(_WRITER, url, str(RUNS))
    try:
        assert writer.stdout is not None
        acknowledged = [0] * RUNS
        until = time.monotonic() + 5
        for line in writer.stdout:
            run, at = map(int, line.split())
            acknowledged[run] = at
            if time.monotonic() > until:
                break
    finally:
        for process in (writer, *keepers):
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    store = open_history(url, blobs=None)
    for run in range(RUNS):
        _exact(store, run, acknowledged[run])
    store.close()
