"""Steps that every function over runs takes: may the actor, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import NotFound
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, EntityId, Permission, ProjectId, RunKey
from runstone.server.domain.run_model import Applied
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.rows import AnyRow


def checked(access: Access, conn: Connection, actor: Actor, key: RunKey, permission: Permission) -> AnyRow:
    row = statements.base(conn, key)
    access.check_signed_in(actor)
    if row is None or not access.allows(actor, Permission.READ, EntityId(row.entity_id), conn=conn):
        raise NotFound("There is no such run, or you may not see it.", key=key)
    access.check(actor, permission, EntityId(row.entity_id), conn=conn)
    return row


def checked_many(
    access: Access, conn: Connection, actor: Actor, keys: Sequence[RunKey], permission: Permission
) -> list[AnyRow]:
    """Rows of all the keys; none is touched unless all may be."""
    rows = statements.bases(conn, list(dict.fromkeys(keys)))
    access.check_signed_in(actor)
    seen = {
        entity: access.allows(actor, Permission.READ, EntityId(entity), conn=conn)
        for entity in {row.entity_id for row in rows}
    }
    found = {row.id for row in rows if seen[row.entity_id]}
    missing = [key for key in keys if key not in found]
    if missing:
        raise NotFound(f"{len(missing)} of these runs do not exist, or you may not see them.", keys=missing)
    for entity in seen:
        access.check(actor, permission, EntityId(entity), conn=conn)
    return rows


def event_of(row: AnyRow, applied: Applied | None) -> Event:
    return Event(
        "run",
        EntityId(row.entity_id),
        ProjectId(row.project_id),
        row.entity,
        row.project,
        row.run_id,
        detail_of(applied),
    )


def detail_of(applied: Applied | None) -> dict[str, Any]:
    if applied is None:
        return {}
    detail: dict[str, Any] = {"version": applied.version}
    if applied.state_changed:
        detail["state"] = applied.state
    if applied.summary:
        detail["summary"] = dict(applied.summary)
    return detail
