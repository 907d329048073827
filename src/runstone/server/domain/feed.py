"""Who wants to know hears what changed: names of things, never their content.

    feed.publish(Event("rows", …))                  from any thread
    async for events in feed.subscribe(actor): …    in the event loop

A subscriber holds at most one event per run and kind: what comes meanwhile is merged into it, so a
slow reader costs a bounded amount of memory and never slows a writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from runstone.server.domain.access import Access
from runstone.server.domain.identity import Actor, EntityId, ProjectId

EventKind = Literal["run", "rows", "system", "console", "files", "project", "alert", "artifact", "sweep"]

BATCH_SECONDS = 0.25
PENDING_MAX = 10_000
ACCESS_SECONDS = 5.0  # how long after a change of roles a subscriber may still hear of a project


@dataclass(frozen=True, slots=True)
class Event:
    """`run` changed in that way; of kind "sweep" it is a sweep's id. detail for "run": {state?,
    summary?: changed values}; for "rows": {last_step, version}; for "console": {writer, lines}."""

    kind: EventKind
    entity_id: EntityId
    project_id: ProjectId
    entity: str
    project: str
    run: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def after(self, old: Event) -> Event:
        """Both as one: an earlier event of the same run and kind, then this one."""
        detail = {**old.detail, **self.detail}
        if "summary" in old.detail and "summary" in self.detail:
            detail["summary"] = {**old.detail["summary"], **self.detail["summary"]}
        return replace(self, detail=detail)


class Feed:
    """Within this process. `relay`, where there is one, hands each event to the other replicas; what
    comes from them goes to `deliver`."""

    def __init__(self, access: Access, *, relay: Callable[[Event], None] | None = None) -> None:
        self._access = access
        self._relay = relay
        self._lock = threading.Lock()
        self._subscribers: weakref.WeakSet[Subscription] = weakref.WeakSet()

    def publish(self, event: Event) -> None:
        """From any thread, after the change was kept; never blocks, never raises."""
        if self._subscribers:
            self.deliver(event)
        if self._relay is not None:
            self._relay(event)

    def deliver(self, event: Event) -> None:
        """To the subscribers of this process only."""
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.offer(event)

    @property
    def subscriber_count(self) -> int:
        return len(self._subscribers)

    @property
    def is_heard(self) -> bool:
        """Whether anybody may be listening: where not, an event need not even be made."""
        return self._relay is not None or bool(self._subscribers)

    def subscribe(self, actor: Actor) -> AsyncIterator[list[Event]]:
        """Batches of what the actor may read, at most four a second; events of one run and kind
        within a batch are merged. A reader that falls behind by 10,000 gets one Event of kind
        "project" with run "" per project in place of the rest: re-read everything.

        Hears of everything published after this call. Ends when it is let go, or by `aclose`."""
        subscription = Subscription(self._access, actor, forget=self._forget)
        with self._lock:
            self._subscribers.add(subscription)
        return subscription

    def _forget(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscribers.discard(subscription)


_Key = tuple[EventKind, ProjectId, str]


class Subscription(AsyncIterator[list[Event]]):
    """One reader of the feed."""

    def __init__(self, access: Access, actor: Actor, *, forget: Callable[[Subscription], None]) -> None:
        self._access = access
        self._forget = forget
        self._actor = actor
        self._readable: set[EntityId] | None = access.readable_entities(actor)
        self._readable_until = time.monotonic() + ACCESS_SECONDS
        self._lock = threading.Lock()
        self._pending: dict[_Key, Event] = {}
        self._overflowed = False
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._last_batch = 0.0

    def offer(self, event: Event) -> None:
        with self._lock:
            if self._closed or not self._may_read(event):
                return
            if not self._overflowed and len(self._pending) >= PENDING_MAX:
                self._overflowed = True
                behind = [_reread(old) for old in self._pending.values()]
                self._pending = {("project", old.project_id, ""): old for old in behind}
            if self._overflowed:
                event = _reread(event)
            key = (event.kind, event.project_id, event.run)
            old = self._pending.get(key)
            self._pending[key] = event if old is None else event.after(old)
            loop, waiting = self._loop, self._waiting
        if waiting is not None and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and its readers with it
                loop.call_soon_threadsafe(_wake, waiting)

    async def __anext__(self) -> list[Event]:
        self._loop = asyncio.get_running_loop()
        while True:
            await self._wait()
            # The pause comes before the batch is taken, so that it gathers what comes meanwhile.
            pause = self._last_batch + BATCH_SECONDS - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            if time.monotonic() > self._readable_until:
                # Roles may have changed. Asking is a database read: not in the event loop.
                self._readable = await asyncio.to_thread(self._access.readable_entities, self._actor)
                self._readable_until = time.monotonic() + ACCESS_SECONDS
            with self._lock:
                batch = [event for event in self._pending.values() if self._may_read(event)]
                self._pending = {}
                self._overflowed = False
            if batch:
                self._last_batch = time.monotonic()
                return batch

    async def _wait(self) -> None:
        """Until something is pending. Raises StopAsyncIteration once closed."""
        while True:
            with self._lock:
                if self._closed:
                    raise StopAsyncIteration
                if self._pending:
                    return
                assert self._loop is not None
                self._waiting = self._loop.create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """From any thread."""
        self._forget(self)
        with self._lock:
            self._closed = True
            self._pending = {}
            loop, waiting = self._loop, self._waiting
        if waiting is not None and loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_wake, waiting)

    def _may_read(self, event: Event) -> bool:
        return self._readable is None or event.entity_id in self._readable


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _reread(event: Event) -> Event:
    return replace(event, kind="project", run="", detail={})
