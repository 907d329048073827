"""Agents and the server are killed at any moment, round after round: every grid cell is completed once.

python -m bench.sweeps.exactly_once [--rounds 200] [--together 10] [--seed 0]

Real processes and real SIGKILLs. One server is kept over all rounds and killed again and again; each round
is a sweep of its own with agents of its own, `--together` rounds at a time. Some agents are stopped for
longer than their leases (SIGSTOP), and come back to a trial that somebody else has. At the end of a round:
one trial per cell, all finished, each with the result of the attempt that counts, and no other attempt's
result was ever acknowledged. RUNSTONE_DATABASE_URL puts the server on PostgreSQL.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.server import free_port

from runstone.server.run import serve
from runstone.server.settings import ServerSettings

A, B = (1, 2, 3), (10, 20, 30)
GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": list(A)}, "b": {"values": list(B)}},
    "retries": 100,
}
LEASE_SECONDS = 5.0  # the shortest there is
KILLING_SECONDS = 6.0  # then they are left to finish
ROUND_SECONDS_MAX = 120.0
P = "/api/v1/projects/-/once"


def forked(work: Callable[[], int], log: Path | None = None) -> int:
    """The id of a process that does `work` and ends. Nothing is loaded again: it begins at once."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        if log is not None:
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(file, 1)
            os.dup2(file, 2)
        status = work()
    finally:
        os._exit(status)


class Server:
    def __init__(self, folder: Path) -> None:
        self.data, self.log, self.port, self.kills = folder / "data", folder / "server.log", free_port(), 0
        environ = {name: value for name, value in os.environ.items() if name == "RUNSTONE_DATABASE_URL"}
        self._settings = ServerSettings.load(
            port=self.port, data=self.data, start_uplink=False, environ=environ
        )
        self.start()

    def start(self) -> None:
        self.pid = forked(lambda: serve(self._settings), self.log)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.kills += 1

    @property
    def key(self) -> str:
        file = self.data / "admin.key"
        for _ in range(600):
            if file.exists() and file.read_text().strip():
                return file.read_text().strip()
            time.sleep(0.05)
        raise TimeoutError(f"The server did not start:\n{self.log.read_text()}")


