"""Threads for calls that block, in lanes, so that slow work cannot starve what must not wait.

The event loop only moves bytes; every store call runs here. Each lane has its own few threads and
a bound on how many calls may wait for one: beyond it a caller is told to come back, which costs
nothing, in place of a queue that grows until memory ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from runstone.server.domain.errors import Unavailable
from runstone.server.settings import Limits

T = TypeVar("T")


class Lane(str, Enum):
    INGEST = "ingest"  # journals and streams of training runs
    READ = "read"  # answers a person waits for, and small changes
    SLOW = "slow"  # charts over many runs, exports, statistics, deletion for good


class _One:
    """One lane. `busy` counts calls that wait or run; only the event loop touches it."""

    def __init__(self, lane: Lane, threads: int, waiting_max: int) -> None:
        self.threads = threads
        self.most = threads + waiting_max
        self.busy = 0
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=f"runstone-{lane.value}")


class Pool:
    def __init__(self, limits: Limits) -> None:
        self._lanes = {
            Lane.INGEST: _One(Lane.INGEST, limits.ingest_threads, limits.waiting_max),
            Lane.READ: _One(Lane.READ, limits.read_threads, limits.waiting_max),
            Lane.SLOW: _One(Lane.SLOW, limits.slow_threads, limits.waiting_max),
        }

    async def run(self, lane: Lane, work: Callable[[], T]) -> T:
        """`work()` in a thread of the lane. From the event loop only. Raises Unavailable where too
        many wait already.

        A caller that is cancelled (its client hung up) leaves the work to end by itself.
        """
        one = self._lanes[lane]
        if one.busy >= one.most:
            raise Unavailable(
                f"The server is busy: {one.busy} {lane.value} calls are waiting. Try again in a second.",
                retry_after_seconds=1,
            )
        one.busy += 1
        future = asyncio.get_running_loop().run_in_executor(one.executor, work)
        future.add_done_callback(lambda _: self._done(one))
        return await asyncio.shield(future)

    def _done(self, one: _One) -> None:
        one.busy -= 1

    def busy(self) -> dict[str, int]:
        """Calls that wait or run, by lane."""
        return {lane.value: one.busy for lane, one in self._lanes.items()}

    async def close(self, *, seconds: float) -> bool:
        """Wait for what runs, at most that long. False where something still runs: it holds
        nothing that was acknowledged, so the process may end under it."""
        end = time.monotonic() + seconds
        while any(one.busy for one in self._lanes.values()) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for one in self._lanes.values():
            one.executor.shutdown(wait=False, cancel_futures=True)
        return not any(one.busy for one in self._lanes.values())
