"""Journals come in here: the hottest route of the server, so no model and one thread hop."""

from __future__ import annotations

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain.errors import Invalid, RunstoneError
from runstone.server.domain.identity import Permission
from runstone.server.domain.ingest import Body
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.bodies import declared_length, read_body, unpack
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.credentials import credentials_of
from runstone.server.doors.http.headers import header
from runstone.server.doors.http.permissions import hot
from runstone.server.doors.rest.models.journal import JournalOffset, JournalTaken
from runstone.server.doors.rest.routing import R, Routes, entity_of, path_parameters, query_parameter
from runstone.server.pool import Lane

routes = Routes("journal")

_QUERY = re.compile(rb"writer=([A-Za-z0-9_-]{1,64})&offset=([0-9]{1,18})")  # as uplinks write it
_WRITER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WRITER_DOCS = query_parameter("writer", "string", "The header's writer, in hex.", required=True)


@routes.raw(
    "POST",
    R + "/journal",
    needs=Permission.WRITE,
    answers=JournalTaken,
    docs={
        "parameters": [
            *path_parameters("entity", "project", "run"),
            _WRITER_DOCS,
            query_parameter("offset", "integer", "Where the body begins in the journal.", required=True),
            {
                "name": "Content-Encoding",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "enum": ["identity", "gzip", "zstd"]},
            },
        ],
        "requestBody": {
            "description": "Raw records; empty is a heartbeat. At most 64 MiB, unpacked.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
@hot
async def append_journal(request: Request) -> Response:
    """Take in the bytes of a journal from `offset` on. What is answered is kept; re-sends are
    harmless. 409 `offset_mismatch` says where to go on, 409 `missing_file` which file to send first."""
    context = context_of(request)
    credentials = credentials_of(request)
    path = request.path_params
    entity, project, run = path["entity"], path["project"], path["run"]
    usual = _QUERY.fullmatch(request.scope["query_string"])
    writer, offset = (usual[1].decode(), int(usual[2])) if usual else (_writer(request), _offset(request))
    limits = context.settings.limits
    encoding = header(request, b"content-encoding")
    length = declared_length(request)
    if length is None:  # sent in chunks: it may become as large as any
        length = limits.journal_body_bytes if header(request, b"transfer-encoding") is not None else 0
    held = min(length, limits.journal_body_bytes)
    actor = await context.actor_for(credentials, Permission.WRITE)
    context.bodies.take(held)
    try:
        data = await read_body(request, limit=limits.journal_body_bytes)
        if encoding is not None:
            data = await context.run(
                partial(unpack, data, encoding, limit=limits.journal_body_bytes), lane=Lane.INGEST
            )
        body = Body(actor, entity_of(entity), project, run, writer, offset, data)
        taken = await context.journals.do(body)
        if taken is None:  # it makes a run, ends one, says where it is damaged: not with the others
            taken = await context.run(partial(context.domain.ingest.journal, *body), lane=Lane.INGEST)
    except RunstoneError as error:
        context.metrics.ingested(error.code)
        raise
    finally:
        context.bodies.give(held)
    context.metrics.ingested("taken", len(data))
    return json_answer(taken)


@routes.raw(
    "GET",
    R + "/journal",
    needs=Permission.WRITE,
    answers=JournalOffset,
    docs={"parameters": [*path_parameters("entity", "project", "run"), _WRITER_DOCS]},
)
async def get_journal_offset(request: Request) -> Response:
    """Where this writer's journal goes on."""
    context = context_of(request)
    credentials = credentials_of(request)
    path, writer = request.path_params, _writer(request)
    entity, project, run = path["entity"], path["project"], path["run"]
    actor = await context.actor_for(credentials, Permission.WRITE)

    def work() -> Response:
        offset = context.domain.ingest.next_offset(actor, entity_of(entity), project, run, writer=writer)
        return json_answer({"next_offset": offset})

    return await context.run(work, lane=Lane.INGEST)


def _writer(request: Request) -> str:
    writer = request.query_params.get("writer", "")
    if not _WRITER.fullmatch(writer):
        raise Invalid(
            f"writer={writer[:80]!r} is not a writer: 1 to 64 letters, digits, '_' or '-' "
            "(the hexadecimal writer of the journal's header).",
            writer=writer[:80],
        )
    return writer


def _offset(request: Request) -> int:
    text = request.query_params.get("offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(
            f"offset={text[:40]!r} is not a position in the journal: a whole number of bytes from 0 on.",
            offset_given=text[:40],
        )
    return int(text)
