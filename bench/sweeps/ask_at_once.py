"""A thousand agents ask at once: no trial is handed out twice, and how long each waited.

python -m bench.sweeps.ask_at_once [--agents 1000] [--threads 16] [--method random]

Against the domain in one process; `threads` is how many requests a server works on at a time (its
lane of readers has as many), the others wait their turn, and their waiting counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tests.support.sweeping import SweepWorld
from tests.support.world import open_world, populate

from runstone.server.domain.sweep_model import Outcome
from runstone.server.stores.records.engine import open_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--method", default="random")
    parser.add_argument("--finished", type=int, default=0, help="trials that have ended before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = open_records(f"sqlite:///{folder}/records.db")
        populate(records)
        sweeping = SweepWorld(open_world(records), Path(folder))
        parameters = {f"x{n}": {"min": 0.0, "max": 1.0} for n in range(5)}
        sweep = sweeping.make(method=given.method, metric={"name": "y"}, parameters=parameters)
        for _ in range(-(-given.finished // 100)):
            for trial in sweeping.trials.claim(sweeping.actor, sweep, count=100).trials:
                outcome = Outcome("finished", [float(trial.params["x0"])])
                sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, outcome)
        agents = [
            sweeping.trials.register(sweeping.actor, sweep, host=f"h{n % 50}").id for n in range(given.agents)
        ]
        began, used = time.perf_counter(), time.process_time()

        def ask(agent: str) -> tuple[list[int], float]:
            claim = sweeping.trials.claim(sweeping.actor, sweep, agent_id=agent)
            return [trial.number for trial in claim.trials], time.perf_counter() - began

        with ThreadPoolExecutor(given.threads) as pool:
            found = list(pool.map(ask, agents))
        used = time.process_time() - used
        sweeping.close()
        records.close()
    numbers = [number for taken, _ in found for number in taken]
    waited = np.array([seconds for _, seconds in found]) * 1000
    assert len(numbers) == len(set(numbers)) == given.agents, "a trial was handed out twice, or not at all"
    half, most = np.percentile(waited, [50, 99])
    print(
        f"{given.agents:,} agents ({given.method}, {given.finished:,} finished): p50 {half:.0f} ms, "
        f"p99 {most:.0f} ms from the moment all asked; {used / given.agents * 1000:.2f} ms of processor each"
    )


if __name__ == "__main__":
    main()
