"""Cursors of lists that are ordered by a value and a number: opaque text, never trusted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from runstone.server.domain.errors import Invalid


def cursor_of(value: Any, number: int) -> str:
    """What `parse_cursor` reads back. value: text or a number, finite."""
    return urlsafe_b64encode(json.dumps([value, number]).encode()).rstrip(b"=").decode()


def parse_cursor(cursor: str, *, text: bool = False) -> tuple[Any, int] | None:
    """None for "", the beginning. text: the value is one, else a number. Raises Invalid for what was
    never a cursor of that kind."""
    if not cursor:
        return None
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=="))
        value, number = parts
    except (ValueError, TypeError):
        value, number = None, None
    kinds: tuple[type, ...] = (str,) if text else (int, float)
    if not isinstance(value, kinds) or not isinstance(number, int) or abs(number) >= 2**63:
        raise Invalid(f"{cursor[:100]!r} is not a cursor of this list. Take `next` of the page before.")
    return value, number
