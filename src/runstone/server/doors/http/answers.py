"""Answers in JSON, and the one shape of an error that every route of ours has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from runstone.server.domain.errors import RunstoneError
from runstone.server.doors.http.errors import headers_of, status_of

_encoder = msgspec.json.Encoder()
_NOT_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}


def plain(value: Any) -> Any:
    """`value` with NaN and the infinities as the strings "NaN", "Infinity" and "-Infinity".

    JSON has no such numbers, and null would make them look like nothing. The value itself comes
    back, uncopied, where it holds none (nearly always).
    """
    kind = type(value)
    if kind is float:
        return value if value - value == 0.0 else _NOT_FINITE.get(value, "NaN")
    if kind is dict:
        changed: dict[Any, Any] | None = None
        for key, item in value.items():
            kind = type(item)
            if kind is str or kind is int or (kind is float and item - item == 0.0):
                continue
            clean = plain(item)
            if clean is not item:
                if changed is None:
                    changed = dict(value)
                changed[key] = clean
        return value if changed is None else changed
    if kind is list or kind is tuple:
        cleaned: list[Any] | None = None
        for at, item in enumerate(value):
            kind = type(item)
            if kind is str or kind is int or (kind is float and item - item == 0.0):
                continue
            clean = plain(item)
            if clean is not item:
                if cleaned is None:
                    cleaned = list(value)
                cleaned[at] = clean
        return value if cleaned is None else cleaned
    if isinstance(value, Mapping):
        return plain(dict(value))
    return value


def encode(value: Any) -> bytes:
    """JSON of plain values, dataclasses and Structs; see `plain` for numbers that are not finite."""
    return _encoder.encode(value)


class _Json(Response):
    """JSON without further headers, as nearly every answer is: they need no sorting out."""

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    if headers:
        return Response(encode(value), status, dict(headers), "application/json")
    return _Json(encode(value), status)


def error_body(code: str, message: str, request_id: str, fields: Mapping[str, Any] | None = None) -> bytes:
    return encode(
        {
            "error": {
                "code": code,
                "message": message,
                "request_id": request_id,
                "fields": plain(dict(fields or {})),
            }
        }
    )


def error_answer(error: RunstoneError | None, request_id: str) -> Response:
    """The answer to an error of the domain; without one, to a fault of ours, of which only the
    request id is told."""
    if error is None:
        return Response(
            error_body(
                "internal",
                "Something went wrong in the server. Its log tells more under this request id.",
                request_id,
            ),
            500,
            media_type="application/json",
        )
    return Response(
        error_body(error.code, error.message, request_id, error.fields),
        status_of(error),
        headers_of(error),
        "application/json",
    )
