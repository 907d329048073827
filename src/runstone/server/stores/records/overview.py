"""Statements about the whole server, for its administrators: counts, and when jobs last ran."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from runstone.server.stores.records.leases import LIVE
from runstone.server.stores.records.schema.accounts import users
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.upkeep import job_leases


class Overview(NamedTuple):
    """`jobs`: name -> Unix seconds of the last time it was done."""

    runs: int
    live_runs: int
    users: int
    jobs: dict[str, float]


def overview(conn: Connection) -> Overview:
    """Cost: a walk over the index of all runs."""
    every = select(func.count()).select_from(runs).where(runs.c.deleted_at.is_(None))
    living = select(func.count()).select_from(users).where(users.c.deleted_at.is_(None))
    jobs = conn.execute(select(job_leases.c.name, job_leases.c.last_run_at)).all()
    return Overview(
        runs=int(conn.execute(every).scalar_one()),
        live_runs=live_runs(conn),
        users=int(conn.execute(living).scalar_one()),
        jobs={row.name: float(row.last_run_at) for row in jobs},
    )


def live_runs(conn: Connection) -> int:
    """Runs that run now. Cost: about that of the answer, by the index of live runs."""
    wanted = select(func.count()).select_from(runs).where(runs.c.state.in_(LIVE), runs.c.deleted_at.is_(None))
    return int(conn.execute(wanted).scalar_one())


def ping(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))
