"""Every route says what it needs. A route that says nothing stops the server from being built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from starlette.routing import BaseRoute, Mount, Route

from runstone.server.domain.identity import Permission

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__runstone_needs__"
_HOT = "__runstone_hot__"


def needs(permission: Permission) -> Callable[[F], F]:
    """Declare on an endpoint what its route needs of the actor.

    NOBODY is answered to anyone. What needs more than SIGNED_IN is checked by the domain function
    that the endpoint calls, on the entity it touches; the declaration is what tests hold it to.
    """

    def declare(endpoint: F) -> F:
        setattr(endpoint, _ATTRIBUTE, permission)
        return endpoint

    return declare


def hot(endpoint: F) -> F:
    """Mark an endpoint whose requests come by the thousand: it takes a Request, its path parameters
    are plain text, and it is reached without the framework's layers (see `app.py`)."""
    setattr(endpoint, _HOT, True)
    return endpoint


def is_hot(endpoint: Any) -> bool:
    return bool(getattr(endpoint, _HOT, False))


def declared(endpoint: Any) -> Permission | None:
    """What an endpoint (or a class-based one) declared, or None."""
    return getattr(endpoint, _ATTRIBUTE, None)


def endpoints(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, Any]]:
    """(method, path, endpoint) of each route, mounts opened."""
    for route in routes:
        if isinstance(route, Route):
            for method in sorted(route.methods or {"*"}):
                yield method, route.path, route.endpoint
        elif isinstance(route, Mount):
            inner = route.routes
            if inner:
                for method, path, endpoint in endpoints(inner):
                    yield method, route.path + path, endpoint
            else:
                yield "*", route.path, route.app
        else:
            yield "*", getattr(route, "path", repr(route)), getattr(route, "endpoint", route)


class UndeclaredRouteError(RuntimeError):
    """A route without a declared permission; a bug in the server, never in a request."""


def check_declared(routes: Iterable[BaseRoute]) -> None:
    """Raises UndeclaredRouteError naming every route that declares no permission."""
    bare = [f"{method} {path}" for method, path, endpoint in endpoints(routes) if declared(endpoint) is None]
    if bare:
        raise UndeclaredRouteError(
            "These routes declare no permission: " + ", ".join(bare) + ". Put @needs(Permission.…) on "
            "their endpoints (runstone.server.doors.http.permissions)."
        )
