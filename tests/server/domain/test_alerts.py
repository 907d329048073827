"""Alerts of runs: kept, found by who may read them, and not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.house import SmallHouse, small_house

from runstone.server.domain.alerts import Alert
from runstone.server.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.identity import ANONYMOUS, Actor


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def test_an_alert_is_found_newest_first(house: SmallHouse) -> None:
    run, other = house.run("r1"), house.run("r2", project="q")
    house.alerts.raise_alert(house.ada, run, title="loss is NaN", text="at step 3", level="ERROR", at=10.0)
    house.alerts.raise_alert(house.ada, other, title="slow", at=20.0)
    first, second = house.alerts.find(house.ada)
    assert (first.title, first.project, first.run, first.level) == ("slow", "q", "r2", "INFO")
    assert second == Alert("ada", "p", "r1", "loss is NaN", "at step 3", "ERROR", 10.0)
    assert house.alerts.find(house.ada, run=run) == [second]
    assert house.alerts.find(house.ada, limit=1) == [first]


def test_the_same_title_is_dropped_for_a_while_only(house: SmallHouse) -> None:
    run, other = house.run(), house.run("other")

    def raised(**how: Any) -> bool:
        return house.alerts.raise_alert(house.ada, how.pop("run", run), title="t", wait_seconds=60, **how)

    assert raised(at=1000.0)
    assert not raised(at=1059.0)
    assert not raised(at=990.0)  # the same when they arrive in another order
    assert raised(at=1060.0)
    assert raised(at=1001.0, run=other)
    assert house.alerts.raise_alert(house.ada, run, title="another", at=1001.0)
    assert house.alerts.raise_alert(house.ada, run, title="t", at=1001.0, wait_seconds=0)


def test_strangers_neither_raise_nor_read(house: SmallHouse) -> None:
    run = house.run()
    house.alerts.raise_alert(house.ada, run, title="t")
    assert house.alerts.find(house.eve) == []
    with pytest.raises(NotFound):
        house.alerts.find(house.eve, run=run)
    with pytest.raises(NotFound):
        house.alerts.raise_alert(house.eve, run, title="t")
    with pytest.raises(NotAllowed):
        house.alerts.raise_alert(Actor(house.ada.user_id, "ada", read_only=True), run, title="t")
    with pytest.raises(NotSignedIn):
        house.alerts.find(ANONYMOUS)


def test_nonsense_is_refused_and_odd_text_kept(house: SmallHouse) -> None:
    run = house.run()
    with pytest.raises(Invalid):
        house.alerts.raise_alert(house.ada, run, title="t", level=cast(Any, "LOUD"))
    with pytest.raises(Invalid):
        house.alerts.raise_alert(house.ada, run, title="x" * 2000)
    assert house.alerts.raise_alert(house.ada, run, title="nul\x00 \ud800 <b>", text="ü" * 90_000)
    assert house.alerts.find(house.ada)[0].title == "nul\ufffd \ufffd <b>"


def test_alerts_leave_with_their_run(house: SmallHouse) -> None:
    run = house.run()
    house.alerts.raise_alert(house.ada, run, title="t")
    house.runs.delete(house.ada, [run])
    assert house.alerts.find(house.ada) == []
    house.runs.restore(house.ada, [run])
    assert len(house.alerts.find(house.ada)) == 1
    house.runs.purge(house.ada, [run])
    assert house.alerts.find(house.ada) == []


def test_a_subscriber_hears_of_it(house: SmallHouse) -> None:
    run = house.run()

    async def go() -> None:
        heard = house.feed.subscribe(house.ada)
        house.alerts.raise_alert(house.ada, run, title="t", at=5.0)
        (event,) = await asyncio.wait_for(anext(heard), 5)
        assert (event.kind, event.run, event.detail["title"]) == ("alert", "r1", "t")

    asyncio.run(go())
