"""Globs in metric definitions, expanded to the keys a run logged.

Clients up to 0.28 expanded `val/*` themselves unless told not to; 0.31 never does, so whoever reads
`_wandb.m` (axes of charts) must find the plain names there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

_NAME, _GLOB = "1", "2"


def expanded(entries: Sequence[Any], logged: Callable[[], Sequence[str]]) -> list[Any]:
    """`entries` with one more per key that a glob matches and no entry names. The globs and the order
    of the first ones stay: entries refer to each other by place. `logged` is asked only for globs."""
    globs = [entry for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get(_GLOB), str)]
    if not globs:
        return list(entries)
    named = {entry.get(_NAME) for entry in entries if isinstance(entry, Mapping)}
    more: list[Any] = []
    for key in logged():
        if key in named:
            continue
        glob = next((entry for entry in globs if fnmatchcase(key, entry[_GLOB])), None)
        if glob is not None:
            more.append({**{field: value for field, value in glob.items() if field != _GLOB}, _NAME: key})
    return [*entries, *more]
