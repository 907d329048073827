"""Statements about signs of life: of runs, and of the processes that do background work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, or_, select, update

from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.upkeep import job_leases, run_seals

LIVE = ("running", "preempting")


def signs_of_life(conn: Connection, run_key: int) -> AnyRow | None:
    """state, stop_requested, heartbeat_at."""
    wanted = select(runs.c.state, runs.c.stop_requested, runs.c.heartbeat_at).where(runs.c.id == run_key)
    return conn.execute(wanted).first()


def silent_runs(conn: Connection, *, before: float, limit: int) -> Sequence[AnyRow]:
    """Live runs not heard of since `before`, the longest silent first."""
    heard = runs.c.heartbeat_at
    wanted = (
        select(runs.c.id, runs.c.state, runs.c.heartbeat_at)
        .where(
            runs.c.state.in_(LIVE),
            runs.c.deleted_at.is_(None),
            or_(heard < before, heard.is_(None) & (runs.c.created_at < before)),
        )
        .order_by(heard)
        .limit(limit)
    )
    return conn.execute(wanted).all()


# -- who does a background job


def take_job(conn: Connection, name: str, *, owner: str, now: float, seconds: float, every: float) -> bool:
    """Take the job for `seconds`, if nobody else holds it and it was not done within `every`."""
    row = conn.execute(locked(select(job_leases).where(job_leases.c.name == name))).first()
    if row is None:
        made = (
            upsert(conn, job_leases)
            .values(name=name, owner=owner, until=now + seconds, last_run_at=now)
            .on_conflict_do_nothing()
        )
        return bool(conn.execute(made).rowcount == 1)
    # A clock that was set back must not keep a job from ever running again.
    held = row.owner != owner and now < row.until <= now + 10 * seconds
    done = row.last_run_at <= now < row.last_run_at + every
    if held or done:
        return False
    conn.execute(
        update(job_leases)
        .where(job_leases.c.name == name)
        .values(owner=owner, until=now + seconds, last_run_at=now)
    )
    return True


def extend_job(conn: Connection, name: str, *, owner: str, until: float) -> bool:
    """False where it was taken over."""
    mine = update(job_leases).where(job_leases.c.name == name, job_leases.c.owner == owner)
    return conn.execute(mine.values(until=until)).rowcount == 1


def leave_job(conn: Connection, name: str, *, owner: str) -> None:
    mine = update(job_leases).where(job_leases.c.name == name, job_leases.c.owner == owner)
    conn.execute(mine.values(until=0.0))


def leave_all_jobs(conn: Connection, *, owner: str) -> None:
    conn.execute(update(job_leases).where(job_leases.c.owner == owner).values(until=0.0))


def free_jobs(conn: Connection) -> None:
    """Of whoever held them."""
    conn.execute(update(job_leases).values(until=0.0))


# -- what is still to be done to runs


def unsealed_runs(conn: Connection, *, changed_before: float, limit: int) -> Sequence[AnyRow]:
    """(id, updated_at) of ended runs that last changed before then and were not sealed since."""
    wanted = (
        select(runs.c.id, runs.c.updated_at)
        .outerjoin(run_seals, run_seals.c.run_key == runs.c.id)
        .where(
            runs.c.state.not_in([*LIVE, "pending"]),
            runs.c.updated_at < changed_before,
            or_(run_seals.c.updated_at.is_(None), run_seals.c.updated_at != runs.c.updated_at),
        )
        .order_by(runs.c.updated_at)
        .limit(limit)
    )
    return conn.execute(wanted).all()


def set_sealed(conn: Connection, run_key: int, *, updated_at: float) -> None:
    # The run may have been purged meanwhile.
    if conn.execute(select(runs.c.id).where(runs.c.id == run_key)).first() is None:
        return
    conn.execute(
        upsert(conn, run_seals)
        .values(run_key=run_key, updated_at=updated_at)
        .on_conflict_do_update(index_elements=[run_seals.c.run_key], set_={"updated_at": updated_at})
    )
