"""Agents in processes of their own on one directory, killed at random moments and between any two acts
on files: `python -m tests.support.folder_chaos DIRECTORY --seed 7` plays one sweep to its end and prints
what came of it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from runstone.agents.folder import create_folder, open_folder
from runstone.agents.folder.files import Files
from runstone.agents.source import Ending, SourceAway
from runstone.search import endings

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20, 30]}},
    "retries": 100,
}
LEASE_SECONDS = 0.4


class DyingFiles(Files):
    """The process ends by SIGKILL before its nth act that changes files. Reading changes nothing, and the
    longer the log, the more of it there is."""

    left = 0

    def step(self, name: str) -> None:
        type(self).left -= name != "read"
        if type(self).left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def work(directory: Path, seed: int) -> None:
    """One agent, to the end of the sweep or of its life. What was acknowledged goes to `told/`."""
    die = random.Random(seed)
    DyingFiles.left = die.randint(5, 80)
    told = (directory / "told" / f"{seed}").open("a", buffering=1)
    source = open_folder(directory).source(files=DyingFiles)
    source.join(host=f"h{seed % 3}", name="")
    held: dict[int, int] = {}
    while True:
        try:
            if not held:
                found = source.claim(die.randint(1, 3))
                if found.done:
                    return
                held = {trial.number: trial.attempt for trial in found.assignments}
                for trial in found.assignments:
                    told.write(f"given {trial.number} {trial.attempt}\n")
            time.sleep(die.random() * 0.02)
            for number in source.beat(held).lost:
                held.pop(number)
            for number, attempt in list(held.items())[:1]:
                failed = die.random() < 0.1
                ending = Ending("failed") if failed else Ending("finished", [float(number)])
                if source.complete(number, attempt, ending) and not failed:
                    told.write(f"done {number} {attempt}\n")
                held.pop(number)
        except SourceAway:
            time.sleep(0.01)


def play(directory: Path, seed: int, *, agents: int = 4, seconds_max: float = 120.0) -> dict[str, Any]:
    die = random.Random(seed)
    create_folder(GRID, directory, lease_seconds=LEASE_SECONDS)
    (directory / "told").mkdir()
    living: set[int] = set()
    until = time.monotonic() + seconds_max
    born = killed = 0
    sweep = open_folder(directory)
    while sweep.state != "finished" and time.monotonic() < until:
        while len(living) < agents:
            born += 1
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    work(directory, seed * 1_000 + born)
                    code = 0
                finally:
                    os._exit(code)
            living.add(pid)
        time.sleep(die.random() * 0.1)
        if die.random() < 0.3:
            killed += 1
            os.kill(die.choice(sorted(living)), signal.SIGKILL)
        for pid in list(living):
            if os.waitpid(pid, os.WNOHANG)[0]:
                living.discard(pid)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return {**audit(directory), "agents": born, "killed": killed, "state": sweep.state}


def audit(directory: Path) -> dict[str, Any]:
    """Out of the log itself, and out of what agents were told: how often each cell was proposed and
    finished, each attempt handed out, and each result acknowledged."""
    proposed: Counter[int] = Counter()
    finished: Counter[int] = Counter()
    leased: Counter[str] = Counter()
    states: dict[int, str] = {}
    for path in sorted((directory / "log").glob("*/*.json")):
        for key, values in json.loads(path.read_bytes()).get("trials", {}).items():
            number = int(key)
            proposed[number] += "params" in values
            if "attempt" in values:
                leased[f"{number}.{values['attempt']}"] += 1
            if values.get("state") == "finished":
                finished[number] += 1
            states[number] = values.get("state", states.get(number, "queued"))
    given: Counter[str] = Counter()
    done: Counter[int] = Counter()
    for path in (directory / "told").iterdir():
        for line in path.read_text().splitlines():
            word, number_text, attempt = line.split()
            if word == "given":
                given[f"{number_text}.{attempt}"] += 1
            else:
                done[int(number_text)] += 1
    return {
        "proposed": sorted(proposed.items()),
        "finished": sorted(finished.items()),
        "leased_max": max(leased.values(), default=0),
        "given_max": max(given.values(), default=0),
        "done_max": max(done.values(), default=0),
        "attempts": len(leased),
        "states": sorted(set(states.values())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    endings.LOSSES_MAX = 10_000  # nobody gives up, however often they die
    for seed in range(given.seed, given.seed + given.rounds):
        print(json.dumps(play(given.directory / str(seed), seed)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
