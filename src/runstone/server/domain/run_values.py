"""JSON values of a run's record: compared, changed by path, encoded within their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.domain.errors import Invalid, TooLarge
from runstone.server.stores.records import codec

JSON_CHARS_MAX = 32 * 1024 * 1024  # of one config, one summary, one environment
JSON_DEPTH_MAX = 100

Json = Any
Path = Sequence[str]

ABSENT: Any = object()  # where a map has no such key


class Edited:
    """A map being changed: what is touched is copied first, once, so the original stays."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value: dict[str, Any] = dict(value)
        self._own: dict[int, dict[str, Any]] = {id(self.value): self.value}

    def at(self, path: Path) -> Json:
        value: Json = self.value
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return ABSENT
            value = value[key]
        return value

    def set(self, path: Path, new: Json) -> None:
        """What is in the way and no map is replaced by one. An empty path merges a map into the whole."""
        if not path:
            if not isinstance(new, Mapping):
                raise Invalid(f"The whole can only be set to a map, met {type(new).__name__}.")
            self.value.update(new)
            return
        node = self.value
        for key in path[:-1]:
            node = self._owned(node, key)
        node[path[-1]] = new

    def unset(self, path: Path) -> bool:
        """Whether there was something under the path."""
        if not path or self.at(path) is ABSENT:
            return False
        node = self.value
        for key in path[:-1]:
            node = self._owned(node, key)
        del node[path[-1]]
        return True

    def _owned(self, node: dict[str, Any], key: str) -> dict[str, Any]:
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = {}
        elif id(inner) in self._own:
            return inner
        else:
            inner = dict(inner)
        self._own[id(inner)] = inner  # kept alive, so that its id stays its own
        node[key] = inner
        return inner


def same(one: Json, other: Json) -> bool:
    """Equal as JSON: true is not 1, 1 is not 1.0, NaN is NaN, and the order of keys says nothing."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and one != one:
        return bool(other != other)
    return bool(one == other)


def encode(value: Json, what: str) -> str:
    try:
        text = codec.dumps(value)
    except RecursionError:
        raise too_deep() from None
    except (TypeError, ValueError) as error:
        raise Invalid(f"The {what} holds what JSON cannot: {error}.") from None
    if len(text) > JSON_CHARS_MAX:
        raise TooLarge(
            f"The {what} would be {len(text):,} characters of JSON; the most is {JSON_CHARS_MAX:,}. "
            "Log large values as files.",
            size=len(text),
        )
    # Databases refuse to read JSON that is nested very deep; counting brackets is enough to tell.
    if text.count("[") + text.count("{") > JSON_DEPTH_MAX and depth_of(value) > JSON_DEPTH_MAX:
        raise too_deep()
    return text


def depth_of(value: Json) -> int:
    """How deep maps and lists are nested in a value: 0 for a number, beyond JSON_DEPTH_MAX not told apart."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        inner, depth = waiting.pop()
        if isinstance(inner, dict):
            inner = list(inner.values())
        if isinstance(inner, list | tuple):
            deepest = max(deepest, depth)
            if depth > JSON_DEPTH_MAX:
                break
            waiting += [(item, depth + 1) for item in inner if isinstance(item, dict | list | tuple)]
    return deepest


def too_deep() -> Invalid:
    return Invalid(f"Values may be nested up to {JSON_DEPTH_MAX} deep. Flatten them, or log a file.")
