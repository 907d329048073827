"""Fronts over a project's runs, held against comparing each run with each."""

from __future__ import annotations

import itertools
import random
from typing import Any

import httpx
import pytest
from tests.server.doors.rest.test_rest_runs import put

LOSS_AND_LATENCY = [{"key": "summary.loss"}, {"key": "summary.latency.p95", "goal": "minimize"}]


def front(api: httpx.Client, project: str, objectives: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    answer = api.post(f"{project}/runs/pareto", json={"objectives": objectives, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def on(found: dict[str, Any], place: str = "front") -> list[str]:
    return [point["run"] for point in found["points"] if point["place"] == place]


@pytest.fixture
def runs(api: httpx.Client, project: str) -> dict[str, dict[str, Any]]:
    draw = random.Random(3)
    made = {}
    for number in range(60):
        # Of few values, so that some are equal.
        summary = {
            "loss": draw.randint(0, 9) / 10,
            "latency": {"p95": float(draw.randint(10, 30))},
            "acc": draw.randint(0, 9) / 10,
        }
        if number % 10 == 9:
            summary.pop("loss")
        if number % 10 == 8:
            summary["loss"] = "NaN"
        made[f"r{number:02d}"] = summary
        put(api, project, f"r{number:02d}", config={"layers": number % 3}, summary=summary)
    return made


def expected_front(points: dict[str, tuple[float, ...]]) -> set[str]:
    def beaten(own: tuple[float, ...]) -> bool:
        return any(o != own and all(a <= b for a, b in zip(o, own, strict=True)) for o in points.values())

    return {run for run, own in points.items() if not beaten(own)}


def numbers(runs: dict[str, Any], sign: float = 1.0) -> dict[str, tuple[float, ...]]:
    return {
        run: (s["loss"], s["latency"]["p95"], sign * s["acc"])
        for run, s in runs.items()
        if isinstance(s.get("loss"), float)
    }


def test_exactly_the_runs_that_none_beats_are_on_the_front(
    api: httpx.Client, project: str, runs: dict[str, Any]
) -> None:
    found = front(api, project, LOSS_AND_LATENCY)
    points = {run: own[:2] for run, own in numbers(runs).items()}
    assert set(on(found)) == expected_front(points)
    assert (found["total"], found["compared"]) == (60, len(points))
    assert found["front"] + found["dominated"] == len(points)
    assert found["reference"] == [max(p[0] for p in points.values()), max(p[1] for p in points.values())]
    first = [point["values"][0] for point in found["points"] if point["place"] == "front"]
    assert first == sorted(first)


def test_three_objectives_of_which_one_is_maximised(
    api: httpx.Client, project: str, runs: dict[str, Any]
) -> None:
    objectives = [*LOSS_AND_LATENCY, {"key": "summary.acc", "goal": "maximize"}]
    found = front(api, project, objectives)
    assert set(on(found)) == expected_front(numbers(runs, -1.0))
    assert found["hypervolume"] > 0
    assert found["curve"][-1]["hypervolume"] == pytest.approx(found["hypervolume"])


def test_what_breaks_a_limit_is_off_the_front_and_says_which(
    api: httpx.Client, project: str, runs: dict[str, Any]
) -> None:
    limits = ["latency.p95 < 20", "summary.acc >= 0.3"]
    found = front(api, project, LOSS_AND_LATENCY, constraints=limits)
    kept = {run: own[:2] for run, own in numbers(runs).items() if own[1] < 20 and runs[run]["acc"] >= 0.3}
    assert set(on(found)) == expected_front(kept)
    for point in found["points"]:
        summary = runs[point["run"]]
        broken = [n for n, ok in enumerate((summary["latency"]["p95"] < 20, summary["acc"] >= 0.3)) if not ok]
        assert point["broken"] == broken
        assert (point["place"] == "infeasible") == bool(broken)


def test_a_limit_on_what_a_run_has_not_is_broken(api: httpx.Client, project: str) -> None:
    put(api, project, "told", summary={"a": 1.0, "b": 1.0, "memory": 3.0})
    put(api, project, "silent", summary={"a": 0.5, "b": 0.5})
    found = front(api, project, [{"key": "a"}, {"key": "b"}], constraints=["memory < 4"])
    assert on(found) == ["told"]
    assert on(found, "infeasible") == ["silent"]


def test_the_hypervolume_rises_with_the_runs_that_won_some(api: httpx.Client, project: str) -> None:
    for run, a, b in (("one", 4.0, 4.0), ("worse", 5.0, 5.0), ("two", 1.0, 6.0), ("three", 3.0, 3.0)):
        put(api, project, run, summary={"a": a, "b": b})
    found = front(api, project, [{"key": "a"}, {"key": "b"}], reference=[10, 10])
    assert [(then["run"], then["runs"], then["hypervolume"]) for then in found["curve"]] == [
        ("one", 1, 36.0),
        ("two", 3, 48.0),
        ("three", 4, 57.0),
    ]
    assert found["hypervolume"] == 57.0
    assert found["reference"] == [10.0, 10.0]


def test_filter_and_search_choose_the_runs(api: httpx.Client, project: str, runs: dict[str, Any]) -> None:
    found = front(api, project, LOSS_AND_LATENCY, filter={"config.layers": 1})
    points = {run: own[:2] for run, own in numbers(runs).items() if int(run[1:]) % 3 == 1}
    assert found["total"] == 20
    assert set(on(found)) == expected_front(points)
    assert front(api, project, LOSS_AND_LATENCY, search="r0")["total"] == 10


def test_the_front_is_brought_whole_before_the_others(
    api: httpx.Client, project: str, runs: dict[str, Any]
) -> None:
    whole = front(api, project, LOSS_AND_LATENCY)
    some = front(api, project, LOSS_AND_LATENCY, limit=whole["front"] + 2)
    assert on(some) == on(whole)
    assert len(some["points"]) == whole["front"] + 2
    assert some["dominated"] == whole["dominated"]


def test_no_run_with_values_is_an_empty_front_and_no_error(api: httpx.Client, project: str) -> None:
    put(api, project, "none", summary={"a": 1.0})
    found = front(api, project, [{"key": "a"}, {"key": "b"}])
    assert (found["total"], found["compared"], found["points"], found["hypervolume"]) == (1, 0, [], None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"objectives": [{"key": "a"}, {"key": "summary.a"}]}, "same"),
        ({"objectives": [{"key": "a"}, {"key": "b"}], "constraints": ["a is small"]}, "NAME < NUMBER"),
        ({"objectives": [{"key": "a"}, {"key": "b"}], "reference": [1]}, "1 numbers for 2 objectives"),
        ({"objectives": [{"key": "a"}]}, "objectives"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_rule(
    api: httpx.Client, project: str, body: dict[str, Any], words: str
) -> None:
    answer = api.post(f"{project}/runs/pareto", json=body)
    assert answer.status_code in (400, 422)
    assert words in answer.text


def test_every_order_of_arrival_gives_the_same_front(api: httpx.Client, project: str) -> None:
    values = [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)]
    for number, order in enumerate(itertools.islice(itertools.permutations(values), 6)):
        for place, (a, b) in enumerate(order):
            put(api, project, f"{number}-{place}", group=f"g{number}", summary={"a": a, "b": b})
        found = front(api, project, [{"key": "a"}, {"key": "b"}], filter={"group": f"g{number}"})
        assert [point["values"] for point in found["points"][:3]] == [[1, 3], [2, 2], [3, 1]]
        assert found["front"] == 3
