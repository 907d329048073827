"""How fast clients may send, told to them before anything must be refused.

Go clients (0.18 on) hold their stream to `RateLimit-Remaining` within `RateLimit-Reset` seconds,
between 0.1 and 65,536 requests a second (`core/internal/api/ratelimittracker.go`); they learn what a
request costs from how the remainder falls, so each run has a window of its own. The Python sender of
0.16 knows only `limits.heartbeat_seconds` in the answer, of which its pace is a fraction.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from runstone.server.domain.identity import RunKey

WINDOW_SECONDS = 15.0
CALM = 0.25  # below this part of its room in use, a server lets everybody go as they like
REQUESTS_MAX = 1500  # a run's in one window, on a calm server
REQUESTS_MIN = 1
HEARTBEAT_SECONDS = 30.0
HEARTBEAT_SECONDS_MAX = 120.0  # well below the lease
_RUNS_MAX = 20_000


@dataclass(slots=True)
class _Window:
    until: float
    used: int = 0


class Pace:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._windows: OrderedDict[RunKey, _Window] = OrderedDict()
        self._lock = threading.Lock()

    def headers(self, run: RunKey, load: float) -> dict[str, str]:
        """For the answer to one more request of this run. load: the part of the server's room that is
        in use, 0 to 1."""
        now = time.monotonic()
        with self._lock:
            window = self._windows.get(run)
            if window is None or window.until <= now:
                window = self._windows[run] = _Window(now + WINDOW_SECONDS)
                while len(self._windows) > _RUNS_MAX:
                    self._windows.popitem(last=False)
            self._windows.move_to_end(run)
            window.used += 1
            left, seconds = max(0, requests_at(load) - window.used), window.until - now
        return {"RateLimit-Remaining": str(left), "RateLimit-Reset": f"{seconds:.2f}"}


def requests_at(load: float) -> int:
    """How many requests of one run in a window: fewer by a constant factor with each step of load."""
    over = min(1.0, max(0.0, (load - CALM) / (1.0 - CALM)))
    share: float = (REQUESTS_MIN / REQUESTS_MAX) ** over
    return max(REQUESTS_MIN, round(REQUESTS_MAX * share))


def heartbeat_at(load: float) -> float:
    """Seconds between heartbeats of a 0.16 client, whose batches come at a fraction of it."""
    over = min(1.0, max(0.0, (load - CALM) / (1.0 - CALM)))
    return HEARTBEAT_SECONDS + over * (HEARTBEAT_SECONDS_MAX - HEARTBEAT_SECONDS)
