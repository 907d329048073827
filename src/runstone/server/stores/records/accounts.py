"""Statements about users, keys, sessions, entities and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, or_, select, update

from runstone.server.stores.records.rows import AnyRow, like, upsert
from runstone.server.stores.records.schema.accounts import (
    api_keys,
    entities,
    memberships,
    server_settings,
    sessions,
    sign_in_links,
    users,
)
from runstone.server.stores.records.schema.projects import projects

# -- entities

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


# -- users

_defaults = entities.alias("defaults")
_user = select(
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
    return conn.execute(_user.where(users.c.username == username)).first()


def user_by_id(conn: Connection, user_id: int) -> AnyRow | None:
    return conn.execute(_user.where(users.c.id == user_id)).first()


def any_user(conn: Connection) -> bool:
    return conn.execute(select(users.c.id).limit(1)).first() is not None


def find_users(
    conn: Connection, *, search: str, after: str, limit: int, seen_by: int | None
) -> Sequence[AnyRow]:
    """By name; with `seen_by` only that user and those who share a team or organisation with it."""
    statement = _user.where(users.c.username > after).order_by(users.c.username).limit(limit)
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


# -- keys


def key_owner(conn: Connection, sha256: bytes, *, now: float) -> AnyRow | None:
    """The user behind an unexpired key, with key_id, last_used_at, expires_at and read_only; None for a
    deleted user."""
    statement = (
        _user.add_columns(
            api_keys.c.id.label("key_id"),
            api_keys.c.last_used_at,
            api_keys.c.expires_at,
            api_keys.c.read_only,
        )
        .join(api_keys, api_keys.c.user_id == users.c.id)
        .where(
            api_keys.c.sha256 == sha256,
            users.c.deleted_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
        )
    )
    return conn.execute(statement).first()


def add_key(
    conn: Connection,
    user_id: int,
    sha256: bytes,
    *,
    name: str,
    hint: str,
    expires_at: float | None,
    read_only: bool,
    now: float,
) -> int | None:
    """None where that key is there already, whosever it is."""
    statement = (
        upsert(conn, api_keys)
        .values(
            user_id=user_id,
            sha256=sha256,
            name=name,
            hint=hint,
            created_at=now,
            expires_at=expires_at,
            read_only=read_only,
        )
        .on_conflict_do_nothing(index_elements=[api_keys.c.sha256])
        .returning(api_keys.c.id)
    )
    found = conn.execute(statement).scalar()
    return None if found is None else int(found)


def key_by_digest(conn: Connection, sha256: bytes) -> AnyRow | None:
    return conn.execute(select(api_keys).where(api_keys.c.sha256 == sha256)).first()


def key_by_id(conn: Connection, key_id: int) -> AnyRow | None:
    return conn.execute(select(api_keys).where(api_keys.c.id == key_id)).first()


def keys_of(conn: Connection, user_id: int) -> Sequence[AnyRow]:
    statement = select(api_keys).where(api_keys.c.user_id == user_id).order_by(api_keys.c.id)
    return conn.execute(statement).all()


def drop_key(conn: Connection, key_id: int) -> None:
    """And the sessions that it opened."""
    conn.execute(delete(sessions).where(sessions.c.key_id == key_id))
    conn.execute(delete(api_keys).where(api_keys.c.id == key_id))


def touch_key(conn: Connection, key_id: int, *, now: float) -> None:
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


# -- sessions and links


def add_session(
    conn: Connection,
    sha256: bytes,
    user_id: int,
    *,
    expires_at: float,
    key_id: int | None,
    read_only: bool,
    now: float,
) -> None:
    conn.execute(delete(sessions).where(sessions.c.expires_at < now))
    conn.execute(
        insert(sessions).values(
            sha256=sha256,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
            key_id=key_id,
            read_only=read_only,
        )
    )


def session_owner(conn: Connection, sha256: bytes, *, now: float) -> AnyRow | None:
    statement = (
        _user.add_columns(sessions.c.expires_at, sessions.c.read_only)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.sha256 == sha256, users.c.deleted_at.is_(None), sessions.c.expires_at > now)
    )
    return conn.execute(statement).first()


def drop_session(conn: Connection, sha256: bytes) -> None:
    conn.execute(delete(sessions).where(sessions.c.sha256 == sha256))


def add_link(conn: Connection, sha256: bytes, user_id: int, *, expires_at: float, now: float) -> None:
    conn.execute(delete(sign_in_links).where(sign_in_links.c.expires_at < now))
    conn.execute(insert(sign_in_links).values(sha256=sha256, user_id=user_id, expires_at=expires_at))


def take_link(conn: Connection, sha256: bytes, *, now: float) -> int | None:
    """The user of an unexpired link, which is gone after this."""
    statement = (
        delete(sign_in_links)
        .where(sign_in_links.c.sha256 == sha256)
        .returning(sign_in_links.c.user_id, sign_in_links.c.expires_at)
    )
    found = conn.execute(statement).first()
    return None if found is None or found.expires_at <= now else int(found.user_id)


# -- memberships


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


_own = entities.alias("own")
# Put together once: to build and to recognise a statement costs more than to carry it out.
_person = (
    _user.add_columns(
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
_entities_of = (
    _living_entity.add_columns(memberships.c.role)
    .join(memberships, memberships.c.entity_id == entities.c.id)
    .where(memberships.c.user_id == bindparam("user_id"))
    .order_by(entities.c.name)
)


def person(conn: Connection, user_id: int) -> Sequence[AnyRow]:
    """As `user_by_id` and `entities_of`, in one: a row for each team and organisation (of_id, name, kind,
    of_created_at, organization, role) beside the user and their own entity (own_id, own_name,
    own_created_at); of_id is null in the row of who is in none. Nothing for no user."""
    return conn.execute(_person, {"user_id": user_id}).all()


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


# -- server settings


def setting(conn: Connection, name: str) -> Any:
    """None where it was never set."""
    return conn.execute(select(server_settings.c.value).where(server_settings.c.name == name)).scalar()


def setting_or(conn: Connection, name: str, value: Any) -> Any:
    """What is kept under the name; `value`, which is now kept, where nothing was. Safe under races."""
    statement = upsert(conn, server_settings).values(name=name, value=value)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[server_settings.c.name]))
    return setting(conn, name)


def set_setting(conn: Connection, name: str, value: Any) -> None:
    statement = upsert(conn, server_settings).values(name=name, value=value)
    conn.execute(
        statement.on_conflict_do_update(index_elements=[server_settings.c.name], set_={"value": value})
    )
