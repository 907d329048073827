"""Statements about users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, or_, select, update

from runstone.server.stores.records.rows import AnyRow, like
from runstone.server.stores.records.schema.accounts import (
    api_keys,
    entities,
    memberships,
    sessions,
    sign_in_links,
    users,
)

_organizations = entities.alias("organizations")
_defaults = entities.alias("defaults")
user_rows = select(
    users.c.id,
    users.c.entity_id,
    users.c.username,
    users.c.email,
    users.c.display_name,
    users.c.is_admin,
    users.c.is_service,
    func.coalesce(_defaults.c.name, users.c.username).label("default_entity"),
    users.c.created_at,
    users.c.deleted_at,
).select_from(users.outerjoin(_defaults, _defaults.c.id == users.c.default_entity_id))


def user(conn: Connection, username: str) -> AnyRow | None:
    return conn.execute(user_rows.where(users.c.username == username)).first()


def user_by_id(conn: Connection, user_id: int) -> AnyRow | None:
    return conn.execute(user_rows.where(users.c.id == user_id)).first()


def any_user(conn: Connection) -> bool:
    return conn.execute(select(users.c.id).limit(1)).first() is not None


def find_users(
    conn: Connection, *, search: str, after: str, limit: int, seen_by: int | None
) -> Sequence[AnyRow]:
    """By name; with `seen_by` only that user and those who share a team or organisation with it."""
    statement = user_rows.where(users.c.username > after).order_by(users.c.username).limit(limit)
    if seen_by is not None:
        statement = statement.where(
            users.c.deleted_at.is_(None),
            or_(users.c.id == seen_by, users.c.id.in_(_fellows(seen_by))),
        )
    if search:
        pattern = like(search.lower())
        statement = statement.where(
            or_(
                func.lower(users.c.username).like(pattern, escape="\\"),
                func.lower(users.c.email).like(pattern, escape="\\"),
                func.lower(users.c.display_name).like(pattern, escape="\\"),
            )
        )
    return conn.execute(statement).all()


def share_an_entity(conn: Connection, one: int, other: int) -> bool:
    return conn.execute(_fellows(one).where(memberships.c.user_id == other).limit(1)).first() is not None


def _fellows(user_id: int) -> Select[Any]:
    own = memberships.alias("own")
    return select(memberships.c.user_id).join(
        own, and_(own.c.entity_id == memberships.c.entity_id, own.c.user_id == user_id)
    )


def add_user(
    conn: Connection,
    username: str,
    *,
    entity_id: int,
    email: str,
    is_admin: bool,
    is_service: bool,
    now: float,
) -> int:
    statement = (
        insert(users)
        .values(
            username=username,
            entity_id=entity_id,
            email=email,
            display_name="",
            is_admin=is_admin,
            is_service=is_service,
            created_at=now,
        )
        .returning(users.c.id)
    )
    return int(conn.execute(statement).scalar_one())


def change_user(conn: Connection, user_id: int, **values: Any) -> None:
    conn.execute(update(users).where(users.c.id == user_id).values(**values))


def end_user(conn: Connection, user_id: int, *, now: float) -> None:
    """Keys, sessions, links and memberships end; the row stays for what it made."""
    for table in (api_keys, sessions, sign_in_links, memberships):
        conn.execute(delete(table).where(table.c.user_id == user_id))
    conn.execute(update(users).where(users.c.id == user_id).values(deleted_at=now, is_admin=False))


_own = entities.alias("own")
# Put together once: to build and to recognise a statement costs more than to carry it out.
_person = (
    user_rows.add_columns(
        _own.c.id.label("own_id"),
        _own.c.name.label("own_name"),
        _own.c.created_at.label("own_created_at"),
        memberships.c.role,
        entities.c.id.label("of_id"),
        entities.c.name,
        entities.c.kind,
        entities.c.created_at.label("of_created_at"),
        func.coalesce(_organizations.c.name, "").label("organization"),
    )
    .join(_own, _own.c.id == users.c.entity_id)
    .outerjoin(memberships, memberships.c.user_id == users.c.id)
    .outerjoin(entities, and_(entities.c.id == memberships.c.entity_id, entities.c.deleted_at.is_(None)))
    .outerjoin(_organizations, _organizations.c.id == entities.c.organization_id)
    .where(users.c.id == bindparam("user_id"))
    .order_by(entities.c.name)
)


def person(conn: Connection, user_id: int) -> Sequence[AnyRow]:
    """As `user_by_id` and `entities_of`, in one: a row for each team and organisation (of_id, name, kind,
    of_created_at, organization, role) beside the user and their own entity (own_id, own_name,
    own_created_at); of_id is null in the row of who is in none. Nothing for no user."""
    return conn.execute(_person, {"user_id": user_id}).all()
