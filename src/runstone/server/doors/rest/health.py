"""Whether the server is well: for probes, for Prometheus, for documentation readers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.permissions import needs
from runstone.server.metrics import CONTENT_TYPE
from runstone.server.version import server_version


@needs(Permission.NOBODY)
async def healthz(request: Request) -> Response:
    """200 while the server answers and its record store can be read; 503 while it stops."""
    context = context_of(request)
    if not context.ready:
        raise Unavailable("The server is starting.", retry_after_seconds=1)
    if context.stopping.is_set():
        raise Unavailable("The server is stopping.", retry_after_seconds=2)
    await context.run(context.check_stores)
    return json_answer({"status": "ok", "version": server_version()})


@needs(Permission.NOBODY)
async def metrics(request: Request) -> Response:
    """Prometheus text: counts and times, no names."""
    context = context_of(request)
    body = await context.run(context.metrics.text)
    return Response(body, headers={"Content-Type": CONTENT_TYPE})
