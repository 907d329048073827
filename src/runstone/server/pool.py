"""Threads for calls that block, in lanes, so that slow work cannot starve what must not wait.

The event loop only moves bytes; every store call runs here. Each lane has its own few threads and
a bound on how many calls may wait for one: beyond it a caller is told to come back, which costs
nothing, in place of a queue that grows until memory ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Generic, TypeVar

from runstone.server.domain.errors import Unavailable
from runstone.server.settings import Limits

T = TypeVar("T")
R = TypeVar("R")

TOGETHER_MAX = 64  # calls that are done in one go
_SMOOTHING = 1 / 16  # of what a call takes: how much the newest one counts
_FIRST_SECONDS = (
    0.005  # what a call is taken to need before one was seen: a server that was away meets a crowd
)
_RECENT_SECONDS = 1.0


class Lane(str, Enum):
    INGEST = "ingest"  # journals and streams of training runs
    READ = "read"  # answers a person waits for, and small changes
    SLOW = "slow"  # charts over many runs, exports, statistics, deletion for good


class _One:
    """One lane. `busy` counts calls that wait or run; only the event loop touches it. What its threads
    note of the calls (a lost update does no harm): `waited`, seconds that the one begun last had waited;
    `seconds` of the processor that one takes, and `apart`, seconds from the end of one to that of the next
    while others waited, both smoothed; `ended`, when that was."""

    def __init__(self, lane: Lane, threads: int, waiting_max: int) -> None:
        self.name = lane.value
        self.threads = threads
        self.most = threads + waiting_max
        self.busy = 0
        self.waited = 0.0
        self.seconds = _FIRST_SECONDS
        self.apart = 0.0
        self.ended = 0.0
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=f"runstone-{lane.value}")

    def enter(self) -> None:
        if self.busy >= self.most:
            raise Unavailable(
                f"The server is busy: {self.busy} {self.name} calls are waiting. Try again in a second.",
                retry_after_seconds=1,
            )
        self.busy += 1

    def leave(self) -> None:
        self.busy -= 1

    def do(self, work: Callable[[], T], asked: float) -> T:
        self.waited = time.monotonic() - asked
        began = time.thread_time()
        try:
            return work()
        finally:
            self.seconds += (time.thread_time() - began - self.seconds) * _SMOOTHING
            now = time.monotonic()
            if self.busy > self.threads and now - self.ended < _RECENT_SECONDS:
                self.apart += (now - self.ended - self.apart) * _SMOOTHING
            else:
                self.apart = 0.0
            self.ended = now


class Gathering(Generic[T, R]):
    """Calls of one kind, done together as they come: a thread takes all that waits by then, up to a
    size, and does it in one go; what comes meanwhile gathers for the next.

    Under load many calls share what a call costs by itself (waking a thread, a transaction, a
    flush to disk); a lone one is done at once.
    """

    def __init__(
        self,
        lane: _One,
        work: Callable[[Sequence[T]], Sequence[R | BaseException]],
        *,
        size: Callable[[T], int],
        size_max: int,
        count_max: int,
        threads: int,
    ) -> None:
        """work: one result for each item, in order, an error being one too; it should not raise. size:
        an item's, of which `size_max` are done together at most, and `count_max` items."""
        self._lane = lane
        self._work = work
        self._size = size
        self._size_max = size_max
        self._count_max = count_max
        self._most_threads = threads
        self._threads: list[threading.Thread] = []
        self._waiting: deque[tuple[T, asyncio.Future[R]] | None] = deque()
        # A lock for each thread that has nothing to do: letting go of it wakes that thread. The one
        # that lay down last is woken first, so that a lone caller always meets the same one. (A queue
        # of the standard library wakes another thread at each look at it, only to send it back.)
        self._idle: list[threading.Lock] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def do(self, item: T) -> R:
        """What `work` returns for the item. From the event loop only. Raises Unavailable where too
        many wait already. A caller that is cancelled leaves the work to end by itself."""
        self._lane.enter()
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.append((item, future))
        if not self._wake() and len(self._threads) < self._most_threads:
            self._start()
        return await future

    def close(self) -> None:
        """Do what waits, then end."""
        self._waiting.extend([None] * len(self._threads))
        while self._wake():
            pass

    def _wake(self) -> bool:
        """False where no thread is idle: those at work look again before they lie down."""
        try:
            self._idle.pop().release()
        except IndexError:
            return False
        return True

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=f"runstone-{self._lane.name}-together", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _next(self, bell: threading.Lock) -> tuple[T, asyncio.Future[R]] | None:
        """What waits first, once something does. `bell`: the thread's own lock, held by it."""
        while True:
            try:
                return self._waiting.popleft()
            except IndexError:
                self._idle.append(bell)
            if self._waiting:  # it came in between, and may not have found the bell
                try:
                    self._idle.remove(bell)
                    continue
                except ValueError:
                    pass  # it has found it
            bell.acquire()

    def _run(self) -> None:
        waiting = self._waiting
        bell = threading.Lock()
        bell.acquire()
        while (first := self._next(bell)) is not None:
            taken, size = [first], self._size(first[0])
            while size < self._size_max and len(taken) < self._count_max:
                try:
                    more = waiting.popleft()
                except IndexError:
                    break
                if more is None:
                    waiting.appendleft(None)
                    break
                taken.append(more)
                size += self._size(more[0])
            results: Sequence[Any]
            try:
                results = self._work([item for item, _ in taken])
            except BaseException as error:
                results = [error] * len(taken)
            loop = self._loop
            assert loop is not None
            loop.call_soon_threadsafe(self._settle, [future for _, future in taken], results)
            del first, taken, results  # bodies are large: not until the next one comes

    def _settle(self, futures: Sequence[asyncio.Future[R]], results: Sequence[Any]) -> None:
        for future, result in zip(futures, results, strict=True):
            self._lane.leave()
            if future.done():
                continue  # cancelled
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)


