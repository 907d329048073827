"""Work that outlasts the request that asked for it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from runstone.server.domain.finishing import Finishing


def test_whoever_asks_again_meets_the_work_under_way_and_is_told_what_came_of_it() -> None:
    async def scene() -> None:
        finishing: Finishing[int] = Finishing(at_once=2)
        done, begun = threading.Event(), []

        def work() -> int:
            begun.append(1)
            assert done.wait(20)
            return 7

        assert await finishing.ask("a", work, seconds=0.01) is None
        assert await finishing.ask("a", work, seconds=0.01) is None
        asked = [asyncio.create_task(finishing.ask("a", work, seconds=20)) for _ in range(3)]
        await asyncio.sleep(0.01)
        done.set()
        assert await asyncio.gather(*asked) == [7, 7, 7]
        assert len(begun) == 1

    asyncio.run(scene())


def test_a_failure_is_told_and_the_next_who_asks_begins_anew() -> None:
    async def scene() -> None:
        finishing: Finishing[int] = Finishing(at_once=1)

        def fails() -> int:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await finishing.ask("a", fails, seconds=20)
        assert await finishing.ask("a", lambda: 3, seconds=20) == 3

    asyncio.run(scene())


@pytest.mark.parametrize("fails", [False, True])
def test_what_came_of_it_between_two_questions_is_told_to_the_next_once(fails: bool) -> None:
    async def scene() -> None:
        finishing: Finishing[int] = Finishing(at_once=1)
        done = threading.Event()

        def work() -> int:
            assert done.wait(20)
            if fails:
                raise ValueError("the bytes are not those announced")
            return 7

        assert not finishing.knows("a")
        assert await finishing.ask("a", work, seconds=0.01) is None
        assert finishing.knows("a")
        (thread,) = [one for one in threading.enumerate() if one.name == "runstone-finish"]
        done.set()
        await asyncio.to_thread(thread.join, 20)
        assert finishing.knows("a")
        if fails:
            with pytest.raises(ValueError, match="not those announced"):
                await finishing.ask("a", lambda: 0, seconds=20)
        else:
            assert await finishing.ask("a", lambda: 0, seconds=20) == 7
        assert not finishing.knows("a")
        assert await finishing.ask("a", lambda: 3, seconds=20) == 3

    asyncio.run(scene())


def test_no_more_than_so_many_are_done_at_once() -> None:
    async def scene() -> None:
        finishing: Finishing[int] = Finishing(at_once=2)
        lock, running, most = threading.Lock(), [0], [0]
        both = threading.Barrier(2, timeout=20)

        def work() -> int:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            both.wait()
            with lock:
                running[0] -= 1
            return 0

        await asyncio.gather(*(finishing.ask(str(n), work, seconds=20) for n in range(6)))
        assert most == [2]

    asyncio.run(scene())
