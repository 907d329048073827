"""All routes of the native door on an application, in the order in which they are matched."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.errors import RunstoneError
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import encode, error_answer, error_body, plain
from runstone.server.doors.http.credentials import COOKIE
from runstone.server.doors.http.permissions import declared, endpoints, needs
from runstone.server.doors.rest import (
    admin,
    alerts,
    approvals,
    artifact_files,
    artifacts,
    audit,
    charts,
    claims,
    collections,
    console,
    deployments,
    feed,
    files,
    health,
    history,
    journal,
    lineage,
    media,
    projects,
    promotions,
    registry,
    retention,
    run_artifacts,
    run_bulk,
    run_pareto,
    runs,
    series,
    session,
    storage_use,
    sweep_copies,
    sweep_promotion,
    sweeps,
    trials,
    ui,
    uploads,
    views,
)
from runstone.server.doors.rest.routing import BASE
from runstone.server.doors.rest.shapes import shape_words
from runstone.server.version import server_version

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 400: "invalid", 415: "invalid"}

UI_PATH = "/{path:path}"

# Hot routes first: matching goes down the list.
NOUNS = (
    journal.routes,
    series.routes,
    run_pareto.routes,
    runs.routes,
    run_bulk.routes,
    history.routes,
    media.routes,
    console.routes,
    files.routes,
    session.routes,
    feed.routes,
    projects.routes,
    alerts.routes,
    views.routes,
    charts.routes,
    uploads.routes,
    artifacts.routes,
    artifact_files.routes,
    run_artifacts.routes,
    collections.routes,
    claims.routes,
    trials.routes,
    sweep_promotion.routes,
    sweep_copies.routes,
    sweeps.routes,
    registry.routes,
    promotions.routes,
    approvals.routes,
    deployments.routes,
    audit.routes,
    lineage.routes,
    storage_use.routes,
    retention.routes,
    admin.routes,
)


def mount(app: FastAPI) -> None:
    """Put the native API, and how its errors look, on the application."""
    for noun in NOUNS:
        noun.mount(app, described=False)
    app.router.routes.append(Route(BASE + "/openapi.json", _openapi, methods=["GET"]))
    app.add_exception_handler(RunstoneError, _domain_error)
    app.add_exception_handler(RequestValidationError, _shape_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _our_fault)


def edge_routes() -> list[BaseRoute]:
    """What lies outside /api/v1: health, the sign-in link."""
    return [
        Route("/healthz", health.healthz, methods=["GET", "HEAD"]),
        Route("/metrics", health.metrics, methods=["GET"]),
        Route("/signin", session.use_link, methods=["GET"]),
    ]


def ui_routes() -> list[BaseRoute]:
    """The web UI: everything that nothing else took. Stands last."""
    return [Route(UI_PATH, ui.ui, methods=["GET", "HEAD"])]


@needs(Permission.NOBODY)
async def _openapi(request: Request) -> Response:
    """The description of the native API, from which clients' types are made."""
    kept: bytes | None = getattr(request.app.state, "document", None)
    if kept is None:
        kept = request.app.state.document = await run_in_threadpool(lambda: encode(document()))
    return Response(kept, 200, {"Cache-Control": "no-cache"}, "application/json")


def document() -> dict[str, Any]:
    """The OpenAPI document of this version. Nothing is opened: no data directory, no database."""
    app = FastAPI(
        title="Runstone",
        version=server_version(),
        description="The native API. Every error has the same shape; times are Unix seconds.",
        openapi_url=None,
    )
    for noun in NOUNS:
        noun.mount(app, described=True)
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for noun in NOUNS:
        for model in noun.models:
            made = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(made.pop("$defs", {}))
            schemas[model.__name__] = made
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "basic": {"type": "http", "scheme": "basic", "description": "The key as the password."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path in document["paths"].values():
        for operation in path.values():
            # Shape errors look like all others, see `default`.
            operation["responses"].pop("422", None)
    permissions = {
        (path, method.lower()): permission
        for method, path, endpoint in endpoints(app.routes)
        if (permission := declared(endpoint)) is not None
    }
    for route_path, methods in document["paths"].items():
        for method, operation in methods.items():
            permission = permissions.get((route_path, method)) or permissions.get(
                (re.sub(r"\{name\}$", "{name:path}", route_path), method)
            )
            if permission is None:
                continue
            operation["x-needs"] = permission.name.lower()
            if permission is not Permission.NOBODY:
                operation["security"] = [{"key": []}, {"basic": []}, {"session": []}]
    return document


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RunstoneError)
    return error_answer(error, request.state.request_id)


async def _our_fault(request: Request, _error: Exception) -> Response:
    """The edge logs it; the caller hears the request id and nothing of what happened."""
    return error_answer(None, request.state.request_id)


async def _shape_error(request: Request, error: Exception) -> Response:
    """A body or a parameter of another shape than documented: 422, with a line per place."""
    assert isinstance(error, RequestValidationError)
    fields: dict[str, str] = {}
    for problem in error.errors()[:20]:
        place = ".".join(str(part) for part in problem["loc"])
        fields[place[:200]] = str(problem["msg"])[:300]
    return Response(
        error_body("invalid", shape_words(fields), request.state.request_id, fields),
        422,
        media_type="application/json",
    )


async def _http_error(request: Request, error: Exception) -> Response:
    """What the framework refused by itself: no such route, no such method, a body that is not JSON."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    if status == 405 and request.method not in ("GET", "HEAD") and request.scope.get("endpoint") is ui.ui:
        status = 404  # only the UI's route, which takes any path, would have taken it by GET
    messages: dict[int, str] = {
        404: f"There is no route {request.method} {request.url.path[:200]}. See {BASE}/openapi.json.",
        405: f"{request.url.path[:200]} does not take {request.method}.",
    }
    fields: dict[str, Any] = {}
    allow = (error.headers or {}).get("Allow") or (error.headers or {}).get("allow")
    if status == 405 and allow:
        fields["allow"] = allow
    return Response(
        error_body(
            _CODES.get(status, "invalid" if status < 500 else "internal"),
            messages.get(status, str(plain(error.detail))[:500]),
            request.state.request_id,
            fields,
        ),
        status,
        dict(error.headers or {}),
        "application/json",
    )
