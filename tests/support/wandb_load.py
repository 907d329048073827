"""Many wandb clients at once, without the clients: recorded stream bodies replayed, numbered anew for each
client, and sent again as the client's core sends again. Afterwards every row is read back.

    bodies = record_stream(server, folder, release="0.31.0", seconds=32, interval=15)
    load = Load(server, Steady(bodies), clients=200, interval=15.0)
    asyncio.run(load.run(seconds=600))
    assert check_rows(load) == []
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.support.server import RunningServer
from tests.support.wandb_wire import UPSERT

HISTORY, EVENTS, SUMMARY, CONSOLE = (
    "wandb-history.jsonl",
    "wandb-events.jsonl",
    "wandb-summary.json",
    "output.log",
)
# As the core does (`core/internal/api`): as `Retry-After` says, else 2 s doubling up to 60 s, up to a
# quarter more by chance.
RETRY_MIN_SECONDS, RETRY_MAX_SECONDS = 2.0, 60.0
FATAL = frozenset({400, 401, 403, 404, 409, 410, 413, 422, 501})
PROJECT = "load"


def loss_of(client: int, step: int) -> float:
    """A value that tells which row it is, exact in binary and in JSON."""
    return ((client * 1_000_003 + step * 7_919) % 65_536) / 65_536


class Steady:
    """The recorded body of a run in full swing, to be numbered anew."""

    def __init__(self, bodies: list[dict[str, Any]]) -> None:
        def count(body: dict[str, Any]) -> int:
            return len(body.get("files", {}).get(HISTORY, {}).get("content", ()))

        files = max(bodies, key=count)["files"]
        self.rows = [_without(line) for line in files[HISTORY]["content"]]
        self.events: list[str] = next(
            (body["files"][EVENTS]["content"] for body in bodies if EVENTS in body.get("files", {})), []
        )
        self.summary = json.loads(files[SUMMARY]["content"][-1])
        self.console: list[str] = files.get(CONSOLE, {}).get("content", [])
        self.last = {key: value for key, value in bodies[-1].items() if key != "files"}
        assert self.rows, "nothing was recorded"


def _without(line: str) -> str:
    row = json.loads(line)
    del row["_step"], row["loss"]
    return json.dumps(row)[1:]


@dataclass
class Client:
    number: int
    rows: int = 0  # numbered so far; all of them are acknowledged in the end
    events: int = 0
    lines: int = 0

    @property
    def run(self) -> str:
        return f"load{self.number:04d}"


@dataclass
class Figures:
    """Of answers; retries are counted apart."""

    seconds: list[float] = field(default_factory=list)  # of stream requests
    upserts: list[float] = field(default_factory=list)  # of those that make a run
    slow: list[tuple[float, float]] = field(default_factory=list)  # (when, seconds) of those over 1 s
    delays: list[float] = field(default_factory=list)  # by which the machine woke us late: its noise
    retries: int = 0
    sent_away: int = 0  # of the retries: by a server that said when to come back
    fatal: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return quantile(self.seconds, share)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Load:
    def __init__(
        self,
        server: RunningServer,
        steady: Steady,
        *,
        clients: int,
        interval: float,
        retry_seconds: float = RETRY_MIN_SECONDS,
    ) -> None:
        self.server, self.steady, self.interval = server, steady, interval
        self.retry_seconds = retry_seconds
        self.clients = [Client(number) for number in range(clients)]
        self.figures = Figures()
        self._chance = random.Random(1)
        self._stop = asyncio.Event()
        self._began = 0.0

    async def run(
        self, seconds: float, *, meanwhile: Callable[[], Any] | None = None, every: float = 10.0
    ) -> None:
        """All clients for that long, each ending as a real one does. `meanwhile` is called every so
        often, in a thread."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(
            base_url=self.server.base_url,
            auth=("api", self.server.admin_key),
            timeout=30,
            limits=limits,
            headers={"User-Agent": "wandb-core", "Content-Type": "application/json"},
        ) as http:
            self._began = time.monotonic()
            end = self._began + seconds
            watching = asyncio.gather(self._watch(meanwhile, every), self._listen())
            await asyncio.gather(*(self._live(http, client, end) for client in self.clients))
            self._stop.set()
            await watching

    async def _listen(self) -> None:
        """How late a sleep of 10 ms ends: what of the answers is the machine, not the server."""
        while not self._stop.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            self.figures.delays.append(time.perf_counter() - began - 0.01)
            await asyncio.sleep(0.2)

    async def _watch(self, meanwhile: Callable[[], Any] | None, every: float) -> None:
        while not self._stop.is_set():
            if meanwhile is not None:
                await asyncio.to_thread(meanwhile)
            try:
                await asyncio.wait_for(self._stop.wait(), every)
            except asyncio.TimeoutError:
                pass

    async def _live(self, http: httpx.AsyncClient, client: Client, end: float) -> None:
        # Trainings begin at any moment.
        await asyncio.sleep(self._chance.uniform(0, self.interval))
        variables = {"name": client.run, "project": PROJECT, "config": '{"lr": {"value": 0.1}}'}
        await self._send(http, "/graphql", json.dumps({"query": UPSERT, "variables": variables}).encode())
        path = f"/files/admin/{PROJECT}/{client.run}/file_stream"
        due = time.monotonic()
        while time.monotonic() < end:
            await self._send(http, path, self._body(client))
            due = max(due + self.interval, time.monotonic())
            # Each ends when its next body is due: trainings end at any moment, too.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await self._send(http, path, self._body(client, last=True))

    def _body(self, client: Client, *, last: bool = False) -> bytes:
        steady, number = self.steady, client.number
        first = client.rows
        rows = [
            f'{{"_step":{step},"loss":{loss_of(number, step)!r},{rest}'
            for step, rest in enumerate(steady.rows, first)
        ]
        client.rows += len(rows)
        steady.summary |= {"_step": client.rows - 1, "loss": loss_of(number, client.rows - 1)}
        files = {
            HISTORY: {"offset": first, "content": rows},
            EVENTS: {"offset": client.events, "content": steady.events},
            SUMMARY: {"offset": 0, "content": [json.dumps(steady.summary)]},
            CONSOLE: {"offset": client.lines, "content": steady.console},
        }
        client.events += len(steady.events)
        client.lines += len(steady.console)
        return json.dumps({"files": files, **(steady.last if last else {})}).encode()

    async def _send(self, http: httpx.AsyncClient, path: str, body: bytes) -> None:
        wait = self.retry_seconds
        while True:
            began = time.perf_counter()
            told = ""
            try:
                answer = await http.post(path, content=body)
            except httpx.TransportError:
                status = 0
            else:
                told = answer.headers.get("retry-after", "")
                status = answer.status_code
                if status == 200:
                    took = time.perf_counter() - began
                    (self.figures.upserts if path == "/graphql" else self.figures.seconds).append(took)
                    if took > 1:
                        self.figures.slow.append((round(time.monotonic() - self._began, 1), round(took, 2)))
                    return
                if status in FATAL:
                    self.figures.fatal.append(f"{path} {status} {answer.text[:200]}")
                    return
            self.figures.retries += 1
            if told:
                self.figures.sent_away += 1
            await asyncio.sleep(float(told) if told else wait * self._chance.uniform(1.0, 1.25))
            wait = min(2 * wait, RETRY_MAX_SECONDS)


