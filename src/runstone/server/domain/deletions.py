"""Deletion of many versions at once, by a query or by a project's retention policies, and its undo.

A deletion is a row: what is to go, how far it has come, what went. A job does it in small steps, each of
them one transaction that moves versions to the trash and says how far it came; so a process that dies
repeats nothing and skips nothing, whichever goes on. Steps are as long as others can wait for, and
between two of them there is as long a pause.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.artifact_model import Page
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.deletion_model import Deletion, deletion_of
from runstone.server.domain.deletion_undo import HIGHEST, Window, bring_back, next_window
from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor, Permission, UserId, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.retention_rules import parse_rule, rule_for
from runstone.server.domain.version_selection import (
    Selection,
    VersionQuery,
    by_query,
    by_rule,
    check_query,
    query_of,
)
from runstone.server.domain.version_trash import Gone, trash_versions
from runstone.server.stores.records import deletions as statements
from runstone.server.stores.records import retention as version_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

REASON_CHARS_MAX = 10_000
LEASE_SECONDS = 15.0
# How long a step is to take: on SQLite all others who write wait for it, on PostgreSQL only those who write
# to the same collection.
STEP_SECONDS = {"sqlite": 0.02, "postgresql": 0.1}
_WINDOW_FIRST, _WINDOW_MIN, _WINDOW_MAX = 200, 50, 5_000
_COLLECTIONS_AT_ONCE = 100


@dataclass(slots=True)
class _Pace:
    """How wide the next window is: as wide as takes a step's time."""

    step_seconds: float
    window: int = field(default_factory=lambda: _WINDOW_FIRST)

    def took(self, seconds: float) -> None:
        factor = min(2.0, max(0.5, self.step_seconds / max(seconds, 1e-6)))
        self.window = int(min(_WINDOW_MAX, max(_WINDOW_MIN, self.window * factor)))


@dataclass(slots=True)
class _At:
    """The collection a deletion is at, and what goes of it."""

    collection: AnyRow
    selection: Selection


