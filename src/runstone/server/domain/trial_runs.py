"""What the runs of trials say: how they ended, what they logged, whether they live.

A trial's run tells its own story through whatever door it logs by, so nothing here depends on the agent:
one that was killed, or that knows nothing of results, leaves a trial that is settled all the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.search.out_of_memory import LINES, out_of_memory_line
from runstone.search.pruning import counts_reports, thinned
from runstone.search.records import ENDED, TrialState
from runstone.search.values import excess_of, objective_of
from runstone.server.domain import run_changes
from runstone.server.domain.console import Console
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.history import History
from runstone.server.domain.identity import Actor, RunKey, SweepKey
from runstone.server.domain.run_model import RunChange
from runstone.server.domain.sweep_model import Outcome, Sweep, sweep_of
from runstone.server.domain.sweep_search import Searches
from runstone.server.domain.trial_endings import end_attempt, finish_if_done, lose_attempt
from runstone.server.domain.trials import Trials
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

SYSTEM = Actor(None, "", system="sweeps")
RUN_SILENT_SECONDS = 95.0  # a run's beats are written every 30 s
UNSTARTED_SECONDS = 600.0  # how long a result may still come of a run that never began
_AT_ONCE = 500
# What a run's end means for the trial. None: it is tried again, for nothing of it is known to be done.
_ENDS: dict[str, TrialState | None] = {
    "finished": "finished",
    "failed": "failed",
    "killed": "stopped",
    "crashed": None,
    "preempted": None,
}


class TrialRuns:
    def __init__(
        self,
        records: Records,
        trials: Trials,
        searches: Searches,
        history: History,
        console: Console,
        feed: Feed,
    ) -> None:
        self._records = records
        self._trials = trials
        self._searches = searches
        self._history = history
        self._console = console
        self._feed = feed
        # While this server was down nobody could say that they live: each has one lease from here.
        self._started_at = time.time()

    # -- jobs

    def settle_all(self, *, now: float) -> int:
        """Learn from the runs of all sweeps that have some open; how many trials changed."""
        with self._records.read() as conn:
            keys = sweep_statements.live_sweeps(conn, limit=10_000)
        return sum(self.settle(SweepKey(key), now=now) for key in keys)

    def recover(self, *, now: float) -> int:
        """Put trials of silent agents back into the queue; how many."""
        lost = 0
        while True:
            with self._records.read() as conn:
                lapsed = statements.lapsed_trials(
                    conn, before=now, since_start=now - self._started_at, limit=_AT_ONCE
                )
            for row in lapsed:
                lost += self._recover_one(SweepKey(row.sweep_key), row.number, row.attempt, now)
            if len(lapsed) < _AT_ONCE:
                return lost

    def _recover_one(self, sweep: SweepKey, number: int, attempt: int, now: float) -> bool:
        def work(conn: Connection) -> list[Event]:
            own = sweep_statements.sweep_by_key(conn, sweep, hold=True)
            row = statements.trial(conn, sweep, number, hold=True)
            if own is None or row is None or row.attempt != attempt or row.state != "running":
                return []
            if (row.lease_until or 0.0) >= now:
                return []
            run = _run_of(conn, own, row)
            if run is not None and _is_heard(run, now):
                # The agent is gone and the training goes on: it is not begun a second time.
                statements.extend_leases(conn, sweep, {number: attempt}, now=now)
                return []
            lose_attempt(conn, own, row, now=now)
            events = [sweep_of(own).event(trial=number)]
            if run is not None and run.state in ("pending", "running", "preempting"):
                # Should it return, it is told to end: the trial is somebody else's by then.
                change = RunChange(stop_requested=True, state="crashed", at=run.heartbeat_at)
                run_changes.apply(conn, run.id, change, now=now)
            return events

        events = self._records.write(work)
        self._publish(events)
        return bool(events)

    # -- one sweep

    def settle(self, sweep: SweepKey, *, now: float | None = None) -> int:
        """End the trials whose runs have ended, take in late results, and judge those that run."""
        now = time.time() if now is None else now
        with self._records.read() as conn:
            own = sweep_statements.sweep_by_key(conn, sweep)
            if own is None or own.deleted_at is not None:
                return 0
            rows = statements.unsettled(conn, sweep, own.project_id)
        changed = 0
        for row in rows:
            if self._is_over(row, now):
                changed += self._settle_one(sweep, row, now)
        found = sweep_of(own)
        if self._searches.of(found).config.early_terminate is not None:
            for row in rows:
                if row.state == "running" and row.run_state == "running" and not row.stop:
                    self._learn_curve(found, row)
                    self._trials.judge(found, row.number)
        return changed

    def has_begun(self, sweep: SweepKey, run_id: str) -> bool:
        """Whether a client was heard of that run: it is there, and no mere placeholder."""
        with self._records.read() as conn:
            own = sweep_statements.sweep_by_key(conn, sweep)
            key = None if own is None else run_statements.key_of(conn, own.project_id, run_id)
            row = None if key is None else run_statements.base(conn, key)
        return row is not None and row.state != "pending"

    @staticmethod
    def _is_over(row: AnyRow, now: float) -> bool:
        if row.run_key is None or row.run_state in ("pending", None):
            # Done by an agent's word, and its run never began: at some time nobody will add to it.
            return row.state in ENDED and (row.finished_at or 0.0) < now - UNSTARTED_SECONDS
        return row.run_state in _ENDS

    def _settle_one(self, sweep: SweepKey, seen: AnyRow, now: float) -> bool:
        error = self._memory_error(seen)
        if seen.run_state is not None and seen.state in ENDED | {"running"}:
            self._learn_curve_of_ended(seen)

        def work(conn: Connection) -> list[Event]:
            own = sweep_statements.sweep_by_key(conn, sweep, hold=True)
            row = statements.trial(conn, sweep, seen.number, hold=True)
            if own is None or row is None or row.attempt != seen.attempt or row.settled:
                return []
            if row.state in ENDED:
                self._add_late(conn, own, row, seen)
                finish_if_done(conn, own, now=now)
                return [sweep_of(own).event(trial=row.number)]
            state = _ENDS.get(seen.run_state)
            if row.state == "queued" and state != "finished":
                return []  # its agent gave it back and ended it: that says nothing of the trial
            if state is None:
                lose_attempt(conn, own, row, now=now)
                return [sweep_of(own).event(trial=row.number)]
            if error and state == "failed":
                state = "oom"
            end_attempt(
                conn,
                own,
                self._searches.of(sweep_of(own)).config,
                row,
                Outcome(state, exit_code=seen.run_exit_code, error=error),
                now=seen.run_finished_at or now,
                summary=seen.summary,
                settled=True,
            )
            after = sweep_of(sweep_statements.sweep_by_key(conn, sweep))
            return [after.event(trial=row.number, state=after.state)]

        events = self._records.write(work)
        self._publish(events)
        return bool(events)

    def _add_late(self, conn: Connection, own: AnyRow, row: AnyRow, seen: AnyRow) -> None:
        """What came of the run after its agent had said that it is done."""
        values: dict[str, Any] = {"settled": True}
        config = self._searches.of(sweep_of(own)).config
        if seen.summary:  # what an agent tells by itself is settled at once, and does not come here
            objective = objective_of(config, seen.summary)
            if any(value is not None for value in objective):
                values |= {"objective": list(objective), "excess": excess_of(config, seen.summary)}
                values["error"] = "" if row.state == "finished" else row.error
        statements.change_trial(conn, own.id, row.number, attempt=row.attempt, **values)

    # -- curves

    def _learn_curve(self, sweep: Sweep, row: AnyRow) -> None:
        config = self._searches.of(sweep).config
        if not config.metrics or row.run_key is None:
            return
        points = self._history.points(SYSTEM, RunKey(row.run_key), config.metrics[0].key)
        steps, values = points.steps.tolist(), points.values.tolist()
        if not steps:
            return
        xs = range(1, len(steps) + 1) if counts_reports(config.early_terminate) else steps
        curve = [list(point) for point in thinned(list(zip(xs, values, strict=True)))]
        if curve != row.curve:
            self._records.write(
                lambda conn: statements.change_trial(
                    conn, sweep.key, row.number, attempt=row.attempt, curve=curve
                )
            )

    def _learn_curve_of_ended(self, row: AnyRow) -> None:
        with self._records.read() as conn:
            own = sweep_statements.sweep_by_key(conn, row.sweep_key)
        if own is None or row.run_key is None:
            return
        sweep = sweep_of(own)
        if self._searches.of(sweep).config.early_terminate is not None:
            self._learn_curve(sweep, row)

    def _memory_error(self, row: AnyRow) -> str:
        """What the run's last words say of memory that ran out, or ""."""
        if row.run_state != "failed" or row.run_key is None:
            return ""
        lines = self._console.read(SYSTEM, RunKey(row.run_key), start=-LINES, limit=LINES)
        return out_of_memory_line(line.text for line in lines)

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            self._feed.publish(event)


def _run_of(conn: Connection, sweep: AnyRow, trial: AnyRow) -> AnyRow | None:
    if not trial.run_id:
        return None
    key = run_statements.key_of(conn, sweep.project_id, trial.run_id)
    return None if key is None else run_statements.base(conn, key)


def _is_heard(run: AnyRow, now: float) -> bool:
    return run.state in ("running", "preempting") and (run.heartbeat_at or 0.0) >= now - RUN_SILENT_SECONDS
