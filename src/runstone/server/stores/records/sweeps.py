"""Statements about sweeps, their agents and hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from runstone.server.stores.records.rows import AnyRow, like, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.sweeps import sweep_agents, sweep_hosts, sweep_trials, sweeps

_sweep = (
    select(
        *sweeps.c,
        projects.c.entity_id,
        entities.c.name.label("entity"),
        projects.c.name.label("project"),
        projects.c.deleted_at.label("project_deleted_at"),
        users.c.username,
    )
    .select_from(sweeps)
    .join(projects, projects.c.id == sweeps.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .outerjoin(users, users.c.id == sweeps.c.user_id)
)


def sweep(conn: Connection, project_id: int, sweep_id: str) -> AnyRow | None:
    """One that is not deleted."""
    return conn.execute(
        _sweep.where(
            sweeps.c.project_id == project_id, sweeps.c.sweep_id == sweep_id, sweeps.c.deleted_at.is_(None)
        )
    ).first()


def sweep_by_key(conn: Connection, key: int, *, hold: bool = False) -> AnyRow | None:
    """Deleted ones too. hold: the row is the caller's until the transaction ends."""
    return conn.execute(_held_by_key if hold else _by_key, {"key": key}).first()


_by_key = _sweep.where(sweeps.c.id == bindparam("key"))
_held_by_key = _by_key.with_for_update(of=sweeps)


def find_sweeps(
    conn: Connection,
    project_id: int,
    *,
    search: str = "",
    states: Sequence[str] = (),
    ids: Sequence[str] = (),
    before: tuple[float, int] | None = None,
    limit: int,
) -> Sequence[AnyRow]:
    """Last made first, after the place `before` (created_at, key)."""
    statement = _matching(_sweep, project_id, search, states, ids)
    if before is not None:
        at, key = before
        statement = statement.where(
            or_(sweeps.c.created_at < at, (sweeps.c.created_at == at) & (sweeps.c.id < key))
        )
    return conn.execute(statement.order_by(sweeps.c.created_at.desc(), sweeps.c.id.desc()).limit(limit)).all()


def count_sweeps(
    conn: Connection,
    project_id: int,
    *,
    search: str = "",
    states: Sequence[str] = (),
    ids: Sequence[str] = (),
) -> int:
    counted = select(func.count()).select_from(sweeps)
    return int(conn.execute(_matching(counted, project_id, search, states, ids)).scalar_one())


def _matching(statement: Any, project_id: int, search: str, states: Sequence[str], ids: Sequence[str]) -> Any:
    statement = statement.where(sweeps.c.project_id == project_id, sweeps.c.deleted_at.is_(None))
    if search:
        pattern = like(search)
        statement = statement.where(
            or_(
                *(
                    column.ilike(pattern, escape="\\")
                    for column in (sweeps.c.sweep_id, sweeps.c.name, sweeps.c.display_name)
                )
            )
        )
    if states:
        statement = statement.where(sweeps.c.state.in_(states))
    if ids:
        statement = statement.where(sweeps.c.sweep_id.in_(ids))
    return statement


def add_sweep(conn: Connection, **values: Any) -> int | None:
    """Its key; None where the project has one of that id, deleted ones counted."""
    statement = (
        upsert(conn, sweeps)
        .values(**values)
        .on_conflict_do_nothing(index_elements=[sweeps.c.project_id, sweeps.c.sweep_id])
        .returning(sweeps.c.id)
    )
    key = conn.execute(statement).scalar()
    return None if key is None else int(key)


def change_sweep(conn: Connection, key: int, **values: Any) -> None:
    conn.execute(update(sweeps).where(sweeps.c.id == key).values(**values))


def live_sweeps(conn: Connection, *, limit: int) -> list[int]:
    """Keys of sweeps that have trials running, or whose runs may still have words to say."""
    wanted = (
        select(sweep_trials.c.sweep_key)
        .where(~sweep_trials.c.settled, sweep_trials.c.attempt > 0)
        .distinct()
        .limit(limit)
    )
    return list(conn.execute(wanted).scalars())


def count_runs_of_sweep(conn: Connection, project_id: int, sweep_id: str) -> int:
    """Runs that name the sweep, whoever began them, outside the trash."""
    wanted = select(func.count()).where(
        runs.c.project_id == project_id, runs.c.sweep == sweep_id, runs.c.deleted_at.is_(None)
    )
    return int(conn.execute(wanted).scalar_one())


# -- agents


