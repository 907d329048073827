"""Sweeps for the pages to show: told by hand, as a strategy of one's own would."""

from __future__ import annotations

import random
from typing import Any

from tests.browser.seed import Seeder
from tests.support.artifacts import log_artifact

PROMPTS: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "repeats": 2,
    "prompts": {
        "templates": {
            "terse": "{question}\nAnswer:",
            "steps": "Think step by step, then answer in one word.\n\nQ: {question}\nA:",
            "expert": "You are a careful expert. Answer the question and nothing else.\n\n{question}",
        },
        "few_shot": {"none": [], "two": [["2+2?", "4"], ["Capital of France?", "Paris"]]},
        "decoding": {"temperature": {"values": [0.0, 0.7]}},
    },
}
ACCURACY = {"terse": 0.50, "steps": 0.80, "expert": 0.65}


def ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def prompt_sweep(seed: Seeder, project: str, sweep: str) -> None:
    """A prompt sweep of which `steps` with examples is best, and by how much is known."""
    at = f"/projects/-/{project}/sweeps"
    ok(seed.api.post(at, json={"config": PROMPTS, "id": sweep}))
    draw = random.Random(2)
    while trials := ok(seed.api.post(f"{at}/{sweep}/ask", json={"count": 50}))["trials"]:
        for trial in trials:
            params = trial["params"]
            value = ACCURACY[params["template"]] + (0.08 if params["few_shot"] == "two" else 0.0)
            value += draw.gauss(0, 0.01) - 0.02 * params["decoding.temperature"]
            told = {"number": trial["number"], "attempt": trial["attempt"], "values": [value]}
            ok(seed.api.post(f"{at}/{sweep}/tell", json={**told, "state": "finished"}))


def model_sweep(seed: Seeder, project: str, sweep: str, config: dict[str, Any], trials: int) -> str:
    """A sweep of runs that each log a model made from a dataset; the run of the best trial."""
    seed.project(project)
    place = f"/projects/-/{project}"
    log_artifact(seed.api, place, "speech", {"clips.csv": b"1,2"}, type="dataset")
    at = f"{place}/sweeps"
    ok(seed.api.post(at, json={"config": config, "id": sweep, "display_name": sweep}))
    agent = ok(seed.api.post(f"{at}/{sweep}/agents", json={"host": "gpu-1", "name": "gpu-1"}))["id"]
    draw = random.Random(sweep)
    losses: dict[str, float] = {}
    for number in range(trials):
        trial = ok(seed.api.post(f"{at}/{sweep}/agents/{agent}/claim", json={"count": 1}))["trials"][0]
        loss = 0.1 + (trial["arguments"]["lr"] - 0.03) ** 2 + draw.random() / 10
        latency = 30 + 5 * trial["arguments"]["layers"] * (1 + draw.random() / 4) - 20 * loss
        rows = [
            {"loss": loss + (30 - step) / 60, "latency_p95": latency + draw.gauss(0, 0.5)}
            for step in range(31)
        ]
        run = seed.run(project, trial["run"], config=trial["arguments"], rows=rows, name=f"trial-{number}")
        ok(seed.api.post(f"{place}/runs/{trial['run']}/artifacts", json={"artifact": "speech"}))
        log_artifact(seed.api, place, "asr", {"w": trial["run"].encode()}, type="model", run=trial["run"])
        run.end()
        told = {"attempt": trial["attempt"], "state": "finished", "values": [loss]}
        ok(seed.api.post(f"{at}/{sweep}/trials/{trial['number']}/complete", json=told))
        losses[trial["run"]] = loss
    ok(seed.api.patch(f"{at}/{sweep}", json={"state": "finished"}))
    return min(losses, key=lambda run: losses[run])
