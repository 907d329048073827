"""The feed: who hears what, and how much of it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from dataclasses import dataclass, field
from typing import cast

import pytest

from runstone.server.domain import feed as feed_module
from runstone.server.domain.access import Access
from runstone.server.domain.feed import Event, EventKind, Feed, Subscription
from runstone.server.domain.identity import Actor, EntityId, ProjectId, UserId

ADA, BOB = Actor(UserId(1), "ada"), Actor(UserId(2), "bob")


@dataclass
class Readers(Access):
    """The rules a test lays down; None is an administrator's view."""

    of: dict[str, set[EntityId] | None] = field(default_factory=dict)

    def readable_entities(self, actor: Actor) -> set[EntityId] | None:
        return self.of[actor.username]


def event(
    kind: EventKind = "rows", run: str = "r", entity: int = 1, project: int = 1, **detail: object
) -> Event:
    return Event(kind, EntityId(entity), ProjectId(project), f"e{entity}", f"p{project}", run, dict(detail))


@pytest.fixture
def readers() -> Readers:
    return Readers({"ada": None, "bob": {EntityId(2)}})


async def batch(subscription: object, seconds: float = 60.0) -> list[Event]:
    return await asyncio.wait_for(cast(Subscription, subscription).__anext__(), seconds)


def test_a_subscriber_hears_what_comes_after_subscribing(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        feed.publish(event(run="before"))
        heard = feed.subscribe(ADA)
        feed.publish(event(run="after"))
        assert [e.run for e in await batch(heard)] == ["after"]

    asyncio.run(go())


def test_only_what_the_actor_may_read_is_heard(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        ada, bob = feed.subscribe(ADA), feed.subscribe(BOB)
        feed.publish(event(entity=1, project=1))
        feed.publish(event(entity=2, project=2))
        assert [e.entity for e in await batch(bob)] == ["e2"]
        assert [e.entity for e in await batch(ada)] == ["e1", "e2"]

    asyncio.run(go())


def test_a_lost_role_is_noticed(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "ACCESS_SECONDS", 0.01)

    async def go() -> None:
        feed = Feed(readers)
        bob = feed.subscribe(BOB)
        feed.publish(event(entity=2))
        readers.of["bob"] = set()
        await asyncio.sleep(0.02)
        with pytest.raises(asyncio.TimeoutError):
            await batch(bob, 0.2)
        readers.of["bob"] = {EntityId(2)}
        await asyncio.sleep(0.02)

    asyncio.run(go())


def test_events_of_one_run_and_kind_are_merged(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        heard = feed.subscribe(ADA)
        for step in range(100):
            feed.publish(event(last_step=step, version=step))
        feed.publish(event("run", state="running", summary={"a": 1, "b": 1}))
        feed.publish(event("run", summary={"b": 2}))
        feed.publish(event("run", run="other"))
        first, second, third = await batch(heard)
        assert (first.kind, first.detail) == ("rows", {"last_step": 99, "version": 99})
        assert second.detail == {"state": "running", "summary": {"a": 1, "b": 2}}
        assert third.run == "other"

    asyncio.run(go())


def test_at_most_four_batches_a_second(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        heard = feed.subscribe(ADA)
        stop = threading.Event()
        steps = 0

        def publish() -> None:
            nonlocal steps
            while not stop.is_set():
                feed.publish(event(last_step=steps))
                steps += 1
                time.sleep(0.001)

        publisher = threading.Thread(target=publish)
        publisher.start()
        began, batches = time.monotonic(), []
        while len(batches) < 6:
            batches.append(await batch(heard))
        lasted = time.monotonic() - began
        stop.set()
        publisher.join()
        assert len(batches) <= lasted / feed_module.BATCH_SECONDS + 1.1  # the first one is told at once
        assert all(len(events) == 1 for events in batches)

    asyncio.run(go())


def test_a_reader_that_falls_far_behind_is_told_to_read_again(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        heard = feed.subscribe(ADA)
        for n in range(10_001):
            feed.publish(event(run=f"r{n}", project=1 + n % 3))
        feed.publish(event(run="late", project=9))
        got = await batch(heard)
        assert {(e.kind, e.project, e.run) for e in got} == {
            ("project", p, "") for p in ("p1", "p2", "p3", "p9")
        }
        feed.publish(event(run="again"))
        assert [e.run for e in await batch(heard)] == ["again"]

    asyncio.run(go())


def test_a_waiting_reader_is_woken_from_another_thread(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        heard = feed.subscribe(ADA)
        timer = threading.Timer(0.1, lambda: feed.publish(event(run="x")))
        timer.start()
        assert [e.run for e in await batch(heard)] == ["x"]

    asyncio.run(go())


def test_a_closed_or_forgotten_reader_costs_nothing(readers: Readers) -> None:
    async def go() -> None:
        feed = Feed(readers)
        closed = cast(Subscription, feed.subscribe(ADA))
        waiting = asyncio.create_task(closed.__anext__())
        await asyncio.sleep(0.02)
        await closed.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting
        forgotten = feed.subscribe(ADA)
        assert feed.is_heard
        del forgotten, closed, waiting
        gc.collect()
        assert feed.subscriber_count == 0 and not feed.is_heard
        feed.publish(event())

    asyncio.run(go())


def test_publishing_after_the_loop_has_ended_is_harmless(readers: Readers) -> None:
    feed = Feed(readers)
    heard = []

    async def go() -> None:
        heard.append(feed.subscribe(ADA))
        with pytest.raises(asyncio.TimeoutError):
            await batch(heard[0], 0.05)

    asyncio.run(go())
    feed.publish(event())


def test_other_replicas_are_told_and_tell(readers: Readers) -> None:
    async def go() -> None:
        told: list[Event] = []
        here = Feed(readers, relay=told.append)
        there = Feed(readers)
        heard = there.subscribe(ADA)
        here.publish(event(run="x"))
        for one in told:
            there.deliver(one)
        assert [e.run for e in await batch(heard)] == ["x"]

    asyncio.run(go())
