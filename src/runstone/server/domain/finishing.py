"""Work that may outlast the request that asked for it: whoever asks again meets the work under way."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger("runstone.server")


class Finishing(Generic[T]):
    """Each piece of work, by its name, is done by one thread, however often it is asked for.

    The threads are daemons: a server that stops does not wait for them, and what they had not done is
    begun anew when it is asked for again.
    """

    def __init__(self, *, at_once: int) -> None:
        self._under_way: dict[str, Future[T]] = {}
        self._lock = threading.Lock()
        self._room = threading.Semaphore(at_once)

    async def ask(self, name: str, work: Callable[[], T], *, seconds: float) -> T | None:
        """What the work gives, or raises; None where it is not done within so many seconds."""
        with self._lock:
            future = self._under_way.get(name)
            if future is None:
                future = self._under_way[name] = Future()
                threading.Thread(
                    target=self._do, args=(name, work, future), name="runstone-finish", daemon=True
                ).start()
        done, _ = await asyncio.wait([asyncio.wrap_future(future)], timeout=seconds)
        return done.pop().result() if done else None

    def _do(self, name: str, work: Callable[[], T], future: Future[T]) -> None:
        with self._room:
            try:
                result = work()
            except BaseException as error:
                self._forget(name)
                future.set_exception(error)
            else:
                self._forget(name)
                future.set_result(result)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._under_way.pop(name, None)
