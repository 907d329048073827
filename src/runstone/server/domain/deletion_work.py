"""How deletions are done: a job takes one that runs, and goes on with it where it stands.

It does so in small steps, each of them one transaction that moves versions to the trash, or back, and says
how far it came; so a process that dies repeats nothing and skips nothing, whichever goes on. Steps are as
long as others can wait for, and between two of them there is as long a pause.
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
from runstone.server.domain.deletion_model import deletion_of
from runstone.server.domain.deletion_undo import Window, bring_back, next_window
from runstone.server.domain.identity import Actor, UserId
from runstone.server.domain.retention_rules import parse_rule, rule_for
from runstone.server.domain.version_selection import Selection, by_query, by_rule, query_of
from runstone.server.domain.version_trash import Gone, trash_versions
from runstone.server.stores.records import deletions as statements
from runstone.server.stores.records import retention as version_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

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


class DeletionWork:
    """What a job does. All deletions, whoever asked for them."""

    def __init__(self, records: Records, *, alone: bool) -> None:
        self._records = records
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._freed = not alone

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
            log_act(conn, actor, "deletion.done", row, {"versions": row.versions, "bytes": row.bytes}, now)
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
            log_act(conn, actor, "deletion.undone", row, detail, now)
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

    @staticmethod
    def _held(conn: Connection, read: AnyRow) -> AnyRow | None:
        """The row, held, if it is as it was read."""
        row = statements.get(conn, read.id, hold=True)
        same = row is not None and (row.state, row.updated_at) == (read.state, read.updated_at)
        return row if same else None


def _select(conn: Connection, row: AnyRow, collection: AnyRow) -> Selection | None:
    if row.kind == "query":
        return by_query(conn, collection, query_of(row.query))
    policies = version_statements.policies(conn, row.entity_id, row.project_id)
    rule, _ = rule_for(collection, policies)
    return by_rule(conn, collection, parse_rule(rule), now=time.time())


def _as(user_id: int | None, username: str) -> Actor:
    return Actor(None if user_id is None else UserId(user_id), username, system="deletions")


def log_act(
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
