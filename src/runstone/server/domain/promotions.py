"""An alias forth and back: each move in one transaction, with its reason, kept for good."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import set_aliases
from runstone.server.domain.artifact_model import AliasMove, Member, Page, move_of
from runstone.server.domain.artifact_names import check_alias
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.collections import Collections
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.registry_rules import (
    check_evidence,
    check_promotable,
    check_protected,
    check_reason,
    held_collection,
)
from runstone.server.domain.version_audit import log_act
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as artifact_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_MOVES_MAX = 10_000


class Promotions:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid, Conflict."""

    def __init__(
        self, records: Records, access: Access, collections: Collections, artifacts: Artifacts
    ) -> None:
        self._records = records
        self._access = access
        self._collections = collections
        self._artifacts = artifacts

    def promote(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        version: str,
        alias: str,
        *,
        reason: str,
        force: bool = False,
        evidence: dict[str, Any] | None = None,
    ) -> Member:
        """Point `alias` of the collection to `version` (`v3`, another alias, a digest), with a reason.
        A protected alias moves by an admin of the registry, or by an approval. A model without a
        traceable past is refused unless `force`."""
        check_alias(alias)
        said = check_reason(reason)
        given = check_evidence(evidence or {})
        member = self._artifacts.get(actor, entity, project, f"{collection}:{version}")

        def work(conn: Connection) -> None:
            row = held_collection(self._access, conn, actor, member.collection.id)
            check_protected(self._access, conn, actor, row, [alias])
            check_promotable(conn, member, reason=said, force=force)
            move_alias(
                conn,
                actor,
                row,
                member.version.id,
                alias,
                act="promote",
                reason=said,
                evidence=given,
                now=time.time(),
            )

        self._records.write(work)
        return self._artifacts.get(actor, entity, project, f"{collection}:{alias}")

    def rollback(
        self, actor: Actor, entity: str, project: str, collection: str, alias: str, *, reason: str
    ) -> Member:
        """Point the alias to the version it pointed to before, of those that are still there; once
        more goes one further back. Needs no approval: where it goes, it was approved before."""
        check_alias(alias)
        said = check_reason(reason)

        def work(conn: Connection) -> None:
            kept = self._collections.resolve(conn, actor, entity, project, collection, Permission.WRITE)
            row = held_collection(self._access, conn, actor, kept.id)
            check_protected(self._access, conn, actor, row, [alias], approvals=False)
            moves = alias_statements.moves(conn, row.id, alias=alias, limit=_MOVES_MAX)
            now_at = alias_statements.version_of_alias(conn, row.id, alias)
            for candidate in before(list(reversed(moves)), now_at):
                version = artifact_statements.version(conn, candidate)
                if (
                    version is not None
                    and version.state == "committed"
                    and collection_statements.index_in(conn, row.id, candidate) is not None
                ):
                    move_alias(
                        conn,
                        actor,
                        row,
                        candidate,
                        alias,
                        act="rollback",
                        reason=said,
                        evidence={},
                        now=time.time(),
                    )
                    return
            raise Conflict(
                f"There is no earlier version that {collection}:{alias} pointed to and that is still there.",
                alias=alias,
            )

        self._records.write(work)
        return self._artifacts.get(actor, entity, project, f"{collection}:{alias}")

    def log(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        *,
        alias: str = "",
        without: str = "",
        after: str = "",
        skip: int = 0,
        count: bool = False,
        limit: int = 100,
    ) -> Page:
        """AliasMoves of a collection, the newest first: what was where when, by whom, why. Of all aliases,
        of one, or of all `without` one. A page goes on `after` the one before, or begins `skip` after the
        first. count: say the total."""
        if after and skip:
            raise Invalid("A page has one beginning: give one of `after` and `skip`.")
        limit = max(1, min(limit, 1000))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            row = self._collections.resolve(conn, actor, entity, project, collection, Permission.READ)
            rows = alias_statements.moves(
                conn,
                row.id,
                alias=alias,
                without=without,
                before=None if cursor is None else cursor[1],
                skip=max(0, skip),
                limit=limit,
            )
            total = (
                alias_statements.count_moves(conn, row.id, alias=alias, without=without) if count else None
            )
        items: list[AliasMove] = [move_of(found) for found in rows]
        return Page(items, cursor_of(0, items[-1].id) if len(items) == limit else "", total, skip)


def move_alias(
    conn: Connection,
    actor: Actor,
    row: AnyRow,
    version_id: int,
    alias: str,
    *,
    act: str,
    reason: str,
    evidence: dict[str, Any],
    now: float,
) -> None:
    """Within the caller's transaction, which holds the collection."""
    old = alias_statements.alias(conn, row.id, alias)
    was = None if old is None else collection_statements.index_in(conn, row.id, old.version_id)
    set_aliases(conn, actor, row.id, version_id, [alias], act=act, reason=reason, evidence=evidence, now=now)
    detail = {
        "alias": alias,
        "from": None if was is None else f"v{was}",
        "version_id": version_id,
        "reason": reason,
        "evidence": evidence,
    }
    log_act(conn, actor, f"alias.{act}", row, version_id, detail, now)


def before(moves: Sequence[AnyRow], now_at: int | None) -> list[int]:
    """Versions an alias pointed to before the one it points to, the latest first. moves: oldest first.
    What was rolled back from is not good any more and is passed over."""
    stack: list[int] = []
    for move in moves:
        if move.act == "rollback":
            while stack and stack[-1] != move.version_id:
                stack.pop()
        if move.version_id is not None and (not stack or stack[-1] != move.version_id):
            stack.append(move.version_id)
    if stack and stack[-1] == now_at:
        stack.pop()
    return [version for version in reversed(stack) if version != now_at]
