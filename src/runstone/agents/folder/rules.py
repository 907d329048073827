"""What each act on a sweep in a directory changes, worked out on a draft; no file is touched here.

A server's sweeps go by the same rules (`runstone.search.endings`, `numbering`); what it says in SQL
is said here over the trials in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstone.agents.folder.errors import AttemptOver, FolderError
from runstone.agents.folder.state import OVER, Draft, Trial
from runstone.search import endings
from runstone.search.config import SweepConfig
from runstone.search.endings import Outcome
from runstone.search.numbering import next_combinations, run_name, trials_of
from runstone.search.records import ENDED, FAILED, Proposal

POLL_SECONDS = 5.0
Proposer = Callable[[Sequence[int]], list[Proposal]]


class Plan:
    """What the acts go by. expected: trials there will be; None without an end."""

    def __init__(self, sweep_id: str, config: SweepConfig) -> None:
        self.sweep_id = sweep_id
        self.config = config
        self.expected = config.trials_expected


@dataclass(frozen=True, slots=True)
class Claim:
    trials: Sequence[Trial]
    wait_seconds: float
    done: bool
    why: str


def claim(
    draft: Draft,
    plan: Plan,
    agent_id: str,
    count: int,
    propose: Proposer,
    *,
    now: float,
) -> Claim:
    """Up to `count` trials to run now, lowest numbers first."""
    state = draft.sweep_state
    if state in OVER:
        return Claim((), POLL_SECONDS, True, f"the sweep is {state}")
    if state == "paused":
        return Claim((), POLL_SECONDS, False, "the sweep is paused")
    host = draft.state.agents[agent_id].host
    failures, shut_until = draft.host(host)
    if host and shut_until > now and _is_shut(draft, host):
        # Noted and compared by agents of this one host: one clock.
        left = shut_until - now
        words = f"trials keep failing on {host}: it gets none for {left:.0f} s"
        return Claim((), min(60.0, left), False, words)
    if plan.config.max_parallel is not None:
        room = plan.config.max_parallel - len(draft.numbers("running"))
        if room <= 0:
            return Claim((), POLL_SECONDS, False, f"{plan.config.max_parallel} run already (max_parallel)")
        count = min(count, room)
    queued = draft.numbers("queued")
    more = True
    if len(queued) < count:
        more = _propose(draft, plan, count - len(queued), propose, now)
        queued = draft.numbers("queued")
    if failures:
        queued.sort(key=lambda number: (_trial(draft, number).avoid_host == host, number))
    taken = sorted(queued[:count])
    for number in taken:
        _take(draft, plan.sweep_id, _trial(draft, number), agent_id, host, now)
    if taken and state == "pending":
        draft.changes.sweep |= {"state": "running", "updated_at": now}
    trials = [_trial(draft, number) for number in taken]
    if len(trials) == count:
        return Claim(trials, 0.0, False, "")
    if not more and not trials and finish_if_done(draft, plan, now=now):
        return Claim((), POLL_SECONDS, True, "every trial is done")
    return Claim(trials, POLL_SECONDS, False, "every trial was handed out")


def _is_shut(draft: Draft, host: str) -> bool:
    alive = {agent.host for agent in draft.state.agents.values() if agent.lives}
    return endings.is_shut(
        host, alive=alive, failures={name: failures for name, (failures, _) in draft.state.hosts.items()}
    )


def _propose(draft: Draft, plan: Plan, asking: int, propose: Proposer, now: float) -> bool:
    """False where there is nothing more to try."""
    numbers = next_combinations(plan.config, first=draft.next_number(), asking=asking)
    trials = trials_of(plan.config, numbers, propose(numbers)) if numbers else []
    for values in trials:
        number = values.pop("number")
        draft.add(number, **{key: value for key, value in values.items() if value}, created_at=now)
        draft.change(number, params=values["params"])
    return bool(trials)


def _take(draft: Draft, sweep_id: str, trial: Trial, agent_id: str, host: str, now: float) -> None:
    attempt = trial.attempt + 1
    again: dict[str, Any] = {}
    if trial.attempt:
        again = {"stop": "", "error": "", "exit_code": None, "verdict": None, "objective": []}
        again |= {"excess": [], "curve": [], "finished_at": None}
    draft.change(
        trial.number,
        state="running",
        attempt=attempt,
        run_id=run_name(sweep_id, trial.number, attempt),
        agent=agent_id,
        host=host,
        started_at=now,
        **again,
    )


def held(draft: Draft, number: int, attempt: int) -> Trial:
    """The trial, where it is at that attempt. Raises AttemptOver."""
    trial = draft.trial(number)
    if trial is None:
        raise FolderError(f"The sweep has no trial {number}.")
    if trial.attempt != attempt:
        raise AttemptOver(
            f"Trial {number} is at attempt {trial.attempt}; attempt {attempt} was given up when nobody "
            "was heard of it. Its result is not taken: end it."
        )
    return trial


def complete(
    draft: Draft,
    plan: Plan,
    number: int,
    attempt: int,
    outcome: Outcome,
    *,
    now: float,
    summary: Mapping[str, Any] | None = None,
) -> bool:
    """End the attempt; again changes nothing. False where it was given up meanwhile."""
    try:
        trial = held(draft, number, attempt)
    except AttemptOver:
        return False
    if trial.state not in ENDED:
        end(draft, plan, trial, outcome, now=now, summary=summary)
    return True


def end(
    draft: Draft,
    plan: Plan,
    trial: Trial,
    outcome: Outcome,
    *,
    now: float,
    summary: Mapping[str, Any] | None = None,
) -> None:
    """The attempt that the trial is at ended so."""
    after = endings.ended(plan.config, trial, outcome, over=draft.is_over, now=now, summary=summary)
    draft.change(trial.number, **after.values)
    if trial.host:
        host = endings.host_after(draft.host(trial.host)[0], after.counted, now)
        if host is not None:
            draft.changes.hosts[trial.host] = host
    if after.reached:
        draft.changes.sweep |= {"state": "finished", "updated_at": now, "finished_at": now}
        _drop_queued(draft, now=now)
    elif after.state != "queued":
        finish_if_done(draft, plan, now=now)


def lose(draft: Draft, plan: Plan, trial: Trial, *, now: float) -> None:
    """Nobody was heard of it for the length of a lease: it waits again."""
    after = endings.lost(trial, over=draft.is_over, now=now)
    draft.change(trial.number, **after.values)
    if after.state != "queued":
        finish_if_done(draft, plan, now=now)


def leave(draft: Draft, plan: Plan, agent_id: str, *, now: float) -> None:
    """The agent ends; what it holds waits again, no attempt counted lost."""
    for trial in draft.of_agent(agent_id):
        if draft.is_over:
            draft.change(trial.number, state="stopped", finished_at=now)
        else:
            draft.change(trial.number, state="queued")
    draft.change_agent(agent_id, ended=True)
    finish_if_done(draft, plan, now=now)


def regain(draft: Draft, attempts: Mapping[int, int]) -> list[int]:
    """An agent holds these attempts. What was taken from it for its silence goes on where nobody else
    was given it; numbers of the others."""
    lost = []
    for number, attempt in attempts.items():
        trial = draft.trial(number)
        if trial is None or trial.attempt != attempt or trial.state in ENDED:
            lost.append(number)
        elif trial.state == "queued":
            if draft.is_over:
                lost.append(number)
            else:
                draft.change(number, state="running")
    return sorted(lost)


def finish_if_done(draft: Draft, plan: Plan, *, now: float) -> bool:
    """End the sweep where all trials that there will be were proposed and none is open."""
    expected = plan.expected
    if draft.is_over or expected is None or draft.next_number() < expected:
        return False
    if draft.numbers("queued") or draft.numbers("running"):
        return False
    draft.changes.sweep |= {"state": "finished", "updated_at": now, "finished_at": now}
    return True


_DONE_TO = {"running": "resumed", "paused": "paused", "finished": "stopped", "cancelled": "cancelled"}


def set_state(draft: Draft, state: str, *, now: float) -> None:
    """running: resume. paused: hand out no more, what runs goes on. finished: the same, for good.
    cancelled: what runs is stopped too. Raises FolderError where the sweep is over, save for running:
    a finished sweep may go on."""
    if state not in _DONE_TO:
        raise FolderError(f"A sweep cannot be set to {state!r:.60}. One of {', '.join(_DONE_TO)}.")
    before = draft.sweep_state
    if before == state:
        return
    if before == "cancelled" or (before in OVER and state == "paused"):
        raise FolderError(f"The sweep is {before}, and cannot be {_DONE_TO[state]}. Make another one.")
    over = state in OVER
    draft.changes.sweep |= {"state": state, "updated_at": now, "finished_at": now if over else None}
    if over:
        _drop_queued(draft, now=now)
    elif before in OVER:  # what was dropped when it ended is to be done after all
        _requeue(draft, ("stopped",), untried_only=True)
    if state == "cancelled":
        for number in draft.numbers("running"):
            if not _trial(draft, number).stop:
                draft.change(number, stop="the sweep was cancelled")


def stop(draft: Draft, number: int, why: str) -> None:
    """Ask one running trial to stop."""
    trial = draft.trial(number)
    if trial is None:
        raise FolderError(f"The sweep has no trial {number}.")
    if trial.state == "running" and not trial.stop:
        draft.change(number, stop=why)


def retry(draft: Draft, states: Collection[str], *, now: float) -> int:
    """Trials that ended so are tried again; the sweep goes on if it was finished. How many."""
    unknown = [state for state in states if state not in ENDED or state == "finished"]
    if unknown or not states:
        raise FolderError("Trials that failed, crashed, oom, pruned or stopped can be tried again.")
    if draft.sweep_state == "cancelled":
        raise FolderError("The sweep is cancelled; nothing of it is tried again.")
    count = _requeue(draft, states)
    if count and draft.sweep_state == "finished":
        draft.changes.sweep |= {"state": "running", "finished_at": None, "updated_at": now}
    return count


def _requeue(draft: Draft, states: Collection[str], *, untried_only: bool = False) -> int:
    count = 0
    for number, trial in draft.state.trials.items():
        if trial.state in states and number >= 0 and not (untried_only and trial.attempt):
            draft.change(number, state="queued", failures=0, losses=0, stop="", finished_at=None)
            count += 1
    return count


def _drop_queued(draft: Draft, *, now: float) -> None:
    """Those that wait are not done any more. What was only drawn ahead is gone: it would be drawn
    again. Cells of a grid and what somebody chose stay on the list."""
    for number in draft.numbers("queued"):
        trial = _trial(draft, number)
        if not trial.attempt and trial.sampler not in ("grid", "custom"):
            draft.drop(number)
        else:
            draft.change(number, state="stopped", finished_at=now)


def _trial(draft: Draft, number: int) -> Trial:
    trial = draft.trial(number)
    if trial is None:
        raise KeyError(number)
    return trial


RETRIED = tuple(sorted(FAILED))
