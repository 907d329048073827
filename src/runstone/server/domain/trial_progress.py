"""Trials while they run: beats, reports, and being asked to stop."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.search.pruning import counts_reports, judged, thinned
from runstone.search.records import ENDED
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, Permission, SweepKey
from runstone.server.domain.sweep_model import (
    OVER,
    Beat,
    Sweep,
)
from runstone.server.domain.trial_base import TrialsBase
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

UNHEARD_SECONDS = 15.0  # within which an answer arrives, or does not
_HELD_MAX = 10_000


class TrialProgress(TrialsBase):
    """What agents tell of trials that they run, and are told of them."""

    def beat(
        self,
        actor: Actor,
        sweep: SweepKey,
        attempts: Mapping[int, int],
        *,
        agent_id: str = "",
    ) -> Beat:
        """The agent is there and holds these attempts, by trial: their leases begin anew. One whose
        lease lapsed goes on where nobody else was given it. What a native agent was handed a while ago and
        does not name never reached it (the answer was lost): it goes back to the queue."""
        now = time.time()

        def work(conn: Connection) -> Beat:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE)
            if agent_id:
                agent = self._agent(conn, sweep, agent_id)
                sweep_statements.touch_agent(conn, agent_id, now=now)
                if agent.kind == "native" and row.state not in OVER:
                    _give_back_unheard(conn, sweep, agent_id, attempts, now=now)
            stop: dict[int, str] = {}
            lost: list[int] = []
            rows = statements.trials_by_number(conn, sweep, list(attempts))
            for trial in rows:
                ours = trial.attempt == attempts[trial.number]
                if ours and trial.state == "queued" and row.state not in OVER:
                    ours = statements.change_trial(
                        conn, sweep, trial.number, attempt=trial.attempt, states=["queued"], state="running"
                    )
                if not ours or trial.state in ENDED:
                    lost.append(trial.number)
                elif trial.stop:
                    stop[trial.number] = trial.stop
            lost += sorted(attempts.keys() - {trial.number for trial in rows})
            statements.extend_leases(conn, sweep, attempts, now=now)
            return Beat(row.state, stop, lost)

        return self._records.write(work)

    def report(
        self,
        actor: Actor,
        sweep: SweepKey,
        number: int,
        attempt: int,
        points: Sequence[tuple[int, float]],
    ) -> str:
        """What the first objective is at (step, value) so far. Returns why the trial should stop now,
        or ""."""
        own = self._sweeps.get_by_key(actor, sweep, Permission.WRITE)
        config = self._searches.of(own).config
        by_report = counts_reports(config.early_terminate)
        now = time.time()

        def note(conn: Connection) -> AnyRow:
            row = self._attempt(conn, sweep, number, attempt)
            curve = {int(x): float(value) for x, value in row.curve}
            for step, value in points:
                x = max(curve, default=0) + 1 if by_report else step
                curve[x] = value
            kept = thinned(sorted(curve.items()))
            statements.change_trial(
                conn,
                sweep,
                number,
                attempt=attempt,
                curve=[list(point) for point in kept],
                lease_until=now + row.lease_seconds,
            )
            return statements.trial(conn, sweep, number)

        row = self._records.write(note)
        if row.stop or row.state != "running":
            return str(row.stop)
        return self.judge(own, number)

    def judge(self, sweep: Sweep, number: int) -> str:
        """Stop a running trial if the sweep's rule says so; why, or ""."""
        kept = self._searches.of(sweep)
        if kept.config.early_terminate is None:
            return ""
        records = self._searches.read(sweep)
        own = next((record for record in records if record.number == number), None)
        if own is None or own.state != "running":
            return ""
        verdict = judged(kept.config, own, records)
        if verdict is None:
            return ""
        why = f"{verdict.rule}: {verdict.reason}"
        kept_verdict = {
            "rule": verdict.rule,
            "step": verdict.step,
            "value": verdict.value,
            "threshold": verdict.threshold,
            "reason": verdict.reason,
        }
        events = self._records.write(lambda conn: self._ask_to_stop(conn, sweep, number, why, kept_verdict))
        self._publish(events)
        return why

    def stop(self, actor: Actor, sweep: SweepKey, number: int, *, why: str = "") -> None:
        """Ask one running trial to stop."""
        own = self._sweeps.get_by_key(actor, sweep, Permission.WRITE)
        why = why or f"stopped by {actor.username or actor.system}"
        self._publish(self._records.write(lambda conn: self._ask_to_stop(conn, own, number, why, None)))

    def _ask_to_stop(
        self, conn: Connection, sweep: Sweep, number: int, why: str, verdict: Mapping[str, Any] | None
    ) -> list[Event]:
        row = statements.trial(conn, sweep.key, number, hold=True)
        if row is None or row.state != "running" or row.stop:
            return []
        values: dict[str, Any] = {"stop": why}
        if verdict is not None:
            values["verdict"] = dict(verdict)
        statements.change_trial(conn, sweep.key, number, attempt=row.attempt, **values)
        return [sweep.event(trial=number)]


def _give_back_unheard(
    conn: Connection, sweep: SweepKey, agent_id: str, attempts: Mapping[int, int], *, now: float
) -> None:
    for trial in statements.find_trials(conn, sweep, states=["running"], agent=agent_id, limit=_HELD_MAX):
        if trial.number in attempts or (trial.started_at or now) >= now - UNHEARD_SECONDS:
            continue
        statements.change_trial(
            conn,
            sweep,
            trial.number,
            attempt=trial.attempt,
            states=["running"],
            state="queued",
            lease_until=None,
        )
