"""The example that ranks prompts: a server, a sweep, and a model that answers over HTTP, all real."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tests.support.server import RunningServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "prompt_sweep" / "evaluate.py"


def test_prompts_are_ranked_by_what_can_be_relied_on_within_the_budget(
    shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)
    monkeypatch.setenv("RUNSTONE_API_KEY", shared_server.admin_key)
    spec = importlib.util.spec_from_file_location("evaluate_prompts", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ranking = module.main()
    assert len(ranking) == 3 * 3 * 2 and all(len(one["trials"]) == 3 for one in ranking)
    best = ranking[0]
    assert best["params"] == {"template": "steps", "few_shot": "two", "decoding.temperature": 0.0}
    assert best["arguments"]["prompt"]["template"].startswith("Think step by step")
    assert best["arguments"]["prompt"]["examples"] == [["2 + 3", "5"], ["40 + 2", "42"]]
    feasible = [one["feasible"] for one in ranking]
    assert feasible == sorted(feasible, reverse=True)  # what breaks the budget comes last, however right
    assert [one["params"]["few_shot"] for one in ranking if not one["feasible"]] == ["many"] * 6
    bounds = [one["bound"][0] for one in ranking if one["feasible"]]
    assert bounds == sorted(bounds, reverse=True)
    by_params = {tuple(one["params"].values()): one["mean"][0] for one in ranking}
    assert by_params["steps", "two", 0.0] > by_params["terse", "none", 0.0] > by_params["terse", "none", 0.8]
