"""Statements about API keys."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, or_, select, update

from runstone.server.stores.records.accounts import user_rows
from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.accounts import api_keys, sessions, users


def key_owner(conn: Connection, sha256: bytes, *, now: float) -> AnyRow | None:
    """The user behind an unexpired key, with key_id, last_used_at, expires_at and read_only; None for a
    deleted user."""
    statement = (
        user_rows.add_columns(
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
