"""Which runs of a project no other beats in several values at once, under limits on any of them, and how
much of the space of objectives they won as the runs came in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runstone.search.expressions import Bound, ExpressionError, parse_bound
from runstone.search.hypervolume import Staircase
from runstone.search.ranking import hypervolume, non_dominated
from runstone.server.domain.errors import Invalid
from runstone.server.domain.run_filter import FIELDS, Column, OrderKey, column
from runstone.server.domain.run_matching import cells_of
from runstone.server.stores.records.run_column import NUMBER, Bools, Floats, Positions
from runstone.server.stores.records.run_index import Table

OBJECTIVES_MAX = 3
CONSTRAINTS_MAX = 20
POINTS_MAX = 10_000
CURVE_MAX = 500
# Of three objectives each volume is a sweep over the front of its time: fewer of them where it is long.
_VOLUMES_MAX, _VOLUMES_MIN, _SWEPT_MAX = 100, 10, 1_000_000

Goal = Literal["minimize", "maximize"]
Place = Literal["front", "dominated", "infeasible"]

_ID, _NAME = Column("field", "id"), Column("field", "name")
_COLOUR, _CREATED = Column("field", "colour"), Column("field", "created_at")


@dataclass(frozen=True, slots=True)
class Objective:
    name: str  # as it was written
    goal: Goal
    column: Column

    @property
    def sign(self) -> float:
        return 1.0 if self.goal == "minimize" else -1.0


@dataclass(frozen=True, slots=True)
class ParetoWanted:
    """constraints: `NAME < NUMBER`. reference: what the hypervolume is measured from, per objective;
    None is the worst that a feasible run has. limit: points to bring; the front comes first."""

    objectives: Sequence[Objective]
    constraints: Sequence[tuple[Bound, Column]]
    reference: Sequence[float] | None = None
    limit: int = 2_000

    @property
    def columns(self) -> list[OrderKey]:
        own = [one.column for one in self.objectives] + [column for _, column in self.constraints]
        return [OrderKey(one, False) for one in (*own, _ID, _NAME, _COLOUR, _CREATED)]


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    run: str
    name: str
    colour: int
    created_at: float
    values: tuple[float, ...]
    place: Place
    broken: tuple[int, ...]  # which constraints it breaks


@dataclass(frozen=True, slots=True)
class VolumeThen:
    """The hypervolume once that run was there, and how many runs with values there were by then."""

    run: str
    at: float
    runs: int
    hypervolume: float


@dataclass(frozen=True, slots=True)
class RunPareto:
    """Of `total` runs, `compared` hold a number in every objective; of these `infeasible` break a
    constraint, `front` are beaten by none and `dominated` by one. points: the front by the first
    objective, then the youngest of the others. curve: rising, by time; its last is the hypervolume."""

    points: Sequence[ParetoPoint]
    total: int
    compared: int
    front: int
    dominated: int
    infeasible: int
    reference: tuple[float, ...]
    hypervolume: float | None
    curve: Sequence[VolumeThen]


def pareto_wanted(
    objectives: Sequence[tuple[str, str]],
    constraints: Sequence[str],
    reference: Sequence[float] | None,
    limit: int,
) -> ParetoWanted:
    """Raises Invalid."""
    if not 2 <= len(objectives) <= OBJECTIVES_MAX:
        raise Invalid(
            f"A front is of 2 to {OBJECTIVES_MAX} objectives, met {len(objectives)}. Name them as "
            "summary.loss with the goal minimize or maximize."
        )
    read = []
    for name, goal in objectives:
        if goal not in ("minimize", "maximize"):
            raise Invalid(f"The goal of {name!r:.200} is {goal!r:.80}. One of: minimize, maximize.")
        own: Goal = "maximize" if goal == "maximize" else "minimize"
        read.append(Objective(name, own, number_column(name)))
    if len({one.column for one in read}) < len(read):
        raise Invalid("Two objectives are the same. Name each once.")
    if len(constraints) > CONSTRAINTS_MAX:
        raise Invalid(f"A front is under up to {CONSTRAINTS_MAX} constraints, met {len(constraints)}.")
    bounds = []
    for text in constraints:
        try:
            bound = parse_bound(text)
        except ExpressionError as error:
            raise Invalid(f"The constraint {error}.", constraint=text[:200]) from None
        bounds.append((bound, number_column(bound.name)))
    if reference is not None:
        if len(reference) != len(read):
            raise Invalid(f"The reference has {len(reference)} numbers for {len(read)} objectives.")
        if not all(map(math.isfinite, reference)):
            raise Invalid("The reference is of finite numbers.")
    return ParetoWanted(read, bounds, reference, max(1, min(limit, POINTS_MAX)))


def number_column(name: str) -> Column:
    """`summary.loss`, `config.lr`, a field such as `duration`; a bare name is the summary's."""
    if name in FIELDS or name.startswith(("config.", "summary.")):
        return column(name)
    return column(f"summary.{name}")


