"""What the routes that give a file's bytes have in common: what may be asked, and what they answer."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from runstone.server.doors.rest.routing import query_parameter

PARAMETERS: tuple[dict[str, Any], ...] = (
    query_parameter("inline", "boolean", "Show it in place, if its type is harmless."),
    {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}},
)
BYTES = {"schema": {"type": "string", "format": "binary"}}
RESPONSES: dict[int | str, Any] = {
    200: {"description": "The bytes", "content": {"*/*": BYTES}},
    206: {"description": "The range asked for"},
    304: {"description": "As in If-None-Match"},
    416: {"description": "No byte of the range exists"},
}


def is_asked(request: Request, name: str) -> bool:
    """Whether a query parameter says yes."""
    return request.query_params.get(name, "").lower() in ("1", "true")
