"""Statements about entities (users' own, teams, organisations) and who belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, select, update

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.accounts import entities, memberships, users
from runstone.server.stores.records.schema.projects import projects

_organizations = entities.alias("organizations")
_entity = select(
    entities.c.id,
    entities.c.name,
    entities.c.kind,
    entities.c.created_at,
    func.coalesce(_organizations.c.name, "").label("organization"),
    entities.c.organization_id,
).select_from(entities.outerjoin(_organizations, _organizations.c.id == entities.c.organization_id))
_living_entity = _entity.where(entities.c.deleted_at.is_(None))
_entity_by_name = _living_entity.where(entities.c.name == bindparam("name"))


def entity(conn: Connection, name: str) -> AnyRow | None:
    """id, name, kind, created_at, organization, organization_id of a living entity."""
    return conn.execute(_entity_by_name, {"name": name}).first()


def entity_by_id(conn: Connection, entity_id: int) -> AnyRow | None:
    return conn.execute(_entity.where(entities.c.id == entity_id)).first()


def add_entity(
    conn: Connection, name: str, kind: str, *, organization_id: int | None, now: float
) -> int | None:
    """Its id; None where the name is taken."""
    statement = (
        upsert(conn, entities)
        .values(name=name, kind=kind, organization_id=organization_id, created_at=now)
        .on_conflict_do_nothing(index_elements=[entities.c.name])
        .returning(entities.c.id)
    )
    found = conn.execute(statement).scalar()
    return None if found is None else int(found)


def retire_entity(conn: Connection, entity_id: int, *, now: float) -> None:
    """Free the name, end memberships, and send the projects to the trash."""
    conn.execute(
        update(entities)
        .where(entities.c.id == entity_id)
        .values(name=entities.c.name + f"~{entity_id}", deleted_at=now)
    )
    conn.execute(delete(memberships).where(memberships.c.entity_id == entity_id))
    conn.execute(
        update(projects)
        .where(projects.c.entity_id == entity_id, projects.c.deleted_at.is_(None))
        .values(deleted_at=now)
    )
    conn.execute(update(users).where(users.c.default_entity_id == entity_id).values(default_entity_id=None))


def teams_of_organization(conn: Connection, organization_id: int) -> list[int]:
    statement = select(entities.c.id).where(
        entities.c.organization_id == organization_id, entities.c.deleted_at.is_(None)
    )
    return list(conn.execute(statement).scalars())


def set_member(conn: Connection, entity_id: int, user_id: int, role: int) -> None:
    statement = upsert(conn, memberships).values(entity_id=entity_id, user_id=user_id, role=role)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[memberships.c.entity_id, memberships.c.user_id], set_={"role": role}
        )
    )


def drop_member(conn: Connection, entity_id: int, user_id: int) -> int:
    statement = delete(memberships).where(
        memberships.c.entity_id == entity_id, memberships.c.user_id == user_id
    )
    return conn.execute(statement).rowcount


def members(conn: Connection, entity_id: int) -> Sequence[AnyRow]:
    """username, user_id, role; by name."""
    statement = (
        select(users.c.username, users.c.id.label("user_id"), memberships.c.role)
        .join(users, users.c.id == memberships.c.user_id)
        .where(memberships.c.entity_id == entity_id)
        .order_by(users.c.username)
    )
    return conn.execute(statement).all()


def entities_of(conn: Connection, user_id: int) -> Sequence[AnyRow]:
    """Teams and organisations the user is a member of, with `role`; by name."""
    return conn.execute(_entities_of, {"user_id": user_id}).all()


_entities_of = (
    _living_entity.add_columns(memberships.c.role)
    .join(memberships, memberships.c.entity_id == entities.c.id)
    .where(memberships.c.user_id == bindparam("user_id"))
    .order_by(entities.c.name)
)


def roles_of(conn: Connection, user_id: int) -> dict[int, int]:
    """Entity id -> role: memberships, and all teams of organisations the user is admin of."""
    own = select(users.c.entity_id).where(users.c.id == user_id, users.c.deleted_at.is_(None))
    found = {int(row): 3 for row in conn.execute(own).scalars()}
    direct = select(memberships.c.entity_id, memberships.c.role).where(memberships.c.user_id == user_id)
    for entity_id, role in conn.execute(direct):
        found[int(entity_id)] = int(role)
    teams = (
        select(entities.c.id)
        .join(
            memberships,
            and_(
                memberships.c.entity_id == entities.c.organization_id,
                memberships.c.user_id == user_id,
                memberships.c.role >= 3,
            ),
        )
        .where(entities.c.deleted_at.is_(None))
    )
    for entity_id in conn.execute(teams).scalars():
        found[int(entity_id)] = 3
    return found
