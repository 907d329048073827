"""Try every prompt of sweep.yaml on a model, and print which is best.

`python evaluate.py` needs a server (`runstone server`). Several may run at once, by
--sweep ID: each combination is tried by one of them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from runstone.client.sweeps import Sweep

HERE = Path(__file__).parent
PROJECT = "prompt-sweep"
QUESTIONS = [(f"{n * 7 % 60} + {n * 13 % 90}", n * 7 % 60 + n * 13 % 90) for n in range(1, 25)]


@contextmanager
def stub_model() -> Iterator[str]:
    """The address of a stand-in, in a process of its own."""
    command = [sys.executable, str(HERE / "stub_model.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def evaluate(model: httpx.Client, arguments: dict[str, Any], seed: int) -> tuple[float, float]:
    """Of all questions the share answered rightly, and the words it took on average."""
    prompt = arguments["prompt"]
    examples = "".join(f"Q: {question}\nA: {answer}\n" for question, answer in prompt["examples"])
    right = words = 0
    for question, truth in QUESTIONS:
        text = prompt["template"].format(examples=examples, question=question)
        body = {"prompt": text, "seed": seed, "max_tokens": 16, **arguments["decoding"]}
        told = model.post("/v1/completions", json=body).raise_for_status().json()
        right += told["choices"][0]["text"].strip() == str(truth)
        words += told["usage"]["total_tokens"]
    return right / len(QUESTIONS), words / len(QUESTIONS)


def main(model: str = "", sweep_id: str = "") -> list[dict[str, Any]]:
    """The combinations, best first."""
    if not model:
        with stub_model() as address:
            return main(address, sweep_id)
    config = yaml.safe_load((HERE / "sweep.yaml").read_text())
    sweep = Sweep(sweep_id, PROJECT) if sweep_id else Sweep.create(PROJECT, config)
    with sweep, httpx.Client(base_url=model, timeout=60) as http:
        print(sweep.url)
        for trial in sweep.ask_each():
            with trial:
                accuracy, words = evaluate(http, dict(trial.arguments), seed=trial.number)
                trial.tell(accuracy, metrics={"words": words})
        ranking = [dict(one) for one in sweep.best(limit=100)]
    for one in ranking:
        template, examples = one["params"]["template"], one["params"]["few_shot"]
        temperature = one["params"]["decoding.temperature"]
        budget = "" if one["feasible"] else "  too many words"
        print(
            f"{template:>8} {examples:>6} {temperature:4.1f}  accuracy {one['mean'][0]:.3f}, "
            f"at least {one['bound'][0]:.3f}{budget}"
        )
    return ranking


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="a server of completions; absent: a stand-in")
    parser.add_argument("--sweep", default="", help="help with one that was made before")
    given = parser.parse_args()
    main(given.model, given.sweep)
