"""Telemetry that newer clients send to the address they log to (OTLP, 0.31): taken and thrown away,
so that nothing about anybody's scripts is kept and no client sees an error."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.identity import Permission
from runstone.server.doors.http.permissions import needs


@needs(Permission.NOBODY)
async def _dropped(_request: Request) -> Response:
    return Response(b"", 200, media_type="application/x-protobuf")  # an empty answer: all accepted


def telemetry_routes() -> list[BaseRoute]:
    return [
        Route(f"/sdk/otel/v1/{signal}", _dropped, methods=["POST"])
        for signal in ("metrics", "logs", "traces")
    ]
