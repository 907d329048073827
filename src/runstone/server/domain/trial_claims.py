"""Handing trials out: each to one agent at a time, under a lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from runstone.server.domain.errors import Invalid, RunstoneError
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
from runstone.server.domain.trial_base import no_agent
from runstone.server.domain.trial_endings import (
    breaker_shut_until,
)
from runstone.server.domain.trial_proposals import TrialProposals
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trial_taking as taking
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

LEASE_SECONDS = 60.0
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 5.0, 24 * 3600.0
CLAIM_MAX = 1_000
POLL_SECONDS = 5.0
_TURNS_MAX = 100

Placeholder = Callable[[Sweep, Trial], RunChange]


class SweepName(NamedTuple):
    """entity: "" is the actor's own."""

    entity: str
    project: str
    sweep: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody wants up to `count` trials to run now. host: where there is no agent. placeholder: what
    a run that stands for the trial until it begins looks like; None makes none."""

    actor: Actor
    sweep: SweepKey | SweepName
    agent_id: str = ""
    host: str = ""
    count: int = 1
    lease_seconds: float = LEASE_SECONDS
    placeholder: Placeholder | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """Why one who asks is given no more now."""

    why: str
    wait_seconds: float = POLL_SECONDS
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one transaction of claims came to, by the place of who asked. Who is in neither may have
    more proposed."""

    sweep: Sweep
    rows: Mapping[int, Sequence[AnyRow]]
    told: Mapping[int, _Told | RunstoneError]
    events: Sequence[Event]


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
        """For one alone; see `Ask`."""
        (found,) = self.claims([Ask(actor, sweep, agent_id, host, count, lease_seconds, placeholder)])
        if isinstance(found, RunstoneError):
            raise found
        return found

    def claims(self, asks: Sequence[Ask]) -> list[Claim | RunstoneError]:
        """What each is given, in one transaction for all who ask for the same sweep on the same
        person's behalf: a thousand agents that ask at once are a handful of transactions."""
        found: list[Claim | RunstoneError | None] = [_fault(ask) for ask in asks]
        together: dict[tuple[Actor, SweepKey | SweepName], list[int]] = {}
        for place, ask in enumerate(asks):
            if found[place] is None:
                together.setdefault((ask.actor, ask.sweep), []).append(place)
        for (actor, sweep), places in together.items():
            try:
                told = self._claims_of_one(actor, sweep, [asks[place] for place in places])
            except RunstoneError as error:
                told = [error] * len(places)
            for place, one in zip(places, told, strict=True):
                found[place] = one
        return [one for one in found if one is not None]

    def _claims_of_one(
        self, actor: Actor, name: SweepKey | SweepName, asks: Sequence[Ask]
    ) -> list[Claim | RunstoneError]:
        rows: list[list[AnyRow]] = [[] for _ in asks]
        told: dict[int, _Told | RunstoneError] = {}
        for _ in range(_TURNS_MAX):  # others may take what was proposed for us
            wanted = _missing(asks, rows, told)
            taken = self._records.write(partial(self._take, actor, name, asks, wanted))
            self._publish(taken.events)
            for place, more in taken.rows.items():
                rows[place] += more
            told.update(taken.told)
            missing = _missing(asks, rows, told)
            if not missing:
                break
            reason: _Told | RunstoneError | None = None
            try:
                if not self._propose(taken.sweep, sum(missing.values())):
                    done = self._finish_if_done(taken.sweep.key)
                    reason = _Told("every trial is done" if done else "every trial was handed out", done=done)
            except RunstoneError as error:
                reason = error
            if reason is not None:
                told.update(dict.fromkeys(missing, reason))
                break
        config = self._searches.of(taken.sweep).config
        return [
            _answer(taken.sweep, ask, [trial_of(row, config) for row in own], told.get(place))
            for place, (ask, own) in enumerate(zip(asks, rows, strict=True))
        ]

    def _take(
        self,
        actor: Actor,
        name: SweepKey | SweepName,
        asks: Sequence[Ask],
        wanted: Mapping[int, int],
        conn: Connection,
    ) -> _Taken:
        """wanted: how many more, by place."""
        now = time.time()
        if isinstance(name, SweepName):
            key = self._sweeps.key_in(conn, actor, *name, Permission.WRITE)
        else:
            key = name
        row = self._sweeps.checked_row(conn, actor, key, Permission.WRITE, hold=True)
        sweep = sweep_of(row)
        hosts, told = self._hosts(conn, key, asks, wanted, now)
        if row.state in OVER:
            told = {**dict.fromkeys(hosts, _Told(f"the sweep is {row.state}", done=True)), **told}
        elif row.state == "paused":
            told = {**dict.fromkeys(hosts, _Told("the sweep is paused")), **told}
        if len(told) == len(wanted):
            return _Taken(sweep, {}, told, ())
        failing = {host.host for host in sweep_statements.failing_hosts(conn, key)}
        for host in failing & {hosts[place] for place in hosts.keys() - told.keys()}:
            shut = breaker_shut_until(conn, key, host, now)
            if shut is not None:
                why = f"trials keep failing on {host}: it gets none for {shut - now:.0f} s"
                reason = _Told(why, min(60.0, shut - now))
                told |= {place: reason for place, own in hosts.items() if own == host and place not in told}
        given = {place: count for place, count in wanted.items() if place not in told}
        config = self._searches.of(sweep).config
        if config.max_parallel is not None:
            room = config.max_parallel - statements.count_of(conn, key, "running")
            for place, count in given.items():
                given[place] = min(count, max(0, room))
                room -= given[place]
        handed = taking.take_queued(
            conn,
            key,
            sweep.id,
            [
                taking.Wanted(
                    asks[place].agent_id,
                    hosts[place],
                    count,
                    asks[place].lease_seconds,
                    avoid=hosts[place] in failing,
                )
                for place, count in given.items()
            ],
            now=now,
        )
        rows = dict(zip(given, handed, strict=True))
        for place, own in rows.items():
            if len(own) == given[place] < wanted[place]:
                told[place] = _Told(f"{config.max_parallel} run already (max_parallel)")
        events: list[Event] = []
        if any(handed):
            sweep = self._note_handed(conn, sweep, now)
            events.append(sweep.event(state=sweep.state))
            for place, own in rows.items():
                events += self._stand_in(conn, sweep, asks[place], own, now)
        return _Taken(sweep, rows, told, events)

    def _hosts(
        self, conn: Connection, key: SweepKey, asks: Sequence[Ask], wanted: Mapping[int, int], now: float
    ) -> tuple[dict[int, str], dict[int, _Told | RunstoneError]]:
        """Where each would run, and the agents among them noted to be there; and those that are none."""
        names = list(dict.fromkeys(asks[place].agent_id for place in wanted if asks[place].agent_id))
        known: dict[str, str] = {}
        if names:
            found = sweep_statements.agents_by_id(conn, names)
            known = {agent.id: agent.host for agent in found if agent.sweep_key == key}
            sweep_statements.touch_agents(conn, list(known), now=now)
        hosts: dict[int, str] = {}
        unknown: dict[int, _Told | RunstoneError] = {}
        for place in wanted:
            ask = asks[place]
            if ask.agent_id and ask.agent_id not in known:
                unknown[place] = no_agent(ask.agent_id)
            hosts[place] = known.get(ask.agent_id, "") if ask.agent_id else ask.host
        return hosts, unknown

    @staticmethod
    def _note_handed(conn: Connection, sweep: Sweep, now: float) -> Sweep:
        changes: dict[str, Any] = {}
        if (sweep.heartbeat_at or 0.0) < now - 5.0:
            changes["heartbeat_at"] = now
        if sweep.state == "pending":
            changes |= {"state": "running", "updated_at": now}
        if not changes:
            return sweep
        sweep_statements.change_sweep(conn, sweep.key, **changes)
        return replace(sweep, **changes)

    def _stand_in(
        self, conn: Connection, sweep: Sweep, ask: Ask, rows: Sequence[AnyRow], now: float
    ) -> list[Event]:
        if ask.placeholder is None:
            return []
        config = self._searches.of(sweep).config
        made = [
            self._runs.upsert_in(
                conn,
                ask.actor,
                sweep.entity,
                sweep.project,
                trial.run_id,
                ask.placeholder(sweep, trial_of(trial, config)),
                now=now,
            )
            for trial in rows
        ]
        return [one.event for one in made if one.event is not None]


