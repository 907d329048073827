"""What becomes of a trial when an attempt at it ends, and of the host that it ran on: rules alone.

Whoever keeps the trials, a server's tables or a folder's log, holds the trial while it asks here, and
writes what it is told. So a sweep goes the same way wherever it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from runstone.search.config import SweepConfig
from runstone.search.records import FAILED, TrialState, is_number
from runstone.search.values import excess_of, objective_of

LEASE_SECONDS = 60.0
LOSSES_MAX = 10  # a trial that takes its agent down with it is not tried for ever
PAST_MAX = 50
BREAKER_FAILURES = 3  # in a row, on one host
BREAKER_SECONDS = 60.0  # for the first time; each further failure doubles it
_BREAKER_SECONDS_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. values: by objective, where the agent knows them; None: from the run's
    summary. metrics: further numbers, for constraints by name."""

    state: TrialState
    values: Sequence[float | None] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    exit_code: int | None = None
    error: str = ""


class Attempted(Protocol):
    """A trial at the attempt that ends, as it is kept."""

    @property
    def attempt(self) -> int: ...
    @property
    def run_id(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def failures(self) -> int: ...
    @property
    def losses(self) -> int: ...
    @property
    def stop(self) -> str: ...
    @property
    def verdict(self) -> Mapping[str, Any] | None: ...
    @property
    def past(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class After:
    """What a trial is from now on. state: queued where it is to be tried again. counted: as what the
    attempt counts with its host. values: everything that changes, by name. reached: it met the target
    of every objective that has one, so the sweep is over."""

    state: TrialState
    counted: TrialState
    values: dict[str, Any]
    reached: bool = False


def ended(
    config: SweepConfig,
    trial: Attempted,
    outcome: Outcome,
    *,
    over: bool,
    now: float,
    summary: Mapping[str, Any] | None = None,
    settled: bool = False,
) -> After:
    """The attempt ended so. over: the sweep is, so nothing is tried again. summary: of the attempt's
    run, for what the outcome does not tell. settled: nothing more will be learned from the run."""
    outcome = replace(outcome, state=_meant(trial, outcome.state))
    objective, excess = _measured(config, outcome, summary)
    state, failures = outcome.state, trial.failures
    values: dict[str, Any] = {}
    if state in FAILED:
        failures += 1
        if failures <= config.retries and not over:
            state = "queued"
            values["avoid_host"] = trial.host
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
    reached = state == "finished" and not over and _hits_target(config, objective)
    return After(state, outcome.state, values, reached)


def lost(trial: Attempted, *, over: bool, now: float) -> After:
    """Nobody was heard of it within its lease: it waits again. Its run may still return with a result,
    and is believed as long as the trial was not handed out again."""
    losses = trial.losses + 1
    if trial.stop:
        state: TrialState = "pruned" if trial.verdict else "stopped"
    elif over or losses > LOSSES_MAX:
        state = "crashed"
    else:
        state = "queued"
    values = {
        "state": state,
        "losses": losses,
        "lease_until": None,
        "finished_at": None if state == "queued" else now,
        "past": _with_past(trial, "lost", now, ""),
        "error": "" if state != "crashed" else f"lost {losses} times: its agents went silent",
    }
    return After(state, state, values)


def host_after(failures: int, state: TrialState, now: float) -> tuple[int, float] | None:
    """(failures in a row, until when it is handed nothing) of a host after an attempt there ended as
    `state`; None where that changes nothing."""
    if state == "stopped":
        return None  # says nothing of the host
    if state not in ("failed", "crashed"):
        # Too little memory is the trial's fault as often as the host's.
        return (0, 0.0) if failures and state != "oom" else None
    failures += 1
    if failures < BREAKER_FAILURES:
        return failures, 0.0
    doubled = BREAKER_SECONDS * 2 ** min(20, failures - BREAKER_FAILURES)
    return failures, now + min(_BREAKER_SECONDS_MAX, doubled)


def is_shut(host: str, *, alive: Collection[str], failures: Mapping[str, int]) -> bool:
    """Whether a host whose trials keep failing is really passed over: only while another host takes
    part that fares better. Where all fail alike, waiting helps nobody."""
    others = set(alive) - {host, ""}
    return any(failures.get(other, 0) < BREAKER_FAILURES for other in others)


# -- inside


def _meant(trial: Attempted, state: TrialState) -> TrialState:
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


def _with_past(trial: Attempted, state: str, now: float, error: str) -> list[dict[str, Any]]:
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
    return [*map(dict, trial.past), attempt][-PAST_MAX:]
