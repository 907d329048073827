"""Bytes by signed address: uploads and downloads of files of runs and artifacts, exported histories.

The address is the authority; no other credential is looked at. What comes back is data that
anybody may have uploaded, so a browser is told to save it, never to show it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.errors import NotAllowed
from runstone.server.domain.identity import Actor, Permission, RunKey, UserId
from runstone.server.doors.http.bodies import stream_body
from runstone.server.doors.http.context import Context, context_of
from runstone.server.doors.http.downloads import file_answer
from runstone.server.doors.http.permissions import needs
from runstone.server.doors.wandb.exports import Exports
from runstone.server.doors.wandb.links import (
    GET_BLOB,
    GET_FILE,
    GET_HISTORY,
    GET_MANIFEST,
    PUT_BLOB,
    PUT_FILE,
    PUT_MANIFEST,
)
from runstone.server.doors.wandb.storage_artifacts import get_blob, get_manifest, put_blob, put_manifest
from runstone.server.pool import Lane


def storage_routes(exports: Exports) -> list[BaseRoute]:
    @needs(Permission.NOBODY)  # the address itself is the authority
    async def put(request: Request) -> Response:
        context = context_of(request)
        claim = context.domain.signer.verify(request.path_params["token"])
        if claim.get("do") not in (PUT_FILE, PUT_BLOB, PUT_MANIFEST):
            raise NotAllowed("This signed address is for reading, not for putting.")
        actor = await context.run(lambda: _actor(context, claim))
        if claim["do"] == PUT_BLOB:
            return await put_blob(request, context, actor, claim)
        if claim["do"] == PUT_MANIFEST:
            return await put_manifest(request, context, actor, claim)
        chunks = stream_body(request, limit=context.settings.limits.file_body_bytes)
        # What a client's HTTP library calls the body says nothing: the name tells.
        kept = await context.domain.files.put(actor, RunKey(claim["run"]), claim["name"], chunks)
        return Response(status_code=200, headers={"ETag": f'"{kept.md5}"'})

    @needs(Permission.NOBODY)
    async def get(request: Request) -> Response:
        context = context_of(request)
        claim = context.domain.signer.verify(request.path_params["token"])
        do = claim.get("do")
        if do == GET_HISTORY:
            path = await context.run(lambda: _export(context, exports, claim), lane=Lane.SLOW)
            return FileResponse(path, media_type="application/vnd.apache.parquet")
        if do not in (GET_FILE, GET_BLOB, GET_MANIFEST):
            raise NotAllowed("This signed address is for putting, not for reading.")
        actor = await context.run(lambda: _actor(context, claim))
        if do == GET_BLOB:
            return await get_blob(request, context, actor, claim)
        if do == GET_MANIFEST:
            return await get_manifest(context, actor, claim)
        file = await context.run(lambda: context.domain.files.get(actor, RunKey(claim["run"]), claim["name"]))
        return await file_answer(
            request,
            context,
            lambda start, end: context.domain.files.read(actor, file, start=start, end=end),
            name=file.name,
            mimetype=file.mimetype,
            digest=file.md5,
            size=file.size,
        )

    return [
        Route("/storage/{token}", put, methods=["PUT"]),
        Route("/storage/{token}", get, methods=["GET"]),  # and HEAD
        # What follows the token is for whoever reads the address, a person or a proxy's log.
        Route("/storage/{token}/{words:path}", get, methods=["GET"]),
    ]


def _actor(context: Context, claim: dict[str, Any]) -> Actor:
    """Whoever the address was made for, with the rights they have now."""
    who = claim["as"]
    actor = Actor(UserId(who["id"]), who["name"])
    user = context.domain.accounts.user(actor, who["name"])
    return Actor(user.id, user.username, is_admin=user.is_admin, default_entity=user.default_entity)


def _export(context: Context, exports: Exports, claim: dict[str, Any]) -> Path:
    actor = _actor(context, claim)
    return exports.file(context.domain.history, actor, RunKey(claim["run"]), claim["version"])