def _fault(ask: Ask) -> RunstoneError | None:
    if not 1 <= ask.count <= CLAIM_MAX:
        return Invalid(f"count is {ask.count}; it must be 1 to {CLAIM_MAX}.")
    if not LEASE_SECONDS_MIN <= ask.lease_seconds <= LEASE_SECONDS_MAX:
        return Invalid(
            f"lease_seconds is {ask.lease_seconds:g}; it must be "
            f"{LEASE_SECONDS_MIN:g} to {LEASE_SECONDS_MAX:g}."
        )
    return None


def _missing(
    asks: Sequence[Ask], rows: Sequence[Sequence[AnyRow]], told: Mapping[int, object]
) -> dict[int, int]:
    """How many more each may be given, by place."""
    return {
        place: ask.count - len(own)
        for place, (ask, own) in enumerate(zip(asks, rows, strict=True))
        if place not in told and len(own) < ask.count
    }


def _answer(
    sweep: Sweep, ask: Ask, trials: Sequence[Trial], told: _Told | RunstoneError | None
) -> Claim | RunstoneError:
    if len(trials) == ask.count:
        return Claim(sweep, trials, 0.0, False, "")
    if isinstance(told, RunstoneError):
        # What was handed out already is theirs: an error in its place would leave it to lapse.
        told = told if not trials else _Told(str(told))
    if isinstance(told, RunstoneError):
        return told
    told = told or _Told("")
    done = told.done and not trials
    return Claim(sweep, trials, 0.0 if done else told.wait_seconds, done, told.why)
