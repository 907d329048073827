"""Fields of a map that a person wrote: text, whole numbers, numbers; and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runstone.search.config import Json
from runstone.search.problems import Problem

COUNT_MAX = 10_000_000


class Fields:
    """Readers of single fields. A problem is noted, never raised, so that all are told at once; the reader
    then answers what the field is without it."""

    def __init__(self, given: Mapping[str, Json]) -> None:
        self.given = given
        self.problems: list[Problem] = []

    def bad(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def text(self, key: str) -> str:
        value = self.given.get(key)
        if value is None:
            return ""
        if isinstance(value, (Mapping, list)):
            self.bad(key, f"is text, met {type(value).__name__}")
            return ""
        return str(value)

    def count(self, key: str, otherwise: int | None, *, least: int = 1, most: int = COUNT_MAX) -> int | None:
        value = self.given.get(key)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.bad(key, f"is {value!r:.60}, and must be a whole number from {least} to {most:,}")
            return otherwise
        return value

    def number(
        self,
        given: Mapping[str, Json],
        path: str,
        key: str,
        otherwise: Any,
        *,
        least: float,
        strictly: bool = False,
    ) -> Any:
        value = given.get(key)
        if value is None:
            return otherwise
        if not is_finite(value) or value < least or (strictly and value == least):
            rule = f"above {least:g}" if strictly else f"{least:g} or more"
            self.bad(f"{path}.{key}", f"is {value!r:.60}, and must be a number, {rule}")
            return otherwise
        return value


def all_text(values: Json) -> bool:
    return (
        isinstance(values, Sequence)
        and not isinstance(values, str)
        and all(isinstance(item, str) for item in values)
    )


def is_finite(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
