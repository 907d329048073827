from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.support.written_runs import wait_until

from runstone.uplink.processes import Watched, start_of, wall_start


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(170)"])


def test_a_process_is_alive_until_it_is_gone() -> None:
    child = sleeper()
    try:
        watched = Watched(child.pid, psutil.Process(child.pid).create_time(), "/nowhere")
        assert watched.is_alive()
    finally:
        child.kill()
    wait_until(lambda: not watched.is_alive())
    child.wait()
    assert not watched.is_alive()


def test_a_zombie_is_gone() -> None:
    child = sleeper()
    watched = Watched(child.pid, psutil.Process(child.pid).create_time(), "/nowhere")
    child.kill()
    wait_until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not watched.is_alive()
    child.wait()


def test_another_process_under_the_same_id_is_not_the_one() -> None:
    watched = Watched(os.getpid(), psutil.Process().create_time() - 3600, "/nowhere")
    assert not watched.is_alive()


def test_a_clock_that_was_set_does_not_kill_a_process_that_holds_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with path.open("wb"):
        watched = Watched(os.getpid(), psutil.Process().create_time() - 3600, str(path))
        assert watched.is_alive()
    assert watched.is_alive()  # recognised once, it is known by the kernel's own count


def test_no_process_at_all() -> None:
    assert not Watched(0, 0.0, "/nowhere").is_alive()
    assert not Watched(2**22 + 1, 0.0, "/nowhere").is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_start_agrees_with_psutil() -> None:
    ticks = start_of(os.getpid())
    assert ticks is not None
    assert abs(wall_start(ticks) - psutil.Process().create_time()) < 2.0
    assert wall_start(ticks) < time.time()


def test_asking_to_stop_reaches_the_process() -> None:
    child = sleeper()
    watched = Watched(child.pid, psutil.Process(child.pid).create_time(), "/nowhere")
    assert watched.ask_to_stop()
    assert child.wait(5) == -15
    assert not watched.ask_to_stop()
