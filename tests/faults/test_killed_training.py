"""Training killed at a random moment: what `log` returned from reaches the server, and the end too."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.server import RunningServer, running_server
from tests.support.written_runs import end_uplinks, uplink_log, wait_until

from runstone.journal.home import queue_dir

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240)]

ROUNDS = 12
TRAIN = """
import os, sys, time
import runstone
run = runstone.init(project="killed", id=sys.argv[1])
out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for step in range(1_000_000):
    run.log({"loss": 1.0 / (step + 1)})
    os.write(out, b".")          # only now does anybody know that the row was logged
    if step % 50 == 0: time.sleep(0.001)
"""


def all_gone(server: RunningServer) -> None:
    try:
        wait_until(lambda: not any(queue_dir(server.data).glob("*.json")))
    except TimeoutError:
        raise AssertionError(uplink_log(server.data)[-3000:]) from None


def test_every_row_that_was_logged_before_the_kill_is_on_the_server_and_the_run_is_killed(
    tmp_path: Path,
) -> None:
    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    chance = random.Random(seed)
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    with running_server(tmp_path) as server:
        try:
            known: dict[str, int] = {}
            for at in range(ROUNDS):
                said = tmp_path / f"said{at}"
                child = subprocess.Popen(
                    [sys.executable, str(script), f"round{at:02d}", str(said)],
                    env=server.environment(RUNSTONE_SILENT="1"),
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                wait_until(lambda said=said: said.exists() and said.stat().st_size > 0)
                time.sleep(chance.uniform(0.0, 1.0))
                child.kill()
                child.wait()
                known[f"round{at:02d}"] = said.stat().st_size
            all_gone(server)
            with server.client() as client:
                for run, count in known.items():
                    steps = [row["_step"] for row in client.rows("", "killed", run)]
                    assert steps == list(range(len(steps))), (run, seed)
                    # One more may have been logged before the kill than could be told.
                    assert len(steps) in (count, count + 1), (run, seed)
                    found = client.run("", "killed", run)
                    assert (found.state, found.exit_code) == ("killed", 137), (run, seed)
                    assert found.summary["loss"] == 1.0 / len(steps)
        finally:
            end_uplinks(server.data)
