"""Many processes at once, with the server killed under them: every row there, once.

The writers are ordinary scripts; one uplink carries them all, and is killed too.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.server import RunningServer, running_server
from tests.support.written_runs import end_uplinks, uplink_log, wait_until

from runstone.client import Client
from runstone.client.errors import NotFound
from runstone.journal.home import queue_dir, uplink_lock
from runstone.uplink.launch import is_running, launch

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(420)]

KILLS = 5

WRITER = """
import os, random, sys, time
import runstone
rows, seconds, run_id = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
run = runstone.init(project="many", id=run_id or None, config={"rows": rows})
chance = random.Random(os.getpid())
for step in range(rows):
    run.log({"loss": 1.0 / (step + 1), "step_squared": step * step})
    time.sleep(chance.uniform(0, 2 * seconds / rows))
run.finish(timeout=0)
"""


def start_writer(
    server: RunningServer, script: Path, rows: int, seconds: float, run_id: str, **env: str
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(script), str(rows), str(seconds), run_id],
        env=server.environment(RUNSTONE_SILENT="1", **env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=script.parent,
    )


def break_things(server: RunningServer, seconds: float, chance: random.Random) -> None:
    """Kill the server five times within about `seconds`, and the uplink in between."""
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 0.7) * seconds / KILLS)
        server.kill9()
        time.sleep(chance.uniform(0.1, 0.5))
        server.start()
        time.sleep(chance.uniform(0.1, 0.5))
        kill_uplink(server.data)
        launch(server.data)


def kill_uplink(home: Path) -> None:
    if is_running(home):
        try:
            os.kill(int(uplink_lock(home).read_text()), signal.SIGKILL)
        except (OSError, ValueError):
            pass  # it has just gone by itself


def all_sent(server: RunningServer) -> None:
    """Until nothing waits. An uplink that was killed between two runs is started by the next one: here
    by us."""

    def nothing_waits() -> bool:
        if not any(queue_dir(server.data).glob("*.json")):
            return True
        launch(server.data)
        return False

    try:
        wait_until(nothing_waits, 120, every=0.2)
    except TimeoutError:
        raise AssertionError(f"Not all was sent:\n{uplink_log(server.data)[-4000:]}") from None


def finished_well(writers: list[subprocess.Popen[bytes]]) -> None:
    for writer in writers:
        _, said = writer.communicate(timeout=120)
        assert writer.returncode == 0, said.decode()


def steps_of(client: Client, run_id: str) -> list[int]:
    try:
        return [row["_step"] for row in client.rows("", "many", run_id)]
    except NotFound:
        return []


def test_sixty_four_processes_write_sixty_four_runs_while_the_server_is_killed_five_times(
    tmp_path: Path,
) -> None:
    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    script = tmp_path / "train.py"
    script.write_text(WRITER)
    rows, seconds = 200, 15.0
    with running_server(tmp_path) as server:
        try:
            writers = [start_writer(server, script, rows, seconds, f"many{at:04d}") for at in range(64)]
            break_things(server, seconds, random.Random(seed))
            finished_well(writers)
            all_sent(server)
            with server.client() as client:
                for at in range(64):
                    assert steps_of(client, f"many{at:04d}") == list(range(rows)), (at, seed)
                    statistics = client.statistics("", "many", f"many{at:04d}", "step_squared")
                    assert statistics.count == rows
                states = {run.state for run in client.find_runs("", "many", limit=100).runs}
            assert states == {"finished"}
        finally:
            end_uplinks(server.data)


def test_eight_processes_write_one_run_while_the_server_is_killed_five_times(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    script = tmp_path / "train.py"
    script.write_text(WRITER)
    rows, seconds = 400, 12.0
    with running_server(tmp_path) as server:
        try:
            writers = [
                start_writer(
                    server,
                    script,
                    rows,
                    seconds,
                    "",
                    RUNSTONE_RUN_ID="together",
                    RANK=str(rank),
                    LOCAL_RANK=str(rank),
                    WORLD_SIZE="8",
                    LOCAL_WORLD_SIZE="8",
                )
                for rank in range(8)
            ]
            break_things(server, seconds, random.Random(seed))
            finished_well(writers)
            all_sent(server)
            with server.client() as client:
                run = client.run("", "many", "together")
                assert run.state == "finished"
                assert run.ranks == 8
                keys = {key.name: key.count for key in client.keys("", "many", "together")}
                for rank in range(8):
                    assert keys[f"step_squared/l:rank-{rank}"] == rows, (rank, seed, keys)
                    only = [f"step_squared/l:rank-{rank}"]
                    found = list(client.rows("", "many", "together", keys=only))
                    assert [row["_step"] for row in found] == list(range(rows))
                    assert [row[only[0]] for row in found] == [step * step for step in range(rows)]
        finally:
            end_uplinks(server.data)
