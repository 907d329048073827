"""Deletion of many versions at once, by a query or by a project's retention policies, and its undo.

A deletion is a row: what is to go, how far it has come, what went. A job does it in small steps (see
`deletion_work`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.artifact_model import Page
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.deletion_model import Deletion, deletion_of
from runstone.server.domain.deletion_undo import HIGHEST
from runstone.server.domain.deletion_work import DeletionWork, log_act
from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor, Permission, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.version_selection import VersionQuery, check_query, query_of
from runstone.server.stores.records import deletions as statements
from runstone.server.stores.records import retention as version_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

REASON_CHARS_MAX = 10_000


class Deletions(DeletionWork):
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, projects: Projects, *, alone: bool = False) -> None:
        """alone: no other process can be at one, so who was is dead, and is not waited for."""
        super().__init__(records, alone=alone)
        self._projects = projects
        self.on_new: Callable[[], None] = lambda: None  # told of each one that begins

    def begin(
        self, actor: Actor, entity: str, project: str, query: VersionQuery, *, reason: str = ""
    ) -> Deletion:
        """Versions that match, to the trash, save those under an alias beside `latest`, linked elsewhere,
        deployed, or told to stay for ever. Done by a job; `get` says how far it is."""
        check_query(query)
        return self._begin(actor, entity, project, "query", query.as_json(), reason, Permission.WRITE)

    def begin_retention(self, actor: Actor, entity: str, project: str) -> Deletion:
        """Apply the policies of a project now (its admins)."""
        return self._begin(actor, entity, project, "retention", {}, "", Permission.MANAGE)

    def get(self, actor: Actor, entity: str, project: str, deletion_id: int) -> Deletion:
        with self._records.read() as conn:
            return deletion_of(self._resolve(conn, actor, entity, project, deletion_id, Permission.READ))

    def by_id(self, actor: Actor, deletion_id: int) -> Deletion:
        """Wherever it is."""
        with self._records.read() as conn:
            row = statements.get(conn, deletion_id) if 0 < deletion_id < 2**63 else None
            try:
                if row is not None:
                    self._projects.resolve(conn, actor, row.entity, row.project, Permission.READ)
                    return deletion_of(row)
            except NotFound:
                pass
        raise NotFound(f"There is no deletion {deletion_id} that you may see.", id=deletion_id)

    def find(self, actor: Actor, entity: str, project: str, *, after: str = "", limit: int = 50) -> Page:
        """Of a project, the newest first."""
        limit = max(1, min(limit, 1000))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            place = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = statements.find(conn, place.id, before=None if cursor is None else cursor[1], limit=limit)
        found = [deletion_of(row) for row in rows]
        return Page(found, cursor_of(0, found[-1].id) if len(found) == limit else "")

    def cancel(self, actor: Actor, entity: str, project: str, deletion_id: int) -> Deletion:
        """It stops after the step it is in; what went is in the trash. So does its undo: what came back is
        back. One that has ended is answered as it is."""

        def work(conn: Connection) -> AnyRow:
            self._resolve(conn, actor, entity, project, deletion_id, Permission.WRITE)
            row = statements.get(conn, deletion_id, hold=True)
            assert row is not None
            if row.state in ("running", "undoing"):
                now = time.time()
                statements.change(conn, deletion_id, state="cancelled", ended_at=now, updated_at=now)
                detail = {"versions": row.versions, "undo": row.state == "undoing", "restored": row.restored}
                log_act(conn, actor, "deletion.cancel", row, detail, now)
            return statements.get(conn, deletion_id)

        return deletion_of(self._records.write(work))

    def undo(self, actor: Actor, entity: str, project: str, deletion_id: int) -> Deletion:
        """What it took and is still in the trash comes back, with `latest` where nobody moved it since, by a
        job; `get` says how far it is, and how many were gone for good. One that still runs stops first. One
        that has nothing in the trash, or is being undone, is answered as it is."""

        def work(conn: Connection) -> AnyRow:
            self._resolve(conn, actor, entity, project, deletion_id, Permission.WRITE)
            row = statements.get(conn, deletion_id, hold=True)
            assert row is not None
            found = deletion_of(row)
            if row.state == "undoing" or (found.in_trash == 0 and row.state != "running"):
                return row
            now = time.time()
            statements.change(
                conn,
                deletion_id,
                state="undoing",
                collection_id=0,
                version_index=HIGHEST,
                scanned=0,
                to_scan=found.in_trash,
                undo_by=actor.username or actor.system,
                undo_user_id=actor.user_id,
                undo_at=now,
                ended_at=None,
                owner="",
                lease_until=0.0,
                updated_at=max(now, row.updated_at + 1e-6),
            )
            detail = {"versions": found.in_trash, "purged": found.purged, "stopped": row.state == "running"}
            log_act(conn, actor, "deletion.undo", row, detail, now)
            return statements.get(conn, deletion_id)

        made = deletion_of(self._records.write(work))
        self.on_new()
        return made

    # -- inside

    def _begin(
        self,
        actor: Actor,
        entity: str,
        project: str,
        kind: str,
        query: dict[str, Any],
        reason: str,
        permission: Permission,
    ) -> Deletion:
        said = check_text(reason, what="Reason", chars_max=REASON_CHARS_MAX)

        def work(conn: Connection) -> AnyRow:
            place = self._projects.resolve(conn, actor, entity, project, permission)
            now = time.time()
            wanted = query_of(query) if kind == "query" else None
            made = statements.add(
                conn,
                entity_id=place.entity_id,
                project_id=place.id,
                kind=kind,
                query=query,
                reason=said,
                user_id=actor.user_id,
                username=actor.username or actor.system,
                to_scan=_to_scan(conn, place.id, wanted),
                now=now,
            )
            row = statements.get(conn, made)
            log_act(conn, actor, "deletion.begin", row, {"kind": kind, "query": query, "reason": said}, now)
            return row

        made = deletion_of(self._records.write(work))
        self.on_new()
        return made

    def _resolve(
        self,
        conn: Connection,
        actor: Actor,
        entity: str,
        project: str,
        deletion_id: int,
        permission: Permission,
    ) -> AnyRow:
        place = self._projects.resolve(conn, actor, entity, project, permission)
        row = statements.get(conn, deletion_id) if 0 < deletion_id < 2**63 else None
        if row is None or row.project_id != place.id:
            raise NotFound(f"{place.entity}/{place.name} has no deletion {deletion_id}.", id=deletion_id)
        return row


def _to_scan(conn: Connection, project_id: int, query: VersionQuery | None) -> int:
    total, after = 0, 0
    while True:
        rows = version_statements.collections_after(
            conn,
            project_id,
            after=after,
            limit=1000,
            type_name=query.type if query is not None else "",
        )
        for row in rows:
            after = row.id
            if query is None or query.covers(row):
                total += row.next_index
        if len(rows) < 1000:
            return total
