"""Files of a run: names are data; the bytes lie in the blob store by digest."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain import files as domain
from runstone.server.domain.errors import Invalid
from runstone.server.domain.files import check_file_name
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.bodies import stream_body
from runstone.server.doors.http.downloads import file_answer
from runstone.server.doors.rest.file_bytes import BYTES, PARAMETERS, RESPONSES, is_asked
from runstone.server.doors.rest.models.files import RunFile, RunFiles
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    ProjectPath,
    R,
    Routes,
    RunPath,
    call_for,
    entity_of,
    path_parameters,
)

routes = Routes("files")

# What an HTTP library says by itself of any body says nothing of the file.
_SAYS_NOTHING = ("application/octet-stream", "application/x-www-form")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = path_parameters("entity", "project", "run", "name")


@routes.typed("GET", R + "/files", needs=Permission.READ, answers=RunFiles)
async def list_files(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    prefix: Annotated[str, Query(max_length=1024)] = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Files by name."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        found = call.domain.files.find(call.actor, kept.key, prefix=prefix, after=after, limit=limit)
        return {
            "files": [file_out(file) for file in found],
            "next": found[-1].name if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.raw(
    "PUT",
    R + "/files/{name:path}",
    needs=Permission.WRITE,
    answers=RunFile,
    status=201,
    docs={
        "parameters": [
            *_ADDRESS,
            {
                "name": "X-Sha256",
                "in": "header",
                "required": False,
                "description": "Refuse the body if its digest is another.",
                "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
        ],
        "requestBody": {"content": {"*/*": BYTES}},
    },
)
async def put_file(request: Request) -> Response:
    """Keep a file under a name; one of that name is replaced. The body is the bytes."""
    call = await call_for(request, Permission.WRITE)
    path = request.path_params
    name = check_file_name(path["name"])
    sha256 = request.headers.get("x-sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256.lower()):
        raise Invalid("X-Sha256 must be 64 hexadecimal digits.", x_sha256=sha256[:80])
    kept = await call.run(
        lambda: call.domain.runs.get(call.actor, entity_of(path["entity"]), path["project"], path["run"])
    )
    mimetype = request.headers.get("content-type", "")
    file = await call.domain.files.put(
        call.actor,
        kept.key,
        name,
        stream_body(request, limit=call.context.settings.limits.file_body_bytes),
        mimetype="" if mimetype.startswith(_SAYS_NOTHING) else mimetype,
        sha256=sha256.lower() if sha256 else None,
    )
    return json_answer(file_out(file), 201)


@routes.raw(
    "GET",
    R + "/files/{name:path}",
    needs=Permission.READ,
    docs={"parameters": [*_ADDRESS, *PARAMETERS]},
    responses=RESPONSES,
)
async def get_file(request: Request) -> Response:
    """A file's bytes, or a range of them."""
    call = await call_for(request, Permission.READ)
    path = request.path_params
    name = check_file_name(path["name"])

    def find() -> domain.RunFile:
        kept = call.domain.runs.get(call.actor, entity_of(path["entity"]), path["project"], path["run"])
        return call.domain.files.get(call.actor, kept.key, name)

    file = await call.run(find)
    return await file_answer(
        request,
        call.context,
        lambda start, end: call.domain.files.read(call.actor, file, start=start, end=end),
        name=file.name,
        mimetype=file.mimetype,
        digest=file.sha256,
        size=file.size,
        inline=is_asked(request, "inline"),
    )


@routes.raw(
    "DELETE",
    R + "/files/{name:path}",
    needs=Permission.WRITE,
    status=204,
    docs={"parameters": [*_ADDRESS]},
)
async def delete_file(request: Request) -> Response:
    """Take a file off the run."""
    call = await call_for(request, Permission.WRITE)
    path = request.path_params
    name = check_file_name(path["name"])

    def work() -> None:
        kept = call.domain.runs.get(call.actor, entity_of(path["entity"]), path["project"], path["run"])
        call.domain.files.get(call.actor, kept.key, name)  # NotFound where there is none
        call.domain.files.delete(call.actor, kept.key, [name])

    return await call.done(work)


def file_out(file: domain.RunFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "md5": file.md5,
        "mimetype": file.mimetype,
        "updated_at": file.updated_at,
    }
