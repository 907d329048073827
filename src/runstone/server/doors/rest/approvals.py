"""Requests that a protected alias move, and the words of those who decide."""

from __future__ import annotations

from typing import Any, Literal

from starlette.responses import Response

from runstone.server.domain import approvals as approval_domain
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.collections import C, CollectionPath
from runstone.server.doors.rest.models.registry import Approval, ApprovalDecision, Approvals, ApprovalWanted
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    ProjectPath,
    Routes,
    entity_of,
)

routes = Routes("registry")


@routes.typed("GET", C + "/approvals", needs=Permission.READ, answers=Approvals)
async def list_approvals(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    state: Literal["", "open", "done", "rejected"] = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """The newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.approvals.find(
            call.actor, entity_of(entity), project, collection, state=state, after=after, limit=limit
        )
        return {"approvals": [approval_out(found) for found in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("POST", C + "/approvals", needs=Permission.WRITE, answers=Approval, status=201)
async def ask_approval(
    call: CallDep, entity: EntityPath, project: ProjectPath, collection: CollectionPath, body: ApprovalWanted
) -> Response:
    """Ask that a protected alias move to a version."""
    return await call.answer(
        lambda: approval_out(
            call.domain.approvals.ask(
                call.actor,
                entity_of(entity),
                project,
                collection,
                body.version,
                body.alias,
                reason=body.reason,
                force=body.force,
                evidence=body.evidence,
            )
        ),
        status=201,
    )


@routes.typed("POST", C + "/approvals/{approval}", needs=Permission.WRITE, answers=Approval)
async def decide_approval(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    approval: int,
    body: ApprovalDecision,
) -> Response:
    """Approve or reject; the last word needed moves the alias."""
    return await call.answer(
        lambda: approval_out(
            call.domain.approvals.decide(
                call.actor,
                entity_of(entity),
                project,
                collection,
                approval,
                approves=body.approves,
                comment=body.comment,
                sha256=body.sha256,
            )
        )
    )


def approval_out(found: approval_domain.Approval) -> dict[str, Any]:
    return {
        "id": found.id,
        "alias": found.alias,
        "version_id": found.version_id,
        "version": "" if found.index is None else f"v{found.index}",
        "sha256": found.sha256,
        "state": found.state,
        "needed": found.needed,
        "asked_by": found.asked_by,
        "reason": found.reason,
        "evidence": plain(found.evidence),
        "at": found.at,
        "closed_at": found.closed_at,
        "votes": [
            {"by": vote.by, "approves": vote.approves, "comment": vote.comment, "at": vote.at}
            for vote in found.votes
        ],
    }
