"""Bytes of artifacts on their way in."""

from __future__ import annotations

import struct
from typing import Annotated, Any

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain import piece_uploads as domain
from runstone.server.domain import uploads
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.bodies import read_body, stream_body
from runstone.server.doors.rest.models.artifacts import (
    Blob,
    BlobsAsked,
    BlobsFound,
    BlobsKept,
    PieceAddresses,
    PiecesWanted,
    Upload,
    UploadWanted,
)
from runstone.server.doors.rest.routing import (
    CallDep,
    EntityPath,
    Routes,
    call_for,
    entity_of,
    path_parameters,
    query_parameter,
)
from runstone.server.pool import Lane

routes = Routes("uploads")

E = "/entities/{entity}/blobs"
_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_LENGTH = struct.Struct("<I")


@routes.typed("POST", E + "/find", needs=Permission.WRITE, answers=BlobsFound)
async def find_blobs(call: CallDep, entity: EntityPath, body: BlobsAsked) -> Response:
    """Which of these digests the entity has sent already: they need not be sent again."""
    return await call.answer(
        lambda: {
            "found": {
                digest: blob_out(blob)
                for digest, blob in call.domain.uploads.find(
                    call.actor, entity_of(entity), sha256=body.sha256, md5=body.md5
                ).items()
            }
        }
    )


@routes.raw(
    "PUT",
    E,
    needs=Permission.WRITE,
    answers=Blob,
    status=201,
    docs={
        "parameters": [
            *path_parameters("entity"),
            *(
                {
                    "name": name,
                    "in": "header",
                    "required": False,
                    "description": "Refuse the body if its digest is another.",
                    "schema": {"type": "string"},
                }
                for name in ("X-Sha256", "X-Md5")
            ),
        ],
        "requestBody": _BYTES,
    },
)
async def put_blob(request: Request) -> Response:
    """Keep the body as one blob."""
    call = await call_for(request, Permission.WRITE)
    blob = await call.domain.uploads.put(
        call.actor,
        entity_of(request.path_params["entity"]),
        stream_body(request, limit=call.context.settings.limits.file_body_bytes),
        sha256=request.headers.get("x-sha256", "").lower(),
        md5=request.headers.get("x-md5", "").lower(),
    )
    return json_answer(blob_out(blob), 201)


@routes.raw(
    "POST",
    E,
    needs=Permission.WRITE,
    answers=BlobsKept,
    status=201,
    docs={
        "parameters": path_parameters("entity"),
        "requestBody": {
            "description": "Blobs one after another, each after its length: 4 bytes, little-endian. At most "
            f"{uploads.PACK_BLOBS_MAX:,} blobs and {uploads.PACK_BYTES_MAX:,} bytes.",
            **_BYTES,
        },
    },
)
async def put_blobs(request: Request) -> Response:
    """Keep many small blobs in one request; the answer has them in the order of the body."""
    call = await call_for(request, Permission.WRITE)
    most = uploads.PACK_BYTES_MAX + _LENGTH.size * uploads.PACK_BLOBS_MAX
    body = await read_body(request, limit=most)

    def work() -> dict[str, Any]:
        entity = entity_of(request.path_params["entity"])
        kept = call.domain.uploads.put_many(call.actor, entity, _split(body))
        return {"blobs": [blob_out(blob) for blob in kept]}

    return await call.answer(work, status=201, lane=Lane.INGEST)


U = "/entities/{entity}/uploads"
UploadPath = Annotated[str, Path(max_length=64, description="An upload, by the id it was begun under.")]


@routes.typed("POST", U, needs=Permission.WRITE, answers=Upload, status=201)
async def begin_upload(call: CallDep, entity: EntityPath, body: UploadWanted) -> Response:
    """Begin a blob that comes in pieces and may be cut and gone on with."""
    return await call.answer(
        lambda: upload_out(
            call.domain.uploads.begin(
                call.actor, entity_of(entity), size=body.size, sha256=body.sha256, md5=body.md5
            )
        ),
        status=201,
    )


