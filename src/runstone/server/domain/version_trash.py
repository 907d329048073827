"""Many versions to the trash, or out of it, in one transaction: numbers, aliases, audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import remove_aliases, set_aliases
from runstone.server.domain.alias_returns import return_aliases
from runstone.server.domain.artifact_names import LATEST
from runstone.server.domain.identity import Actor
from runstone.server.domain.retention_rules import ranges
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import retention as statements
from runstone.server.stores.records.deletions import came_back, hold_those_of
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Gone:
    versions: int
    bytes: int  # each version counted in full; blobs that others hold stay


def trash_versions(
    conn: Connection,
    actor: Actor,
    ids: Collection[int],
    *,
    which: Any,
    action: str,
    reason: str,
    detail: dict[str, Any],
    deletion_id: int | None = None,
    now: float,
) -> Gone:
    """Those of them of which `which` still holds. The work is that of these versions, however many their
    collections hold. One row of the audit log per collection says which went and why. deletion_id: of the
    deletion that they can be brought back with."""
    gone = statements.trash(conn, ids, which=which, deletion_id=deletion_id, now=now)
    if not gone:
        return Gone(0, 0)
    trashed = [row.id for row in gone]
    members = statements.memberships(conn, trashed)
    for collection_id in sorted(members):
        collection_statements.lock_collection(conn, collection_id)
        statements.fewer_versions(conn, collection_id, members[collection_id])
    for alias in alias_statements.aliases_of(conn, trashed):
        remove_aliases(
            conn,
            actor,
            alias.collection_id,
            alias.version_id,
            [alias.alias],
            act="delete",
            reason=reason,
            now=now,
        )
        if alias.alias == LATEST:
            newest = collection_statements.newest_version(conn, alias.collection_id)
            if newest is not None:
                set_aliases(conn, actor, alias.collection_id, newest, [LATEST], act="delete", now=now)
    for collection_id in sorted({row.collection_id for row in gone}):
        own = [row for row in gone if row.collection_id == collection_id]
        place = collection_statements.collection_by_id(conn, collection_id)
        assert place is not None
        audit.append(
            conn,
            actor,
            action,
            subject=f"{place.entity}/{place.project}/{place.name}",
            entity_id=place.entity_id,
            detail={
                **detail,
                "versions": ranges(row.version_index for row in own),
                "count": len(own),
                "reason": reason,
            },
            now=now,
        )
    return Gone(len(gone), sum(int(row.size) for row in gone))


def restore_versions(
    conn: Connection,
    actor: Actor,
    collection: AnyRow,
    ids: Collection[int],
    *,
    access: Access | None,
    detail: dict[str, Any] | None = None,
    now: float,
) -> int:
    """Those of them that were made in the collection and are in the trash, out of it, under their numbers,
    with the aliases that went with them and that nobody claimed since (protected ones where `access` says
    that the actor may move them). Returns how many. The work is that of these versions; one row of the
    audit log says which."""
    hold_those_of(conn, ids)
    back = statements.restore(conn, collection.id, ids, now=now)
    if not back:
        return 0
    numbers = [row.id for row in back]
    came_back(conn, Counter(row.deletion_id for row in back if row.deletion_id is not None))
    members = statements.memberships(conn, numbers)
    for number in sorted(members):
        collection_statements.lock_collection(conn, number)
        statements.fewer_versions(conn, number, -members[number])
    aliases = return_aliases(conn, actor, numbers, members.keys(), access=access, now=now)
    one = len(back) == 1
    name = f"{collection.entity}/{collection.project}/{collection.name}"
    told: dict[str, Any] = (
        {"version_id": back[0].id}
        if one
        else {"versions": ranges(row.version_index for row in back), "count": len(back)}
    )
    if aliases:
        told["aliases"] = aliases
    audit.append(
        conn,
        actor,
        "artifact.restore",
        subject=f"{name}:v{back[0].version_index}" if one else name,
        entity_id=collection.entity_id,
        detail={**told, **(detail or {})},
        now=now,
    )
    return len(back)