class Line:
    """Calls of one process, sent again until somebody answers."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._http: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        while True:
            try:
                if self._http is None:
                    self._http = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
                self._http.request(method, path, None if body is None else json.dumps(body), headers)
                answer = self._http.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                self._http = None
                time.sleep(0.1)
                continue
            if answer.status < 500:
                return answer.status, json.loads(data) if data else None
            time.sleep(0.1)


def cost(params: dict[str, Any], attempt: int) -> float:
    """What an attempt says came of its cell: by it one knows whose result was taken."""
    return float(params["a"] * 100_000 + params["b"] * 1_000 + attempt)


def run_agent(line: Line, sweep: str, seed: int, ledger: Path) -> int:
    """Until told that all is done. Every result that was acknowledged is a line of the ledger."""
    die = random.Random(seed)
    status, made = line.call("POST", f"{sweep}/agents", {"host": f"h{die.randrange(3)}"})
    agent = f"{sweep}/agents/{made['id']}"
    while True:
        wanted = {"count": die.choice((1, 1, 1, 2)), "lease_seconds": LEASE_SECONDS}
        status, claim = line.call("POST", f"{agent}/claim", wanted)
        assert status == 200, claim
        if claim["done"]:
            return 0
        for trial in claim["trials"]:
            time.sleep(die.uniform(0.02, 0.5))
            held = [{"number": one["number"], "attempt": one["attempt"]} for one in claim["trials"]]
            line.call("POST", f"{agent}/beat", {"trials": held})
            end: dict[str, Any] = {"attempt": trial["attempt"]}
            if die.random() < 0.05:
                end["state"] = "failed"
            else:
                end["values"] = [cost(trial["params"], trial["attempt"])]
            status, told = line.call("POST", f"{sweep}/trials/{trial['number']}/complete", end)
            assert status in (200, 409), told
            if status == 200 and told["state"] == "finished" and "values" in end:
                with ledger.open("a") as file:
                    file.write(f"{trial['number']} {trial['attempt']}\n")
        if not claim["trials"]:
            time.sleep(0.3)


@dataclass
class Round:
    """One sweep and its agents."""

    seed: int
    sweep: str
    ledger: Path
    start: Callable[[str, int, Path], int]
    agents: set[int] = field(default_factory=set)
    stopped: dict[int, float] = field(default_factory=dict)  # until when
    kills: int = 0
    begun: int = 0

    def join(self) -> None:
        self.agents.add(self.start(self.sweep, self.seed * 1000 + self.begun, self.ledger))
        self.begun += 1

    def kill_one(self, die: random.Random) -> None:
        victim = die.choice(sorted(self.agents))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.agents.discard(victim)
        self.stopped.pop(victim, None)
        self.kills += 1
        self.join()

    def stop_one(self, die: random.Random) -> None:
        """It stands still for longer than its lease, and knows nothing of it."""
        victim = die.choice(sorted(self.agents))
        os.kill(victim, signal.SIGSTOP)
        self.stopped[victim] = time.monotonic() + LEASE_SECONDS + die.uniform(1.0, 7.0)

    def tend(self) -> None:
        """Wake those whose time has come, and let those go that were told that all is done."""
        now = time.monotonic()
        for agent in [agent for agent, until in self.stopped.items() if until <= now]:
            os.kill(agent, signal.SIGCONT)
            del self.stopped[agent]
        for agent in list(self.agents):
            ended, status = os.waitpid(agent, os.WNOHANG)
            if ended:
                assert status == 0, f"seed {self.seed}: an agent ended with {status}"
                self.agents.discard(agent)
                self.stopped.pop(agent, None)

    def check(self, line: Line) -> int:
        """How many attempts it took. AssertionError where a cell was lost, or done twice."""
        trials = line.call("GET", f"{self.sweep}/trials")[1]["trials"]
        cells = sorted((trial["params"]["a"], trial["params"]["b"]) for trial in trials)
        assert cells == [(a, b) for a in A for b in B], f"seed {self.seed}: {cells}"
        acknowledged = Counter(self.ledger.read_text().splitlines() if self.ledger.exists() else ())
        for trial in trials:
            where = f"seed {self.seed}, trial {trial}"
            assert trial["state"] == "finished", where
            assert trial["objective"] == [cost(trial["params"], trial["attempt"])], where
            assert all(attempt["state"] != "finished" for attempt in trial["past"]), where
            acknowledged.pop(f"{trial['number']} {trial['attempt']}", None)
        assert not acknowledged, f"seed {self.seed}: acknowledged, and not what counts: {acknowledged}"
        assert line.call("GET", self.sweep)[1]["state"] == "finished", f"seed {self.seed}"
        return sum(trial["attempt"] for trial in trials)


def play(server: Server, line: Line, die: random.Random, rounds: list[Round], agents: int) -> None:
    for one in rounds:
        for _ in range(agents):
            one.join()
    end = time.monotonic() + KILLING_SECONDS
    server_dies = [end - KILLING_SECONDS * die.uniform(0.1, 0.9) for _ in range(2)]
    while time.monotonic() < end:
        time.sleep(die.uniform(0.0, 0.6) / len(rounds))
        if any(at <= time.monotonic() for at in server_dies):
            server_dies = [at for at in server_dies if at > time.monotonic()]
            server.kill()
            time.sleep(die.uniform(0.0, 0.5))
            server.start()
        one = die.choice(rounds)
        if one.agents:
            one.stop_one(die) if die.random() < 0.15 else one.kill_one(die)
        for one in rounds:
            one.tend()
    deadline = time.monotonic() + ROUND_SECONDS_MAX
    while any(one.agents for one in rounds):
        assert time.monotonic() < deadline, f"seeds {[one.seed for one in rounds if one.agents]} never ended"
        time.sleep(0.05)
        for one in rounds:
            one.tend()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--together", type=int, default=10)
    parser.add_argument("--agents", type=int, default=3, help="of each round")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    attempts = kills = done = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder)
        line = Line(server.port, server.key)
        alive: list[Round] = []
        try:

            def start(sweep: str, seed: int, ledger: Path) -> int:
                own = Line(server.port, server.key)
                return forked(lambda: run_agent(own, sweep, seed, ledger), folder / "agents.log")

            for first in range(given.seed, given.seed + given.rounds, given.together):
                seeds = range(first, min(first + given.together, given.seed + given.rounds))
                alive = []
                for seed in seeds:
                    status, made = line.call("POST", f"{P}/sweeps", {"config": GRID})
                    assert status == 201, made
                    sweep = f"{P}/sweeps/{made['id']}"
                    alive.append(Round(seed, sweep, folder / f"{seed}.ledger", start))
                play(server, line, random.Random(first), alive, given.agents)
                attempts += sum(one.check(line) for one in alive)
                kills += sum(one.kills for one in alive)
                done += len(alive)
                print(f"{done} rounds, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        finally:
            for one in alive:
                for agent in one.agents:
                    os.kill(agent, signal.SIGKILL)
            os.kill(server.pid, signal.SIGKILL)
    cells = len(A) * len(B) * done
    print(
        f"{done} rounds, {cells:,} cells completed once in {attempts:,} attempts; {kills:,} agents and "
        f"{server.kills} servers killed; {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
