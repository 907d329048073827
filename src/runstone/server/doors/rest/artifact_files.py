"""What lies in an artifact version: listed, read, compared."""

from __future__ import annotations

import mimetypes
import struct
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain import artifact_model as domain
from runstone.server.domain.artifact_diff import Counts
from runstone.server.domain.errors import Invalid
from runstone.server.domain.files import check_file_name
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import encode
from runstone.server.doors.http.downloads import Download, file_answer
from runstone.server.doors.rest.artifact_answers import (
    A,
    ArtifactPath,
    artifact_id,
    change_out,
    entry_out,
    shown,
)
from runstone.server.doors.rest.file_bytes import BYTES, PARAMETERS, RESPONSES, is_asked
from runstone.server.doors.rest.models.artifacts import ArtifactDiff, ArtifactFiles, ArtifactPaths
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    ProjectPath,
    Routes,
    call_for,
    path_parameters,
    query_parameter,
)
from runstone.server.pool import Lane

routes = Routes("artifacts")

_Delimiter = Annotated[
    Literal["", "/"], Query(description="`/`: one folder, in place of all that lies below it.")
]
_CHANGES_MAX = 10_000
_LINES_AT_ONCE = 500
_FRAME = struct.Struct("<II")
_PIECE_BYTES = 256 * 1024
_ADDRESS = path_parameters("entity", "project", "artifact", "name")


