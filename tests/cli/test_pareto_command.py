"""`runstone pareto`: real commands against a real server, held against comparing run with run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.rest import new_name
from tests.support.server import RunningServer
from typer.testing import CliRunner

from runstone.cli.main import app

Pareto = Callable[..., Any]


@pytest.fixture
def pareto(shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Pareto:
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)
    monkeypatch.setenv("RUNSTONE_API_KEY", shared_server.admin_key)

    def run(*arguments: str, status: int = 0, plain: bool = False) -> Any:
        done = CliRunner().invoke(app, ["pareto", *arguments, *([] if plain else ["--json"])])
        assert done.exit_code == status, (done.exit_code, done.output, done.exception)
        return done if plain else json.loads(done.stdout)

    return run


def log(server: RunningServer, project: str, summaries: dict[str, dict[str, float]]) -> None:
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    with httpx.Client(base_url=f"{server.base_url}/api/v1", headers=headers) as api:
        for run, summary in summaries.items():
            answer = api.put(f"/projects/-/{project}/runs/{run}", json={"summary": summary})
            answer.raise_for_status()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_runs_that_none_beats_are_printed(
    pareto: Pareto, shared_server: RunningServer, points: list[tuple[int, int]]
) -> None:
    project = new_name("pareto")
    log(
        shared_server,
        project,
        {f"r{n}": {"latency": float(a), "accuracy": float(b)} for n, (a, b) in enumerate(points)},
    )
    expected = {
        f"r{n}"
        for n, (a, b) in enumerate(points)
        if not any(x <= a and y >= b and (x, y) != (a, b) for x, y in points)
    }
    found = pareto(project, "--min", "latency", "--max", "accuracy")
    assert {point["run"] for point in found["points"]} == expected
    assert found["total"] == len(points)


def test_a_table_names_the_runs_and_says_how_many_were_left_out(
    pareto: Pareto, shared_server: RunningServer
) -> None:
    project = new_name("pareto")
    log(
        shared_server,
        project,
        {
            "fast": {"loss": 0.5, "latency_p95": 20},
            "good": {"loss": 0.2, "latency_p95": 70},
            "worse": {"loss": 0.6, "latency_p95": 75},
            "slow": {"loss": 0.1, "latency_p95": 90},
            "silent": {"loss": 0.1},
        },
    )
    wanted = ("--objective", "loss:min", "--objective", "latency_p95:min", "-c", "latency_p95 < 80")
    done = pareto(project, *wanted, plain=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["RUN", "NAME", "LOSS", "LATENCY_P95"]
    assert [row[0] for row in rows[1:]] == ["good", "fast"]
    assert "4 of 5 runs compared, 2 on the front, 1 beaten, 1 break a constraint" in done.stderr
    assert "1 without a number in every objective" in done.stderr
    everything = pareto(project, *wanted, "--all", plain=True)
    assert "latency_p95 < 80" in everything.stdout
    narrowed = pareto(project, *wanted, "--filter", '{"summary.loss": {"$gt": 0.3}}')
    assert [point["run"] for point in narrowed["points"]] == ["fast"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--objective", "loss:min"], "2 or 3 objectives"),
        (["--objective", "loss", "--min", "b"], "'loss' is no objective"),
        (["--min", "a", "--max", "a"], "named twice"),
        (["--min", "a", "--min", "b", "--filter", "{"], "not JSON"),
    ],
)
def test_what_is_wrong_is_said_before_a_server_is_asked(
    pareto: Pareto, arguments: list[str], words: str
) -> None:
    done = pareto("any", *arguments, status=2, plain=True)
    assert words in done.stderr


def test_a_constraint_that_cannot_be_read_is_refused_with_the_rule(
    pareto: Pareto, shared_server: RunningServer
) -> None:
    project = new_name("pareto")
    log(shared_server, project, {"one": {"a": 1.0, "b": 1.0}})
    done = pareto(project, "--min", "a", "--min", "b", "-c", "a is small", status=1, plain=True)
    assert "NAME < NUMBER" in done.stderr
