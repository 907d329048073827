"""Background jobs: one process at a time, taken over from the dead, stopped quickly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from runstone.server.domain.errors import Unavailable
from runstone.server.jobs import runner as module
from runstone.server.jobs.runner import Job, Runner, Turn
from runstone.server.stores.records import leases as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    store = open_records(f"sqlite:///{tmp_path}/records.db")
    yield store
    store.close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def counting(name: str, every: float = 0.05, **how: object) -> tuple[Job, list[float]]:
    times: list[float] = []
    return Job(name, every, lambda turn: times.append(time.monotonic()), **how), times  # type: ignore[arg-type]


def turns_in(seconds: float, every: float) -> int:
    """The most that a job that is due so often can have had. One is taken for due a tenth early; and how
    far apart two of them were seen says little on a busy machine, which may hold up the first alone."""
    return int(seconds / (every * 0.9)) + 1


def test_a_job_runs_again_and_again(records: Records) -> None:
    job, times = counting("a")
    runner = Runner(records, [job])
    began = time.monotonic()
    runner.start()
    wait_for(lambda: len(times) >= 3)
    runner.close()
    assert len(times) <= turns_in(time.monotonic() - began, 0.05)
    assert runner.status()["a"].failures == 0 and runner.status()["a"].last_end is not None
    count = len(times)
    time.sleep(0.15)
    assert len(times) == count


def test_two_processes_do_a_job_no_more_often_than_one(records: Records) -> None:
    (one, first), (two, second) = counting("same", 0.3), counting("same", 0.3)
    runners = [Runner(records, [one]), Runner(records, [two])]
    began = time.monotonic()
    for runner in runners:
        runner.start()
    wait_for(lambda: len(first + second) >= 5)
    for runner in runners:
        runner.close()
    assert len(first + second) <= turns_in(time.monotonic() - began, 0.3)


def test_a_shared_job_runs_in_each(records: Records) -> None:
    (one, first), (two, second) = counting("same", shared=True), counting("same", shared=True)
    runners = [Runner(records, [one]), Runner(records, [two])]
    for runner in runners:
        runner.start()
    wait_for(lambda: len(first) > 2 and len(second) > 2)
    for runner in runners:
        runner.close()


def test_a_job_of_a_dead_process_is_taken_over_when_its_time_is_over(records: Records) -> None:
    now = time.time()

    def take(owner: str, at: float) -> bool:
        return records.write(
            lambda conn: statements.take_job(conn, "j", owner=owner, now=at, seconds=60, every=10)
        )

    assert take("dead", now)
    assert not take("living", now + 59)
    assert take("living", now + 61)
    assert not records.write(lambda conn: statements.extend_job(conn, "j", owner="dead", until=now + 200))
    assert not take("dead", now + 65)
    # A clock that was set back by a day holds nobody up.
    assert take("third", now - 86_400)


def test_who_runs_alone_waits_for_no_dead_process(records: Records) -> None:
    job, times = counting("a")
    records.write(
        lambda conn: statements.take_job(conn, "a", owner="dead", now=time.time(), seconds=60.0, every=0.0)
    )
    kept, others = counting("a")
    waiting = Runner(records, [kept])
    waiting.start()
    time.sleep(0.3)
    waiting.close()
    assert not others
    alone = Runner(records, [job], alone=True)
    alone.start()
    wait_for(lambda: len(times) >= 2)
    alone.close()


def test_a_job_that_is_left_is_free_at_once(records: Records) -> None:
    job, times = counting("a", 0.05)
    first = Runner(records, [job])
    first.start()
    wait_for(lambda: len(times) >= 1)
    first.close()
    second = Runner(records, [job])
    count = len(times)
    second.start()
    wait_for(lambda: len(times) > count, module.LEASE_SECONDS / 2)  # not when the first one's hold ends
    second.close()


def test_a_long_job_keeps_its_hold_and_stops_when_it_has_lost_it(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Renewed at each third of it. A busy machine stops a thread for a second; hardly for two.
    monkeypatch.setattr(module, "LEASE_SECONDS", 3.0)
    steps: list[float] = []
    other: list[float] = []

    def long(turn: Turn) -> None:
        while turn.goes_on():
            steps.append(time.monotonic())
            time.sleep(0.02)

    mine = Runner(records, [Job("long", 60.0, long)])
    theirs = Runner(records, [Job("long", 0.05, lambda turn: other.append(time.monotonic()))])
    mine.start()
    wait_for(lambda: len(steps) > 2)
    theirs.start()
    time.sleep(4.0)
    assert other == []

    def rob(conn: Connection) -> bool:
        statements.leave_job(conn, "long", owner=mine._owner)
        return statements.take_job(conn, "long", owner="x", now=time.time(), seconds=9, every=0)

    assert records.write(rob)
    wait_for(lambda: mine.status()["long"].last_end is not None)
    mine.close()
    theirs.close()


def test_closing_ends_with_the_step_that_runs(records: Records) -> None:
    begun = threading.Event()

    def endless(turn: Turn) -> bool:
        while turn.goes_on():
            begun.set()
            time.sleep(0.02)
        return False

    other, times = counting("other", 3600.0, lane="b")  # sleeps for an hour, but for the close
    runner = Runner(records, [Job("endless", 3600.0, endless, shared=True), other])
    runner.start()
    assert begun.wait(60)
    wait_for(lambda: len(times) == 1)
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < module._TICK_SECONDS  # at which a lane looks up by itself


def test_a_failing_job_waits_longer_each_time_and_holds_up_no_other(records: Records) -> None:
    failed: list[float] = []

    ended: list[float] = []

    def fail(turn: Turn) -> None:
        failed.append(time.monotonic())
        try:
            raise Unavailable("the disk is full") if len(failed) % 2 else ValueError("a bug")
        finally:
            ended.append(time.monotonic())

    job, times = counting("good", 0.02)
    runner = Runner(records, [Job("bad", 0.02, fail), job])
    runner.start()
    wait_for(lambda: len(times) > 20 and len(failed) > 3)
    runner.close()
    waits = [later - earlier for earlier, later in zip(ended, failed[1:], strict=False)]
    assert all(wait >= 0.02 * 2 ** (number + 1) for number, wait in enumerate(waits)), waits
    assert len(times) > len(failed)
    status = runner.status()["bad"]
    assert status.failures == len(failed) and status.last_error


def test_a_nudged_job_runs_at_once(records: Records) -> None:
    job, times = counting("a", 3600.0, shared=True)
    runner = Runner(records, [job])
    runner.start()
    wait_for(lambda: len(times) == 1)
    runner.nudge("a")
    wait_for(lambda: len(times) == 2)
    runner.close()
    assert runner.run_once("a") and len(times) == 3


def test_a_runner_that_was_never_started_can_be_closed(records: Records) -> None:
    Runner(records, [counting("a")[0]]).close()
