"""Statements about sessions, and links that sign in once."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from runstone.server.stores.records.accounts import user_rows
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import sessions, sign_in_links, users


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
        user_rows.add_columns(sessions.c.expires_at, sessions.c.read_only)
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