@routes.typed("GET", A + "/files", needs=Permission.READ, answers=ArtifactFiles)
async def list_artifact_files(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    prefix: Annotated[str, Query(max_length=1024, description="Only paths that begin so.")] = "",
    delimiter: _Delimiter = "",
    search: Annotated[
        str, Query(max_length=1024, description="Only paths that hold this text, in any case; of all depths.")
    ] = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Files and references by path. With `delimiter=/` those of one folder: folders in it, each with the
    count and bytes of what lies below it, then its files; a `prefix` names the folder (`images/`), or
    how names in it begin (`images/0`). A page costs the same however much the version holds."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        artifacts = call.domain.artifacts
        if search:
            if delimiter:
                raise Invalid("A search goes through all depths: leave `delimiter` out, or `search`.")
            found = artifacts.search_files(
                call.actor, version_id, search, prefix=prefix, after=after, limit=limit
            )
            return {
                "files": [entry_out(entry) for entry in found.files],
                "searched": found.searched,
                "next": found.next,
            }
        if delimiter:
            listed = artifacts.folder(call.actor, version_id, prefix=prefix, after=after, limit=limit)
            files, size = artifacts.below(call.actor, version_id, prefix)
            return {
                "folders": [
                    {"path": folder.path, "files": folder.files, "bytes": folder.bytes}
                    for folder in listed.folders
                ],
                "files": [entry_out(entry) for entry in listed.files],
                "below": {"files": files, "bytes": size},
                "next": listed.next,
            }
        page = artifacts.files(call.actor, version_id, prefix=prefix, after=after, limit=limit)
        return {"files": [entry_out(entry) for entry in page.items], "next": page.next}

    return await call.answer(work)


@routes.raw(
    "GET",
    A + "/files/{name:path}",
    needs=Permission.READ,
    docs={
        "parameters": [
            *_ADDRESS,
            *PARAMETERS,
            query_parameter("redirect", "boolean", "Straight from the blob store, where it can be."),
        ]
    },
    responses={**RESPONSES, 307: {"description": "Where the blob store has it"}},
)
async def get_artifact_file(request: Request) -> Response:
    """A file's bytes, or a range of them."""
    call = await call_for(request, Permission.READ)
    path = request.path_params
    name = check_file_name(path["name"])

    def find() -> tuple[int, domain.Entry]:
        version_id = artifact_id(call, path["entity"], path["project"], path["artifact"])
        return version_id, call.domain.artifacts.entry(call.actor, version_id, name)

    version_id, entry = await call.run(find)
    if is_asked(request, "redirect") and not entry.ref:
        address = await call.run(lambda: call.domain.artifacts.address(call.actor, version_id, name))
        if address is not None:
            # The store answers with an ETag of its own: ours tells whether a range fits what came before.
            headers = {"Location": address, "Cache-Control": "no-store", "ETag": f'"{entry.sha256}"'}
            return Response(status_code=307, headers=headers)
    mimetype = mimetypes.guess_type(name.rsplit("/", 1)[-1])[0] or "application/octet-stream"
    return await file_answer(
        request,
        call.context,
        lambda start, end: call.domain.artifacts.read(call.actor, version_id, name, start=start, end=end)[1],
        name=name,
        mimetype=mimetype,
        digest=entry.sha256,
        size=entry.size,
        inline=is_asked(request, "inline"),
    )


@routes.typed(
    "POST",
    A + "/files/read",
    needs=Permission.READ,
    content={"application/octet-stream": BYTES},
)
async def read_artifact_files(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: ArtifactPaths
) -> Response:
    """Bytes of many small files in one answer: at most 20,000 files and 32 MiB, none above 1 MiB. Each
    comes after 8 bytes, two little-endian numbers of 4: its place in `paths`, counted from 0, and its
    length. They come in no order, and all of them, or the answer ends before its `Content-Length`."""

    def find() -> tuple[int, Iterator[tuple[int, bytes]]]:
        version_id = artifact_id(call, entity, project, artifact)
        return call.domain.artifacts.read_many(call.actor, version_id, body.paths)

    size, found = await call.run(find)
    return await Download.begin(
        call.context,
        _framed(found),
        mimetype="application/octet-stream",
        filename="files.bin",
        lane=Lane.READ,
        size=size + _FRAME.size * len(body.paths),
    )


def _framed(found: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    """In pieces that are worth a turn of a thread each."""
    held: list[bytes] = []
    size = 0
    for index, data in found:
        held += (_FRAME.pack(index, len(data)), data)
        size += _FRAME.size + len(data)
        if size >= _PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


@routes.raw(
    "GET",
    A + "/manifest",
    needs=Permission.READ,
    docs={
        "parameters": [
            *path_parameters("entity", "project", "artifact"),
            query_parameter("prefix", "string", "Only paths that begin so."),
        ]
    },
    responses={
        200: {
            "description": "One JSON object a line, as in `files`, by path",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def get_artifact_manifest(request: Request) -> Response:
    """Everything that lies in a version, in one answer, however much it is."""
    call = await call_for(request, Permission.READ)
    path = request.path_params

    def lines() -> Any:
        version_id = artifact_id(call, path["entity"], path["project"], path["artifact"])
        prefix = request.query_params.get("prefix", "")
        entries = call.domain.artifacts.entries(call.actor, version_id, prefix=prefix)
        return _lines(entries)

    pieces = await call.run(lines)
    return await Download.begin(
        call.context,
        pieces,
        mimetype="application/x-ndjson",
        filename="manifest.ndjson",
        lane=Lane.SLOW,
    )


def _lines(entries: Any) -> Any:
    held: list[bytes] = []
    for entry in entries:
        held.append(encode(entry_out(entry)) + b"\n")
        if len(held) >= _LINES_AT_ONCE:
            yield b"".join(held)
            held = []
    yield b"".join(held)


@routes.typed("GET", A + "/diff", needs=Permission.READ, answers=ArtifactDiff)
async def diff_artifacts(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    to: Annotated[str, Query(max_length=1024, description="The newer version, as NAME:ALIAS or @ID.")],
    prefix: Annotated[str, Query(max_length=1024, description="Only paths that begin so.")] = "",
    delimiter: _Delimiter = "",
    after: Annotated[str, Query(max_length=2000, description="With a delimiter: `next`.")] = "",
    limit: Annotated[int, Query(ge=0, le=_CHANGES_MAX)] = 1000,
) -> Response:
    """What differs between this version and another. With `delimiter=/` by folder: those in which
    something differs, with counts, then files of this folder that do; `prefix` names the folder."""

    def work() -> dict[str, Any]:
        old, new = (artifact_id(call, entity, project, name) for name in (artifact, to))
        if delimiter:
            page, rest = call.domain.artifacts.diff_folder(
                call.actor, old, new, prefix=prefix, after=after, limit=limit
            )
            counts, truncated = page.counts, bool(rest)
            changes = [change_out(change) for change in page.files]
            folders = [{"path": path, **asdict(counted)} for path, counted in page.folders.items()]
        else:
            if after:
                raise Invalid("Changes are told in pages by folder only: give `delimiter=/` with `after`.")
            counts, changes, folders, rest = Counts(), [], [], ""
            for found in call.domain.artifacts.diff(call.actor, old, new, prefix=prefix):
                counts.count(found)
                if len(changes) < limit:
                    changes.append(change_out(found))
            truncated = counts.added + counts.removed + counts.changed > len(changes)
        return {
            "old": shown(call, entity, project, artifact),
            "new": shown(call, entity, project, to),
            **asdict(counts),
            "folders": folders,
            "changes": changes,
            "truncated": truncated,
            "next": rest,
        }

    return await call.answer(work, lane=Lane.SLOW)
