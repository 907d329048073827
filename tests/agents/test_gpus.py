"""Each of several trials at once sees accelerators of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.agents.gpus import VISIBLE, GpuError, find, slots


@given(count=st.integers(1, 16), parallel=st.integers(1, 20))
def test_every_device_is_used_and_none_twice_unless_there_are_too_few(count: int, parallel: int) -> None:
    devices = [str(number) for number in range(count)]
    found = [slot[VISIBLE].split(",") for slot in slots(parallel, "auto", environ={}, detected=devices)]
    assert len(found) == parallel and all(found)
    flat = [device for share in found for device in share]
    assert set(flat) == set(devices)
    if parallel <= count:
        assert len(flat) == count and max(map(len, found)) - min(map(len, found)) <= 1
    else:
        assert all(len(share) == 1 for share in found)


def test_named_devices_give_one_trial_each_where_it_is_not_said_how_many() -> None:
    assert [slot[VISIBLE] for slot in slots(None, "2,GPU-abc", environ={})] == ["2", "GPU-abc"]


def test_one_trial_at_a_time_sees_what_the_agent_sees() -> None:
    assert slots(None, "", environ={}, detected=["0", "1"]) == [{}]
    assert slots(1, "", environ={}, detected=["0", "1"]) == [{}]


def test_without_accelerators_nothing_is_set() -> None:
    assert slots(3, "", environ={}, detected=[]) == [{}, {}, {}]
    assert slots(None, "auto", environ={}, detected=[]) == [{}]
    assert slots(2, "none", environ={}, detected=["0"]) == [{}, {}]


def test_what_the_agent_was_given_is_what_is_split() -> None:
    assert find({VISIBLE: "3, 5,7"}) == ["3", "5", "7"]
    assert find({VISIBLE: "2,-1,3"}) == ["2"] and find({VISIBLE: ""}) == []
    found = slots(2, "", environ={VISIBLE: "3,5"})
    assert found == [{VISIBLE: "3"}, {VISIBLE: "5"}]  # the order of numbers is the giver's business


@pytest.mark.parametrize("wrong", ["0,,1", ",", "0 1", "a b,c"])
def test_what_is_not_understood_is_said(wrong: str) -> None:
    with pytest.raises(GpuError, match="auto, none, or"):
        slots(2, wrong, environ={})
