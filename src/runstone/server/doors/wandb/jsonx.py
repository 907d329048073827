"""The JSON of the wandb wire, both ways.

In: lines may hold bare `NaN`, `Infinity` and `-Infinity` (every client version sends them), and
text may hold half a surrogate pair. Out: a bare NaN makes Go clients drop the whole answer, so
numbers that are not finite leave as the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from runstone.server.domain.errors import Invalid
from runstone.server.doors.http.answers import plain

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_LONG_NUMBER, _LONG_NUMBER_BYTES = re.compile(r"\d{19}"), re.compile(rb"\d{19}")
_FLOAT_MAX = 1.7976931348623157e308


def parse(text: str | bytes) -> Any:
    """A JSON value, numbers that are not finite allowed; integers beyond 64 bits come as floats.
    Raises ValueError."""
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, UnicodeDecodeError):
        return _parse_extended(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _clean(value) if _has_long_number(text) else value


def _has_long_number(text: str | bytes) -> bool:
    found = _LONG_NUMBER.search(text) if isinstance(text, str) else _LONG_NUMBER_BYTES.search(text)
    return found is not None


def parse_lines(lines: Sequence[str]) -> list[Any]:
    """The value of each line; None for a line that is no JSON. Integers come as they are, however
    long: looking for long ones would cost as much as reading them all.

    One decoder call for all of them where every line is strict JSON, which is nearly always.
    """
    if not lines:
        return []
    try:
        values = _decode("[" + ",".join(lines) + "]")
        if len(values) == len(lines):  # a line such as `1,2` would shift the ones after it
            return list(values)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    return [_parse_or_none(line) for line in lines]


def parse_argument(text: str | None, *, what: str) -> Any:
    """A JSON value that came as text in an argument. Raises Invalid naming it."""
    if text is None or text == "":
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise Invalid(f"{what} is not JSON: {error}. Send the JSON text of one value.") from None


def parse_map(text: str | None, *, what: str) -> dict[str, Any] | None:
    """As `parse_argument`, for what must be a JSON object (or null)."""
    value = parse_argument(text, what=what)
    if value is None or isinstance(value, dict):
        return value
    raise Invalid(f'{what} is a JSON {type(value).__name__}, not an object. Send {{"key": value}}.')


def dumps(value: Any) -> str:
    """JSON text; NaN and the infinities as strings."""
    return dump_bytes(value).decode()


def dump_bytes(value: Any) -> bytes:
    try:
        encoded = _encode(value)
        # The encoder writes numbers that are not finite as null: without one there are none.
        return _encode(plain(value)) if b"null" in encoded else encoded
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, TypeError):
        return json.dumps(plain(_clean(value)), ensure_ascii=True, separators=(",", ":")).encode()


def dump_ready(value: Any) -> bytes:
    """As `dump_bytes`, for a value whose numbers are finite for certain."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, TypeError):
        return dump_bytes(value)


def _parse_or_none(line: str) -> Any:
    try:
        return parse(line)
    except ValueError:
        return None


def _parse_extended(text: str | bytes) -> Any:
    try:
        value = json.loads(text, strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError:
        assert isinstance(text, bytes)
        value = json.loads(text.decode("utf-8", "replace"), strict=False)
    return _clean(value)


def _clean(value: Any) -> Any:
    """Text without halves of surrogate pairs, integers that 64 bits hold (floats otherwise)."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        if _INT_MIN <= value <= _INT_MAX:
            return value
        return float(value) if abs(value) < _FLOAT_MAX else math.inf if value > 0 else -math.inf
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
