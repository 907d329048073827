"""Exactly once in a directory: `python -m bench.sweeps.folder_once [--rounds 200]`.

Each round is a grid of nine cells and four agents in processes of their own, which are killed at random
moments and between any two acts on files, and replaced, until the sweep is finished. Says how many
attempts that took; ends with an error where a cell was proposed or completed other than once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.folder_chaos import play

from runstone.search import endings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    endings.LOSSES_MAX = 10_000
    once = [(number, 1) for number in range(9)]
    attempts = agents = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.first, given.first + given.rounds):
            found = play(Path(folder) / str(seed), seed)
            assert found["state"] == "finished", f"seed {seed}: {found}"
            assert found["proposed"] == found["finished"] == once, f"seed {seed}: {found}"
            assert found["leased_max"] == found["given_max"] == 1, f"seed {seed}: {found}"
            assert found["done_max"] <= 1, f"seed {seed}: {found}"
            attempts += found["attempts"]
            agents += found["agents"]
    print(
        f"{given.rounds} rounds, {9 * given.rounds:,} cells completed once in {attempts:,} attempts by "
        f"{agents:,} agents, all but {4 * given.rounds:,} of them killed; {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
