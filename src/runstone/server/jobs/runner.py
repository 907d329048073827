"""Background work: jobs that run again and again, each in one process at a time.

    runner = Runner(records, jobs)
    runner.start()
    …
    runner.close()          stops within the length of one step

Which process does a job is a row in the record store (`job_leases`), taken for a while and renewed;
so any number of replicas may have the same jobs, and a process that dies is replaced when its time
is over. A job that says it is `shared` runs in every process: its work is claimed piece by piece by
the store it works on.

A job does its work in small steps and asks `turn.goes_on()` between them. What it does must be right
also when two processes do it at once (one that was cut off and does not know it yet).
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.records import leases as statements
from runstone.server.stores.records.contract import Records

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
_BACKOFF_MAX_SECONDS = 300.0
_TICK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """`work` is called every `every_seconds`, or at once again where it says it is not done (False).
    lane: jobs of one lane take turns in one thread, so that a long one holds up only its own."""

    name: str
    every_seconds: float
    work: Callable[[Turn], bool | None]
    shared: bool = False
    lane: str = "upkeep"


@dataclass(slots=True)
class JobStatus:
    """For health pages: Unix seconds; None before the first time."""

    last_start: float | None = None
    last_end: float | None = None
    last_seconds: float = 0.0
    runs: int = 0
    failures: int = 0
    last_error: str = ""


class Turn:
    """One run of a job, as its work sees it."""

    def __init__(self, runner: Runner, job: Job) -> None:
        self._runner = runner
        self._job = job
        self._renew_at = time.monotonic() + LEASE_SECONDS / 3
        self._lost = False

    def goes_on(self) -> bool:
        """Ask between steps: False when the process stops or another one has the job. Renews the
        hold on it. Steps are to be far shorter than the minute that a hold lasts."""
        if self._runner.is_stopping or self._lost:
            return False
        if not self._job.shared and time.monotonic() > self._renew_at:
            self._lost = not self._runner.renew(self._job)
            self._renew_at = time.monotonic() + LEASE_SECONDS / 3
        return not self._lost


@dataclass(slots=True)
class _Scheduled:
    job: Job
    status: JobStatus = field(default_factory=JobStatus)
    due: float = 0.0  # monotonic
    failures_in_a_row: int = 0


class Runner:
    def __init__(self, records: Records, jobs: Sequence[Job], *, alone: bool = False) -> None:
        """alone: no other process can have these jobs, so whoever holds one is dead, and is not waited
        for."""
        self._records = records
        self._alone = alone
        self._scheduled = {job.name: _Scheduled(job) for job in jobs}
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._wake = {lane: threading.Event() for lane in {job.lane for job in jobs}}
        self._threads: list[threading.Thread] = []

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def start(self) -> None:
        if self._alone:
            self._records.write(statements.free_jobs)
        for lane in sorted(self._wake):
            thread = threading.Thread(
                target=self._run_lane, args=(lane,), name=f"runstone-jobs-{lane}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Ends when the step that runs now has ended. Lets other processes take over at once."""
        self._stop.set()
        for wake in self._wake.values():
            wake.set()
        for thread in self._threads:
            thread.join()
        if self._threads:
            self._threads = []
            try:
                self._records.write(lambda conn: statements.leave_all_jobs(conn, owner=self._owner))
            except Unavailable:
                pass  # the holds end by themselves

    def nudge(self, name: str) -> None:
        """Do that job now, if this process may. From any thread."""
        scheduled = self._scheduled[name]
        scheduled.due = 0.0
        self._wake[scheduled.job.lane].set()

    def run_once(self, name: str) -> bool:
        """In the caller's thread, whoever holds it: for tests and the command line. True when done."""
        scheduled = self._scheduled[name]
        return scheduled.job.work(Turn(self, scheduled.job)) is not False

    def status(self) -> dict[str, JobStatus]:
        return {name: scheduled.status for name, scheduled in self._scheduled.items()}

    def renew(self, job: Job) -> bool:
        until = time.time() + LEASE_SECONDS
        return self._records.write(
            lambda conn: statements.extend_job(conn, job.name, owner=self._owner, until=until)
        )

    # -- a lane's thread

    def _run_lane(self, lane: str) -> None:
        mine = [scheduled for scheduled in self._scheduled.values() if scheduled.job.lane == lane]
        while not self._stop.is_set():
            self._wake[lane].clear()
            for scheduled in mine:
                if not self._stop.is_set() and time.monotonic() >= scheduled.due:
                    self._run_job(scheduled)
            pause = min((scheduled.due for scheduled in mine), default=0.0) - time.monotonic()
            if pause > 0:
                self._wake[lane].wait(min(pause, _TICK_SECONDS))

    def _run_job(self, scheduled: _Scheduled) -> None:
        job, status = scheduled.job, scheduled.status
        scheduled.due = time.monotonic() + job.every_seconds
        began = time.monotonic()
        try:
            if not job.shared and not self._take(job):
                # Somebody else has it: see from time to time whether that process still lives.
                scheduled.due = time.monotonic() + min(job.every_seconds, LEASE_SECONDS)
                return
            scheduled.due = time.monotonic() + job.every_seconds
            status.last_start = time.time()
            turn = Turn(self, job)
            while job.work(turn) is False and turn.goes_on():
                pass
            status.last_error, scheduled.failures_in_a_row = "", 0
        except Exception as error:
            status.failures += 1
            status.last_error = f"{type(error).__name__}: {error}"
            scheduled.failures_in_a_row += 1
            wait = min(job.every_seconds * 2 ** min(scheduled.failures_in_a_row, 10), _BACKOFF_MAX_SECONDS)
            scheduled.due = time.monotonic() + max(wait, job.every_seconds)
            if isinstance(error, Unavailable):
                log.warning("job %s waits %.0f s: %s", job.name, wait, error.message)
            else:
                log.exception("job %s failed; again in %.0f s", job.name, wait)
        finally:
            status.runs += status.last_start is not None
            status.last_end = time.time()
            status.last_seconds = time.monotonic() - began

    def _take(self, job: Job) -> bool:
        now = time.time()
        return self._records.write(
            lambda conn: statements.take_job(
                conn,
                job.name,
                owner=self._owner,
                now=now,
                seconds=LEASE_SECONDS,
                # A little early is in time: the threads of several processes do not tick together.
                every=job.every_seconds * 0.9,
            )
        )
