"""How runs end: by themselves, by exceptions, exit codes, signals and kill -9. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.journals import journals, records, rows, run_script

from runstone.journal.kinds import End, Kind

BEGIN = """
import os, signal, sys, threading, time
import runstone
QUIET = dict(console="off", system=False, git=False, packages=False, environment=False)
run = runstone.init(project="p", mode="offline", dir=sys.argv[1], settings=runstone.Settings(**QUIET))
run.log({"a": 1})
"""


def end_of(folder: Path) -> End:
    [end] = records(folder, Kind.END)
    return end  # type: ignore[no-any-return]


def play(tmp_path: Path, script: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return run_script(BEGIN + textwrap.dedent(script), str(tmp_path), **options)


def test_a_script_that_just_ends_has_finished(tmp_path: Path) -> None:
    done = play(tmp_path, "")
    assert done.returncode == 0, done.stderr
    assert end_of(tmp_path).exit_code == 0
    assert "finished" in done.stderr
    assert "runstone sync" in done.stderr
    assert str(tmp_path) in done.stderr


def test_an_uncaught_exception_fails_the_run_and_keeps_the_traceback(tmp_path: Path) -> None:
    done = play(tmp_path, "def train():\n    raise ValueError('too hot')\ntrain()")
    assert done.returncode == 1
    assert "ValueError: too hot" in done.stderr  # seen by the user too
    end = end_of(tmp_path)
    assert end.exit_code == 1
    assert end.traceback is not None
    assert "in train" in end.traceback
    assert "ValueError: too hot" in end.traceback


def test_the_traceback_is_redacted(tmp_path: Path) -> None:
    play(tmp_path, "raise ValueError('pass' + 'word=' + 'hunter' + '2x')")
    end = end_of(tmp_path)
    assert end.traceback is not None
    assert "password=[redacted]" in end.traceback
    assert b"hunter2x" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*.journal"))


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit()", 0),
        ("sys.exit('message')", 1),
        ("sys.exit(0)", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit", 0),
        ("raise SystemExit('message')", 1),
        ("exit(4)", 4),
        ("import argparse; argparse.ArgumentParser().parse_args(['--no'])", 2),
        ("def main():\n    return 6\nraise SystemExit(main())", 6),
        ("try:\n    raise SystemExit(3)\nexcept SystemExit as error:\n    assert error.code == 3", 0),
        ("try:\n    sys.exit(3)\nexcept SystemExit as error:\n    assert error.code == 3", 0),
        ("t = threading.Thread(target=sys.exit, args=(3,))\nt.start()\nt.join()", 0),
    ],
)
def test_exit_codes_are_the_runs(tmp_path: Path, how: str, code: int) -> None:
    assert play(tmp_path, how).returncode == code
    assert end_of(tmp_path).exit_code == code


def test_an_interrupt_is_killed(tmp_path: Path) -> None:
    play(tmp_path, "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)")
    end = end_of(tmp_path)
    assert (end.exit_code, end.state) == (255, "killed")


def test_sigterm_is_killed_and_the_process_dies_of_it(tmp_path: Path) -> None:
    done = play(tmp_path, "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(5)")
    assert done.returncode == -signal.SIGTERM
    end = end_of(tmp_path)
    assert (end.exit_code, end.state) == (143, "killed")


def test_a_handler_that_was_there_before_is_still_called(tmp_path: Path) -> None:
    script = """
        import os, signal, sys
        def mine(number, frame):
            print("mine", flush=True)
            sys.exit(7)
        signal.signal(signal.SIGTERM, mine)
    """
    done = run_script(
        textwrap.dedent(script) + BEGIN + "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(5)", str(tmp_path)
    )
    assert done.returncode == 7
    assert "mine" in done.stdout
    end = end_of(tmp_path)
    assert (end.exit_code, end.state) == (7, "killed")


def test_a_handler_that_takes_sigterm_for_a_hint_lets_the_run_finish(tmp_path: Path) -> None:
    script = "import signal\nsignal.signal(signal.SIGTERM, lambda n, f: print('saving'))\n"
    done = run_script(
        script + BEGIN + "os.kill(os.getpid(), signal.SIGTERM)\nrun.log({'b': 2})", str(tmp_path)
    )
    assert done.returncode == 0
    assert end_of(tmp_path).state is None
    assert len(rows(tmp_path)) == 2


def test_hooks_are_taken_back_when_the_run_has_finished(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        run.finish()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert sys.excepthook is sys.__excepthook__
        assert type(vars(SystemExit)["code"]).__name__ == "member_descriptor"
        raise RuntimeError("after")
        """,
    )
    assert "RuntimeError: after" in done.stderr
    assert "AssertionError" not in done.stderr
    assert end_of(tmp_path).exit_code == 0


