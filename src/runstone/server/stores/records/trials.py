"""Statements about trials. What changes one holds it: every change says from which state and attempt."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, select, tuple_, update

from runstone.server.stores.records.changes import next_change
from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.runs import run_summaries, runs
from runstone.server.stores.records.schema.sweeps import sweep_trials, sweeps

_AT_ONCE = 500

_EMPTY: dict[str, Any] = {
    "state": "queued",
    "attempt": 0,
    "run_id": "",
    "agent": "",
    "host": "",
    "avoid_host": "",
    "lease_seconds": 0.0,
    "failures": 0,
    "losses": 0,
    "stop": "",
    "settled": False,
    "objective": [],
    "excess": [],
    "curve": [],
    "memo": {},
    "sampler": "",
    "reason": "",
    "parents": [],
    "error": "",
    "past": [],
}


def trial(conn: Connection, sweep_key: int, number: int, *, hold: bool = False) -> AnyRow | None:
    statement = select(sweep_trials).where(
        sweep_trials.c.sweep_key == sweep_key, sweep_trials.c.number == number
    )
    return conn.execute(locked(statement) if hold else statement).first()


def trial_of_run(conn: Connection, sweep_key: int, run_id: str) -> AnyRow | None:
    """The one whose present attempt is that run."""
    return conn.execute(
        select(sweep_trials).where(sweep_trials.c.run_id == run_id, sweep_trials.c.sweep_key == sweep_key)
    ).first()


def sweep_of_run(conn: Connection, project_id: int, run_id: str) -> int | None:
    found = conn.execute(
        select(sweep_trials.c.sweep_key)
        .join(sweeps, sweeps.c.id == sweep_trials.c.sweep_key)
        .where(sweep_trials.c.run_id == run_id, sweeps.c.project_id == project_id)
        .limit(1)
    ).scalar()
    return None if found is None else int(found)


def find_trials(
    conn: Connection,
    sweep_key: int,
    *,
    states: Sequence[str] = (),
    after: int | None = None,
    newest: bool = False,
    agent: str = "",
    limit: int,
) -> Sequence[AnyRow]:
    """In the order in which they were proposed (`newest`: backwards), beyond the number `after`."""
    statement = select(sweep_trials).where(sweep_trials.c.sweep_key == sweep_key)
    if states:
        statement = statement.where(sweep_trials.c.state.in_(states))
    if agent:
        statement = statement.where(sweep_trials.c.agent == agent)
    number = sweep_trials.c.number
    if after is not None:
        statement = statement.where(number < after if newest else number > after)
    return conn.execute(statement.order_by(number.desc() if newest else number).limit(limit)).all()


def trials_changed(conn: Connection, sweep_key: int, *, since: int) -> Sequence[AnyRow]:
    """number, params, state, objective, excess, curve, memo of those changed at `since` or later."""
    t = sweep_trials.c
    wanted = select(t.number, t.params, t.state, t.objective, t.excess, t.curve, t.memo, t.run_id)
    return conn.execute(
        wanted.where(t.sweep_key == sweep_key, t.change_seq >= since).order_by(t.number)
    ).all()


def counts(conn: Connection, sweep_keys: Sequence[int]) -> dict[int, dict[str, int]]:
    """Trials by sweep and state; earlier runs that a search was started with are left out."""
    found: dict[int, dict[str, int]] = {key: {} for key in sweep_keys}
    for start in range(0, len(sweep_keys), _AT_ONCE):
        t = sweep_trials.c
        wanted = (
            select(t.sweep_key, t.state, func.count())
            .where(t.sweep_key.in_(sweep_keys[start : start + _AT_ONCE]), t.number >= 0)
            .group_by(t.sweep_key, t.state)
        )
        for key, state, count in conn.execute(wanted):
            found[key][state] = int(count)
    return found


def next_number(conn: Connection, sweep_key: int) -> int:
    highest = conn.execute(
        select(func.max(sweep_trials.c.number)).where(sweep_trials.c.sweep_key == sweep_key)
    ).scalar()
    return 0 if highest is None else max(0, int(highest) + 1)


def add_trials(
    conn: Connection, sweep_key: int, trials: Iterable[Mapping[str, Any]], *, now: float
) -> set[int]:
    """Numbers of those that were added; one whose number is taken is not. Each: number, params and
    any other column."""
    seq = next_change(conn)
    rows = [
        {**_EMPTY, "sweep_key": sweep_key, "created_at": now, "change_seq": seq, **values}
        for values in trials
    ]
    if not rows:
        return set()
    return set(conn.execute(_add(conn.dialect.name), rows).scalars())


def lay_trials(conn: Connection, sweep_key: int, trials: Sequence[Mapping[str, Any]], *, now: float) -> None:
    """Each whole as it is given (number, params and any other column), in place of what was there."""
    seq = next_change(conn)
    for values in trials:
        row = {**_EMPTY, "created_at": now, **values, "change_seq": seq}
        statement = upsert(conn, sweep_trials).values(sweep_key=sweep_key, **row)
        changed = {name: value for name, value in row.items() if name != "number"}
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=[sweep_trials.c.sweep_key, sweep_trials.c.number], set_=changed
            )
        )


@functools.cache
def _add(dialect: str) -> Any:
    return (
        upsert(dialect, sweep_trials)
        .on_conflict_do_nothing(index_elements=[sweep_trials.c.sweep_key, sweep_trials.c.number])
        .returning(sweep_trials.c.number)
    )


def change_trial(
    conn: Connection,
    sweep_key: int,
    number: int,
    *,
    attempt: int | None = None,
    states: Sequence[str] = (),
    **values: Any,
) -> bool:
    """Only where it is at that attempt and in one of those states; False where it is not."""
    t = sweep_trials.c
    conditions = [t.sweep_key == sweep_key, t.number == number]
    if attempt is not None:
        conditions.append(t.attempt == attempt)
    if states:
        conditions.append(t.state.in_(states))
    statement = update(sweep_trials).where(*conditions).values(**values, change_seq=next_change(conn))
    return conn.execute(statement).rowcount == 1


def extend_leases(conn: Connection, sweep_key: int, attempts: Mapping[int, int], *, now: float) -> None:
    """Of running trials, by number and attempt. No change that a search would have to learn."""
    t = sweep_trials.c
    held = list(attempts.items())
    for start in range(0, len(held), _AT_ONCE):
        conn.execute(
            update(sweep_trials)
            .where(
                t.sweep_key == sweep_key,
                tuple_(t.number, t.attempt).in_(held[start : start + _AT_ONCE]),
                t.state == "running",
            )
            .values(lease_until=now + t.lease_seconds)
        )


def stop_running(conn: Connection, sweep_key: int, *, why: str) -> list[AnyRow]:
    """Ask all running trials to stop; number, run_id of those."""
    t = sweep_trials.c
    statement = (
        update(sweep_trials)
        .where(t.sweep_key == sweep_key, t.state == "running", t.stop == "")
        .values(stop=why, change_seq=next_change(conn))
        .returning(t.number, t.run_id)
    )
    return list(conn.execute(statement).all())


def drop_queued(conn: Connection, sweep_key: int, *, now: float) -> int:
    """Those that wait are not done any more; how many. What was only drawn ahead is gone: it would be
    drawn again. Cells of a grid and what somebody chose stay on the list."""
    t = sweep_trials.c
    drawn = (t.attempt == 0) & t.sampler.not_in(("grid", "custom"))
    conn.execute(delete(sweep_trials).where(t.sweep_key == sweep_key, t.state == "queued", drawn))
    statement = (
        update(sweep_trials)
        .where(t.sweep_key == sweep_key, t.state == "queued")
        .values(state="stopped", finished_at=now, settled=True, change_seq=next_change(conn))
    )
    return conn.execute(statement).rowcount


def requeue(conn: Connection, sweep_key: int, *, states: Sequence[str], untried_only: bool = False) -> int:
    """Trials that ended so wait again, with their failures forgotten; or of them only those that
    nobody had begun."""
    t = sweep_trials.c
    wanted = [t.sweep_key == sweep_key, t.state.in_(states), t.number >= 0]
    if untried_only:
        wanted.append(t.attempt == 0)
    statement = (
        update(sweep_trials)
        .where(*wanted)
        .values(
            state="queued",
            failures=0,
            losses=0,
            stop="",
            settled=False,
            run_id=case((t.attempt == 0, t.run_id), else_=""),
            lease_until=None,
            finished_at=None,
            change_seq=next_change(conn),
        )
    )
    return conn.execute(statement).rowcount


def lapsed_trials(conn: Connection, *, before: float, since_start: float, limit: int) -> Sequence[AnyRow]:
    """sweep_key, number, attempt of running trials whose lease ended before then, and is no longer
    than the seconds `since_start`."""
    t = sweep_trials.c
    wanted = select(t.sweep_key, t.number, t.attempt).where(
        t.state == "running", t.lease_until < before, t.lease_seconds <= since_start
    )
    return conn.execute(wanted.order_by(t.lease_until).limit(limit)).all()


def unsettled(conn: Connection, sweep_key: int, project_id: int) -> Sequence[AnyRow]:
    """The trial's columns and of its run, where there is one: run_key, run_state, run_exit_code,
    run_heartbeat_at, run_started_at, run_finished_at, summary."""
    t, r = sweep_trials.c, runs.c
    wanted = (
        select(
            *t,
            r.id.label("run_key"),
            r.state.label("run_state"),
            r.exit_code.label("run_exit_code"),
            r.heartbeat_at.label("run_heartbeat_at"),
            r.started_at.label("run_started_at"),
            r.finished_at.label("run_finished_at"),
            run_summaries.c.summary,
        )
        .select_from(sweep_trials)
        .outerjoin(
            runs,
            and_(r.project_id == project_id, r.run_id == t.run_id, r.deleted_at.is_(None), t.run_id != ""),
        )
        .outerjoin(run_summaries, run_summaries.c.run_key == r.id)
        .where(t.sweep_key == sweep_key, ~t.settled, t.attempt > 0)
        .order_by(t.number)
    )
    return conn.execute(wanted).all()


def has_open(conn: Connection, sweep_key: int) -> bool:
    """Whether a trial waits or runs."""
    t = sweep_trials.c
    for state in ("queued", "running"):
        wanted = select(t.number).where(t.sweep_key == sweep_key, t.state == state).limit(1)
        if conn.execute(wanted).first() is not None:
            return True
    return False


def count_of(conn: Connection, sweep_key: int, state: str) -> int:
    t = sweep_trials.c
    wanted = select(func.count()).where(t.sweep_key == sweep_key, t.state == state)
    return int(conn.execute(wanted).scalar_one())


def trials_by_number(conn: Connection, sweep_key: int, numbers: Sequence[int]) -> list[AnyRow]:
    """Those there are, by number."""
    t = sweep_trials.c
    found: list[AnyRow] = []
    for start in range(0, len(numbers), _AT_ONCE):
        wanted = select(sweep_trials).where(
            t.sweep_key == sweep_key, t.number.in_(numbers[start : start + _AT_ONCE])
        )
        found += conn.execute(wanted.order_by(t.number)).all()
    return found


def summary_of_run(conn: Connection, project_id: int, run_id: str) -> dict[str, Any] | None:
    wanted = (
        select(run_summaries.c.summary)
        .join(runs, runs.c.id == run_summaries.c.run_key)
        .where(runs.c.project_id == project_id, runs.c.run_id == run_id, runs.c.deleted_at.is_(None))
    )
    found = conn.execute(wanted).scalar()
    return None if found is None else dict(found)
