"""How a trial's attempt ends, within a transaction: done, tried again, or given up.

A trial is done once: whoever ends an attempt names it, and an attempt that is over, or was given to
somebody else meanwhile, cannot be ended again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from runstone.search.config import SweepConfig
from runstone.search.records import FAILED, TrialState, is_number
from runstone.server.domain.sweep_model import OVER, Outcome
from runstone.server.domain.trial_values import excess_of, objective_of
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

LOSSES_MAX = 10  # a trial that takes its agent down with it is not tried for ever
PAST_MAX = 50
BREAKER_FAILURES = 3  # in a row, on one host
BREAKER_SECONDS = 60.0  # for the first time; each further failure doubles it
_BREAKER_SECONDS_MAX = 3600.0
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
    """End the attempt that `trial` (its row, held) is at. summary: of its run, for what the outcome
    does not tell. settled: nothing more will be learned from the run. Returns the state it came to:
    queued where it is to be tried again."""
    outcome = replace(outcome, state=_meant(trial, outcome.state))
    objective, excess = _measured(config, outcome, summary)
    state, failures = outcome.state, trial.failures
    values: dict[str, Any] = {}
    if state in FAILED:
        failures += 1
        if failures <= config.retries and sweep.state not in OVER:
            state = "queued"
            values["avoid_host"] = trial.host
    if outcome.state != "stopped":
        _note_host(conn, sweep.id, trial.host, outcome.state, now)
    values |= {
        "state": state,
        "failures": failures,
        "exit_code": outcome.exit_code,
        "error": outcome.error[:10_000] or _missing(config, outcome.state, objective),
        "objective": objective,
        "excess": excess,
        "lease_until": None,
        "finished_at": now,
        "settled": settled or state == "queued",
    }
    if state == "queued":
        values |= {"past": _with_past(trial, outcome.state, now, outcome.error), "finished_at": None}
    statements.change_trial(conn, sweep.id, trial.number, attempt=trial.attempt, **values)
    if state == "finished" and _hits_target(config, objective) and sweep.state not in OVER:
        sweep_statements.change_sweep(conn, sweep.id, state="finished", updated_at=now, finished_at=now)
        statements.drop_queued(conn, sweep.id, now=now)
    elif state != "queued":
        finish_if_done(conn, sweep, now=now)
    return state


def lose_attempt(conn: Connection, sweep: AnyRow, trial: AnyRow, *, now: float) -> TrialState:
    """Nobody was heard of it within its lease: it goes back to the queue. Its run may still return
    with a result, and is believed as long as the trial was not handed out again."""
    losses = trial.losses + 1
    if trial.stop:
        state: TrialState = "pruned" if trial.verdict else "stopped"
    elif sweep.state in OVER or losses > LOSSES_MAX:
        state = "crashed"
    else:
        state = "queued"
    error = "" if state != "crashed" else f"lost {losses} times: its agents went silent"
    statements.change_trial(
        conn,
        sweep.id,
        trial.number,
        attempt=trial.attempt,
        states=["running"],
        state=state,
        losses=losses,
        lease_until=None,
        finished_at=None if state == "queued" else now,
        past=_with_past(trial, "lost", now, ""),
        error=error,
    )
    if state != "queued":
        finish_if_done(conn, sweep, now=now)
    return state


def finish_if_done(conn: Connection, sweep: AnyRow, *, now: float) -> bool:
    """End the sweep where all trials that there will be were proposed and none is open."""
    if sweep.state in OVER or sweep.expected is None:
        return False
    if statements.next_number(conn, sweep.id) < sweep.expected or statements.has_open(conn, sweep.id):
        return False
    sweep_statements.change_sweep(conn, sweep.id, state="finished", updated_at=now, finished_at=now)
    return True


def breaker_shut_until(conn: Connection, sweep_key: int, host: str, now: float) -> float | None:
    """Until when a host is handed nothing because its trials keep failing; None while it is. Only
    while another host takes part that fares better: where all fail alike, waiting helps nobody."""
    if not host:
        return None
    own = sweep_statements.host(conn, sweep_key, host)
    if own is None or own.shut_until <= now:
        return None
    alive = sweep_statements.hosts_alive(conn, sweep_key, since=now - _HOST_ALIVE_SECONDS) - {host, ""}
    if not alive:
        return None
    worse = {
        row.host for row in sweep_statements.hosts_of(conn, sweep_key) if row.failures >= BREAKER_FAILURES
    }
    return float(own.shut_until) if alive - worse else None


# -- inside


def _meant(trial: AnyRow, state: TrialState) -> TrialState:
    """What was asked to stop and then ended, however it did, ended for that reason."""
    if trial.verdict is not None:
        return "pruned"
    if trial.stop and state != "finished":
        return "stopped"
    return state


def _measured(
    config: SweepConfig, outcome: Outcome, summary: Mapping[str, Any] | None
) -> tuple[list[float | None], list[float]]:
    known = {**(summary or {}), **outcome.metrics}
    if outcome.values is not None:
        objective: Sequence[float | None] = outcome.values
        # A constraint may be over an objective itself.
        named = zip(config.metrics, objective, strict=False)
        known = {**{metric.key: value for metric, value in named if value is not None}, **known}
    else:
        objective = objective_of(config, known) if known else []
    measured = any(value is not None for value in objective)
    return list(objective), excess_of(config, known) if measured else []


def _missing(config: SweepConfig, state: TrialState, objective: Sequence[float | None]) -> str:
    if state != "finished":
        return ""
    names = [
        metric.name
        for place, metric in enumerate(config.metrics)
        if place >= len(objective) or not is_number(objective[place])
    ]
    return f"no number was logged under {', '.join(names)}" if names else ""


def _hits_target(config: SweepConfig, objective: Sequence[float | None]) -> bool:
    targets = [metric for metric in config.metrics if metric.target is not None]
    if not targets or len(objective) < len(config.metrics):
        return False
    return all(
        value is not None and metric.sign * value <= metric.sign * metric.target
        for metric, value in zip(config.metrics, objective, strict=True)
        if metric.target is not None
    )


def _with_past(trial: AnyRow, state: str, now: float, error: str) -> list[dict[str, Any]]:
    attempt = {
        "attempt": trial.attempt,
        "run_id": trial.run_id,
        "agent": trial.agent,
        "host": trial.host,
        "state": state,
        "ended_at": now,
    }
    if error:
        attempt["error"] = error[:1_000]
    return [*trial.past, attempt][-PAST_MAX:]


def _note_host(conn: Connection, sweep_key: int, host: str, state: TrialState, now: float) -> None:
    if not host:
        return
    row = sweep_statements.host(conn, sweep_key, host)
    before = 0 if row is None else row.failures
    if state not in ("failed", "crashed"):
        if before and state != "oom":  # too little memory is the trial's fault as often as the host's
            sweep_statements.set_host(conn, sweep_key, host, failures=0, shut_until=0.0, now=now)
        return
    failures = before + 1
    shut = 0.0
    if failures >= BREAKER_FAILURES:
        shut = now + min(_BREAKER_SECONDS_MAX, BREAKER_SECONDS * 2 ** min(20, failures - BREAKER_FAILURES))
    sweep_statements.set_host(conn, sweep_key, host, failures=failures, shut_until=shut, now=now)