class Deletions:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, projects: Projects, *, alone: bool = False) -> None:
        """alone: no other process can be at one, so who was is dead, and is not waited for."""
        self._records = records
        self._projects = projects
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._freed = not alone
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
                _log(conn, actor, "deletion.cancel", row, detail, now)
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
            _log(conn, actor, "deletion.undo", row, detail, now)
            return statements.get(conn, deletion_id)

        made = deletion_of(self._records.write(work))
        self.on_new()
        return made

    # -- doing it

    def work(self, *, goes_on: Callable[[], bool] = lambda: True) -> None:
        """All that are running and that nobody else is at; called by a job."""
        if not self._freed:
            self._records.write(lambda conn: statements.free(conn, but=self._owner))
            self._freed = True
        while goes_on():
            with self._records.read() as conn:
                found = statements.running(conn, owner=self._owner, now=time.time())
            if found is None:
                return
            self.run(found, goes_on=goes_on)

    def run(self, deletion_id: int, *, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Step by step until it ends, is cancelled, or somebody else is at it."""
        pace, at = _Pace(STEP_SECONDS[self._records.dialect]), None
        while goes_on():
            began = time.monotonic()
            with self._records.read() as conn:
                row = statements.get(conn, deletion_id)
                if row is None or row.state not in ("running", "undoing"):
                    return
                if row.owner != self._owner and row.lease_until > time.time():
                    return
                if row.state == "undoing":
                    window = next_window(conn, row, width=pace.window)
                    ids: Sequence[int] = () if window is None else window.ids
                    step = partial(self._undo_step, read=row, window=window)
                else:
                    at = self._place(conn, row, at)
                    ids, after, upto = [], -1, -1
                    if at is not None:
                        if at.collection.id == row.collection_id:
                            after = row.version_index
                        upto = min(after + pace.window, at.collection.next_index)
                        found = at.selection.window(conn, at.collection.id, after=after, upto=upto)
                        ids = [version.id for version in found]
                    step = partial(self._step, read=row, at=at, ids=ids, seen=(after, upto))
            wrote = self._records.write(step)
            if wrote is None:
                return
            pace.took(wrote if ids else pace.step_seconds / 2)
            if ids:
                time.sleep(min(0.5, time.monotonic() - began))

    def _place(self, conn: Connection, row: AnyRow, at: _At | None) -> _At | None:
        """Where to go on: in the collection it is at, or in the next one. None: it is done."""
        if at is not None and at.collection.id == row.collection_id:
            if row.version_index < at.collection.next_index:
                return at
        elif row.collection_id:
            kept = version_statements.collection_in(conn, row.collection_id)
            if kept is not None and row.version_index < kept.next_index:
                selection = _select(conn, row, kept)
                if selection is not None:
                    return _At(kept, selection)
        query = query_of(row.query) if row.kind == "query" else None
        after = row.collection_id
        while True:
            rows = version_statements.collections_after(
                conn,
                row.project_id,
                after=after,
                limit=_COLLECTIONS_AT_ONCE,
                type_name=query.type if query is not None else "",
            )
            for collection in rows:
                after = collection.id
                selection = _select(conn, row, collection)
                if selection is not None:
                    return _At(collection, selection)
            if len(rows) < _COLLECTIONS_AT_ONCE:
                return None

    def _step(
        self,
        conn: Connection,
        *,
        read: AnyRow,
        at: _At | None,
        ids: Sequence[int],
        seen: tuple[int, int],
    ) -> float | None:
        """Seconds it took; None where the deletion is not ours to go on with."""
        began = time.monotonic()
        row = self._held(conn, read)
        if row is None:
            return None
        now = time.time()
        actor = _as(row.user_id, row.username)
        if at is None:
            values = {"state": "done", "scanned": row.to_scan, "ended_at": now, "updated_at": now}
            statements.change(conn, row.id, **values)
            _log(conn, actor, "deletion.done", row, {"versions": row.versions, "bytes": row.bytes}, now)
            return None
        gone = Gone(0, 0)
        if ids:
            gone = trash_versions(
                conn,
                actor,
                ids,
                which=at.selection.which,
                action="artifact.delete_where" if row.kind == "query" else "retention.apply",
                reason=row.reason,
                detail={"deletion": row.id},
                deletion_id=row.id,
                now=now,
            )
        statements.change(
            conn,
            row.id,
            collection_id=at.collection.id,
            version_index=seen[1],
            scanned=row.scanned + seen[1] - seen[0],
            versions=row.versions + gone.versions,
            bytes=row.bytes + gone.bytes,
            owner=self._owner,
            lease_until=now + LEASE_SECONDS,
            updated_at=max(now, row.updated_at + 1e-6),
        )
        return time.monotonic() - began

    def _undo_step(self, conn: Connection, *, read: AnyRow, window: Window | None) -> float | None:
        """As `_step`."""
        began = time.monotonic()
        row = self._held(conn, read)
        if row is None:
            return None
        now = time.time()
        actor = _as(row.undo_user_id, row.undo_by)
        if window is None:
            # What its undo did not find was purged, or is in the trash with its collection.
            values = {"state": "undone", "scanned": row.to_scan, "ended_at": now, "updated_at": now}
            statements.change(conn, row.id, **values)
            found = deletion_of(row)
            detail = {"restored": found.restored, "in_trash": found.in_trash, "purged": found.purged}
            _log(conn, actor, "deletion.undone", row, detail, now)
            return None
        values = bring_back(conn, actor, row, window, now=now)
        statements.change(
            conn,
            row.id,
            **values,
            owner=self._owner,
            lease_until=now + LEASE_SECONDS,
            updated_at=max(now, row.updated_at + 1e-6),
        )
        return time.monotonic() - began

    # -- inside

    @staticmethod
    def _held(conn: Connection, read: AnyRow) -> AnyRow | None:
        """The row, held, if it is as it was read."""
        row = statements.get(conn, read.id, hold=True)
        same = row is not None and (row.state, row.updated_at) == (read.state, read.updated_at)
        return row if same else None

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
            _log(conn, actor, "deletion.begin", row, {"kind": kind, "query": query, "reason": said}, now)
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


def _select(conn: Connection, row: AnyRow, collection: AnyRow) -> Selection | None:
    if row.kind == "query":
        return by_query(conn, collection, query_of(row.query))
    policies = version_statements.policies(conn, row.entity_id, row.project_id)
    rule, _ = rule_for(collection, policies)
    return by_rule(conn, collection, parse_rule(rule), now=time.time())


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


def _as(user_id: int | None, username: str) -> Actor:
    return Actor(None if user_id is None else UserId(user_id), username, system="deletions")


def _log(
    conn: Connection, actor: Actor, action: str, row: AnyRow, detail: dict[str, Any], now: float
) -> None:
    audit.append(
        conn,
        actor,
        action,
        subject=f"{row.entity}/{row.project}",
        entity_id=row.entity_id,
        detail={"deletion": row.id, **detail},
        now=now,
    )
