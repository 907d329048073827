"""Handing trials out: each to one agent at a time, under a lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.errors import Invalid
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, Permission, SweepKey
from runstone.server.domain.run_model import RunChange
from runstone.server.domain.sweep_model import (
    OVER,
    Claim,
    Sweep,
    Trial,
    sweep_of,
    trial_of,
)
from runstone.server.domain.trial_endings import (
    breaker_shut_until,
)
from runstone.server.domain.trial_proposals import TrialProposals
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

LEASE_SECONDS = 60.0
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 5.0, 24 * 3600.0
CLAIM_MAX = 1_000
POLL_SECONDS = 5.0
_TURNS_MAX = 100

Placeholder = Callable[[Sweep, Trial], RunChange]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one transaction of a claim found."""

    sweep: Sweep
    rows: Sequence[AnyRow]
    events: Sequence[Event]
    wait_seconds: float  # 0: more may be proposed
    why: str
    done: bool = False


class TrialClaims(TrialProposals):
    """Takes from the queue, and has it filled where it is empty."""

    def claim(
        self,
        actor: Actor,
        sweep: SweepKey,
        *,
        agent_id: str = "",
        host: str = "",
        count: int = 1,
        lease_seconds: float = LEASE_SECONDS,
        placeholder: Placeholder | None = None,
    ) -> Claim:
        """Up to `count` trials to run now, leased. host: where there is no agent. placeholder: what a
        run that stands for the trial until it begins looks like; None makes none."""
        if not 1 <= count <= CLAIM_MAX:
            raise Invalid(f"count is {count}; it must be 1 to {CLAIM_MAX}.")
        if not LEASE_SECONDS_MIN <= lease_seconds <= LEASE_SECONDS_MAX:
            raise Invalid(
                f"lease_seconds is {lease_seconds:g}; it must be "
                f"{LEASE_SECONDS_MIN:g} to {LEASE_SECONDS_MAX:g}."
            )
        rows: list[AnyRow] = []
        for _ in range(_TURNS_MAX):  # others may take what was proposed for us
            wanted = count - len(rows)
            taken = self._records.write(
                lambda conn, wanted=wanted: self._take(  # type: ignore[misc]
                    conn, actor, sweep, agent_id, host, wanted, lease_seconds, placeholder
                )
            )
            self._publish(taken.events)
            rows += taken.rows
            if len(rows) == count or taken.wait_seconds or taken.done:
                break
            if not self._propose(taken.sweep, count - len(rows)):
                ended = self._finish_if_done(sweep)
                if ended or not rows:
                    why = "every trial was handed out" if not ended else "every trial is done"
                    taken = _Taken(taken.sweep, (), (), POLL_SECONDS, why, done=ended)
                break
        config = self._searches.of(taken.sweep).config
        found = [trial_of(row, config) for row in rows]
        done = taken.done and not found
        wait = 0.0 if done or len(found) == count else taken.wait_seconds or POLL_SECONDS
        return Claim(taken.sweep, found, wait, done, "" if len(found) == count else taken.why)

    def _take(
        self,
        conn: Connection,
        actor: Actor,
        key: SweepKey,
        agent_id: str,
        host: str,
        count: int,
        lease_seconds: float,
        placeholder: Placeholder | None,
    ) -> _Taken:
        now = time.time()
        row = self._sweeps.checked_row(conn, actor, key, Permission.WRITE, hold=True)
        if agent_id:
            agent = self._agent(conn, key, agent_id)
            host = agent.host
            sweep_statements.touch_agent(conn, agent_id, now=now)
        sweep = sweep_of(row)
        if row.state in OVER:
            return _Taken(sweep, (), (), POLL_SECONDS, f"the sweep is {row.state}", done=True)
        if row.state == "paused":
            return _Taken(sweep, (), (), POLL_SECONDS, "the sweep is paused")
        shut = breaker_shut_until(conn, key, host, now)
        if shut is not None:
            return _Taken(
                sweep,
                (),
                (),
                min(60.0, shut - now),
                f"trials keep failing on {host}: it gets none for {shut - now:.0f} s",
            )
        config = self._searches.of(sweep).config
        if config.max_parallel is not None:
            room = config.max_parallel - statements.count_of(conn, key, "running")
            if room <= 0:
                return _Taken(
                    sweep, (), (), POLL_SECONDS, f"{config.max_parallel} run already (max_parallel)"
                )
            count = min(count, room)
        fares = sweep_statements.host(conn, key, host) if host else None
        rows = statements.take_queued(
            conn,
            key,
            sweep.id,
            avoid=host if fares is not None and fares.failures else "",
            limit=count,
            lease_seconds=lease_seconds,
            now=now,
            agent=agent_id,
            host=host,
        )
        events: list[Event] = []
        if rows:
            changes: dict[str, Any] = {}
            if (row.heartbeat_at or 0.0) < now - 5.0:
                changes["heartbeat_at"] = now
            if row.state == "pending":
                changes |= {"state": "running", "updated_at": now}
            if changes:
                sweep_statements.change_sweep(conn, key, **changes)
                sweep = replace(sweep, **changes)
            events.append(sweep.event(state=sweep.state))
        if placeholder is not None:
            for trial in rows:
                made = self._runs.upsert_in(
                    conn,
                    actor,
                    sweep.entity,
                    sweep.project,
                    trial.run_id,
                    placeholder(sweep, trial_of(trial, config)),
                    now=now,
                )
                if made.event is not None:
                    events.append(made.event)
        return _Taken(sweep, rows, events, 0.0, "")