def pareto(table: Table, found: Bools, wanted: ParetoWanted) -> RunPareto:
    """Cost O(n log n) for n runs found."""
    at = np.flatnonzero(found)
    columns = [_numbers(table, one.column, at) for one in wanted.objectives]
    whole = np.isfinite(np.stack(columns)).all(axis=0)
    at = at[whole]
    values = np.stack([one[whole] for one in columns], axis=1)
    signs = np.array([one.sign for one in wanted.objectives])
    broken = _broken(table, wanted, at)
    feasible = ~broken.any(axis=0) if len(broken) else np.ones(len(at), bool)
    costs = values * signs
    places = np.flatnonzero(feasible)
    front = places[_front(costs[places])]
    reference = np.asarray(wanted.reference, float) * signs if wanted.reference is not None else None
    if reference is None and len(places):
        reference = costs[places].max(axis=0)
    created = _numbers(table, _CREATED, at)
    curve = [] if reference is None else _curve(costs, places, created, reference, len(front))
    ids = _Texts(table, _ID, at)
    marks = np.full(len(at), 1, np.int8)
    marks[front] = 0
    marks[~feasible] = 2
    order = np.lexsort((-created, costs[:, 0] * (marks == 0), marks != 0))[: wanted.limit]
    names, colours = _Texts(table, _NAME, at), _numbers(table, _COLOUR, at)
    kinds: tuple[Place, ...] = ("front", "dominated", "infeasible")
    points = [
        ParetoPoint(
            ids[place],
            names[place],
            0 if math.isnan(colours[place]) else int(colours[place]),
            float(created[place]),
            tuple(values[place].tolist()),
            kinds[marks[place]],
            tuple(np.flatnonzero(broken[:, place]).tolist()) if len(broken) else (),
        )
        for place in order.tolist()
    ]
    return RunPareto(
        points=points,
        total=int(np.count_nonzero(found)),
        compared=len(at),
        front=len(front),
        dominated=len(places) - len(front),
        infeasible=len(at) - len(places),
        reference=() if reference is None else tuple((reference * signs).tolist()),
        hypervolume=curve[-1][2] if curve else None if reference is None else 0.0,
        curve=[
            VolumeThen(ids[place], float(created[place]), count, volume) for place, count, volume in curve
        ],
    )


def _numbers(table: Table, wanted: Column, at: Positions) -> Floats:
    """NaN where there is no number."""
    cells = cells_of(table, wanted)
    return np.where(cells.kinds[at] == NUMBER, cells.numbers[at], np.nan)


class _Texts:
    def __init__(self, table: Table, wanted: Column, at: Positions) -> None:
        self._cells, self._at = cells_of(table, wanted), at

    def __getitem__(self, place: int) -> str:
        value = self._cells.cell(int(self._at[place]))
        return value if isinstance(value, str) else ""


def _broken(table: Table, wanted: ParetoWanted, at: Positions) -> Bools:
    """Shape (constraints, runs). What is not there keeps no promise."""
    rows = []
    for bound, held in wanted.constraints:
        numbers = _numbers(table, held, at)
        kept = {
            "<": numbers < bound.bound,
            "<=": numbers <= bound.bound,
            ">": numbers > bound.bound,
            ">=": numbers >= bound.bound,
        }[bound.sign]
        rows.append(~kept)
    return np.stack(rows) if rows else np.zeros((0, len(at)), bool)


def _front(costs: Floats) -> npt.NDArray[np.int64]:
    return np.asarray(non_dominated(costs.tolist()), np.int64)


def _curve(
    costs: Floats, places: npt.NDArray[np.int64], created: Floats, reference: Floats, front: int
) -> list[tuple[int, int, float]]:
    """Place of the run, how many runs there were then, the volume; where it rose."""
    when = np.lexsort((places, created[places]))
    order = places[when].tolist()
    rows = costs[order].tolist()
    bound = reference.tolist()
    if len(bound) == 2:
        stairs = Staircase((bound[0], bound[1]))
        risen = [
            (place, count, stairs.area)
            for count, (place, (first, second)) in enumerate(zip(order, rows, strict=True), 1)
            if stairs.add(first, second) > 0
        ]
        if len(risen) > CURVE_MAX:
            risen = [risen[at] for at in np.linspace(0, len(risen) - 1, CURVE_MAX).round().astype(int)]
        return risen
    # Of three: the volume at so many times, evenly over the runs, is enough to draw.
    held: list[list[float]] = []
    curve: list[tuple[int, int, float]] = []
    times = max(_VOLUMES_MIN, min(_VOLUMES_MAX, _SWEPT_MAX // max(1, front)))
    size = max(1, math.ceil(len(rows) / times))
    for start in range(0, len(rows), size):
        held += rows[start : start + size]
        held = [held[kept] for kept in non_dominated(held)]
        count = min(len(rows), start + size)
        volume = hypervolume(held, bound)
        if volume > (curve[-1][2] if curve else 0.0):
            curve.append((order[count - 1], count, volume))
    return curve
