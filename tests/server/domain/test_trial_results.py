"""What came of trials: memory that ran out, constraints, trying again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sweeping import SweepWorld
from tests.support.world import World

from runstone.server.domain.sweep_model import Outcome
from runstone.server.stores.console.contract import Line

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20]}},
}


@pytest.fixture
def sweeping(world: World, tmp_path: Path) -> Iterator[SweepWorld]:
    made = SweepWorld(world, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("last_words", "expected"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "oom"),
        ("KeyError: 'x'", "failed"),
    ],
)
def test_a_run_that_failed_for_want_of_memory_is_told_from_others_by_its_last_words(
    sweeping: SweepWorld, last_words: str, expected: str
) -> None:
    sweep = sweeping.make(**GRID)
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    run = sweeping.world.run(trial.run_id)
    said = ["loading", "Traceback (most recent call last):", last_words]
    lines = [Line(number, 1, 1.0 + number, text) for number, text in enumerate(said)]
    sweeping._console.write(run.key, "w", lines)
    sweeping.world.run(trial.run_id, state="failed", exit_code=1)
    sweeping.runs_of_trials.settle(sweep)
    ended = sweeping.all(sweep)[0]
    assert ended.state == expected
    assert (last_words in ended.error) == (expected == "oom")


def test_only_what_failed_is_tried_again_and_each_cell_keeps_its_number(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    ends = ["finished", "failed", "crashed", "oom", "finished", "failed"]
    for trial, end in zip(sweeping.trials.claim(sweeping.actor, sweep, count=6).trials, ends, strict=True):
        values = [float(trial.number)] if end == "finished" else None
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome(end, values))  # type: ignore[arg-type]
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "finished"
    assert sweeping.trials.retry(sweeping.actor, sweep) == 4
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "running"
    again = sweeping.trials.claim(sweeping.actor, sweep, count=6).trials
    assert [(trial.number, trial.attempt) for trial in again] == [(1, 2), (2, 2), (3, 2), (5, 2)]
    for trial in again:
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, 2, Outcome("finished", [0.0]))
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "finished"
    assert {trial.state for trial in sweeping.all(sweep)} == {"finished"}


@pytest.mark.parametrize("method", ["tpe", "nsga2"])
def test_a_constraint_is_honoured_in_the_search_and_in_what_is_best(
    sweeping: SweepWorld, method: str
) -> None:
    """The more one asks for the better it gets, and the slower: what is best unbounded is too slow."""
    sweep = sweeping.make(
        method=method,
        seed=3,
        metric={"name": "loss"},
        parameters={"x": {"min": 0.0, "max": 1.0}, "z": {"min": 0.0, "max": 1.0}},
        constraints=["latency_p95 < 40"],
    )

    def turn(count: int) -> list[float]:
        asked = []
        for trial in sweeping.trials.claim(sweeping.actor, sweep, count=count).trials:
            x = float(trial.params["x"])
            outcome = Outcome("finished", [-x], metrics={"latency_p95": 100 * x})
            sweeping.trials.complete(sweeping.actor, sweep, trial.number, trial.attempt, outcome)
            asked.append(x)
        return asked

    blind = turn(10)
    assert sum(x >= 0.4 for x in blind) >= 4  # nothing is known of the bound yet
    # One at a time: of many at once a model answers those it has time for. Generations need longer.
    turns, at_once = (20, 10) if method == "nsga2" else (40, 1)
    informed = [x for _ in range(turns) for x in turn(at_once)][-30:]
    assert sum(x < 0.4 for x in informed) >= 15  # without the bound nearly all would be near 1
    best = sweeping.results.best(sweeping.actor, sweep, limit=300)
    assert best[0].ranked.feasible and best[0].ranked.params["x"] < 0.4
    unbounded = min(one.ranked.mean[0] for one in best)
    assert best[0].ranked.mean[0] > unbounded  # a better one was met, and is too slow
    feasible = [one.ranked.feasible for one in best]
    assert feasible == sorted(feasible, reverse=True) and not all(feasible)
