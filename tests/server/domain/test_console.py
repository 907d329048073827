"""Console lines through the domain: who may read them, which writer is meant, who hears of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.house import SmallHouse, small_house

from runstone.server.domain.errors import NotFound, NotSignedIn
from runstone.server.domain.identity import ANONYMOUS
from runstone.testing.console import lines


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def test_without_a_writer_the_first_is_meant(house: SmallHouse) -> None:
    run = house.run()
    assert house.console.read(house.ada, run) == []
    assert house.console.search(house.ada, run, "x") == []
    house.console.write(house.ada, run, "second-by-name", lines(0, 3, "first"))
    house.console.write(house.ada, run, "a", lines(0, 3, "other"), label="rank1")
    assert house.console.read(house.ada, run) == lines(0, 3, "first")
    assert house.console.read(house.ada, run, "a", start=-1) == lines(2, 1, "other")
    assert [line.number for line in house.console.search(house.ada, run, "FIRST 1")] == [1]
    assert [info.writer for info in house.console.writers(house.ada, run)] == ["second-by-name", "a"]


def test_strangers_read_nothing(house: SmallHouse) -> None:
    run = house.run()
    house.console.write(house.ada, run, "w", lines(0, 3))
    for actor, error in ((house.eve, NotFound), (ANONYMOUS, (NotFound, NotSignedIn))):
        with pytest.raises(error):
            house.console.read(actor, run)
        with pytest.raises(error):
            house.console.search(actor, run, "line")
        with pytest.raises(error):
            house.console.writers(actor, run)


def test_a_subscriber_hears_how_far_it_got(house: SmallHouse) -> None:
    run = house.run()

    async def go() -> None:
        heard = house.feed.subscribe(house.ada)
        house.console.write(house.ada, run, "w", lines(0, 3))
        house.console.write(house.ada, run, "w", lines(3, 4))
        (event,) = await asyncio.wait_for(anext(heard), 5)
        assert (event.kind, event.run, event.detail) == ("console", "r1", {"writer": "w", "lines": 7})

    asyncio.run(go())
