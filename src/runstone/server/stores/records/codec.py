"""JSON as the record store keeps it: every value comes back exactly as it went in.

Plain JSON text, with one escape for what JSON or PostgreSQL's jsonb cannot hold. The character
U+001A (SUBSTITUTE) introduces it:

- NaN and ±Infinity are the strings U+001A + `NaN`, `Infinity`, `-Infinity`; floats of 1e16 and
  above, and -0.0, which jsonb would give back as integers, are U+001A + Python's `repr`;
- within strings and keys, NUL, lone surrogates and U+001A itself are U+001A + four hex digits.

Nothing else needs it, so a key or value without such characters is its own JSON, and paths into it
can be used in SQL. Integers of any size stay exact. (The two forms cannot be mistaken for each
other: no such float begins with four hexadecimal digits.)
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

MARK = "\x1a"

_ESCAPED = re.compile("[\x00\x1a\ud800-\udfff]")
_UNESCAPE = re.compile(f"{MARK}([0-9a-f]{{4}})")
_FLOAT = re.compile(f"{MARK}(NaN|-?Infinity|-0\\.0|-?\\d(?:\\.\\d+)?e\\+\\d+)")
# An integer as a value: only a few signs stand before one, and looking for those is quick.
_LONG_INTEGER = re.compile("[:,[ \n-][0-9]{19}")
# What the plain text might hold that has to be escaped. May be met in harmless places too.
_SUSPECT = re.compile("\\\\u0000|\\\\u001a|e\\+\\d|-0\\.0|[\ud800-\udfff]")
_MARK_IN_JSON = "\\u001a"
_FLOAT_LARGE = 1e16
_decode = msgspec.json.Decoder().decode


class Encoded:
    """A value that `dumps` has encoded already: `text` is bound as it is."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def dumps(value: Any) -> str:
    """JSON text of plain maps with string keys, lists, strings, numbers, booleans and None.
    TypeError for others, ValueError for integers of thousands of digits, RecursionError where
    nested hundreds deep."""
    if isinstance(value, Encoded):
        return value.text
    if not value:  # a trial is proposed with seven empty columns
        kind = type(value)
        if kind is list:
            return "[]"
        if kind is dict:
            return "{}"
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError:  # NaN or an infinity somewhere
        return _dumps_escaped(value)
    return _dumps_escaped(value) if _SUSPECT.search(text) else text


def loads(text: str | bytes) -> Any:
    """The value `dumps` was given."""
    if isinstance(text, bytes):
        text = text.decode()
    if len(text) == 2:  # of a run's seven JSON columns four are mostly empty
        return _decode(text)
    # msgspec would round an integer that does not fit 64 bits.
    value = json.loads(text) if _has_long_integer(text) else _decode(text)
    return _unescape(value) if _MARK_IN_JSON in text or MARK in text else value


def _has_long_integer(text: str) -> bool:
    """Perhaps: it may stand in a string."""
    return _LONG_INTEGER.search(text) is not None or text[:1].isdigit()


def escape(text: str) -> str:
    """A string or key as it is kept."""
    return _ESCAPED.sub(lambda met: f"{MARK}{ord(met[0]):04x}", text)


def unescape(text: str) -> str | float:
    """The value behind a kept string: a string, or one of the floats that are kept as such."""
    if MARK not in text:
        return text
    if met := _FLOAT.fullmatch(text):
        return float(met[1])
    return unescape_key(text)


def unescape_key(text: str) -> str:
    return _UNESCAPE.sub(lambda met: chr(int(met[1], 16)), text) if MARK in text else text


def _dumps_escaped(value: Any) -> str:
    return json.dumps(_escape_value(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _escape_value(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, float):
        if math.isnan(value):
            return MARK + "NaN"
        if math.isinf(value):
            return MARK + ("Infinity" if value > 0 else "-Infinity")
        if abs(value) >= _FLOAT_LARGE or (value == 0.0 and math.copysign(1.0, value) < 0):
            return MARK + float.__repr__(value)
        return value
    if isinstance(value, dict):
        return {escape(key) if isinstance(key, str) else key: _escape_value(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_escape_value(v) for v in value]
    return value


def _unescape(value: Any) -> Any:
    if isinstance(value, str):
        return unescape(value)
    if isinstance(value, dict):
        return {unescape_key(key): _unescape(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_unescape(v) for v in value]
    return value


def is_plain(text: str) -> bool:
    """Whether a kept text is the value's own JSON, nothing in it escaped."""
    return _MARK_IN_JSON not in text and MARK not in text


def loads_kept(text: str) -> Any:
    """JSON as it is kept, escapes and all."""
    return json.loads(text) if _has_long_integer(text) else _decode(text)


def dumps_kept(value: Any) -> str:
    """The text of what `loads_kept` gave."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
