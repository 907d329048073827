"""Who lives, without comparing clocks: each agent raises a counter, and whoever watches it measures by
its own clock for how long it has not changed.

Time while nothing could be looked at (the watcher slept, the file system hung) does not count as silence:
then nobody could have been heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

from runstone.agents.folder.files import Files

LOOKS_MIN = 4  # in the length of a lease
WATCHED_MAX = 32  # agents that one agent watches: those after it in a ring, so that all are watched


class Silence:
    """For how long things have not changed, by the times at which somebody looked."""

    def __init__(self, lease_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._step_max = lease_seconds / LOOKS_MIN
        self._clock = clock
        self._known: dict[Hashable, tuple[object, float, float]] = {}  # value, seen at, silent for

    def look(self, key: Hashable, value: object) -> float:
        """Seconds for which `key` has had this value."""
        now = self._clock()
        before, at, silent = self._known.get(key, (None, now, 0.0))
        silent = silent + min(now - at, self._step_max) if before == value and key in self._known else 0.0
        self._known[key] = (value, now, silent)
        return silent

    def forget(self, keep: Iterable[Hashable]) -> None:
        kept = set(keep)
        self._known = {key: value for key, value in self._known.items() if key in kept}


class Beats:
    """The counters of a sweep's agents."""

    def __init__(self, root: Path, files: Files) -> None:
        self._folder = root / "agents"
        self._files = files
        self._count = 0

    def beat(self, agent_id: str) -> None:
        self._count += 1
        self._files.overwrite(self._folder / agent_id, f"{self._count}\n".encode())

    def value(self, agent_id: str) -> bytes | None:
        return self._files.read(self._folder / agent_id)


def ring(agents: Iterable[str], own: str) -> list[str]:
    """Whom to watch: the next of the living ones by name, after one's own, around the end."""
    ordered = sorted(agents)
    later = [agent for agent in ordered if agent > own]
    return (later + [agent for agent in ordered if agent < own])[:WATCHED_MAX]
