"""Trials: handed out one agent at a time, done once.

A trial is a row. Who is given it holds a lease, which its beats extend; a lease that lapses puts the
trial back into the queue, for somebody else, as the next attempt. Each attempt ends once. Proposals are
made before they are asked for where results do not matter to them, and as they are asked for where
they do; a number is proposed once, whoever proposes it.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from runstone.search.config import SweepConfig
from runstone.search.pruning import counts_reports, judged, thinned
from runstone.search.records import ENDED, Proposal, TrialState
from runstone.search.search import valid_params
from runstone.search.space import NoCombination
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import Actor, Permission, SweepKey, check_run_id, check_text
from runstone.server.domain.run_model import RunChange
from runstone.server.domain.runs import Runs
from runstone.server.domain.sweep_model import (
    OVER,
    Agent,
    AgentKind,
    Beat,
    Claim,
    Outcome,
    Sweep,
    Trial,
    agent_of,
    sweep_of,
    trial_of,
)
from runstone.server.domain.sweep_search import Kept, Searches
from runstone.server.domain.sweeps import Sweeps
from runstone.server.domain.trial_endings import (
    breaker_shut_until,
    end_attempt,
    finish_if_done,
    lose_attempt,
)
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

LEASE_SECONDS = 60.0
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 5.0, 24 * 3600.0
CLAIM_MAX = 1_000
ENQUEUE_MAX = 10_000
AHEAD = 64  # proposals that wait to be asked for, where results do not matter to them
AT_ONCE_MAX = 512
MODEL_SECONDS = 0.15  # that a model may think while agents wait
POLL_SECONDS = 5.0
LIMIT_MAX = 10_000
_TURNS_MAX = 100
_ID_CHARS = string.ascii_lowercase + string.digits

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


class Trials:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid; what needs the attempt, Conflict where it
    is over. Reading needs READ on the project, all else WRITE."""

    def __init__(self, records: Records, sweeps: Sweeps, runs: Runs, feed: Feed, searches: Searches) -> None:
        self._records = records
        self._sweeps = sweeps
        self._runs = runs
        self._feed = feed
        self._searches = searches

    # -- agents

    def register(
        self, actor: Actor, sweep: SweepKey, *, host: str, name: str = "", kind: AgentKind = "native"
    ) -> Agent:
        """An agent that is about to ask for trials."""
        host = check_text(host, what="Host", chars_max=1_000)
        name = check_text(name, what="Agent name", chars_max=1_000)
        agent_id = "".join(secrets.choice(_ID_CHARS) for _ in range(12))
        now = time.time()

        def work(conn: Connection) -> Agent:
            self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE)
            sweep_statements.add_agent(
                conn,
                agent_id,
                sweep_key=sweep,
                name=name,
                host=host,
                kind=kind,
                user_id=actor.user_id,
                now=now,
            )
            return agent_of(sweep_statements.agent(conn, agent_id), trials=0, now=now)

        return self._records.write(work)

    def sweep_of_agent(self, actor: Actor, agent_id: str, permission: Permission) -> SweepKey:
        """Raises NotFound where the agent or its sweep is gone."""
        with self._records.read() as conn:
            row = sweep_statements.agent(conn, agent_id)
            if row is None:
                raise NotFound(f"There is no sweep agent {agent_id!r:.60}. Register one.", agent=agent_id)
            return SweepKey(self._sweeps.checked_row(conn, actor, SweepKey(row.sweep_key), permission).id)

    def agents(self, actor: Actor, sweep: SweepKey) -> list[Agent]:
        """In the order in which they came."""
        now = time.time()
        with self._records.read() as conn:
            self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            trials = sweep_statements.trials_by_agent(conn, sweep)
            return [
                agent_of(row, trials=trials.get(row.id, 0), now=now)
                for row in sweep_statements.agents_of(conn, sweep)
            ]

    def leave(self, actor: Actor, sweep: SweepKey, agent_id: str) -> None:
        """The agent ends; what it still held goes back to the queue at once, no attempt counted lost."""
        now = time.time()

        def work(conn: Connection) -> list[Event]:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            self._agent(conn, sweep, agent_id)
            sweep_statements.end_agent(conn, agent_id, now=now)
            held = statements.find_trials(conn, sweep, states=["running"], agent=agent_id, limit=LIMIT_MAX)
            for trial in held:
                statements.change_trial(
                    conn,
                    sweep,
                    trial.number,
                    attempt=trial.attempt,
                    states=["running"],
                    state="queued" if row.state not in OVER else "stopped",
                    lease_until=None,
                )
            finish_if_done(conn, row, now=now)
            return [sweep_of(row).event()]

        self._publish(self._records.write(work))

    # -- handing out

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

    def _propose(self, sweep: Sweep, wanted: int) -> bool:
        """Have proposals in the queue for whoever asks now. False where there is nothing more to try."""
        kept = self._searches.of(sweep)
        with kept.reading:
            kept.asking += wanted
        try:
            with kept.lock:
                with self._records.read() as conn:
                    if statements.count_of(conn, sweep.key, "queued"):
                        return True  # somebody else proposed while we waited for our turn
                return self._propose_for(sweep, kept, kept.asking)
        finally:
            with kept.reading:
                kept.asking -= wanted

    def _propose_for(self, sweep: Sweep, kept: Kept, asking: int) -> bool:
        config = kept.config
        if config.sampler == "custom" or config.is_local:
            return False
        records = self._searches.read(sweep)
        first = max((record.number for record in records if record.number >= 0), default=-1) + 1
        combination = -(-first // config.repeats)
        wanted = max(1, -(-asking // config.repeats))
        if not config.is_adaptive:
            wanted = max(wanted, AHEAD)
        if config.run_cap is not None:
            left = config.run_cap - combination * config.repeats
            wanted = min(wanted, -(-left // config.repeats))
        wanted = min(wanted, AT_ONCE_MAX)
        if wanted <= 0:
            return False
        numbers = range(combination, combination + wanted)
        try:
            proposals = kept.search.propose(records, numbers, seconds=MODEL_SECONDS)
        except (NoCombination, ImportError) as error:
            raise Invalid(str(error), sweep=sweep.id) from None
        trials = _as_trials(config, numbers, proposals)
        if not trials:
            return False
        now = time.time()

        def work(conn: Connection) -> None:
            row = sweep_statements.sweep_by_key(conn, sweep.key, hold=True)
            if row is not None and row.deleted_at is None and row.state not in OVER:
                statements.add_trials(conn, sweep.key, trials, now=now)

        self._records.write(work)
        return True

    def enqueue(
        self,
        actor: Actor,
        sweep: SweepKey,
        params: Sequence[Mapping[str, Any]],
        *,
        reason: str = "",
        run_ids: Sequence[str] = (),
        check: bool = True,
    ) -> list[Trial]:
        """Combinations of the caller's own choice, to be tried before what the method proposes. Flat
        names or nested as the program gets them. Raises Invalid for one outside the space."""
        if not 1 <= len(params) <= ENQUEUE_MAX:
            raise Invalid(f"{len(params)} combinations; send 1 to {ENQUEUE_MAX:,} at once.")
        for run_id in run_ids:
            check_run_id(run_id)
        own = self._sweeps.get_by_key(actor, sweep, Permission.WRITE)
        config = self._searches.of(own).config
        if config.sampler == "grid" and not config.is_local:
            raise Invalid(
                "A grid has its own cells; nothing can be added to it. Use method custom or random."
            )
        flat = [self._flat(config, given, place, check) for place, given in enumerate(params)]
        now = time.time()

        def work(conn: Connection) -> list[AnyRow]:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            if row.state in OVER:
                raise Conflict(f"Sweep {row.sweep_id!r} is {row.state}: it takes no more trials.")
            first = -(-statements.next_number(conn, sweep) // config.repeats) * config.repeats
            trials = [
                {
                    "number": first + place * config.repeats + repeat,
                    "params": values,
                    "sampler": "custom",
                    "reason": reason or f"chosen by {actor.username or actor.system or 'a strategy'}",
                    "run_id": run_ids[place] if place < len(run_ids) and not repeat else "",
                }
                for place, values in enumerate(flat)
                for repeat in range(config.repeats)
            ]
            statements.add_trials(conn, sweep, trials, now=now)
            return list(statements.find_trials(conn, sweep, after=first - 1, limit=len(trials)))

        rows = self._records.write(work)
        self._feed.publish(own.event())
        return [trial_of(row, config) for row in rows]

    @staticmethod
    def _flat(config: SweepConfig, given: Mapping[str, Any], place: int, check: bool) -> dict[str, Any]:
        known = config.space.by_name
        values = dict(given) if given.keys() <= known.keys() or not known else config.space.found_in(given)
        faults = ["it is no combination of this space"] if values is None else valid_params(config, values)
        if faults and check:
            raise Invalid(
                f"Combination {place} cannot be tried: {'; '.join(faults[:5])}. Send every parameter "
                "whose condition holds, by its dotted name, within its distribution.",
                combination=place,
            )
        return dict(given) if values is None else values

    # -- while they run

    def beat(
        self,
        actor: Actor,
        sweep: SweepKey,
        attempts: Mapping[int, int],
        *,
        agent_id: str = "",
    ) -> Beat:
        """The agent is there and holds these attempts, by trial: their leases begin anew. One whose
        lease lapsed goes on where nobody else was given it."""
        now = time.time()

        def work(conn: Connection) -> Beat:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE)
            if agent_id:
                self._agent(conn, sweep, agent_id)
                sweep_statements.touch_agent(conn, agent_id, now=now)
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

    # -- how they end

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

    # -- reading

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
            raise _no_trial(number)
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
            known = {run_id: statements.number_of_run(row.sweep_id, run_id) for run_id in run_ids}
            numbers = [number for number in known.values() if number is not None]
            present = {
                trial.number: trial.run_id for trial in statements.trials_by_number(conn, sweep, numbers)
            }
        return [
            run_id
            for run_id, number in known.items()
            if number is not None and present.get(number, run_id) != run_id
        ]

    # -- inside

    def _finish_if_done(self, key: SweepKey) -> bool:
        """Where nothing more can be proposed: whether the sweep is over, with the end noted."""
        now = time.time()

        def work(conn: Connection) -> tuple[bool, Sweep | None]:
            row = sweep_statements.sweep_by_key(conn, key, hold=True)
            if row is None or row.state in OVER:
                return True, None
            ended = finish_if_done(conn, row, now=now)
            return ended, sweep_of(sweep_statements.sweep_by_key(conn, key)) if ended else None

        over, sweep = self._records.write(work)
        if sweep is not None:
            self._feed.publish(sweep.event(state=sweep.state))
        return over

    @staticmethod
    def _agent(conn: Connection, sweep: SweepKey, agent_id: str) -> AnyRow:
        row = sweep_statements.agent(conn, agent_id)
        if row is None or row.sweep_key != sweep:
            raise NotFound(f"The sweep has no agent {agent_id!r:.60}. Register one.", agent=agent_id)
        return row

    @staticmethod
    def _attempt(conn: Connection, sweep: SweepKey, number: int, attempt: int) -> AnyRow:
        row = statements.trial(conn, sweep, number, hold=True)
        if row is None:
            raise _no_trial(number)
        if row.attempt != attempt:
            raise Conflict(
                f"Trial {number} is at attempt {row.attempt}; attempt {attempt} was given up when nobody "
                "was heard of it. Its result is not taken: end it.",
                trial=number,
                attempt=row.attempt,
            )
        return row

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            self._feed.publish(event)


def _as_trials(
    config: SweepConfig, numbers: Sequence[int], proposals: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """A row per repeat, within the cap on runs."""
    rows: list[dict[str, Any]] = [
        {
            "number": number * config.repeats + repeat,
            "params": proposal.params,
            "sampler": proposal.sampler,
            "reason": proposal.reason,
            "parents": list(proposal.parents),
            "memo": dict(proposal.memo),
        }
        for number, proposal in zip(numbers, proposals, strict=False)
        for repeat in range(config.repeats)
    ]
    cap = config.run_cap
    return rows if cap is None else [row for row in rows if row["number"] < cap]


def _no_trial(number: int) -> NotFound:
    return NotFound(f"The sweep has no trial {number}.", trial=number)
