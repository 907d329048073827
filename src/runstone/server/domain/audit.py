"""The audit log: who did what, when, to which thing, as a chain that shows where it was touched.

Every change that is to be answered for adds its row within its own transaction: what was not kept is
not logged, and what was logged was kept. A row's hash is SHA-256 over a JSON list of its fields and
the hash before it. An edited, removed or moved row breaks the chain there; rows cut off the end are
missed by the head that is kept beside, and, where somebody altered both, by a head an auditor kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Page
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.identity import Actor, Permission
from runstone.server.stores.records import audit as statements
from runstone.server.stores.records import codec
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_AT_ONCE = 1000
FIND_MAX = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    seq: int
    at: float
    by: str
    action: str  # "artifact.commit", "alias.set", "registry.member", …
    entity_id: int | None  # whose affair it is; None: the server's
    subject: str  # "acme/wandb-registry-model/net:v3"
    detail: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` says where the chain is broken first; "" where it is whole."""

    ok: bool
    rows: int
    head: str  # the hash of the last row: keep it to prove later that nothing before was cut off
    problem: str = ""
    seq: int | None = None  # of the row at which it is broken


def append(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    subject: str,
    entity_id: int | None,
    detail: dict[str, Any] | None = None,
    now: float,
) -> None:
    """One row, in the caller's transaction. Call it last there: rows are added by one at a time."""
    seq, previous = statements.head(conn, hold=True)
    username = actor.username or actor.system
    text = json.dumps(detail or {}, sort_keys=True, separators=(",", ":"))
    fields = (seq + 1, now, username, action, entity_id, subject, text, previous)
    statements.add(
        conn,
        seq=seq + 1,
        at=now,
        user_id=actor.user_id,
        username=username,
        action=action,
        entity_id=entity_id,
        subject=subject,
        detail=text,
        previous=previous,
        hash=_hash(*fields),
    )


def _hash(
    seq: int,
    at: float,
    username: str,
    action: str,
    entity_id: int | None,
    subject: str,
    detail: str,
    previous: str,
) -> str:
    fields = [seq, repr(at), username, action, entity_id, subject, detail, previous]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


_SHOWN_CHARS = 1000


def changes(before: AnyRow, values: dict[str, Any], *, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """What of `values` differs from the row: name → [before, after]. Of a mapping the keys that were set
    or taken off, of a long text how long it was: the log says who did it, the objects what they are."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        was = getattr(before, name)
        after = codec.loads(value.text) if isinstance(value, codec.Encoded) else value
        if name in leave_out or was == after:
            continue
        if isinstance(after, dict):
            old = was or {}
            found[name] = {
                "set": sorted(key for key in after if key not in old or old[key] != after[key])[:100],
                "removed": sorted(old.keys() - after.keys())[:100],
            }
        else:
            found[name] = [_short(was), _short(after)]
    return found


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHOWN_CHARS:
        return f"{value[:_SHOWN_CHARS]}… ({len(value):,} characters)"
    return value


class Audit:
    """Reading it. A server admin sees all rows, an entity's admin those of the entity."""

    def __init__(self, records: Records, access: Access) -> None:
        self._records = records
        self._access = access

    def find(
        self,
        actor: Actor,
        *,
        entity: str | None = None,
        subject: str = "",
        action: str = "",
        by: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Page:
        """The newest first. Without an entity: of the whole server (server admins)."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            found = statements.rows(
                conn,
                entity_id=self._whose(conn, actor, entity),
                subject=subject,
                action=action,
                username=by,
                before=None if cursor is None else cursor[1],
                newest_first=True,
                limit=limit,
            )
        return Page([_row(row) for row in found], cursor_of(0, found[-1].seq) if len(found) == limit else "")

    def export(self, actor: Actor, *, entity: str | None = None) -> Iterator[AuditRow]:
        """All rows, the oldest first, in the memory of a thousand."""
        with self._records.read() as conn:
            whose = self._whose(conn, actor, entity)
        return map(_row, self._all(whose))

    def verify(self, actor: Actor, *, head: str = "") -> Verdict:
        """Walk the whole chain (server admins). `head`: a hash that an earlier verdict gave; it must
        still be in the chain."""
        self._access.check_server_admin(actor)
        previous, expected, seen = "", 1, not head
        for row in self._all(None):
            if row.seq != expected:
                return Verdict(
                    False,
                    expected - 1,
                    previous,
                    f"Row {expected} is missing: row {row.seq} follows {expected - 1}.",
                    expected,
                )
            if row.previous != previous:
                return Verdict(
                    False,
                    expected - 1,
                    previous,
                    f"Row {row.seq} does not continue row {row.seq - 1}: one of them is not what it was, or "
                    "not where it was.",
                    row.seq,
                )
            said = (row.seq, row.at, row.username, row.action, row.entity_id, row.subject, row.detail)
            whole = _hash(*said, previous)
            if row.hash != whole:
                return Verdict(
                    False, expected - 1, previous, f"Row {row.seq} was changed after it was written.", row.seq
                )
            previous, expected = row.hash, expected + 1
            seen = seen or row.hash == head
        with self._records.read() as conn:
            last, kept = statements.head(conn)
        count = expected - 1
        if (last, kept) != (count, previous) and last >= expected:
            # Rows may have come since the walk ended: the head then is further, and so is the chain.
            with self._records.read() as conn:
                more = statements.rows(conn, after=count, limit=1)
            if not more or more[0].previous != previous:
                return Verdict(
                    False, count, previous, f"Rows {expected} to {last} were cut off the end.", expected
                )
        elif (last, kept) != (count, previous):
            return Verdict(
                False, count, previous, f"The kept head is at row {last}, the log at {count}.", last
            )
        if not seen:
            return Verdict(False, count, previous, "The head you kept is not in this chain.", None)
        return Verdict(True, count, previous)

    def _all(self, entity_id: int | None) -> Iterator[AnyRow]:
        after = 0
        while True:
            with self._records.read() as conn:
                found = statements.rows(conn, entity_id=entity_id, after=after, limit=_AT_ONCE)
            yield from found
            if len(found) < _AT_ONCE:
                return
            after = found[-1].seq

    def _whose(self, conn: Connection, actor: Actor, entity: str | None) -> int | None:
        if entity is None:
            self._access.check_server_admin(actor)
            return None
        return int(self._access.resolve(conn, actor, entity, Permission.MANAGE).id)


def _detail(text: Any) -> dict[str, Any]:
    """A row that somebody spoilt is shown as it is: that it was touched, `verify` tells."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {"unreadable": str(text)}
    return found if isinstance(found, dict) else {"unreadable": str(text)}


def _row(row: AnyRow) -> AuditRow:
    return AuditRow(
        row.seq,
        row.at,
        row.username,
        row.action,
        row.entity_id,
        row.subject,
        _detail(row.detail),
        row.previous,
        row.hash,
    )
