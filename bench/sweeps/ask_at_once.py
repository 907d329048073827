"""A thousand agents ask at once: no trial is handed out twice, and how long each waited.

python -m bench.sweeps.ask_at_once [--agents 1000] [--method random] [--finished 0] [--times 5]

Against a real server over as many open connections, every request written before the first answer is
read. Beside it two routes asked in the same way, which say what the machine gives: a claim refused for
its shape (HTTP and the key, nothing else), and `GET /me`. Of several times the best is printed too, for
other work on the machine only ever adds. RUNSTONE_DATABASE_URL puts the server on PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import uvloop
from tests.support.server import RunningServer, running_server

P = "/api/v1/projects/-/sweeps-bench"


class Asker(asyncio.Protocol):
    """One connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.future: asyncio.Future[tuple[int, bytes]] | None = None
        self.data = b""

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self.future = asyncio.get_running_loop().create_future()
        self.data = b""
        self.transport.write(request)
        return self.future

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, mark, body = self.data.partition(b"\r\n\r\n")
        if not mark:
            return
        place = head.lower().index(b"content-length:") + len(b"content-length:")
        if len(body) >= int(head[place:].split(b"\r\n", 1)[0]) and self.future is not None:
            self.ended = time.perf_counter()
            self.future.set_result((int(head[9:12]), body))
            self.future = None


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def at_once(
    askers: Sequence[Asker], requests: Sequence[bytes], server: psutil.Process
) -> tuple[list[tuple[int, bytes]], list[float], float]:
    """Answers, seconds from the first write to each, and the server's processor seconds."""
    used = sum(server.cpu_times()[:2])
    began = time.perf_counter()
    futures = [asker.ask(one) for asker, one in zip(askers, requests, strict=True)]
    answers = await asyncio.gather(*futures)
    return list(answers), [asker.ended - began for asker in askers], sum(server.cpu_times()[:2]) - used


def told(name: str, times: Sequence[tuple[Sequence[float], float]]) -> None:
    found = [
        (*np.percentile(np.array(waited) * 1000, [50, 99]), used / len(waited) * 1000)
        for waited, used in times
    ]
    best, middle = min(found, key=lambda one: one[1]), sorted(found, key=lambda one: one[1])[len(found) // 2]
    print(
        f"{name:28} p50 {middle[0]:5.0f} ms  p99 {middle[1]:5.0f} ms  (best p99 {best[1]:5.0f} ms)  "
        f"server {min(one[2] for one in found):.2f} ms of processor each"
    )


def finish_some(api: httpx.Client, sweep: str, count: int) -> None:
    while count > 0:
        trials = api.post(f"{sweep}/ask", json={"count": min(100, count)}).json()["trials"]
        for trial in trials:
            body = {"attempt": trial["attempt"], "values": [trial["params"]["x0"]]}
            api.post(f"{sweep}/trials/{trial['number']}/complete", json=body).raise_for_status()
        count -= len(trials)


def prepared(server: RunningServer, given: argparse.Namespace) -> tuple[str, list[str]]:
    """A sweep's path, and its agents."""
    parameters = {f"x{n}": {"min": 0.0, "max": 1.0} for n in range(5)}
    config = {"method": given.method, "metric": {"name": "y"}, "parameters": parameters}
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as api:
        made = api.post(f"{P}/sweeps", json={"config": config})
        made.raise_for_status()
        sweep = f"{P}/sweeps/{made.json()['id']}"
        finish_some(api, sweep, given.finished)
        hosts = [f"h{n % 50}" for n in range(given.agents)]
        return sweep, [api.post(f"{sweep}/agents", json={"host": host}).json()["id"] for host in hosts]


async def measure(
    server: RunningServer, given: argparse.Namespace, sweep: str, agents: Sequence[str]
) -> None:
    key, process = server.admin_key, psutil.Process(server.process.pid if server.process else 0)
    loop = asyncio.get_running_loop()
    askers = [(await loop.create_connection(Asker, "127.0.0.1", server.port))[1] for _ in range(given.agents)]
    bare = [request("POST", f"{sweep}/agents/{agent}/claim", key, b"[]") for agent in agents]
    me = [request("GET", "/api/v1/me", key) for _ in agents]
    claims = [request("POST", f"{sweep}/agents/{agent}/claim", key, b"{}") for agent in agents]
    numbers: list[int] = []
    times: dict[str, list[tuple[list[float], float]]] = {
        "a claim refused for its shape": [],
        "GET /me": [],
        "a claim": [],
    }
    for _ in range(given.times):
        for name, requests, status in zip(times, (bare, me, claims), (422, 200, 200), strict=True):
            answers, waited, used = await at_once(askers, requests, process)
            assert {code for code, _ in answers} == {status}, answers[0]
            times[name].append((waited, used))
            if name == "a claim":
                numbers += [trial["number"] for _, body in answers for trial in json.loads(body)["trials"]]
    assert len(numbers) == len(set(numbers)) == given.agents * given.times, "handed out twice, or not at all"
    print(
        f"{given.agents:,} at once, {given.times} times; {given.method}, {given.finished:,} finished; "
        f"{len(numbers):,} trials handed out, none twice"
    )
    for name, found in times.items():
        told(name, found)
    for asker in askers:
        asker.transport.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--method", default="random")
    parser.add_argument("--finished", type=int, default=0, help="trials that have ended before")
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    env = {name: os.environ[name] for name in ("RUNSTONE_DATABASE_URL",) if name in os.environ}
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data", env=env) as server:
        uvloop.run(measure(server, given, *prepared(server, given)))


if __name__ == "__main__":
    main()
