"""The application: builds the stores, hands the domain to the doors, and opens them.

A request enters by `doors/http/edge.py`, which holds for all of them; then the wandb door, the
native door and the web UI's files are tried, in that order. See docs/architecture.md for the way
of one event.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from runstone.server.doors.http.bodies import BodyBudget
from runstone.server.doors.http.context import Context
from runstone.server.doors.http.edge import Edge
from runstone.server.doors.http.permissions import check_declared, is_hot
from runstone.server.doors.rest import door as rest
from runstone.server.house import House, open_house
from runstone.server.metrics import Metrics
from runstone.server.pool import Lane, Pool
from runstone.server.settings import ServerSettings

TOGETHER_BYTES = 1024 * 1024  # of journals that are taken in together
CLAIMS_TOGETHER_MAX = 256


def create_app(settings: ServerSettings) -> ASGIApp:
    """An ASGI application over the stores that the settings name; they are opened here and closed
    when the application's lifespan ends. Raises Invalid or Unavailable where they cannot be."""
    house = open_house(settings)
    try:
        return build_app(settings, house)[0]
    except BaseException:
        house.close()
        raise


def build_app(settings: ServerSettings, house: House) -> tuple[ASGIApp, Context]:
    """The application over an open house, and the context its endpoints find."""
    metrics = Metrics()
    pool = Pool(settings.limits)
    context = Context(
        domain=house.domain,
        settings=settings,
        pool=pool,
        bodies=BodyBudget(settings.limits.bodies_in_flight_bytes),
        journals=pool.gathering(
            Lane.INGEST,
            house.domain.ingest.journals,
            size=lambda body: len(body.data),
            size_max=TOGETHER_BYTES,
        ),
        claims=pool.gathering(
            Lane.READ,
            house.domain.trials.claims,
            size=lambda ask: ask.count,
            size_max=CLAIMS_TOGETHER_MAX,
            count_max=CLAIMS_TOGETHER_MAX,
            threads=2,  # a sweep whose model thinks keeps the others waiting no longer than for a thread
        ),
        metrics=metrics,
        started_at=time.time(),
        check_stores=house.check,
        look=house.look,
    )
    metrics.ask("runstone_pool_busy", "Calls that wait or run, by lane", context.pool.busy, label="lane")
    metrics.ask("runstone_live_runs", "Runs that run now", house.live_runs)
    metrics.ask(
        "runstone_job_age_seconds",
        "Since each background job of this process last ended",
        lambda: {
            name: time.time() - status.last_end
            for name, status in house.jobs.status().items()
            if status.last_end is not None
        },
        label="job",
    )
    metrics.ask(
        "runstone_job_failures",
        "Failures of each background job in this process",
        lambda: {name: float(status.failures) for name, status in house.jobs.status().items()},
        label="job",
    )
    metrics.ask("runstone_feeds", "Readers that follow the feed", lambda: context.feeds)
    metrics.ask("runstone_bodies_bytes", "Request bodies held in memory", lambda: context.bodies.held)
    metrics.ask("runstone_uptime_seconds", "Since the start", lambda: time.time() - context.started_at)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        house.start(jobs=settings.jobs)
        try:
            yield
        finally:
            context.stopping.set()
            await context.pool.close(seconds=settings.limits.stop_seconds)
            house.close()

    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    rest.mount(app)
    app.router.routes.extend(rest.edge_routes())
    app.router.routes.extend(_wandb_routes(house, settings))
    app.router.routes.extend(rest.ui_routes())
    check_declared(app.routes)
    return Edge(_HotFirst(app), settings=settings, metrics=metrics, route_of=_route_of), context


class _HotFirst:
    """Hands the few routes that carry nearly all requests (journals of live runs) to their
    endpoints without the layers a framework puts around every request: a third of what HTTP costs
    them. They are ordinary routes of the application too; what holds for all requests is done by
    the edge, and errors are told there."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._hot = {
            (method, path): route
            for route in app.routes
            if isinstance(route, Route) and is_hot(route.endpoint)
            for method in route.methods or ()
            for path in (route.path_regex,)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for (method, path), route in self._hot.items():
                if method == scope["method"]:
                    found = path.match(scope["path"])
                    if found is not None:
                        scope["app"] = self._app
                        scope["route"] = route
                        scope["path_params"] = found.groupdict()
                        answer = await route.endpoint(Request(scope, receive))
                        await answer(scope, receive, send)
                        return
        await self._app(scope, receive, send)


def _wandb_routes(house: House, settings: ServerSettings) -> list[BaseRoute]:
    from runstone.server.doors.wandb import routes

    return list(routes(house.domain, settings))


def _route_of(scope: Scope) -> str:
    """The template of the route that took the request: a label with few values."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
