"""The door's routes, and what one application builds for them once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import RunstoneError
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.bodies import read_body, unpack
from runstone.server.doors.http.context import Context, context_of
from runstone.server.doors.http.credentials import NO_CREDENTIALS, authenticate, credentials_of
from runstone.server.doors.http.permissions import needs
from runstone.server.doors.wandb.exports import Exports
from runstone.server.doors.wandb.gql.answer import Answer, Answers, asked_of, error_answer
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.links import Links, base_url_of
from runstone.server.doors.wandb.resolvers import all_fields
from runstone.server.doors.wandb.storage import storage_routes
from runstone.server.doors.wandb.storage_artifacts import artifact_routes
from runstone.server.doors.wandb.stream.route import stream_routes
from runstone.server.doors.wandb.telemetry import telemetry_routes
from runstone.server.pool import Lane
from runstone.server.settings import ServerSettings

GRAPHQL_BODY_BYTES_MAX = 64 * 1024 * 1024  # config and summary of a run can be many MB


def routes(domain: Domain, settings: ServerSettings) -> list[BaseRoute]:
    """Everything the published wandb client calls. The application that mounts them keeps its
    `Context` under `app.state.context`."""
    answers = Answers(make_schema(all_fields()))
    exports = Exports(settings.storage.data / "tmp" / "wandb-exports")

    # Each field asks the domain, which checks the actor on the entity it touches.
    @needs(Permission.NOBODY)
    async def graphql(request: Request) -> Response:
        context = context_of(request)
        try:
            answer = await _answer(request, context, answers)
        except RunstoneError as error:
            answer = error_answer(error)
        return Response(answer.body, answer.status, dict(answer.headers), "application/json")

    return [
        Route("/graphql", graphql, methods=["POST"]),
        *stream_routes(domain),
        *storage_routes(exports),
        *artifact_routes(),
        *telemetry_routes(),
    ]


async def _answer(request: Request, context: Context, answers: Answers) -> Answer:
    # A browser's cookie is no credential here: this door is for programs with a key.
    credentials = credentials_of(request) if "authorization" in request.headers else NO_CREDENTIALS
    sent = await read_body(request, limit=GRAPHQL_BODY_BYTES_MAX)
    encoding = request.headers.get("content-encoding")
    base_url = base_url_of(request, context.settings)
    request_id = getattr(request.state, "request_id", "")
    client_id = request.headers.get("x-wandb-client-id", "")
    agent = request.headers.get("user-agent", "")
    context.bodies.take(len(sent))

    def work() -> Answer:
        actor = authenticate(context.domain.sign_in, credentials)
        body = unpack(sent, encoding, limit=GRAPHQL_BODY_BYTES_MAX)
        links = Links(context.domain.signer, base_url, actor)
        call = Call(actor, context.domain, links, client_id, agent)
        return answers.answer(asked_of(body), call, request_id=request_id)

    try:
        return await context.run(work, lane=Lane.READ)
    finally:
        context.bodies.give(len(sent))
