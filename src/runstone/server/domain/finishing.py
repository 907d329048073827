"""Work that may outlast the request that asked for it: whoever asks again meets the work under way."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

LEFT_MAX = 1000
T = TypeVar("T")


class Finishing(Generic[T]):
    """Each piece of work, by its name, is done by one thread, however often it is asked for.

    The threads are daemons: a server that stops does not wait for them, and what they had not done is
    begun anew when it is asked for again. What came of work whose end nobody waited for is kept for who
    asks next (the last LEFT_MAX of them).
    """

    def __init__(self, *, at_once: int) -> None:
        self._under_way: dict[str, Future[T]] = {}
        self._waiting: Counter[str] = Counter()
        self._left: dict[str, Future[T]] = {}
        self._lock = threading.Lock()
        self._room = threading.Semaphore(at_once)

    async def ask(self, name: str, work: Callable[[], T], *, seconds: float) -> T | None:
        """What the work gives, or raises; None where it is not done within so many seconds."""
        with self._lock:
            future = self._left.pop(name, None) or self._under_way.get(name)
            if future is None:
                future = self._under_way[name] = Future()
                threading.Thread(
                    target=self._do, args=(name, work, future), name="runstone-finish", daemon=True
                ).start()
            self._waiting[name] += 1
        done: set[asyncio.Future[T]] = set()
        try:
            done, _ = await asyncio.wait([asyncio.wrap_future(future)], timeout=seconds)
        finally:
            with self._lock:
                self._waiting[name] -= 1
                if not self._waiting[name]:
                    del self._waiting[name]
                    if not done and future.done():  # in just this moment, or they who asked went away
                        self._leave(name, future)
        return done.pop().result() if done else None

    def knows(self, name: str) -> bool:
        """Whether the work is under way, or ended while nobody waited: `ask` begins nothing then, and tells,
        once, what came of it."""
        with self._lock:
            return name in self._left or name in self._under_way

    def _do(self, name: str, work: Callable[[], T], future: Future[T]) -> None:
        with self._room:
            try:
                result = work()
            except BaseException as error:
                with self._ended(name, future):
                    future.set_exception(error)
            else:
                with self._ended(name, future):
                    future.set_result(result)

    @contextmanager
    def _ended(self, name: str, future: Future[T]) -> Iterator[None]:
        with self._lock:
            self._under_way.pop(name, None)
            if not self._waiting[name]:
                self._leave(name, future)
            yield

    def _leave(self, name: str, future: Future[T]) -> None:
        self._left[name] = future
        while len(self._left) > LEFT_MAX:
            del self._left[next(iter(self._left))]
