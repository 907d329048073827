"""What a model is shown of many results."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.search import shown as module
from runstone.search.config_reading import parse
from runstone.search.records import Record
from runstone.search.search import Search
from runstone.search.shown import shown

CONFIG = parse({"method": "tpe", "metric": {"name": "y"}, "parameters": {"x": {"min": 0.0, "max": 1.0}}})


def records_of(count: int, seed: int = 0) -> list[Record]:
    die = random.Random(seed)
    return [Record(n, {"x": die.random()}, "finished", (die.random(),)) for n in range(count)]


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 900), most=st.integers(12, 300), open_count=st.integers(0, 5))
def test_the_best_the_newest_and_what_is_open_are_always_shown_and_never_too_many(
    count: int, most: int, open_count: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.SHOWN_MAX, "tpe", most)
        records = records_of(count, seed=count)
        opened = [Record(number, {"x": 0.5}, "running") for number in range(count, count + open_count)]
        found = shown(CONFIG, records + opened)
        numbers = [record.number for record in found]
        assert numbers == sorted(set(numbers))
        assert set(range(count, count + open_count)) <= set(numbers)
        ended = [record for record in found if record.state == "finished"]
        assert len(ended) <= most
        assert min(records, key=lambda record: record.values[0] or 0.0) in ended
        if count <= most:
            assert ended == records


def test_the_choice_stays_the_same_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a model that follows it learns what is new, and not everything."""
    monkeypatch.setitem(module.SHOWN_MAX, "tpe", 300)
    records = records_of(2_000)
    choices, before = 0, set[int]()
    for count in range(1_000, 1_400):
        now = {record.number for record in shown(CONFIG, records[:count])}
        choices += not before <= now
        before = now
    assert choices <= 400 // 50 + 1


def test_a_long_sweep_is_still_searched_by_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.SHOWN_MAX, "tpe", 60)
    search = Search(CONFIG, seed=1)
    records: list[Record] = []
    for number in range(200):
        params = search.propose(records, [number])[0].params
        records.append(Record(number, params, "finished", (abs(params["x"] - 0.3),)))
    cold = Search(CONFIG, seed=1).propose(records, [200])[0]
    assert (
        search.propose(records, [200])[0].params == cold.params
    )  # and whoever begins anew proposes the same
    assert sum(abs(record.params["x"] - 0.3) < 0.05 for record in records[-50:]) >= 12  # by chance: 5
