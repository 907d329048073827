"""Domain errors as HTTP: the status of each, and the headers that go with it."""

from __future__ import annotations

import math

from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    RunstoneError,
    TooLarge,
    TooMany,
    Unavailable,
)


class TooSlow(Invalid):
    """The client stopped in the middle of what it was sending."""

    code = "too_slow"


class Misshapen(Invalid):
    """The request is not as documented; the fields say where."""


# The first class that fits counts, so the narrower ones stand first.
_STATUS: tuple[tuple[type[RunstoneError], int], ...] = (
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (TooSlow, 408),
    (Misshapen, 422),
    (Invalid, 400),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
)


def status_of(error: RunstoneError) -> int:
    """The HTTP status a domain error is answered with."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: RunstoneError) -> dict[str, str]:
    """Headers that belong to the error: when to come back, or how to sign in."""
    if isinstance(error, (TooMany, Unavailable)):
        seconds = error.fields.get("retry_after_seconds", 1)
        return {"Retry-After": str(max(1, math.ceil(float(seconds))))}
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": "Bearer"}
    return {}
