"""POST /graphql. Imported by the first request: the schema and its resolvers take 15 MB, which a server
that is never asked by a wandb client need not hold."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain.errors import RunstoneError
from runstone.server.doors.http.bodies import read_body, unpack
from runstone.server.doors.http.context import Context, context_of
from runstone.server.doors.http.credentials import NO_CREDENTIALS, authenticate, credentials_of
from runstone.server.doors.wandb.gql.answer import Answer, Answers, asked_of, error_answer
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.links import Links, base_url_of
from runstone.server.doors.wandb.resolvers import all_fields
from runstone.server.pool import Lane

GRAPHQL_BODY_BYTES_MAX = 64 * 1024 * 1024  # config and summary of a run can be many MB

_ANSWERS = Answers(make_schema(all_fields()))


async def graphql(request: Request) -> Response:
    context = context_of(request)
    try:
        answer = await _answer(request, context)
    except RunstoneError as error:
        answer = error_answer(error)
    return Response(answer.body, answer.status, dict(answer.headers), "application/json")


async def _answer(request: Request, context: Context) -> Answer:
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
        return _ANSWERS.answer(asked_of(body), call, request_id=request_id)

    try:
        return await context.run(work, lane=Lane.READ)
    finally:
        context.bodies.give(len(sent))
