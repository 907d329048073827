"""How fast clients may send, told to them before anything must be refused.

Go clients (0.18 on) hold their stream to `RateLimit-Remaining` within `RateLimit-Reset` seconds,
between 0.1 and 65,536 requests a second (`core/internal/api/ratelimittracker.go`); they learn what a
request costs from how the remainder falls, so each run has a window of its own. The Python sender of
0.16 knows only `limits.heartbeat_seconds` in the answer, of which its pace is a fraction.

Neither takes apart clients that come all at once, as after the server was away: each goes on sending
every 15 seconds, all in the same one. Those that would wait too long are sent away for a while, each
for another (`Retry-After`, which Go clients keep to), and from then on come one by one.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import RunKey

WINDOW_SECONDS = 15.0
CALM = 0.25  # below this part of its room in use, a server lets everybody go as they like
REQUESTS_MAX = 1500  # a run's in one window, on a calm server
REQUESTS_MIN = 1
HEARTBEAT_SECONDS = 30.0
HEARTBEAT_SECONDS_MAX = 120.0  # well below the lease
PATIENCE_SECONDS = 0.2  # a request that would take longer than this is sent away
AWAY_SECONDS_MAX = 12  # for so long; a client's own interval is 15 s, and it keeps its lines meanwhile
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


def send_away(delay: float) -> None:
    """Raises Unavailable, to come back at a moment of its own, where a request would be done after so
    many seconds and that is too long."""
    if delay > PATIENCE_SECONDS:
        raise Unavailable(
            f"More streams come in than can be taken at once: this one would take {delay:.1f} s. Send it "
            "again when `Retry-After` says.",
            retry_after_seconds=random.randint(1, AWAY_SECONDS_MAX),  # noqa: S311 (no secret)
        )


def heartbeat_at(load: float) -> float:
    """Seconds between heartbeats of a 0.16 client, whose batches come at a fraction of it."""
    over = min(1.0, max(0.0, (load - CALM) / (1.0 - CALM)))
    return HEARTBEAT_SECONDS + over * (HEARTBEAT_SECONDS_MAX - HEARTBEAT_SECONDS)