def test_leaving_the_context_ends_the_run_as_it_was_left(tmp_path: Path) -> None:
    from tests.sdk.conftest import QUIET

    import runstone

    options: dict[str, Any] = {"project": "p", "mode": "offline", "settings": QUIET}
    with runstone.init(dir=str(tmp_path / "good"), **options) as run:
        run.log({"a": 1})
    assert end_of(tmp_path / "good").exit_code == 0
    with pytest.raises(ZeroDivisionError), runstone.init(dir=str(tmp_path / "bad"), **options):
        1 / 0  # noqa: B018
    end = end_of(tmp_path / "bad")
    assert end.exit_code == 1
    assert "ZeroDivisionError" in (end.traceback or "")


def test_an_exception_in_a_thread_ends_nothing(tmp_path: Path) -> None:
    play(tmp_path, "t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\nrun.log({'b': 2})")
    assert end_of(tmp_path).exit_code == 0
    assert len(rows(tmp_path)) == 2


def test_logging_from_a_daemon_thread_at_the_end_does_no_harm(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        def work():
            i = 0
            while True:
                run.log({"i": i})
                i += 1
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.2)
        """,
    )
    assert done.returncode == 0
    assert end_of(tmp_path).exit_code == 0
    found = [row.values["i"] for row in rows(tmp_path) if "i" in row.values]
    assert found == list(range(len(found)))


ACKNOWLEDGE = """
import mmap, struct
acknowledged = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), 8)
import random
while True:
    run.log({f"m{k}": random.random() for k in range(run.step % 30)})
    acknowledged[:] = struct.pack("<q", run.step)  # in one go: pack_into clears the place first
"""


@pytest.mark.faults
def test_kill_9_loses_no_row_that_log_returned_from(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        ack = folder / "ack"
        ack.write_bytes(bytes(8))
        child = subprocess.Popen(
            [sys.executable, "-c", BEGIN + ACKNOWLEDGE, str(folder), str(ack)], stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 30
            while int.from_bytes(ack.read_bytes(), "little") < 10 and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(0.02 * number)
        finally:
            child.kill()
            child.wait()
        acknowledged = int.from_bytes(ack.read_bytes(), "little")
        steps = [row.step for row in rows(folder)]
        assert steps == list(range(len(steps)))
        assert len(steps) >= acknowledged >= 10
        assert records(folder, Kind.END) == []


# --- other processes


def test_a_forked_child_logs_into_the_same_run_by_a_journal_of_its_own(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        for number in range(3):
            if os.fork() == 0:
                for i in range(100):
                    run.log({f"child{number}": i}, step=i)
                os._exit(0)
        for i in range(100):
            run.log({"parent": i}, step=i)
        for _ in range(3):
            os.wait()
        """,
    )
    assert done.returncode == 0, done.stderr
    found = journals(tmp_path)
    assert len(found) == 4
    runs = set()
    for items in found.values():
        runs.add(items[0][1].run)
    assert len(runs) == 1
    assert sum(items[0][1].primary is False for items in found.values()) == 3
    keys = [key for row in rows(tmp_path) for key in row.values]
    for name in ("child0", "child1", "child2", "parent"):
        assert keys.count(name) == 100
    [end] = records(tmp_path, Kind.END)  # the parent's: os._exit ends the children without a word
    assert end.exit_code == 0


