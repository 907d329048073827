"""The staircase under fronts, held against counting by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.search.hypervolume import Staircase, non_dominated_of_three, volume_of_three

_PLANE = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30)
_SPACE = st.lists(st.tuples(*[st.integers(0, 5)] * 3), max_size=30)


@given(_PLANE)
@settings(deadline=None)
def test_each_point_adds_the_cells_that_none_before_it_had_won(points: list[tuple[int, int]]) -> None:
    stairs = Staircase((6.0, 6.0))
    won: set[tuple[int, int]] = set()
    for place, (first, second) in enumerate(points):
        own = {(x, y) for x in range(first, 6) for y in range(second, 6)}
        covered = any(a <= first and b <= second for a, b in points[:place])
        assert stairs.covers(first, second) == covered
        assert stairs.add(float(first), float(second)) == pytest.approx(len(own - won))
        won |= own
        assert stairs.area == pytest.approx(len(won))


@given(_SPACE)
@settings(deadline=None)
def test_three_costs_are_swept_to_what_counting_finds(points: list[tuple[int, ...]]) -> None:
    costs = [tuple(map(float, point)) for point in points]
    expected = [
        place
        for place, own in enumerate(costs)
        if not any(o != own and all(a <= b for a, b in zip(o, own, strict=True)) for o in costs)
    ]
    assert non_dominated_of_three(costs) == expected
    cells = {(x, y, z) for a, b, c in points for x in range(a, 5) for y in range(b, 5) for z in range(c, 5)}
    assert volume_of_three(costs, (5.0, 5.0, 5.0)) == pytest.approx(len(cells))
