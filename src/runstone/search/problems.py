"""What is wrong with a sweep's configuration, said by key and rule."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`path`: the key, as `parameters.lr.min`. What is not fatal (an unknown key) is a warning."""

    path: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(ValueError):
    """A configuration that cannot be run; `problems` holds every reason found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The sweep's configuration cannot be run.\n" + "\n".join(f"  {p}" for p in problems))
        self.problems = tuple(problems)


def unknown_key(prefix: str, key: str, known: Iterable[str]) -> Problem:
    """A key that means nothing there; not fatal by itself."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(names)}."
    return Problem(f"{prefix}.{key}" if prefix else key, f"unknown key. {hint}", fatal=False)
