"""The door's routes, and what one application builds for them once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.permissions import needs
from runstone.server.doors.wandb.exports import Exports
from runstone.server.doors.wandb.storage import storage_routes
from runstone.server.doors.wandb.storage_artifacts import artifact_routes
from runstone.server.doors.wandb.stream.route import stream_routes
from runstone.server.doors.wandb.telemetry import telemetry_routes
from runstone.server.settings import ServerSettings

Handler = Callable[[Request], Awaitable[Response]]


def routes(domain: Domain, settings: ServerSettings) -> list[BaseRoute]:
    """Everything the published wandb client calls. The application that mounts them keeps its
    `Context` under `app.state.context`."""
    answer: Handler | None = None
    exports = Exports(settings.storage.data / "tmp" / "wandb-exports")

    # Each field asks the domain, which checks the actor on the entity it touches.
    @needs(Permission.NOBODY)
    async def graphql(request: Request) -> Response:
        nonlocal answer
        if answer is None:
            answer = await asyncio.to_thread(_graphql)
        return await answer(request)

    return [
        Route("/graphql", graphql, methods=["POST"]),
        *stream_routes(domain),
        *storage_routes(exports),
        *artifact_routes(),
        *telemetry_routes(),
    ]


def _graphql() -> Handler:
    from runstone.server.doors.wandb.graphql_route import graphql

    return graphql