def check_rows(load: Load) -> list[str]:
    """What is missing, doubled or changed of the rows, samples and lines that were acknowledged, in words."""
    wrong = list(load.figures.fatal)
    headers = {"Authorization": f"Bearer {load.server.admin_key}"}
    base = f"{load.server.base_url}/api/v1/projects/admin/{PROJECT}/runs"
    with httpx.Client(headers=headers, timeout=120) as http:
        for client in load.clients:
            url = f"{base}/{client.run}"
            found = _rows(http, url)
            wanted = [(step, loss_of(client.number, step)) for step in range(client.rows)]
            if found != wanted:
                differing = next(
                    (pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]), None
                )
                wrong.append(f"{client.run}: {len(found)} rows of {client.rows}; first other {differing}")
            query = f"""{{ project(name: "{PROJECT}", entityName: "admin") {{ run(name: "{client.run}") {{
              state historyLineCount eventsLineCount logLineCount }} }} }}"""
            answer = http.post(f"{load.server.base_url}/graphql", json={"query": query}).raise_for_status()
            told = answer.json()["data"]["project"]["run"]
            expected = {
                "state": "finished",
                "historyLineCount": client.rows,
                "eventsLineCount": client.events,
                "logLineCount": client.lines,
            }
            if told != expected:
                wrong.append(f"{client.run}: {told}, not {expected}")
    return wrong


def _rows(http: httpx.Client, url: str) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    start: int | None = 0
    while start is not None:
        parameters: dict[str, Any] = {"keys": "loss", "min_step": start, "limit": 10_000}
        told = http.get(f"{url}/rows", params=parameters).raise_for_status().json()
        found += [(row["_step"], row["loss"]) for row in told["rows"]]
        start = told["next_step"]
    return found
