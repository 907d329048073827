"""Taking turns to write: one transaction at a time, and many callers' work in it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, Protocol, TypeVar

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.history.sql.database import Database, Tx, unavailable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B", contravariant=True)

GROUP_COUNT_MAX = 512
GROUP_BYTES_MAX = 64 << 20
QUEUE_COUNT_MAX = 20_000
RETRIES_MAX = 8


class _Work:
    """Something to be written, and what came of it. `item`: what was added, or else what is to be run."""

    __slots__ = ("done", "error", "grouped", "item", "result", "settled")

    def __init__(self, item: Any, *, grouped: bool, settled: bool = True) -> None:
        self.item = item
        self.grouped = grouped
        self.settled = settled
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False


class Ahead(Protocol[B]):
    """Keeps some of what is added ahead of the database (see `intake`)."""

    def pending(self, part: Collection[Any] | None = None) -> bool: ...
    def take(self, items: Sequence[B], /) -> list[Any] | None: ...
    def write(self, tx: Tx, part: Collection[Any] | None = None) -> None: ...
    def written(self, part: Collection[Any] | None = None) -> None: ...
    def kept(self, items: Sequence[B], results: Sequence[Any], /) -> None: ...
    def forget(self) -> None: ...


class Writer(Generic[A]):
    """One transaction at a time, and many callers' work in it.

    Whoever finds nobody writing writes, for itself and for all who wait by then; the others find
    their work done when their turn comes. So hundreds of callers share one flush to disk, and a
    lone one pays for no thread but its own. Nobody waits for company: while one flushes the others
    gather by themselves, and waiting 2 ms for more of them was measured to cost more than it saves.

    `add`ed items (appends) that wait together share one transaction, in the order they came; where
    that fails each is tried alone, so that one caller's trouble stays its own. `run` takes any other
    piece of work, one transaction each.

    `ahead`, where there is one, is asked first to keep what was added; what it has is written in front
    of anything else.
    """

    def __init__(
        self,
        database: Database,
        group: Callable[[Tx, list[A]], list[Any]],
        size: Callable[[A], int],
        ahead: Ahead[A] | None = None,
    ):
        self._database = database
        self._group = group
        self._size = size
        self._ahead = ahead
        self._waiting: deque[_Work] = deque()
        self._writing = threading.Lock()
        self._closed = False

    def add(self, item: A) -> Any:
        """Hand an item to the group; its result once committed."""
        return self._wait(_Work(item, grouped=True))

    def add_many(self, items: Sequence[A]) -> list[Any]:
        """Several at once, side by side in the group. Raises the first one's error once all are
        done with."""
        works = [_Work(item, grouped=True) for item in items]
        self._hand_over(works)
        for work in works:
            self._see_done(work)
        for work in works:
            if work.error is not None:
                raise work.error
        return [work.result for work in works]

    def run(self, work: Callable[[Tx], T], *, settled: bool = True) -> T:
        """Do `work` in a transaction of its own. It may be called again after a passing conflict.
        Without `settled` what was added before may still be ahead of the database."""
        result: T = self._wait(_Work(work, grouped=False, settled=settled))
        return result

    def settle(self, part: Collection[Any] | None = None) -> None:
        """What was added, or that part of it, is in the database. Raises Unavailable where that cannot
        be now."""
        if self._ahead is not None and self._ahead.pending(part):
            with self._writing:
                if self._ahead.pending(part):
                    self._try(_nothing, settled=True, part=part)

    def _wait(self, work: _Work) -> Any:
        self._hand_over([work])
        self._see_done(work)
        if work.error is not None:
            raise work.error
        return work.result

    def _hand_over(self, works: Sequence[_Work]) -> None:
        if self._closed:
            raise Unavailable("The history store is closing.")
        if len(self._waiting) >= QUEUE_COUNT_MAX:
            raise Unavailable("The history store has too many writes waiting. Try again.")
        self._waiting.extend(works)

    def _see_done(self, work: _Work) -> None:
        while not work.done:
            with self._writing:
                if not work.done:
                    self._write_some()

    def close(self) -> None:
        """Finish what was handed over, take nothing more."""
        self._closed = True
        with self._writing:
            while self._waiting:
                self._write_some()

    def _write_some(self) -> None:
        """What waits first, and with an append the appends behind it. Called by one thread at a time."""
        first = self._waiting.popleft()
        batch = [first]
        if first.grouped:
            size = self._size(first.item)
            while (
                self._waiting
                and self._waiting[0].grouped
                and len(batch) < GROUP_COUNT_MAX
                and size < GROUP_BYTES_MAX
            ):
                size += self._size(self._waiting[0].item)
                batch.append(self._waiting.popleft())
        self._do(batch)

    def _do(self, batch: list[_Work]) -> None:
        try:
            results = self._add([work.item for work in batch]) if batch[0].grouped else [self._run(batch[0])]
        except BaseException as error:
            if len(batch) > 1:
                for work in batch:
                    self._do([work])
                return
            batch[0].error, batch[0].done = error, True
            return
        for work, result in zip(batch, results, strict=True):
            work.result, work.done = result, True

    def _add(self, items: list[A]) -> list[Any]:
        results = None if self._ahead is None else self._ahead.take(items)
        if results is None:
            results = self._try(lambda tx: self._group(tx, items), settled=True)
            if self._ahead is not None:
                self._ahead.kept(items, results)
        return results

    def _run(self, work: _Work) -> Any:
        try:
            return self._try(work.item, settled=work.settled)
        finally:
            if work.settled and self._ahead is not None:
                self._ahead.forget()

    def _try(self, act: Callable[[Tx], T], *, settled: bool, part: Collection[Any] | None = None) -> T:
        ahead = self._ahead if settled and self._ahead is not None and self._ahead.pending(part) else None
        for attempt in range(RETRIES_MAX):
            try:
                with self._database.write() as tx:
                    if ahead is not None:
                        ahead.write(tx, part)
                    result = act(tx)
                if ahead is not None:
                    ahead.written(part)
                return result
            except self._database.errors.retryable as error:
                if attempt + 1 == RETRIES_MAX:
                    raise unavailable(error) from error
                time.sleep(0.005 * 2**attempt)
        raise AssertionError("not reached")


def _nothing(tx: Tx) -> None:
    pass
