"""Moving a protected alias by the word of several persons, bound to what they looked at.

Whoever may write to the registry asks; so many members other than the one who asked approve as the
registry needs; the last one's word moves the alias, in one transaction. An approval holds for one
version and the digest of its content: if the version is not that any more, nothing moves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Member, Page
from runstone.server.domain.artifact_names import check_alias
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.collections import Collections
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from runstone.server.domain.identity import Actor, Permission, check_text, own_id
from runstone.server.domain.promotions import move_alias
from runstone.server.domain.registry_access import RegistryRole, registry_role
from runstone.server.domain.registry_rules import (
    check_evidence,
    check_promotable,
    check_reason,
    held_collection,
    protected_among,
)
from runstone.server.domain.version_audit import log_act
from runstone.server.stores.records import artifacts as artifact_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import registry as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Vote:
    by: str
    approves: bool
    comment: str
    at: float


@dataclass(frozen=True, slots=True)
class Approval:
    id: int
    alias: str
    version_id: int
    index: int | None  # its number in the collection; None where it is not there any more
    sha256: str  # of the content that is approved
    state: str  # open, done, rejected
    needed: int
    asked_by: str
    reason: str
    evidence: dict[str, Any]
    at: float
    closed_at: float | None
    votes: tuple[Vote, ...]


class Approvals:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid, Conflict."""

    def __init__(
        self, records: Records, access: Access, collections: Collections, artifacts: Artifacts
    ) -> None:
        self._records = records
        self._access = access
        self._collections = collections
        self._artifacts = artifacts

    def ask(
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
        evidence: Mapping[str, Any] | None = None,
    ) -> Approval:
        """Ask that a protected alias move to a version. Invalid for an alias that needs nobody's word.
        evidence: why, for those who decide (a gate's or an evaluation's result); kept with the move."""
        given = check_evidence(evidence or {})
        member = self._artifacts.get(actor, entity, project, f"{collection}:{version}")
        return self.ask_for(actor, member, alias, reason=reason, force=force, evidence=given)

    def ask_for(
        self,
        actor: Actor,
        member: Member,
        alias: str,
        *,
        reason: str,
        force: bool = False,
        evidence: Mapping[str, Any],
    ) -> Approval:
        """`ask` for a member of a collection that was found, with evidence that the server made."""
        check_alias(alias)
        said = check_reason(reason)

        def work(conn: Connection) -> AnyRow:
            row = held_collection(self._access, conn, actor, member.collection.id)
            protected, needed = protected_among(conn, row, [alias])
            if not protected or not needed:
                raise Invalid(f"{row.name}:{alias} needs no approval. Promote it.", alias=alias)
            check_promotable(conn, member, reason=said, force=force)
            now = time.time()
            made = statements.add_approval(
                conn,
                collection_id=row.id,
                alias=alias,
                version_id=member.version.id,
                sha256=member.version.sha256,
                needed=needed,
                user_id=actor.user_id,
                reason=said,
                evidence=dict(evidence),
                at=now,
            )
            detail: dict[str, Any] = {
                "approval": made,
                "alias": alias,
                "sha256": member.version.sha256,
                "reason": said,
            }
            if evidence:
                detail["evidence"] = dict(evidence)
            log_act(conn, actor, "approval.ask", row, member.version.id, detail, now)
            return statements.approval(conn, made)

        return self._whole([self._records.write(work)])[0]

    def find(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        *,
        state: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Page:
        """Of a collection, the newest first."""
        limit = max(1, min(limit, 1000))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            row = self._collections.resolve(conn, actor, entity, project, collection, Permission.READ)
            rows = statements.find_approvals(
                conn, row.id, state=state, before=None if cursor is None else cursor[1], limit=limit
            )
        found = self._whole(list(rows))
        return Page(found, cursor_of(0, found[-1].id) if len(found) == limit else "")

    def decide(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        approval_id: int,
        *,
        approves: bool,
        comment: str = "",
        sha256: str = "",
    ) -> Approval:
        """Approve or reject (a member of the registry who did not ask). With `sha256`, only if that is
        the content. The last word needed moves the alias; one rejection closes the request."""
        said = check_text(comment, what="Comment", chars_max=10_000)

        def work(conn: Connection) -> AnyRow:
            kept = self._collections.resolve(conn, actor, entity, project, collection, Permission.WRITE)
            collection_statements.lock_collection(conn, kept.id)
            row = statements.approval(conn, approval_id, hold=True)
            if row is None or row.collection_id != kept.id:
                raise NotFound(f"{collection!r} has no request {approval_id}.", approval=approval_id)
            self._check_decision(conn, actor, kept, row, approves=approves, sha256=sha256)
            now = time.time()
            statements.vote(conn, approval_id, own_id(actor), approves=approves, comment=said, now=now)
            detail = {"approval": approval_id, "approves": approves, "comment": said, "sha256": row.sha256}
            log_act(conn, actor, "approval.decide", kept, row.version_id, detail, now)
            if not approves:
                statements.close_approval(conn, approval_id, state="rejected", now=now)
                return statements.approval(conn, approval_id)
            votes = [vote for vote in statements.votes(conn, [approval_id]) if vote.approves]
            if len(votes) >= row.needed:
                evidence: dict[str, Any] = {
                    **row.evidence,
                    "approval": approval_id,
                    "approved_by": [vote.username for vote in votes],
                    "sha256": row.sha256,
                }
                move_alias(
                    conn,
                    actor,
                    kept,
                    row.version_id,
                    row.alias,
                    act="promote",
                    reason=row.reason,
                    evidence=evidence,
                    now=now,
                )
                statements.close_approval(conn, approval_id, state="done", now=now)
            return statements.approval(conn, approval_id)

        return self._whole([self._records.write(work)])[0]

    # -- inside

    def _check_decision(
        self, conn: Connection, actor: Actor, kept: AnyRow, row: AnyRow, *, approves: bool, sha256: str
    ) -> None:
        """The request is open, the actor may decide it, and the content is what it was asked for."""
        if row.state != "open":
            raise Conflict(f"The request {row.id} is {row.state} already.", state=row.state)
        if actor.user_id is None or (approves and row.user_id == actor.user_id):
            raise NotAllowed("Who asks does not approve: that takes another person.")
        role = registry_role(self._access, conn, actor, kept.entity_id, kept.project_id)
        if role is None or role < RegistryRole.MEMBER:
            raise NotAllowed("Members of the registry decide.")
        version = artifact_statements.version(conn, row.version_id)
        now_is = "" if version is None or version.state != "committed" else version.sha256
        if now_is != row.sha256 or (sha256 and sha256 != row.sha256):
            raise Conflict(
                f"The request is for content {row.sha256[:12]}…; the version is "
                f"{now_is[:12] + '…' if now_is else 'gone'} and you looked at {sha256[:12] or 'unsaid'}. "
                "Ask anew.",
                sha256=row.sha256,
            )

    def _whole(self, rows: list[AnyRow]) -> list[Approval]:
        with self._records.read() as conn:
            votes = statements.votes(conn, [row.id for row in rows]) if rows else []
        return [
            Approval(
                row.id,
                row.alias,
                row.version_id,
                row.version_index,
                row.sha256,
                row.state,
                row.needed,
                row.username or "",
                row.reason,
                row.evidence,
                row.at,
                row.closed_at,
                tuple(
                    Vote(vote.username, bool(vote.approves), vote.comment, vote.at)
                    for vote in votes
                    if vote.approval_id == row.id
                ),
            )
            for row in rows
        ]
