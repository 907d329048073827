"""How much of the space of objectives a set of points has won, and who wins it, in O(n log n) for up to
three objectives.

Costs: less is better in each. A `Staircase` is the front of points in the plane, kept sorted; three
objectives are swept along one of them, so that each step is a question to a staircase.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Staircase:
    """The points of the plane that no other met so far covers: rising in the first cost, falling in the
    second. area: between them and `reference`; points beyond the reference add nothing to it.
    `add` costs O(log n) beside the moving of a list, and each point is taken out once at most."""

    def __init__(self, reference: tuple[float, float] = (math.inf, math.inf)) -> None:
        self._first: list[float] = []
        self._second: list[float] = []
        self._reference = reference
        self.area = 0.0

    def covers(self, first: float, second: float) -> bool:
        """Whether a point of it is at most as costly in both; an equal one is covered, too."""
        at = bisect_right(self._first, first)
        return at > 0 and self._second[at - 1] <= second

    def add(self, first: float, second: float) -> float:
        """The area that was won: 0 for a point that is covered."""
        if self.covers(first, second):
            return 0.0
        at = bisect_left(self._first, first)
        until = at
        while until < len(self._first) and self._second[until] >= second:
            until += 1
        won = self._won(first, second, at, until)
        self._first[at:until] = [first]
        self._second[at:until] = [second]
        self.area += won
        return won

    def _won(self, first: float, second: float, at: int, until: int) -> float:
        """Between the new point, the steps from `at` to `until` that it takes out, and those around."""
        right, top = self._reference
        if not (first < right and second < top):
            return 0.0
        won, left = 0.0, first
        ceiling = min(top, self._second[at - 1]) if at else top
        for place in range(at, until + 1):
            end = self._first[place] if place < len(self._first) else right
            end = min(end, right)
            if end > left:
                won += (end - left) * (ceiling - second)
                left = end
            if place < until:
                ceiling = min(ceiling, self._second[place])
        return won


def non_dominated_of_three(costs: Sequence[Sequence[float]]) -> list[int]:
    """Places of the points with three costs that no other is at most as costly as in all, and cheaper in
    one; equal ones are all kept."""
    order = sorted(range(len(costs)), key=lambda place: tuple(costs[place]))
    stairs = Staircase()
    kept: list[int] = []
    last: tuple[float, ...] | None = None
    for place in order:  # whoever dominates comes earlier in this order
        own = tuple(costs[place])
        if own == last:
            kept.append(place)
        elif not stairs.covers(own[1], own[2]):
            stairs.add(own[1], own[2])
            kept.append(place)
            last = own
    return sorted(kept)


def volume_of_three(costs: Sequence[Sequence[float]], reference: Sequence[float]) -> float:
    """Between the points and the reference."""
    inside = sorted(
        (p[2], p[0], p[1]) for p in costs if all(a <= r for a, r in zip(p, reference, strict=True))
    )
    stairs = Staircase((reference[0], reference[1]))
    volume = 0.0
    for place, (third, first, second) in enumerate(inside):
        stairs.add(first, second)
        until = inside[place + 1][0] if place + 1 < len(inside) else reference[2]
        volume += stairs.area * (until - third)
    return volume
