"""Whole collections to the trash and out of it: with their versions, links, aliases and tags, as they were.

A collection in the trash keeps all it has; only its name is free. So it comes back in one step, however
many versions it holds.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import set_aliases
from runstone.server.domain.artifact_model import Collection, collection_of
from runstone.server.domain.artifact_names import LATEST, check_collection_name
from runstone.server.domain.collections import Collections, changed
from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.projects import Projects
from runstone.server.domain.registry_rules import check_protected
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import collection_trash as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_OUTLIVE_AT_ONCE = 500


class CollectionTrash:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self, records: Records, access: Access, projects: Projects, collections: Collections, feed: Feed
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._collections = collections
        self._feed = feed

    def delete(self, actor: Actor, entity: str, project: str, name: str) -> Collection:
        """To the trash, with its versions, for 30 days; the name is free at once."""

        def work(conn: Connection) -> AnyRow:
            row = self._collections.resolve(conn, actor, entity, project, name, Permission.WRITE)
            names = [alias.alias for alias in alias_statements.aliases_in(conn, [row.id])]
            check_protected(self._access, conn, actor, row, names, approvals=False)
            now = time.time()
            by = actor.username or actor.system
            collection_statements.change_collection(conn, row.id, deleted_at=now, deleted_by=by)
            detail = {"id": row.id, "versions": row.version_count}
            _log(conn, actor, "collection.delete", row, detail, now)
            return collection_statements.collection_by_id(conn, row.id)

        gone = collection_of(self._records.write(work))
        self._feed.publish(changed(gone))
        return gone

    def restore(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        id: int = 0,
        name: str = "",
        new_name: str = "",
    ) -> Collection:
        """Out of the trash, by its id, or by its name where only one of that name is there; under
        `new_name` where it is given. One that is not in the trash (by id) is answered as it is. Conflict
        where the name was taken meanwhile, or several of it are in the trash."""
        if new_name:
            check_collection_name(new_name)
        with self._records.read() as conn:
            found = self._find(conn, actor, entity, project, id, name)
        if found.deleted_at is None:
            return collection_of(found)
        self._outlive(found.id)

        def work(conn: Connection) -> AnyRow:
            place = self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
            collection_statements.lock_collection(conn, found.id)
            row = collection_statements.collection_by_id(conn, found.id)
            if row is None or row.project_id != place.id:
                raise NotFound(
                    f"{found.name!r} is gone for good: its time in the trash was over.", id=found.id
                )
            if row.deleted_at is None:
                return row
            wanted = new_name or row.name
            taken = collection_statements.collection(conn, place.id, wanted)
            if taken is not None:
                raise Conflict(
                    f"{place.entity}/{place.name} has an artifact {wanted!r} again, which stays as it is. "
                    "Restore this one under another name, or rename that one first.",
                    collection=wanted,
                    id=row.id,
                )
            now = time.time()
            # Of versions that went by themselves while this was away.
            gone = statements.drop_dangling(conn, row.id)
            names = [alias.alias for alias in alias_statements.aliases_in(conn, [row.id])]
            check_protected(self._access, conn, actor, row, names, approvals=False)
            collection_statements.change_collection(conn, row.id, deleted_at=None, deleted_by="", name=wanted)
            statements.recount(conn, row)
            newest = collection_statements.newest_version(conn, row.id)
            if newest is not None and alias_statements.alias(conn, row.id, LATEST) is None:
                set_aliases(conn, actor, row.id, newest, [LATEST], act="restore", now=now)
            back = collection_statements.collection_by_id(conn, row.id)
            assert back is not None
            detail: dict[str, Any] = {
                "id": row.id,
                "versions": back.version_count,
                "deleted_at": row.deleted_at,
                "deleted_by": row.deleted_by,
            }
            if wanted != row.name:
                detail["was"] = row.name
            if gone:
                detail["aliases_gone"] = gone
            _log(conn, actor, "collection.restore", back, detail, now)
            return back

        back = collection_of(self._records.write(work))
        self._feed.publish(changed(back))
        return back

    # -- inside

    def _find(
        self, conn: Connection, actor: Actor, entity: str, project: str, number: int, name: str
    ) -> AnyRow:
        place = self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
        where = f"{place.entity}/{place.name}"
        if number:
            row = collection_statements.collection_by_id(conn, number) if 0 < number < 2**63 else None
            if row is None or row.project_id != place.id:
                raise NotFound(f"{where} has no artifact {number} in the trash.", id=number)
            return row
        rows = statements.named(conn, place.id, name)
        if not rows:
            raise NotFound(f"{where} has no artifact {name[:200]!r} in the trash.", collection=name[:200])
        if len(rows) > 1:
            told = ", ".join(f"{row.id} ({row.version_count} versions)" for row in rows[:10])
            raise Conflict(
                f"{where} has {len(rows)} artifacts {name!r} in the trash, the last deleted first: {told}. "
                "Name the one by its id.",
                ids=[row.id for row in rows[:100]],
            )
        return rows[0]

    def _outlive(self, collection_id: int) -> None:
        """Versions whose time to live was over meanwhile come back too, and stay."""
        while True:
            some = self._records.write(
                lambda conn: statements.outlive(conn, collection_id, now=time.time(), limit=_OUTLIVE_AT_ONCE)
            )
            if some < _OUTLIVE_AT_ONCE:
                return


def _log(
    conn: Connection, actor: Actor, action: str, row: AnyRow, detail: dict[str, Any], now: float
) -> None:
    audit.append(
        conn,
        actor,
        action,
        subject=f"{row.entity}/{row.project}/{row.name}",
        entity_id=row.entity_id,
        detail=detail,
        now=now,
    )
