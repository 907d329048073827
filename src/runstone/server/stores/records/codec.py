"""JSON as the record store keeps it: every value comes back exactly as it went in.

Plain JSON text, with one escape for what JSON or PostgreSQL's jsonb cannot hold. The character
U+001A (SUBSTITUTE) introduces it:

- NaN and ±Infinity are the strings U+001A + `NaN`, `Infinity`, `-Infinity`;
- within strings and keys, NUL, lone surrogates and U+001A itself are U+001A + four hex digits.

Nothing else needs it, so a key or value without such characters is its own JSON, and paths into it
can be used in SQL. Integers of any size stay exact.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

MARK = "\x1a"
NON_FINITE = {MARK + "NaN": math.nan, MARK + "Infinity": math.inf, MARK + "-Infinity": -math.inf}

_ESCAPED = re.compile("[\x00\x1a\ud800-\udfff]")
_UNESCAPE = re.compile(f"{MARK}([0-9a-f]{{4}})")
_LONG_DIGITS = re.compile(r"\d{18}")
_MARK_IN_JSON = "\\u001a"
_decode = msgspec.json.Decoder().decode


def dumps(value: Any) -> str:
    """JSON text of plain maps, lists, strings, numbers, booleans and None. TypeError for others."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError:  # NaN or an infinity somewhere
        return _dumps_escaped(value)
    # json.dumps has written NUL and U+001A as \u escapes; surrogates it has let through.
    if "\\u0000" in text or _MARK_IN_JSON in text or _has_surrogate(text):
        return _dumps_escaped(value)
    return text


def loads(text: str | bytes) -> Any:
    """The value `dumps` was given."""
    if isinstance(text, bytes):
        text = text.decode()
    # msgspec would round an integer that does not fit 64 bits.
    value = json.loads(text) if _LONG_DIGITS.search(text) else _decode(text)
    return _unescape(value) if _MARK_IN_JSON in text or MARK in text else value


def escape(text: str) -> str:
    """A string or key as it is kept."""
    return _ESCAPED.sub(lambda met: f"{MARK}{ord(met[0]):04x}", text)


def unescape(text: str) -> str | float:
    """The value behind a kept string: a string, or NaN or an infinity."""
    if MARK not in text:
        return text
    if text in NON_FINITE:
        return NON_FINITE[text]
    return _UNESCAPE.sub(lambda met: chr(int(met[1], 16)), text)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _dumps_escaped(value: Any) -> str:
    return json.dumps(_escape_value(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _escape_value(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        if math.isnan(value):
            return MARK + "NaN"
        return MARK + ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {escape(key) if isinstance(key, str) else key: _escape_value(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_escape_value(v) for v in value]
    return value


def _unescape(value: Any) -> Any:
    if isinstance(value, str):
        return unescape(value)
    if isinstance(value, dict):
        return {_UNESCAPE.sub(lambda met: chr(int(met[1], 16)), k): _unescape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_unescape(v) for v in value]
    return value