_agent = select(*sweep_agents.c, users.c.username).outerjoin(users, users.c.id == sweep_agents.c.user_id)


def add_agent(conn: Connection, agent_id: str, *, now: float, **values: Any) -> None:
    conn.execute(insert(sweep_agents).values(id=agent_id, created_at=now, heartbeat_at=now, **values))


def agent(conn: Connection, agent_id: str) -> AnyRow | None:
    return conn.execute(_agent_by_id, {"agent": agent_id}).first()


_agent_by_id = _agent.where(sweep_agents.c.id == bindparam("agent"))


def agents_of(conn: Connection, sweep_key: int, *, limit: int = 10_000) -> Sequence[AnyRow]:
    """In the order in which they came."""
    wanted = _agent.where(sweep_agents.c.sweep_key == sweep_key)
    return conn.execute(wanted.order_by(sweep_agents.c.created_at, sweep_agents.c.id).limit(limit)).all()


def agents_by_id(conn: Connection, agent_ids: Sequence[str]) -> Sequence[AnyRow]:
    """id, sweep_key, host of those there are."""
    return conn.execute(_agents_by_id, {"agents": list(agent_ids)}).all()


_agents_by_id = select(sweep_agents.c.id, sweep_agents.c.sweep_key, sweep_agents.c.host).where(
    sweep_agents.c.id.in_(bindparam("agents", expanding=True))
)


def touch_agents(conn: Connection, agent_ids: Sequence[str], *, now: float) -> None:
    conn.execute(_touch_agents, {"agents": list(agent_ids), "heartbeat_at": now})


_touch_agents = (
    update(sweep_agents)
    .where(sweep_agents.c.id.in_(bindparam("agents", expanding=True)))
    .values(ended_at=None, heartbeat_at=bindparam("heartbeat_at"))
)


def touch_agent(conn: Connection, agent_id: str, *, now: float) -> None:
    conn.execute(_touch_agent, {"agent": agent_id, "heartbeat_at": now})


_touch_agent = update(sweep_agents).where(sweep_agents.c.id == bindparam("agent")).values(ended_at=None)


def end_agent(conn: Connection, agent_id: str, *, now: float) -> None:
    conn.execute(update(sweep_agents).where(sweep_agents.c.id == agent_id).values(ended_at=now))


def trials_by_agent(conn: Connection, sweep_key: int) -> dict[str, int]:
    """How many trials each agent had last."""
    wanted = (
        select(sweep_trials.c.agent, func.count())
        .where(sweep_trials.c.sweep_key == sweep_key, sweep_trials.c.agent != "")
        .group_by(sweep_trials.c.agent)
    )
    return {name: int(count) for name, count in conn.execute(wanted)}


# -- hosts


def host(conn: Connection, sweep_key: int, name: str) -> AnyRow | None:
    return conn.execute(_host, {"key": sweep_key, "name": name}).first()


_host = select(sweep_hosts).where(
    sweep_hosts.c.sweep_key == bindparam("key"), sweep_hosts.c.host == bindparam("name")
)


def hosts_of(conn: Connection, sweep_key: int) -> Sequence[AnyRow]:
    wanted = select(sweep_hosts).where(sweep_hosts.c.sweep_key == sweep_key).order_by(sweep_hosts.c.host)
    return conn.execute(wanted).all()


def failing_hosts(conn: Connection, sweep_key: int) -> Sequence[AnyRow]:
    """Those whose last trial failed."""
    return conn.execute(_failing_hosts, {"key": sweep_key}).all()


_failing_hosts = select(sweep_hosts).where(
    sweep_hosts.c.sweep_key == bindparam("key"), sweep_hosts.c.failures > 0
)


def hosts_alive(conn: Connection, sweep_key: int, *, since: float) -> set[str]:
    """Of agents heard of since then."""
    wanted = select(sweep_agents.c.host).where(
        sweep_agents.c.sweep_key == sweep_key,
        sweep_agents.c.heartbeat_at >= since,
        sweep_agents.c.ended_at.is_(None),
    )
    return set(conn.execute(wanted.distinct()).scalars())


def set_host(
    conn: Connection, sweep_key: int, name: str, *, failures: int, shut_until: float, now: float
) -> None:
    values = {"failures": failures, "shut_until": shut_until, "updated_at": now}
    conn.execute(
        upsert(conn, sweep_hosts)
        .values(sweep_key=sweep_key, host=name, **values)
        .on_conflict_do_update(index_elements=[sweep_hosts.c.sweep_key, sweep_hosts.c.host], set_=values)
    )
