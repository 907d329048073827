"""Trials as they are."""

from __future__ import annotations

from collections.abc import Sequence

from runstone.server.domain.identity import Actor, Permission, SweepKey
from runstone.server.domain.sweep_model import (
    Trial,
    sweep_of,
    trial_of,
)
from runstone.server.domain.trial_base import TrialsBase, no_trial
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.trial_taking import number_of_run

LIMIT_MAX = 10_000


class TrialReading(TrialsBase):
    """Needs READ on the project."""

    def find(
        self,
        actor: Actor,
        sweep: SweepKey,
        *,
        states: Sequence[str] = (),
        agent: str = "",
        after: int | None = None,
        newest: bool = False,
        limit: int = 1_000,
    ) -> list[Trial]:
        """In the order in which they were proposed; earlier results that the search began with come
        first, with numbers below 0."""
        limit = max(1, min(limit, LIMIT_MAX))
        with self._records.read() as conn:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            rows = statements.find_trials(
                conn, sweep, states=states, agent=agent, after=after, newest=newest, limit=limit
            )
        config = self._searches.of(sweep_of(row)).config
        return [trial_of(found, config) for found in rows]

    def get(self, actor: Actor, sweep: SweepKey, number: int) -> Trial:
        with self._records.read() as conn:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            found = statements.trial(conn, sweep, number)
        if found is None:
            raise no_trial(number)
        return trial_of(found, self._searches.of(sweep_of(row)).config)

    def of_runs(self, actor: Actor, sweep: SweepKey, run_ids: Sequence[str]) -> list[Trial]:
        """Those whose present attempt is one of these runs."""
        with self._records.read() as conn:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            found = [statements.trial_of_run(conn, sweep, run_id) for run_id in run_ids]
        config = self._searches.of(sweep_of(row)).config
        return [trial_of(one, config) for one in found if one is not None]

    def superseded(self, actor: Actor, sweep: SweepKey, run_ids: Sequence[str]) -> list[str]:
        """Of these runs those that were attempts of trials which have others by now."""
        with self._records.read() as conn:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            known = {run_id: number_of_run(row.sweep_id, run_id) for run_id in run_ids}
            numbers = [number for number in known.values() if number is not None]
            present = {
                trial.number: trial.run_id for trial in statements.trials_by_number(conn, sweep, numbers)
            }
        return [
            run_id
            for run_id, number in known.items()
            if number is not None and present.get(number, run_id) != run_id
        ]
