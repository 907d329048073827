"""Proposals, pruning and ranking over plain records."""

from __future__ import annotations

import math
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.search.config_reading import parse
from runstone.search.pruning import judged, thinned
from runstone.search.ranking import front, hypervolume, non_dominated, ranked
from runstone.search.records import Record
from runstone.search.search import Search

Objective = Callable[[dict[str, Any]], float]


def minimized(config: dict[str, Any], objective: Objective, trials: int, seed: int) -> list[Record]:
    search = Search(parse(config), seed=seed)
    records: list[Record] = []
    for number in range(trials):
        params = search.propose(records, [number])[0].params
        records.append(Record(number, params, "finished", (objective(params),)))
    return records


def branin(params: dict[str, Any]) -> float:
    x, y = params["x"], params["y"]
    curve = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


BRANIN = {
    "metric": {"name": "y"},
    "parameters": {"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}},
}


def test_bayes_beats_random_on_branin() -> None:
    """`python -m bench.sweeps.convergence` compares with Optuna alone, on three functions."""

    def best(method: str, seed: int) -> float:
        found = minimized({"method": method, **BRANIN}, branin, 50, seed)
        return min(float(record.values[0] or 0.0) for record in found)

    seeds = range(4)
    bayes = statistics.median(best("bayes", seed) for seed in seeds)
    assert bayes < statistics.median(best("random", seed) for seed in seeds)
    assert bayes < 1.0  # the least there is is 0.398


JENATTON: dict[str, Any] = {
    "metric": {"name": "y"},
    "parameters": {
        "x1": {"values": [0, 1]},
        "x2": {"values": [0, 1], "when": "x1 == 0"},
        "x3": {"values": [0, 1], "when": {"x1": 1}},
        "x4": {"min": 0.0, "max": 1.0, "when": "x2 == 0"},
        "x5": {"min": 0.0, "max": 1.0, "when": "x2 == 1"},
        "x6": {"min": 0.0, "max": 1.0, "when": "x3 == 0"},
        "x7": {"min": 0.0, "max": 1.0, "when": "x3 == 1"},
        "r8": {"min": 0.0, "max": 1.0, "when": {"x1": 0}},
        "r9": {"min": 0.0, "max": 1.0, "when": {"x1": 1}},
    },
}
_LEAF = {"x4": 0.1, "x5": 0.2, "x6": 0.3, "x7": 0.4}


def jenatton(params: dict[str, Any]) -> float:
    (leaf,) = params.keys() & _LEAF.keys()
    return float(params[leaf]) ** 2 + _LEAF[leaf] + float(params.get("r8", params.get("r9", 0.0)))


@pytest.mark.parametrize(("method", "count"), [("bayes", 120), ("random", 440), ("sobol", 440)])
def test_a_branching_space_proposes_no_invalid_combination(method: str, count: int) -> None:
    config = {"method": method, **JENATTON}
    space = parse(config).space
    branches = set()
    for record in minimized(config, jenatton, count, seed=1):
        assert space.faults(record.params) == [], record.params
        branches.add(tuple(sorted(record.params)))
    assert len(branches) == 4


@pytest.mark.parametrize("method", ["bayes", "nsga2", "cmaes"])
def test_whoever_has_the_same_records_proposes_the_same(method: str) -> None:
    config = {"method": method, **BRANIN}
    search = Search(parse(config), seed=5)
    records: list[Record] = []
    for number in range(30):
        proposal = search.propose(records, [number])[0]
        records.append(
            Record(number, proposal.params, "finished", (branin(proposal.params),), memo=proposal.memo)
        )
    warm = search.propose(records, [30, 31])
    cold = Search(parse(config), seed=5).propose(records, [30, 31])
    assert [p.params for p in warm] == [p.params for p in cold]
    assert warm[0].reason and warm[0].sampler == ("tpe" if method == "bayes" else method)


def test_running_trials_are_reckoned_with_and_failed_ones_do_not_end_the_search() -> None:
    search = Search(parse({"method": "tpe", **BRANIN}), seed=2)
    records = [Record(n, p.params, "finished", (branin(p.params),)) for n, p in enumerate(search.preview(12))]
    proposed = search.propose(records, range(12, 20))
    assert len({tuple(p.params.values()) for p in proposed}) == 8
    for number, proposal in enumerate(proposed, 12):
        records.append(Record(number, proposal.params, "failed" if number % 2 else "running"))
    assert search.propose(records, [20])[0].sampler == "tpe"


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, runstone, runstone.search.config, runstone.search.search, runstone.server.app;"
        "from runstone.search.search import Search; from runstone.search.config_reading import parse;"
        "Search(parse({'method': 'random', 'parameters': {'x': {'min': 0, 'max': 9}}})).preview(3);"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'optuna', 'scipy', 'sklearn', 'torch'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- stopping early


def at(number: int, values: Sequence[float], state: Any = "running") -> Record:
    ended = (values[-1],) if state == "finished" else ()
    return Record(number, {}, state, ended, curve=tuple(enumerate(values, 1)))


def stopping(**rule: Any) -> Any:
    return parse(
        {
            "method": "random",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"x": {"value": 1}},
            "early_terminate": rule,
        }
    )


