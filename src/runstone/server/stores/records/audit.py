"""Statements about the audit log. Nothing here changes or removes a row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.audit import audit_head, audit_log

_HEAD = 1


def head(conn: Connection, *, hold: bool = False) -> tuple[int, str]:
    """(number, hash) of the last row; (0, "") where there is none. hold: until the transaction ends,
    so that rows are added by one at a time."""
    statement = select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == _HEAD)
    if hold:
        conn.execute(
            upsert(conn, audit_head)
            .values(id=_HEAD, seq=0, hash="")
            .on_conflict_do_nothing(index_elements=[audit_head.c.id])
        )
        statement = locked(statement)
    row = conn.execute(statement).first()
    return (0, "") if row is None else (row.seq, row.hash)


def add(
    conn: Connection,
    *,
    seq: int,
    at: float,
    user_id: int | None,
    username: str,
    action: str,
    entity_id: int | None,
    subject: str,
    detail: str,
    previous: str,
    hash: str,
) -> None:
    """A row behind the head, which was held."""
    conn.execute(
        insert(audit_log).values(
            seq=seq,
            at=at,
            user_id=user_id,
            username=username,
            action=action,
            entity_id=entity_id,
            subject=subject,
            detail=detail,
            previous=previous,
            hash=hash,
        )
    )
    conn.execute(update(audit_head).where(audit_head.c.id == _HEAD).values(seq=seq, hash=hash))


def rows(
    conn: Connection,
    *,
    entity_id: int | None = None,
    subject: str = "",
    action: str = "",
    username: str = "",
    after: int = 0,
    before: int | None = None,
    newest_first: bool = False,
    limit: int,
) -> Sequence[AnyRow]:
    statement = select(audit_log).where(audit_log.c.seq > after)
    if before is not None:
        statement = statement.where(audit_log.c.seq < before)
    if entity_id is not None:
        statement = statement.where(audit_log.c.entity_id == entity_id)
    if subject:
        statement = statement.where(audit_log.c.subject == subject)
    if action:
        statement = statement.where(audit_log.c.action == action)
    if username:
        statement = statement.where(audit_log.c.username == username)
    order = audit_log.c.seq.desc() if newest_first else audit_log.c.seq
    return conn.execute(statement.order_by(order).limit(limit)).all()
