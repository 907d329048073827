"""One header of a request, without making a mapping of all of them: on the routes that carry nearly all
requests each look by `request.headers` costs as much as signing in."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def header(request: HTTPConnection, name: bytes) -> str | None:
    """The first header of that name, which is in lower case, as text; None without one."""
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None
