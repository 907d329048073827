"""How a trial's attempt ends, within a transaction: done, tried again, or given up.

A trial is done once: whoever ends an attempt names it, and an attempt that is over, or was given to
somebody else meanwhile, cannot be ended again. The rules are in `runstone.search.endings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from runstone.search import endings
from runstone.search.config import SweepConfig
from runstone.search.endings import Outcome
from runstone.search.records import TrialState
from runstone.server.domain.sweep_model import OVER
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

_HOST_ALIVE_SECONDS = 300.0


def end_attempt(
    conn: Connection,
    sweep: AnyRow,
    config: SweepConfig,
    trial: AnyRow,
    outcome: Outcome,
    *,
    now: float,
    summary: Mapping[str, Any] | None = None,
    settled: bool = False,
) -> TrialState:
    """End the attempt that `trial` (its row, held) is at; the rest as `endings.ended` takes it.
    Returns the state it came to: queued where it is to be tried again."""
    after = endings.ended(
        config, trial, outcome, over=sweep.state in OVER, now=now, summary=summary, settled=settled
    )
    _note_host(conn, sweep.id, trial.host, after.counted, now)
    statements.change_trial(conn, sweep.id, trial.number, attempt=trial.attempt, **after.values)
    if after.reached:
        sweep_statements.change_sweep(conn, sweep.id, state="finished", updated_at=now, finished_at=now)
        statements.drop_queued(conn, sweep.id, now=now)
    elif after.state != "queued":
        finish_if_done(conn, sweep, now=now)
    return after.state


def lose_attempt(conn: Connection, sweep: AnyRow, trial: AnyRow, *, now: float) -> TrialState:
    """Nobody was heard of it within its lease: it goes back to the queue."""
    after = endings.lost(trial, over=sweep.state in OVER, now=now)
    statements.change_trial(
        conn, sweep.id, trial.number, attempt=trial.attempt, states=["running"], **after.values
    )
    if after.state != "queued":
        finish_if_done(conn, sweep, now=now)
    return after.state


def finish_if_done(conn: Connection, sweep: AnyRow, *, now: float) -> bool:
    """End the sweep where all trials that there will be were proposed and none is open."""
    if sweep.state in OVER or sweep.expected is None:
        return False
    if statements.next_number(conn, sweep.id) < sweep.expected or statements.has_open(conn, sweep.id):
        return False
    sweep_statements.change_sweep(conn, sweep.id, state="finished", updated_at=now, finished_at=now)
    return True


def breaker_shut_until(conn: Connection, sweep_key: int, host: str, now: float) -> float | None:
    """Until when a host is handed nothing because its trials keep failing; None while it is."""
    if not host:
        return None
    own = sweep_statements.host(conn, sweep_key, host)
    if own is None or own.shut_until <= now:
        return None
    alive = sweep_statements.hosts_alive(conn, sweep_key, since=now - _HOST_ALIVE_SECONDS)
    failures = {row.host: row.failures for row in sweep_statements.hosts_of(conn, sweep_key)}
    return float(own.shut_until) if endings.is_shut(host, alive=alive, failures=failures) else None


def _note_host(conn: Connection, sweep_key: int, host: str, state: TrialState, now: float) -> None:
    if not host:
        return
    row = sweep_statements.host(conn, sweep_key, host)
    after = endings.host_after(0 if row is None else row.failures, state, now)
    if after is not None:
        failures, shut_until = after
        sweep_statements.set_host(conn, sweep_key, host, failures=failures, shut_until=shut_until, now=now)
