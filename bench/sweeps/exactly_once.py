"""Agents and servers that die at any point, round after round: every grid cell is completed once.

python -m bench.sweeps.exactly_once [--rounds 200] [--first 0]

In one process against the domain, every round with a die of its own whose seed is printed where it
fails. What is killed, and when, is in `tests/support/sweeping.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.sweeping import ChaoticAgents, SweepWorld
from tests.support.world import open_world, populate

from runstone.search import endings
from runstone.server.stores.records.engine import open_records

GRID = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20, 30]}},
    "retries": 100,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    endings.LOSSES_MAX = 10_000
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        records = open_records(f"sqlite:///{folder}/records.db")
        populate(records)
        sweeping = SweepWorld(open_world(records), Path(folder))
        attempts = 0
        for seed in range(given.first, given.first + given.rounds):
            sweeping.restart()
            sweep = sweeping.make(**GRID)
            agents = ChaoticAgents(sweeping, sweep, seed)
            assert agents.run(), f"seed {seed}: the sweep never ended"
            trials = sweeping.all(sweep)
            cells = sorted(tuple(trial.params.values()) for trial in trials)
            assert cells == sorted((a, b) for a in (1, 2, 3) for b in (10, 20, 30)), f"seed {seed}: {cells}"
            assert {trial.state for trial in trials} == {"finished"}, f"seed {seed}"
            assert set(agents.ended.values()) <= {1}, f"seed {seed}: {agents.ended}"
            attempts += sum(trial.attempt for trial in trials)
        sweeping.close()
        records.close()
    cells = 9 * given.rounds
    print(
        f"{given.rounds} rounds, {cells:,} cells completed once in {attempts:,} attempts; "
        f"{time.process_time() - began:.0f} s of processor"
    )


if __name__ == "__main__":
    main()