MULTI = """
import multiprocessing, sys, os, threading
import runstone

def work(run, number):
    for i in range(50):
        run.log({f"worker{number}": i}, step=i)

def work_here(number):
    for i in range(50):
        runstone.log({f"worker{number}": i}, step=i)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    QUIET = dict(console="off", system=False, git=False, packages=False, environment=False, silent=True)
    run = runstone.init(project="p", mode="offline", dir=sys.argv[1], settings=QUIET)
    # A thread that logs all the while: a fork may meet any lock held.
    stop = threading.Event()
    def noise():
        while not stop.is_set():
            run.log({"noise": 1}, commit=False)
    thread = threading.Thread(target=noise)
    thread.start()
    if sys.argv[2] == "fork":
        children = [context.Process(target=work_here, args=(n,)) for n in range(4)]
    else:
        children = [context.Process(target=work, args=(run, n)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(40)
        assert child.exitcode == 0, child.exitcode
    stop.set()
    thread.join()
    run.finish()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_every_kind_log_into_the_run(tmp_path: Path, method: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(MULTI)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), method],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = journals(tmp_path)
    assert len(found) == 5
    keys = [key for row in rows(tmp_path) for key in row.values]
    for number in range(4):
        assert keys.count(f"worker{number}") == 50
    ends = [(items[0][1].primary, items[-1][0]) for items in found.values()]
    assert ends.count((False, Kind.END)) == 4  # each worker ended its own journal
    assert ends.count((None, Kind.END)) == 1


def test_a_pool_that_is_terminated_ends_no_run(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        import multiprocessing
        def work(n):
            run.log({"n": n})
            logged.release()
            time.sleep(170)
        fork = multiprocessing.get_context("fork")
        logged = fork.Semaphore(0)
        pool = fork.Pool(3)
        pool.map_async(work, range(3))
        for _ in range(3):
            assert logged.acquire(timeout=60)
        pool.terminate()
        pool.join()
        run.log({"after": 1})
        """,
    )
    assert done.returncode == 0, done.stderr
    assert [end.exit_code for items in journals(tmp_path).values() for kind, end in items
            if kind == Kind.END and items[0][1].primary is None] == [0]  # fmt: skip
    assert sum("n" in row.values for row in rows(tmp_path)) == 3


def test_the_uplink_and_helpers_keep_no_pipe_of_the_training_open(tmp_path: Path) -> None:
    """`output = check_output([...train...])` comes back when the training ends, not when helpers do."""
    script = BEGIN.replace(
        'QUIET = dict(console="off", system=False, git=False, packages=False, environment=False)',
                           "QUIET = {}").replace('mode="offline"', 'mode="online"')  # fmt: skip
    before = _children()  # servers of other tests, say
    began = time.monotonic()
    done = run_script(script + "print('printed')", str(tmp_path))
    assert done.stdout == "printed\n"
    assert time.monotonic() - began < 20
    assert _children() <= before  # no helper became our child, or a zombie of ours


def _children() -> set[str]:
    """Ids of this process's own; none where the system keeps no /proc."""
    if not Path("/proc/self/stat").exists():
        return set()
    return {pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == os.getpid()}


def _parent(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return -1


# --- trouble


LIMIT = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
"""


def test_a_full_disk_does_not_stop_the_training_and_is_told_at_the_end(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        LIMIT
        + """
for i in range(20_000):
    run.log({"i": i, "text": "." * 50}, step=i)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
time.sleep(0.1)
run.log({"last": 1}, step=20_000)
print("trained")
""",
    )
    assert done.stdout == "trained\n"
    assert done.returncode == 0
    found = rows(tmp_path)
    assert found[-1].values == {"last": 1}
    kept = sum("i" in row.values for row in found)
    assert 500 < kept < 20_000
    assert done.stderr.count("could not be written") == 1  # said once
    assert f"{20_000 - kept} row" in done.stderr
    assert end_of(tmp_path).exit_code == 0


def test_a_folder_that_cannot_be_written_to_is_replaced(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("no folder")
    done = run_script(BEGIN, str(blocker), environ={"RUNSTONE_DATA": str(tmp_path / "home")})
    assert done.returncode == 0, done.stderr
    assert "another place is used" in done.stderr
    assert len(rows(tmp_path / "home" / "runs")) == 1


def test_training_goes_on_where_nothing_can_be_written(tmp_path: Path) -> None:
    script = LIMIT.replace("200_000", "0") + BEGIN
    done = run_script(
        script + "for i in range(100): run.log({'i': i})\nrun.config.x = 1\nprint('trained')", str(tmp_path)
    )
    assert done.stdout == "trained\n", done.stderr
    assert done.returncode == 0
    assert "no journal could be made" in done.stderr
    assert "101 row" in done.stderr
