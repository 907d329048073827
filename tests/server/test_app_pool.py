"""Threads in lanes: slow work does not starve what must not wait; what waits is bounded."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Sequence

import pytest

from runstone.server.domain.errors import Unavailable
from runstone.server.pool import Lane, Pool
from runstone.server.settings import Limits

FEW = Limits(ingest_threads=2, read_threads=2, slow_threads=2, waiting_max=3)


def test_a_full_slow_lane_leaves_the_others_free() -> None:
    async def main() -> None:
        pool, release = Pool(FEW), threading.Event()
        slow = [asyncio.ensure_future(pool.run(Lane.SLOW, release.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        # The slow ones are let go below: who had to wait for them would wait for ever.
        assert await asyncio.wait_for(pool.run(Lane.INGEST, lambda: 1), 60) == 1
        assert await asyncio.wait_for(pool.run(Lane.READ, lambda: 2), 60) == 2
        assert pool.busy() == {"ingest": 0, "read": 0, "slow": 5}
        with pytest.raises(Unavailable) as raised:  # two run, three wait: a sixth is told to come back
            await pool.run(Lane.SLOW, lambda: 3)
        assert raised.value.fields["retry_after_seconds"] == 1
        release.set()
        await asyncio.gather(*slow)
        await asyncio.sleep(0)
        assert pool.busy()["slow"] == 0
        assert await pool.close(seconds=1)

    asyncio.run(main())


def test_errors_come_back_to_the_caller() -> None:
    async def main() -> None:
        pool = Pool(FEW)
        with pytest.raises(ZeroDivisionError):
            await pool.run(Lane.READ, lambda: 1 // 0)
        await asyncio.sleep(0)
        assert pool.busy()["read"] == 0
        await pool.close(seconds=1)

    asyncio.run(main())


def test_a_caller_that_leaves_does_not_stop_the_work() -> None:
    async def main() -> None:
        pool, release, done = Pool(FEW), threading.Event(), threading.Event()

        def work() -> None:
            release.wait()
            done.set()

        caller = asyncio.ensure_future(pool.run(Lane.INGEST, work))
        await asyncio.sleep(0.02)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert pool.busy()["ingest"] == 1
        release.set()
        assert await pool.close(seconds=5)
        assert done.is_set()

    asyncio.run(main())


def test_closing_does_not_wait_for_ever() -> None:
    async def main() -> None:
        pool, release = Pool(FEW), threading.Event()
        caller = asyncio.ensure_future(pool.run(Lane.SLOW, release.wait))
        await asyncio.sleep(0.02)
        assert not await pool.close(seconds=0.1)
        release.set()
        await caller

    asyncio.run(main())


def test_calls_that_wait_are_done_together_and_each_gets_its_own_result() -> None:
    async def main() -> None:
        pool, begun, release = Pool(FEW), threading.Event(), threading.Event()
        groups: list[list[int]] = []

        def work(items: Sequence[int]) -> list[int]:
            groups.append(list(items))
            begun.set()
            release.wait()
            return [item * 10 for item in items]

        gathering = pool.gathering(Lane.INGEST, work, size=lambda item: item, size_max=6, threads=1)
        first = asyncio.ensure_future(gathering.do(1))
        await asyncio.to_thread(begun.wait)
        others = [asyncio.ensure_future(gathering.do(item)) for item in (2, 3, 4, 5)]
        await asyncio.sleep(0.01)
        assert pool.busy()["ingest"] == 5
        with pytest.raises(Unavailable):  # two threads, and three may wait
            await gathering.do(6)
        release.set()
        assert await asyncio.gather(first, *others) == [10, 20, 30, 40, 50]
        assert groups == [[1], [2, 3, 4], [5]]  # no more at once than `size_max`
        assert await pool.close(seconds=1)
        assert pool.busy()["ingest"] == 0

    asyncio.run(main())


@pytest.mark.parametrize("most", [2, 200])
def test_no_more_are_done_together_than_the_kind_of_call_allows_and_no_fewer(most: int) -> None:
    async def main() -> None:
        pool = Pool(Limits(ingest_threads=2, read_threads=2, slow_threads=2, waiting_max=300))
        groups: list[int] = []
        begun, release = threading.Event(), threading.Event()

        def work(items: Sequence[int]) -> list[int]:
            groups.append(len(items))
            begun.set()
            release.wait(20)
            return list(items)

        gathering = pool.gathering(
            Lane.INGEST, work, size=lambda _: 1, size_max=1000, count_max=most, threads=1
        )
        first = asyncio.ensure_future(gathering.do(0))
        await asyncio.to_thread(begun.wait)
        others = [asyncio.ensure_future(gathering.do(number)) for number in range(200)]
        await asyncio.sleep(0.01)
        release.set()
        await asyncio.gather(first, *others)
        assert groups == [1, *[most] * (200 // most)]
        assert await pool.close(seconds=1)

    asyncio.run(main())


def test_an_error_of_work_done_together_reaches_each_caller() -> None:
    async def main() -> None:
        pool = Pool(FEW)
        gathering = pool.gathering(Lane.INGEST, lambda items: [1 // 0], size=len, size_max=10)
        calls = [asyncio.ensure_future(gathering.do("abc")) for _ in range(3)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in done] == [ZeroDivisionError] * 3
        gone = asyncio.ensure_future(gathering.do("abc"))
        await asyncio.sleep(0)
        gone.cancel()  # its work ends all the same
        assert await pool.close(seconds=5)

    asyncio.run(main())


def test_how_long_one_more_call_would_wait_is_known_while_calls_wait() -> None:
    async def main() -> None:
        pool, release = Pool(FEW), threading.Event()

        def busy() -> None:
            end = time.thread_time() + 0.02
            while time.thread_time() < end:
                pass

        slowest = 0.0
        for _ in range(20):  # so that it knows what a call takes
            began = time.monotonic()
            await pool.run(Lane.INGEST, busy)
            slowest = max(slowest, time.monotonic() - began)
        assert pool.delay(Lane.INGEST) == 0.0
        holding = [asyncio.ensure_future(pool.run(Lane.INGEST, release.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert pool.delay(Lane.INGEST) == 0.0  # nobody waits
        waiting = [asyncio.ensure_future(pool.run(Lane.INGEST, busy)) for _ in range(3)]
        await asyncio.sleep(0)
        assert 0.02 < pool.delay(Lane.INGEST) < max(0.2, 6 * slowest)  # two run, three wait, and one more
        assert pool.delay(Lane.READ) == 0.0
        release.set()
        await asyncio.gather(*holding, *waiting)
        await asyncio.sleep(0)
        assert pool.delay(Lane.INGEST) == 0.0
        await pool.close(seconds=1)

    asyncio.run(main())


def test_no_call_is_left_lying_however_they_come() -> None:
    """Threads lie down and are woken at every moment of each other's; a lone caller meets mostly one."""

    async def main() -> None:
        pool = Pool(Limits(ingest_threads=2, waiting_max=1000))
        by: list[int] = []

        def work(items: Sequence[int]) -> list[int]:
            by.append(threading.get_ident())
            return [item + 1 for item in items]

        gathering = pool.gathering(Lane.INGEST, work, size=lambda item: 1, size_max=3, threads=3)
        dice = random.Random(3)

        async def caller(number: int) -> None:
            for turn in range(200):
                assert await gathering.do(number + turn) == number + turn + 1
                if dice.random() < 0.2:
                    await asyncio.sleep(dice.random() / 2000)

        await asyncio.wait_for(asyncio.gather(*(caller(number * 1000) for number in range(20))), 60)
        assert pool.busy()["ingest"] == 0
        await asyncio.sleep(0.05)
        by.clear()
        for turn in range(50):
            assert await gathering.do(turn) == turn + 1
            await asyncio.sleep(0.002)
        assert len(by) == 50 and max(map(by.count, by)) > 25  # more than a turn about would give
        assert await pool.close(seconds=5)

    asyncio.run(main())