class Pool:
    def __init__(self, limits: Limits) -> None:
        self._gatherings: list[Gathering[Any, Any]] = []
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
        one.enter()
        future = asyncio.get_running_loop().run_in_executor(one.executor, one.do, work, time.monotonic())
        future.add_done_callback(lambda _: one.leave())
        return await asyncio.shield(future)

    def gathering(
        self,
        lane: Lane,
        work: Callable[[Sequence[T]], Sequence[R | BaseException]],
        *,
        size: Callable[[T], int],
        size_max: int,
        count_max: int = TOGETHER_MAX,
        threads: int = 2,
    ) -> Gathering[T, R]:
        """Calls that are done together; they count as the lane's."""
        made = Gathering(
            self._lanes[lane], work, size=size, size_max=size_max, count_max=count_max, threads=threads
        )
        self._gatherings.append(made)
        return made

    def load(self, lane: Lane) -> float:
        """The part of the lane's room, waiting calls included, that is taken: 0 to 1."""
        one = self._lanes[lane]
        return one.busy / one.most

    def delay(self, lane: Lane) -> float:
        """Seconds until one more call would be done, about, while others wait; 0 while none does. All that
        wait or run are done before it, one interpreter works for all of them, and the machine may have
        less time for that than they need."""
        one = self._lanes[lane]
        if one.busy <= one.threads:
            return 0.0
        recent = one.apart if time.monotonic() - one.ended < _RECENT_SECONDS else 0.0
        return max(one.waited, one.busy * max(one.seconds, recent))

    def busy(self) -> dict[str, int]:
        """Calls that wait or run, by lane."""
        return {lane.value: one.busy for lane, one in self._lanes.items()}

    async def close(self, *, seconds: float) -> bool:
        """Wait for what runs, at most that long. False where something still runs: it holds
        nothing that was acknowledged, so the process may end under it."""
        end = time.monotonic() + seconds
        while any(one.busy for one in self._lanes.values()) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for gathering in self._gatherings:
            gathering.close()
        for one in self._lanes.values():
            one.executor.shutdown(wait=False, cancel_futures=True)
        return not any(one.busy for one in self._lanes.values())
