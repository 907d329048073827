"""Live runs by address, so that a stream request costs no record read of the run.

What was found out for a few seconds stands for the next requests: the run's number, and that this
actor may write it. A removed member or run is therefore noticed within those seconds.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Actor, Permission, RunKey

KEPT_SECONDS = 10.0
KEPT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Live:
    key: RunKey
    until: float


class LiveRuns:
    """Safe to use from any thread."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._kept: OrderedDict[tuple[object, ...], Live] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, actor: Actor, entity: str, project: str, run: str) -> RunKey:
        """Raises NotSignedIn, NotFound or NotAllowed."""
        # read_only belongs to the key: two keys of one user may differ in it.
        who = (actor.user_id, actor.read_only, entity, project, run)
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(who)
        if kept is not None and kept.until > now:
            return kept.key
        key = self._domain.runs.key_of(actor, entity, project, run, permission=Permission.WRITE)
        with self._lock:
            self._kept[who] = Live(key, now + KEPT_SECONDS)
            self._kept.move_to_end(who)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return key
