"""Mongo-like filters of this wire over things in memory: collections, registries and their versions.

    matches = compiled({"name": {"$regex": "^mnist"}, "tag": "gold"}, {"name": …, "tag": …})
    [one for one in found if matches(one)]

A field's reader gives a value, a list (one of it is enough), or None. `metadata.loss` reads into
what the field `metadata` gives. Patterns are RE2: their time is linear in the text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb import clock

DEPTH_MAX = 40
REGEX_CHARS_MAX = 500
Reader = Callable[[Any], Any]
Test = Callable[[Any], bool]


def compiled(filters: Mapping[str, Any], fields: Mapping[str, Reader]) -> Test:
    """`fields`: by name. Raises Invalid for fields and operators that are not known."""
    return _all_of(filters, fields, 0)


def _all_of(filters: Any, fields: Mapping[str, Reader], depth: int) -> Test:
    if not isinstance(filters, Mapping):
        raise Invalid(f"A filter is an object, met {filters!r:.200}.")
    if depth > DEPTH_MAX:
        raise Invalid(f"The filter is nested more than {DEPTH_MAX} levels deep.")
    tests = [_one(key, value, fields, depth + 1) for key, value in filters.items()]
    return lambda thing: all(test(thing) for test in tests)


def _one(key: str, value: Any, fields: Mapping[str, Reader], depth: int) -> Test:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Invalid(f"{key} takes a list of filters, met {value!r:.200}.")
        tests = [_all_of(part, fields, depth) for part in value]
        if key == "$and":
            return lambda thing: all(test(thing) for test in tests)
        if key == "$or":
            return lambda thing: any(test(thing) for test in tests)
        return lambda thing: not any(test(thing) for test in tests)
    if key == "$not":
        inner = _all_of(value, fields, depth)
        return lambda thing: not inner(thing)
    if key.startswith("$"):
        raise Invalid(f"{key} is not known here. Use $and, $or, $nor, $not, or a field.", operator=key)
    read = _reader(key, fields)
    test = _operators(value, depth)
    return lambda thing: test(read(thing))


def _reader(key: str, fields: Mapping[str, Reader]) -> Reader:
    if key in fields:
        return fields[key]
    root, dot, rest = key.partition(".")
    if not dot or root not in fields:
        raise Invalid(f"{key!r:.200} is no field to filter by. One of: {', '.join(sorted(fields))}.")
    return lambda thing: _inside(fields[root](thing), rest)


def _inside(value: Any, path: str) -> Any:
    """By the longest literal key first: keys may hold dots themselves."""
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return value[path]
    for place in range(len(path) - 1, 0, -1):
        if path[place] == "." and path[:place] in value:
            return _inside(value[path[:place]], path[place + 1 :])
    return None


def _operators(value: Any, depth: int) -> Test:
    """A test of one field's value."""
    if depth > DEPTH_MAX:
        raise Invalid(f"The filter is nested more than {DEPTH_MAX} levels deep.")
    if not isinstance(value, Mapping) or not any(str(name).startswith("$") for name in value):
        return _equal(value)
    tests = [_operator(str(name), operand, depth + 1) for name, operand in value.items()]
    return lambda met: all(test(met) for test in tests)


def _operator(name: str, operand: Any, depth: int) -> Test:
    if name == "$eq":
        return _equal(operand)
    if name == "$ne":
        equal = _equal(operand)
        return lambda met: not equal(met)
    if name in ("$in", "$nin", "$all"):
        if not isinstance(operand, Sequence) or isinstance(operand, str):
            raise Invalid(f"{name} takes a list, met {operand!r:.200}.")
        tests = [_equal(one) for one in operand]
        if name == "$in":
            return lambda met: any(test(met) for test in tests)
        if name == "$nin":
            return lambda met: not any(test(met) for test in tests)
        return lambda met: all(test(met) for test in tests)
    if name in _COMPARISONS:
        compare = _COMPARISONS[name]
        return lambda met: _any(met, lambda one: _compares(one, operand, compare))
    if name == "$exists":
        return lambda met: (met is not None and met != []) is bool(operand)
    if name == "$regex":
        return _pattern(operand)
    if name == "$contains":
        if not isinstance(operand, str):
            raise Invalid(f"$contains takes a text, met {operand!r:.200}.")
        return lambda met: _any(met, lambda one: isinstance(one, str) and operand in one)
    if name == "$size":
        return lambda met: isinstance(met, (list, tuple)) and len(met) == operand
    if name == "$not":
        inner = _operators(operand, depth)
        return lambda met: not inner(met)
    if name == "$options":
        return lambda met: True
    raise Invalid(
        f"{name} is not an operator here. One of: $eq $ne $gt $gte $lt $lte $in $nin $all $exists $regex "
        "$contains $size $not.",
        operator=name,
    )


_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "$gt": lambda sign: sign > 0,
    "$gte": lambda sign: sign >= 0,
    "$lt": lambda sign: sign < 0,
    "$lte": lambda sign: sign <= 0,
}


def _any(met: Any, test: Test) -> bool:
    return any(test(one) for one in met) if isinstance(met, (list, tuple)) else test(met)


def _equal(operand: Any) -> Test:
    if isinstance(operand, (list, tuple)):  # `$eq` of several values is one of them
        tests = [_equal(one) for one in operand]
        return lambda met: any(test(met) for test in tests)
    if operand is None:
        return lambda met: met is None or met == []
    return lambda met: _any(met, lambda one: _sign(one, operand) == 0)


def _compares(met: Any, operand: Any, compare: Callable[[int], bool]) -> bool:
    sign = _sign(met, operand)
    return sign is not None and compare(sign)


def _sign(met: Any, operand: Any) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared. A moment is compared with ISO text too."""
    if isinstance(met, datetime):
        seconds = clock.seconds_of(operand) if isinstance(operand, str) else operand
        met, operand = met.timestamp(), seconds
    if isinstance(met, str) and isinstance(operand, str):
        return (met > operand) - (met < operand)
    if _is_number(met) and _is_number(operand):
        if math.isnan(met) or math.isnan(operand):
            return None
        return int(met > operand) - int(met < operand)
    return 0 if type(met) is type(operand) and met == operand else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def moment(seconds: float) -> datetime:
    """A field that is a time."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def _pattern(operand: Any) -> Test:
    if not isinstance(operand, str) or len(operand) > REGEX_CHARS_MAX:
        raise Invalid(f"$regex takes a text of at most {REGEX_CHARS_MAX} characters, met {operand!r:.100}.")
    import pyarrow as pa  # only where a pattern is used: it takes 40 MB
    import pyarrow.compute as pc

    def found(text: str) -> bool:
        return bool(pc.match_substring_regex(pa.array([text], pa.large_string()), operand)[0].as_py())

    try:
        found("")
    except (pa.ArrowInvalid, ValueError) as error:
        raise Invalid(f"{operand!r:.200} is no pattern (RE2): {error}.") from None
    return lambda met: _any(met, lambda one: isinstance(one, str) and found(one))