@routes.typed("GET", U + "/{upload}", needs=Permission.WRITE, answers=Upload)
async def get_upload(call: CallDep, entity: EntityPath, upload: UploadPath) -> Response:
    """How much has come: where to go on."""
    return await call.answer(
        lambda: upload_out(call.domain.uploads.status(call.actor, entity_of(entity), upload))
    )


@routes.typed("POST", U + "/{upload}/addresses", needs=Permission.WRITE, answers=PieceAddresses)
async def get_upload_addresses(
    call: CallDep, entity: EntityPath, upload: UploadPath, body: PiecesWanted
) -> Response:
    """Where pieces of a `direct` upload are to be put in the blob store itself, by PUT, for a quarter of
    an hour. They count when `finish` has read and checked them."""

    def work() -> dict[str, Any]:
        found = call.domain.uploads.piece_addresses(call.actor, entity_of(entity), upload, body.offsets)
        pieces = [
            {"offset": piece.offset, "size": piece.size, "url": piece.url, "headers": piece.headers}
            for piece in found
        ]
        return {"addresses": pieces, "seconds": domain.PIECE_SECONDS}

    return json_answer(await call.run(work), 200, {"Cache-Control": "no-store"})


@routes.raw(
    "PATCH",
    U + "/{upload}",
    needs=Permission.WRITE,
    answers=Upload,
    docs={
        "parameters": [
            *path_parameters("entity", "upload"),
            query_parameter("offset", "integer", "Where in the blob the body begins.", required=True),
        ],
        "requestBody": _BYTES,
    },
)
async def append_upload(request: Request) -> Response:
    """The next bytes, from `offset` on. 409 `offset_mismatch` tells where to go on instead; what came
    before a connection broke is kept."""
    call = await call_for(request, Permission.WRITE)
    path, text = request.path_params, request.query_params.get("offset", "")
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("Say where in the blob the body begins: ?offset=BYTES.", offset=text[:40])
    upload = await call.domain.uploads.append(
        call.actor,
        entity_of(path["entity"]),
        path["upload"],
        stream_body(request, limit=domain.UPLOAD_BYTES_MAX),
        offset=int(text),
    )
    return json_answer(upload_out(upload))


@routes.typed(
    "POST",
    U + "/{upload}/finish",
    needs=Permission.WRITE,
    answers=Blob,
    status=201,
    also={202: "It is being put together. Ask again in a second; its digests are not known yet."},
)
async def finish_upload(call: CallDep, entity: EntityPath, upload: UploadPath) -> Response:
    """All has come: it is a blob now. Asked again for one that is finished: 404, and the blob is found
    by its digest."""
    blob = await call.domain.uploads.finish(call.actor, entity_of(entity), upload)
    if blob is None:
        return json_answer({"sha256": "", "md5": "", "size": 0}, 202, {"Retry-After": "1"})
    return json_answer(blob_out(blob), 201)


@routes.typed("DELETE", U + "/{upload}", needs=Permission.WRITE, status=204)
async def abort_upload(call: CallDep, entity: EntityPath, upload: UploadPath) -> Response:
    """Give it up; what has come is forgotten."""
    return await call.done(lambda: call.domain.uploads.abort(call.actor, entity_of(entity), upload))


def upload_out(upload: domain.Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "size": upload.size,
        "offset": upload.offset,
        "direct": upload.direct,
        "piece_bytes": domain.PIECE_BYTES,
        "pieces": upload.pieces,
    }


def _split(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(body):
        if at + _LENGTH.size > len(body):
            raise Invalid(f"The body ends within a length, at byte {at}. Send it again.")
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        if at + length > len(body):
            raise Invalid(f"The body ends within blob {len(found)}, at byte {at}. Send it again.")
        found.append(body[at : at + length])
        at += length
    return found


def blob_out(blob: uploads.Blob) -> dict[str, Any]:
    return {"sha256": blob.sha256, "md5": blob.md5, "size": blob.size}
