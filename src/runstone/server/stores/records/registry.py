"""Statements about registries, their members, and approvals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.accounts import entities, memberships, users
from runstone.server.stores.records.schema.collections import collection_versions
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.registry import (
    approval_votes,
    approvals,
    registries,
    registry_members,
)

_registry = (
    select(
        *registries.c,
        projects.c.entity_id,
        projects.c.name,
        projects.c.description,
        projects.c.updated_at,
        projects.c.deleted_at,
        entities.c.name.label("entity"),
        users.c.username.label("created_by"),
    )
    .select_from(registries)
    .join(projects, projects.c.id == registries.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .outerjoin(users, users.c.id == registries.c.user_id)
)


def registry(conn: Connection, project_id: int) -> AnyRow | None:
    return conn.execute(_registry.where(registries.c.project_id == project_id)).first()


def registries_of(conn: Connection, organization_id: int) -> Sequence[AnyRow]:
    """Living ones, by name."""
    statement = _registry.where(projects.c.entity_id == organization_id, projects.c.deleted_at.is_(None))
    return conn.execute(statement.order_by(projects.c.name)).all()


def add_registry(conn: Connection, project_id: int, *, now: float, **values: Any) -> None:
    statement = upsert(conn, registries).values(project_id=project_id, created_at=now, **values)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[registries.c.project_id]))


def change_registry(conn: Connection, project_id: int, **values: Any) -> None:
    conn.execute(update(registries).where(registries.c.project_id == project_id).values(**values))


def members(conn: Connection, project_id: int) -> Sequence[AnyRow]:
    """{member_id, name, kind, role} by name."""
    return conn.execute(
        select(registry_members.c.member_id, registry_members.c.role, entities.c.name, entities.c.kind)
        .join(entities, entities.c.id == registry_members.c.member_id)
        .where(registry_members.c.project_id == project_id)
        .order_by(entities.c.name)
    ).all()


def set_member(conn: Connection, project_id: int, member_id: int, role: int) -> None:
    conn.execute(
        upsert(conn, registry_members)
        .values(project_id=project_id, member_id=member_id, role=role)
        .on_conflict_do_update(
            index_elements=[registry_members.c.project_id, registry_members.c.member_id],
            set_={"role": role},
        )
    )


def drop_member(conn: Connection, project_id: int, member_id: int) -> bool:
    gone = conn.execute(
        delete(registry_members).where(
            registry_members.c.project_id == project_id, registry_members.c.member_id == member_id
        )
    )
    return bool(gone.rowcount)


def explicit_role(conn: Connection, project_id: int, user_id: int) -> int | None:
    """The highest role that was given to the user, or to a team the user is in."""
    own = select(users.c.entity_id).where(users.c.id == user_id)
    teams = select(memberships.c.entity_id).where(memberships.c.user_id == user_id)
    return conn.execute(
        select(func.max(registry_members.c.role)).where(
            registry_members.c.project_id == project_id,
            registry_members.c.member_id.in_(own) | registry_members.c.member_id.in_(teams),
        )
    ).scalar()


def belongs_to(conn: Connection, organization_id: int, user_id: int) -> bool:
    """The user is a member of the organisation, or of a team of it."""
    return (
        conn.execute(
            select(memberships.c.entity_id)
            .join(entities, entities.c.id == memberships.c.entity_id)
            .where(
                memberships.c.user_id == user_id,
                (entities.c.id == organization_id) | (entities.c.organization_id == organization_id),
                entities.c.deleted_at.is_(None),
            )
            .limit(1)
        ).first()
        is not None
    )


# -- approvals

# With `version_index`, the version's number in the collection; null where it is not there any more.
_approval = (
    select(*approvals.c, users.c.username, collection_versions.c.version_index)
    .outerjoin(users, users.c.id == approvals.c.user_id)
    .outerjoin(
        collection_versions,
        and_(
            collection_versions.c.collection_id == approvals.c.collection_id,
            collection_versions.c.version_id == approvals.c.version_id,
        ),
    )
)


def add_approval(conn: Connection, **values: Any) -> int:
    made: int = conn.execute(
        insert(approvals).values(state="open", **values).returning(approvals.c.id)
    ).scalar_one()
    return made


def approval(conn: Connection, approval_id: int, *, hold: bool = False) -> AnyRow | None:
    if hold:
        conn.execute(locked(select(approvals.c.id).where(approvals.c.id == approval_id)))
    return conn.execute(_approval.where(approvals.c.id == approval_id)).first()


def find_approvals(
    conn: Connection, collection_id: int, *, state: str = "", before: int | None = None, limit: int
) -> Sequence[AnyRow]:
    """The newest first."""
    statement = _approval.where(approvals.c.collection_id == collection_id)
    if state:
        statement = statement.where(approvals.c.state == state)
    if before is not None:
        statement = statement.where(approvals.c.id < before)
    return conn.execute(statement.order_by(approvals.c.id.desc()).limit(limit)).all()


def close_approval(conn: Connection, approval_id: int, *, state: str, now: float) -> None:
    conn.execute(update(approvals).where(approvals.c.id == approval_id).values(state=state, closed_at=now))


def vote(
    conn: Connection, approval_id: int, user_id: int, *, approves: bool, comment: str, now: float
) -> None:
    values = {"approves": int(approves), "comment": comment, "at": now}
    conn.execute(
        upsert(conn, approval_votes)
        .values(approval_id=approval_id, user_id=user_id, **values)
        .on_conflict_do_update(
            index_elements=[approval_votes.c.approval_id, approval_votes.c.user_id], set_=values
        )
    )


def votes(conn: Connection, approval_ids: Iterable[int]) -> Sequence[AnyRow]:
    return conn.execute(
        select(*approval_votes.c, users.c.username)
        .join(users, users.c.id == approval_votes.c.user_id)
        .where(approval_votes.c.approval_id.in_(list(approval_ids)))
        .order_by(approval_votes.c.at)
    ).all()
