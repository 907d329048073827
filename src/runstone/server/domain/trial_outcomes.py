"""How trials end by the word of whoever runs them, and are tried again. The rules are in `trial_endings`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection

from runstone.search.records import ENDED, TrialState
from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, Permission, SweepKey
from runstone.server.domain.sweep_model import (
    Outcome,
    Sweep,
    Trial,
    sweep_of,
    trial_of,
)
from runstone.server.domain.trial_base import TrialsBase
from runstone.server.domain.trial_endings import (
    end_attempt,
    lose_attempt,
)
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow


class TrialOutcomes(TrialsBase):
    """Each names the attempt that it means."""

    def complete(self, actor: Actor, sweep: SweepKey, number: int, attempt: int, outcome: Outcome) -> Trial:
        """The attempt ended so. Saying it again changes nothing. Conflict where the attempt is over:
        its lease lapsed and the trial was given to somebody else."""
        if outcome.state not in ENDED:
            raise Invalid(f"{outcome.state!r:.40} is no end of a trial. One of {', '.join(sorted(ENDED))}.")
        now = time.time()

        def work(conn: Connection) -> tuple[AnyRow, AnyRow, bool]:
            own = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            row = self._attempt(conn, sweep, number, attempt)
            if row.state in ENDED:
                return own, row, False
            config = self._searches.of(sweep_of(own)).config
            if outcome.values is not None and len(outcome.values) != len(config.metrics):
                raise Invalid(
                    f"{len(outcome.values)} values for {len(config.metrics)} objectives "
                    f"({', '.join(metric.name for metric in config.metrics) or 'none'}). Send one each."
                )
            summary = None
            if outcome.values is None and row.run_id:
                summary = statements.summary_of_run(conn, own.project_id, row.run_id)
            end_attempt(
                conn,
                own,
                config,
                row,
                outcome,
                now=now,
                summary=summary,
                settled=outcome.values is not None or outcome.state != "finished",
            )
            return sweep_statements.sweep_by_key(conn, sweep), statements.trial(conn, sweep, number), True

        own, row, changed = self._records.write(work)
        found = sweep_of(own)
        if changed:
            self._feed.publish(found.event(trial=number, state=found.state))
        return trial_of(row, self._searches.of(found).config)

    def give_back(self, actor: Actor, sweep: SweepKey, number: int, attempt: int) -> None:
        """The agent does not have it: back into the queue, as if its lease had lapsed."""
        now = time.time()

        def work(conn: Connection) -> Event | None:
            own = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            row = self._attempt(conn, sweep, number, attempt)
            if row.state != "running":
                return None
            lose_attempt(conn, own, row, now=now)
            return sweep_of(own).event(trial=number)

        event = self._records.write(work)
        if event is not None:
            self._feed.publish(event)

    def retry(
        self, actor: Actor, sweep: SweepKey, states: Sequence[TrialState] = ("failed", "crashed", "oom")
    ) -> int:
        """Trials that ended so are tried again; the sweep goes on if it was finished. How many."""
        unknown = [state for state in states if state not in ENDED or state == "finished"]
        if unknown or not states:
            raise Invalid("Trials that failed, crashed, oom, pruned or stopped can be tried again.")
        now = time.time()

        def work(conn: Connection) -> tuple[int, Sweep]:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            if row.state == "cancelled":
                raise Conflict(f"Sweep {row.sweep_id!r} is cancelled; nothing of it is tried again.")
            count = statements.requeue(conn, sweep, states=states)
            if count and row.state == "finished":
                sweep_statements.change_sweep(conn, sweep, state="running", finished_at=None, updated_at=now)
            return count, sweep_of(sweep_statements.sweep_by_key(conn, sweep))

        count, own = self._records.write(work)
        self._feed.publish(own.event(state=own.state))
        return count
