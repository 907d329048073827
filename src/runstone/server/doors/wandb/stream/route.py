"""The file_stream route.

A status of 400, 401, 403, 404, 409, 410, 413, 422 or 501 ends a client's stream for good while its
script goes on (all versions, seen in traffic). They are answered only where sending again cannot
help; all passing trouble is 429 or 5xx, which clients send again for days.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import Conflict, RunstoneError
from runstone.server.domain.identity import Permission, RunKey
from runstone.server.doors.http.bodies import read_body, unpack
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.credentials import credentials_of
from runstone.server.doors.http.errors import headers_of, status_of
from runstone.server.doors.http.permissions import needs
from runstone.server.doors.wandb.stream.apply import apply
from runstone.server.doors.wandb.stream.body import read
from runstone.server.doors.wandb.stream.live import LiveRuns
from runstone.server.doors.wandb.stream.pace import Pace, heartbeat_at, send_away
from runstone.server.pool import Lane

# Clients cut at about 10 MiB; a long line and its escapes may go well beyond it.
BODY_BYTES_MAX = 64 * 1024 * 1024
_PYTHON_SENDER = "W&B Internal Client"  # live runs of 0.16, `wandb sync` up to 0.26


def stream_routes(domain: Domain) -> list[BaseRoute]:
    live = LiveRuns(domain)
    pace = Pace()

    @needs(Permission.WRITE)
    async def file_stream(request: Request) -> Response:
        try:
            run, stop = await _take(request, live)
        except RunstoneError as error:
            # A conflict is passing: 409 would end the stream.
            status = 503 if isinstance(error, Conflict) else status_of(error)
            body = msgspec.json.encode({"error": error.message})
            return Response(body, status, headers_of(error), "application/json")
        load = context_of(request).load(Lane.INGEST)
        told: dict[str, Any] = {"stopped": True} if stop else {}
        if request.headers.get("user-agent", "").startswith(_PYTHON_SENDER):
            told["limits"] = {"heartbeat_seconds": heartbeat_at(load)}
        body = msgspec.json.encode(told)
        return Response(body, headers=pace.headers(run, load), media_type="application/json")

    path = "/files/{entity}/{project}/{run}/file_stream"
    return [Route(path, file_stream, methods=["POST"])]


async def _take(request: Request, live: LiveRuns) -> tuple[RunKey, bool]:
    context = context_of(request)
    place = request.path_params
    credentials = credentials_of(request)
    encoding = request.headers.get("content-encoding")
    client_id = request.headers.get("x-wandb-async-client-id", "")[:128]
    derives = request.headers.get("x-wandb-server-side-derived-summary", "").lower() == "true"
    sent = await read_body(request, limit=BODY_BYTES_MAX)
    send_away(context.pool.delay(Lane.INGEST))
    context.bodies.take(len(sent))

    def work() -> tuple[RunKey, bool]:
        actor = context.actor(credentials, Permission.WRITE)
        run = live.find(actor, place["entity"], place["project"], place["run"])
        body = unpack(sent, encoding, limit=BODY_BYTES_MAX)
        stop = apply(context.domain, actor, run, read(body), client_id=client_id, derives=derives)
        return run, stop

    try:
        return await context.run(work, lane=Lane.INGEST)
    finally:
        context.bodies.give(len(sent))
