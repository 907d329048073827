"""How a route of the native API is declared, and what every one of them does before its endpoint.

A typed route names its models and is documented from them; a raw one (journal, files, series, feed)
gets the request itself, for speed, and brings its documentation along. Both declare the permission
they need. The order is always: credentials, then the body's bound, then its shape.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Path, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Message, Receive, Scope, Send

from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import NotSignedIn
from runstone.server.domain.identity import ANONYMOUS, Actor, Permission
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.bodies import read_body
from runstone.server.doors.http.context import Context, context_of
from runstone.server.doors.http.credentials import NO_CREDENTIALS, credentials_of
from runstone.server.doors.http.permissions import declared, needs
from runstone.server.doors.rest.models.errors import ErrorAnswer
from runstone.server.pool import Lane

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

BASE = "/api/v1"
P = "/projects/{entity}/{project}"
R = "/projects/{entity}/{project}/runs/{run}"
_NO_BODY = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way: who acts, and the house."""

    request: Request
    context: Context
    actor: Actor

    @property
    def domain(self) -> Domain:
        return self.context.domain

    @property
    def client(self) -> str:
        """The caller's address, for throttles."""
        return self.request.client.host if self.request.client else ""

    async def run(self, work: Callable[[], T], *, lane: Lane = Lane.READ) -> T:
        return await self.context.run(work, lane=lane)

    async def answer(
        self,
        work: Callable[[], Any],
        *,
        status: int = 200,
        lane: Lane = Lane.READ,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """What `work` returns, as JSON; both are made in a thread."""
        return await self.context.run(lambda: json_answer(work(), status, headers), lane=lane)

    async def done(self, work: Callable[[], Any], *, lane: Lane = Lane.READ) -> Response:
        """204 once `work` is done."""
        await self.context.run(work, lane=lane)
        return Response(status_code=204)


def _call_of(request: Request) -> Call:
    call: Call = request.state.call
    return call


CallDep = Annotated[Call, Depends(_call_of)]
EntityPath = Annotated[
    str, Path(description="User, team or organisation; `-` is the key's own default entity.")
]
ProjectPath = Annotated[str, Path(description="Project name.")]
RunPath = Annotated[str, Path(description="Run id.")]
SearchQuery = Annotated[str, Query(max_length=1000, description="Only what contains this text.")]
AfterQuery = Annotated[str, Query(max_length=2000, description="`next` of the page before.")]
SkipQuery = Annotated[
    int, Query(ge=0, le=2**31, description="In place of `after`: the page begins so many after the first.")
]
LimitQuery = Annotated[int, Query(ge=1, le=1000)]
CountQuery = Annotated[bool, Query(description="Say how many there are: `total`.")]


def entity_of(text: str) -> str:
    """`-` in a path is the key's default entity, which the domain calls ""."""
    return "" if text == "-" else text


async def call_for(request: Request, permission: Permission) -> Call:
    """Who acts, checked as far as the route alone tells."""
    context = context_of(request)
    credentials = credentials_of(request) if permission is not Permission.NOBODY else NO_CREDENTIALS
    if credentials.kind == "none":
        if permission is not Permission.NOBODY:
            raise NotSignedIn("Sign in first: send 'Authorization: Bearer KEY', or sign in at the web page.")
        return Call(request, context, ANONYMOUS)
    actor = await context.actor_for(credentials, permission)
    return Call(request, context, actor)


class _TypedRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        permission = declared(self.endpoint)
        assert permission is not None

        async def handle(request: Request) -> Response:
            call = await call_for(request, permission)
            if request.method not in _NO_BODY:
                body = await read_body(request, limit=call.context.settings.limits.json_body_bytes)
                request = Request(request.scope, _replay(body))
            request.state.call = call
            return await inner(request)

        return handle


class _RawRoute(APIRoute):
    """The endpoint gets the request and says itself who acts (`call_for`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def _replay(body: bytes) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


@dataclass(frozen=True, slots=True)
class _Spec:
    method: str
    path: str
    endpoint: Callable[..., Any]
    route_class: type[APIRoute]
    options: dict[str, Any]

    def build(self, tag: str, options: Mapping[str, Any]) -> APIRoute:
        return self.route_class(
            BASE + self.path,
            self.endpoint,
            methods=[self.method],
            tags=[tag],
            operation_id=self.endpoint.__name__,
            **options,
        )


@dataclass(slots=True)
class Routes:
    """The routes of one noun, in the order in which they are matched."""

    tag: str
    specs: list[_Spec] = field(default_factory=list)
    models: list[type[BaseModel]] = field(default_factory=list)

    def typed(
        self,
        method: str,
        path: str,
        *,
        needs: Permission,
        answers: Any = None,
        status: int = 200,
        also: Mapping[int, str] | None = None,
        content: Mapping[str, Any] | None = None,
    ) -> Callable[[F], F]:
        """An endpoint with typed parameters, returning a Response. answers: the model of its body
        (None: no body). also: further statuses with the same body. content: what a body that is no
        JSON is, by media type, as in OpenAPI."""
        responses: dict[int | str, dict[str, Any]] = {"default": _ERROR}
        for code, words in (also or {}).items():
            responses[code] = {"model": answers, "description": words}
        options = {"response_model": answers, "status_code": status, "responses": responses}
        if content is not None:
            responses[status] = {"description": "The file", "content": dict(content)}
        if answers is None:
            options["response_class"] = Response
        return self._add(method, path, needs, _TypedRoute, options)

    def raw(
        self,
        method: str,
        path: str,
        *,
        needs: Permission,
        docs: Mapping[str, Any],
        answers: Any = None,
        status: int = 200,
        responses: Mapping[int | str, Any] | None = None,
        models: Sequence[type[BaseModel]] = (),
    ) -> Callable[[F], F]:
        """An endpoint that is handed the Request. docs: its parameters and requestBody, as in
        OpenAPI; responses: further answers; models: those that docs refers to by name."""
        self.models += models
        options = {
            "response_model": answers,
            "status_code": status,
            "responses": {"default": _ERROR, **(responses or {})},
            "openapi_extra": dict(docs),
        }
        if answers is None:
            options["response_class"] = Response
        return self._add(method, path, needs, _RawRoute, options)

    def _add(
        self,
        method: str,
        path: str,
        permission: Permission,
        route_class: type[APIRoute],
        options: dict[str, Any],
    ) -> Callable[[F], F]:
        def declare(endpoint: F) -> F:
            # One endpoint per route: the permission is declared on it.
            needs(permission)(endpoint)
            self.specs.append(_Spec(method, path, endpoint, route_class, options))
            return endpoint

        return declare

    def mount(self, app: FastAPI, *, described: bool) -> None:
        """described: with the models of answers. Endpoints answer bytes, so that only the document
        needs those; built for every route they would take a fifth of an idle server's memory."""
        if described:
            app.router.routes.extend(spec.build(self.tag, spec.options) for spec in self.specs)
        else:
            app.router.routes.extend(_LateRoute(spec, self.tag) for spec in self.specs)


class _LateRoute(Route):
    """A route that the framework takes apart (its parameters, bodies and their validators) at its
    first request: most servers are asked for a part of all there are."""

    def __init__(self, spec: _Spec, tag: str) -> None:
        super().__init__(BASE + spec.path, spec.endpoint)
        self.methods = {spec.method}  # HEAD does not come with GET
        self._spec = spec
        self._tag = tag
        self._built: APIRoute | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE:
            found["route"] = self
        return match, found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != self._spec.method:
            await super().handle(scope, receive, send)  # refuses
            return
        if self._built is None:
            options = self._spec.options | {"response_model": None, "responses": None}
            self._built = self._spec.build(self._tag, options)
        await self._built.app(scope, receive, send)


_ERROR: dict[str, Any] = {"model": ErrorAnswer, "description": "What went wrong"}


def query_parameter(
    name: str, kind: str, words: str, *, required: bool = False, many: bool = False
) -> dict[str, Any]:
    """Documentation of one query parameter of a raw route."""
    schema: dict[str, Any] = {"type": kind}
    if many:
        schema = {"type": "array", "items": schema}
    return {"name": name, "in": "query", "required": required, "description": words, "schema": schema}


def path_parameters(*names: str) -> list[dict[str, Any]]:
    words = {
        "entity": "User, team or organisation; `-` is the key's own default entity.",
        "project": "Project name.",
        "run": "Run id.",
        "sweep": "Sweep id.",
        "agent": "The agent, as it was registered.",
        "name": "File name; slashes make folders.",
        "upload": "An upload, by the id it was begun under.",
        "artifact": "`NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`.",
    }
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": words[name],
            "schema": {"type": "string"},
        }
        for name in names
    ]
