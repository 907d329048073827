"""Whether a run is alive is decided here: no word from its client for 5 minutes is `crashed`,
(`preempted` where it had said preempting), and running again if the client returns."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from runstone.server.domain import run_changes
from runstone.server.domain.access import Access
from runstone.server.domain.errors import RunstoneError
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.places import Places
from runstone.server.domain.run_model import Applied
from runstone.server.domain.runs import RunChange, State
from runstone.server.stores.records import leases as statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records

LEASE_SECONDS = 300.0
BEAT_SECONDS = 30.0  # between two writes of one run's heartbeat
STOP_SECONDS = 1.0  # how long a wish to stop may go unseen
_EXPIRE_AT_ONCE = 500
_SUSPENDED_SECONDS = 60.0
_KEPT_MAX = 100_000


@dataclass(slots=True)
class _Pulse:
    """One run's signs of life in this process. Times are monotonic seconds, `beat_at` Unix seconds."""

    beat_at: float
    written: float
    looked: float
    stop: bool = False


class Leases:
    def __init__(self, records: Records, access: Access, feed: Feed) -> None:
        self._records = records
        self._feed = feed
        self._places = Places(records, access)
        self._pulses: dict[RunKey, _Pulse] = {}
        self._lock = threading.Lock()
        # While this server was down nobody could say that they live.
        self._grace_until = time.time() + LEASE_SECONDS
        self._clocks = (time.time(), time.monotonic())

    def beat(self, actor: Actor, run: RunKey) -> bool:
        """The client is there. Coalesced: a store write at most every 30 s. Revives a crashed run.
        Returns whether the run is asked to stop."""
        self._places.checked(actor, run, Permission.WRITE)
        return self.touch(run)

    def touch(self, run: RunKey) -> bool:
        """`beat`, trusted to come after the caller's own permission check of the run."""
        now = time.monotonic()
        pulse = self._pulses.get(run)
        if pulse is None:
            pulse = _Pulse(0.0, now - BEAT_SECONDS, now - STOP_SECONDS)
            with self._lock:
                if len(self._pulses) >= _KEPT_MAX:
                    self._pulses.clear()
                pulse = self._pulses.setdefault(run, pulse)
        pulse.beat_at = time.time()
        if now - pulse.looked >= STOP_SECONDS:
            pulse.looked = now
            self._look(run, pulse)
        if now - pulse.written >= BEAT_SECONDS:
            pulse.written = now
            self._write(run, pulse)
        return pulse.stop

    def _look(self, run: RunKey, pulse: _Pulse) -> None:
        with self._records.read() as conn:
            row = statements.signs_of_life(conn, run)
        if row is None:
            return
        pulse.stop = bool(row.stop_requested)
        if row.state in ("crashed", "preempted"):
            self._change(run, RunChange(state="running"), only_from=("crashed", "preempted"))
            pulse.stop = False

    def _write(self, run: RunKey, pulse: _Pulse) -> None:
        at = pulse.beat_at
        self._records.write(lambda conn: run_statements.touch_heartbeat(conn, [run], now=at))

    def expire(self, *, now: float) -> int:
        """Called by a job: crash what has been silent too long. Returns how many."""
        self._notice_suspension()
        if now < self._grace_until:
            return 0
        before = now - LEASE_SECONDS
        expired = 0
        while True:
            with self._records.read() as conn:
                silent = statements.silent_runs(conn, before=before, limit=_EXPIRE_AT_ONCE)
            gone = [row for row in silent if not self._heard_since(RunKey(row.id), before)]
            for row in gone:
                state: State = "preempted" if row.state == "preempting" else "crashed"
                change = RunChange(state=state)
                expired += self._change(
                    RunKey(row.id), change, only_from=statements.LIVE, silent_since=before
                )
            if len(silent) < _EXPIRE_AT_ONCE or not gone:
                return expired

    def forget(self, runs: list[RunKey]) -> None:
        """Those are gone."""
        for run in runs:
            self._pulses.pop(run, None)

    def _heard_since(self, run: RunKey, moment: float) -> bool:
        """By this process, whose last beats may not have been written yet; then write this one."""
        pulse = self._pulses.get(run)
        if pulse is None or pulse.beat_at < moment:
            return False
        self._write(run, pulse)
        return True

    def _change(
        self,
        run: RunKey,
        change: RunChange,
        *,
        only_from: tuple[str, ...],
        silent_since: float | None = None,
    ) -> bool:
        """Change the state, if it still is one of those and nobody was heard meanwhile."""

        def work(conn: Connection) -> Applied | None:
            row = run_statements.lock(conn, run)
            if row is None or row.deleted_at is not None or row.state not in only_from:
                return None
            if silent_since is not None and (row.heartbeat_at or 0.0) >= silent_since:
                return None
            at = row.heartbeat_at if silent_since is not None else None
            return run_changes.apply(conn, run, RunChange(state=change.state, at=at))

        applied = self._records.write(work)
        if applied is None or not applied.state_changed:
            return False
        try:
            self._feed.publish(self._places.of(run).event("run", state=applied.state))
        except RunstoneError:
            pass  # deleted meanwhile: nobody is left to be told
        return True

    def _notice_suspension(self) -> None:
        """A machine that slept for an hour has heard nobody for an hour: start over. The monotonic
        clock stands still meanwhile, so the two clocks part. The same if the clock was set."""
        wall, monotonic = time.time(), time.monotonic()
        drift = (wall - self._clocks[0]) - (monotonic - self._clocks[1])
        self._clocks = (wall, monotonic)
        if abs(drift) > _SUSPENDED_SECONDS:
            self._grace_until = wall + LEASE_SECONDS
