"""The audit log: read, checked, exported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain import audit as domain
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import encode
from runstone.server.doors.http.downloads import Download
from runstone.server.doors.rest.models.registry import AuditRows, AuditVerdict
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    Routes,
    call_for,
    entity_of,
    path_parameters,
)
from runstone.server.pool import Lane

routes = Routes("audit")

_LINES_AT_ONCE = 500
_LINES: dict[int | str, Any] = {
    200: {
        "description": "One JSON object a line, the oldest first",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}
SubjectQuery = Annotated[str, Query(max_length=1024)]
WordQuery = Annotated[str, Query(max_length=200)]
LimitQuery = LimitQuery


@routes.typed("GET", "/admin/audit", needs=Permission.SERVER_ADMIN, answers=AuditRows)
async def list_audit(
    call: CallDep,
    subject: SubjectQuery = "",
    action: WordQuery = "",
    by: WordQuery = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """What was done on this server, the newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.audit.find(
            call.actor, subject=subject, action=action, by=by, after=after, limit=limit
        )
        return {"rows": [row_out(row) for row in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("GET", "/admin/audit/verify", needs=Permission.SERVER_ADMIN, answers=AuditVerdict)
async def verify_audit(
    call: CallDep,
    head: Annotated[
        str, Query(max_length=64, description="A hash told earlier, to be found in the chain.")
    ] = "",
) -> Response:
    """Walk the whole chain: was a row edited, removed, moved, or cut off the end?"""

    def work() -> dict[str, Any]:
        found = call.domain.audit.verify(call.actor, head=head)
        return {
            "ok": found.ok,
            "rows": found.rows,
            "head": found.head,
            "problem": found.problem,
            "seq": found.seq,
        }

    return await call.answer(work, lane=Lane.SLOW)


@routes.raw(
    "GET", "/admin/audit/export", needs=Permission.SERVER_ADMIN, docs={"parameters": []}, responses=_LINES
)
async def export_audit(request: Request) -> Response:
    """All of it."""
    call = await call_for(request, Permission.SERVER_ADMIN)
    pieces = await call.run(lambda: _lines(call.domain.audit.export(call.actor)))
    return await Download.begin(
        call.context, pieces, mimetype="application/x-ndjson", filename="audit.ndjson", lane=Lane.SLOW
    )


@routes.typed("GET", "/entities/{entity}/audit", needs=Permission.MANAGE, answers=AuditRows)
async def list_entity_audit(
    call: CallDep,
    entity: EntityPath,
    subject: SubjectQuery = "",
    action: WordQuery = "",
    by: WordQuery = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """What was done to things of a user, team or organisation, the newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.audit.find(
            call.actor,
            entity=entity_of(entity),
            subject=subject,
            action=action,
            by=by,
            after=after,
            limit=limit,
        )
        return {"rows": [row_out(row) for row in page.items], "next": page.next}

    return await call.answer(work)


@routes.raw(
    "GET",
    "/entities/{entity}/audit/export",
    needs=Permission.MANAGE,
    docs={"parameters": path_parameters("entity")},
    responses=_LINES,
)
async def export_entity_audit(request: Request) -> Response:
    """All of a user's, team's or organisation's."""
    call = await call_for(request, Permission.MANAGE)
    entity = entity_of(request.path_params["entity"])
    pieces = await call.run(lambda: _lines(call.domain.audit.export(call.actor, entity=entity)))
    return await Download.begin(
        call.context, pieces, mimetype="application/x-ndjson", filename="audit.ndjson", lane=Lane.SLOW
    )


def _lines(rows: Iterator[domain.AuditRow]) -> Iterator[bytes]:
    held: list[bytes] = []
    for row in rows:
        held.append(encode(row_out(row)) + b"\n")
        if len(held) >= _LINES_AT_ONCE:
            yield b"".join(held)
            held = []
    yield b"".join(held)


def row_out(row: domain.AuditRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": row.at,
        "by": row.by,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
        "previous": row.previous,
        "hash": row.hash,
    }