def test_hyperband_keeps_the_best_of_each_rung() -> None:
    config = stopping(type="hyperband", min_iter=3, eta=3)
    others = [at(n, [5.0 - n] * 9) for n in range(6)]
    assert judged(config, at(9, [0.1] * 3), others) is None
    verdict = judged(config, at(9, [4.5] * 3), others)
    assert (
        verdict is not None and verdict.step == 3 and verdict.value == 4.5 and "best 2 of 7" in verdict.reason
    )
    assert judged(config, at(9, [4.5] * 2), others) is None  # before the first rung
    # Beyond a rung it passed, it is judged at the next one only, unless the rule is strict.
    late = at(9, [0.1] * 3 + [9.0] * 5)
    assert judged(config, late, others) is None
    brackets = stopping(type="hyperband", max_iter=27, s=2, eta=3)
    assert brackets.early_terminate.rungs == (3, 9)


def test_median_compares_with_trials_that_ended() -> None:
    config = stopping(type="median", min_iter=2, startup_trials=3)
    ended = [at(n, [float(n)] * 5, "finished") for n in range(5)]
    assert judged(config, at(9, [9.0, 8.0, 7.0]), ended) is not None
    assert judged(config, at(9, [9.0, 8.0, 1.0]), ended) is None
    assert judged(config, at(9, [9.0, 8.0, 7.0]), ended[:2]) is None
    assert judged(config, at(9, [math.nan] * 3), ended) is not None


def test_wilcoxon_stops_what_is_worse_instance_by_instance() -> None:
    config = stopping(type="wilcoxon", p_threshold=0.1)
    die = random.Random(0)
    hard = [die.random() for _ in range(12)]
    best = [at(0, hard, "finished")]
    assert judged(config, at(1, [value + 0.2 for value in hard]), best) is not None
    assert judged(config, at(1, [value - 0.1 for value in hard]), best) is None


@given(st.integers(0, 5000))
@settings(max_examples=30, deadline=None)
def test_a_thinned_curve_keeps_its_beginning_and_its_end(length: int) -> None:
    curve = [(x, float(x)) for x in range(length)]
    kept = thinned(curve)
    assert len(kept) <= 512 and kept[:256] == curve[:256] and kept[-1:] == curve[-1:]
    assert kept == sorted(kept)


# -- ranking


_POINTS = st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=40)


@given(_POINTS)
@settings(deadline=None)
def test_the_front_is_what_brute_force_finds(points: list[tuple[int, ...]]) -> None:
    for width in (2, 3):
        costs = [tuple(map(float, point[:width])) for point in points]

        def beaten(own: tuple[float, ...], costs: list[tuple[float, ...]] = costs) -> bool:
            return any(all(a <= b for a, b in zip(o, own, strict=True)) and o != own for o in costs)

        expected = [place for place, own in enumerate(costs) if not beaten(own)]
        assert non_dominated(costs) == expected
        # The volume, counted cell by cell.
        cells = sum(
            any(all(c >= p for c, p in zip(cell, point, strict=True)) for point in costs)
            for cell in _grid(width, 7)
        )
        assert hypervolume([costs[n] for n in expected], [7.0] * width) == pytest.approx(cells)


def _grid(width: int, size: int) -> list[tuple[int, ...]]:
    cells: list[tuple[int, ...]] = [()]
    for _ in range(width):
        cells = [(*cell, n) for cell in cells for n in range(size)]
    return cells


def test_repeats_rank_by_bound_and_infeasible_ones_come_last() -> None:
    config = parse(
        {
            "method": "random",
            "metric": {"name": "acc", "goal": "maximize"},
            "constraints": ["latency < 80"],
            "parameters": {"x": {"min": 0, "max": 9}},
            "repeats": 2,
        }
    )
    values = {0: (0.9, 0.1), 1: (0.7, 0.69), 2: (0.99, 0.99), 3: (0.95,)}
    records = [
        Record(n * 2 + repeat, {"x": n}, "finished", (value,), (-1.0 if n != 2 else 5.0,))
        for n, pair in values.items()
        for repeat, value in enumerate(pair)
    ]
    assert [item.params["x"] for item in ranked(config, records)] == [1, 0, 3, 2]
    assert next(item.params["x"] for item in ranked(config, records, robust=False)) == 3
    assert front(config, records).infeasible == (4,)
