"""Runs for the pages to show, sent as journals: the way a training script's uplink sends them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from runstone.journal.format import HEADER_BYTES, frame
from runstone.journal.kinds import End, Kind, MetricDefinition, Patch, Row, RunFields

_pack = msgspec.msgpack.Encoder().encode


@dataclass
class SeededRun:
    """One run that goes on: `rows` and `end` ship at once and return when the server has them."""

    api: httpx.Client
    project: str
    run: str
    writer: str
    offset: int = HEADER_BYTES
    step: int = 0
    started: float = field(default_factory=time.time)

    def send(self, records: Iterable[tuple[Kind, Any]]) -> None:
        body = b"".join(frame(kind, _pack(record)) for kind, record in records)
        answer = self.api.post(
            f"/projects/-/{self.project}/runs/{self.run}/journal",
            params={"writer": self.writer, "offset": self.offset},
            content=body,
            headers={"Content-Type": "application/octet-stream"},
        )
        answer.raise_for_status()
        self.offset = answer.json()["next_offset"]

    def rows(self, values: Sequence[Mapping[str, Any]], *, seconds_each: float = 1.0) -> None:
        records = []
        for one in values:
            runtime = self.step * seconds_each
            records.append((Kind.ROW, Row(self.step, self.started + runtime, runtime, dict(one))))
            self.step += 1
        self.send(records)

    def end(self, exit_code: int = 0, state: str | None = None) -> None:
        self.send([(Kind.END, End(exit_code=exit_code, at=time.time(), state=state))])


@dataclass
class Seeder:
    """Makes projects and runs on a server; each test names its own project."""

    base_url: str
    key: str

    def __post_init__(self) -> None:
        self.api = httpx.Client(
            base_url=f"{self.base_url}/api/v1", headers={"Authorization": f"Bearer {self.key}"}, timeout=60
        )

    def close(self) -> None:
        self.api.close()

    def project(self, name: str) -> str:
        self.api.put(f"/projects/-/{name}", json={}).raise_for_status()
        return name

    def run(
        self,
        project: str,
        run: str,
        *,
        config: Mapping[str, Any] | None = None,
        rows: Sequence[Mapping[str, Any]] = (),
        name: str | None = None,
        started: float | None = None,
        metrics: Sequence[MetricDefinition] = (),
        **fields: Any,
    ) -> SeededRun:
        writer = f"{random.getrandbits(128):032x}"
        made = SeededRun(self.api, project, run, writer, started=started or time.time())
        first = RunFields(
            run=run, project=project, writer=writer, display_name=name, started_at=made.started, **fields
        )
        patch = [([key], value) for key, value in (config or {}).items()]
        made.send([(Kind.RUN, first), (Kind.CONFIG, Patch(set=patch, at=made.started))])
        if metrics:
            made.send((Kind.METRIC, metric) for metric in metrics)
        if rows:
            made.rows(rows)
        return made

    def sweep(
        self, project: str, count: int, *, steps: int = 300, keys: Sequence[str] = ("train/loss", "val/acc")
    ) -> list[str]:
        """Runs as a small search over learning rate and optimizer would leave them."""
        draw = random.Random(project)
        ids = []
        for number in range(count):
            rate = 10 ** draw.uniform(-4, -1)
            optimizer = ("adam", "sgd", "lion")[number % 3]
            best = draw.uniform(0.05, 0.4)
            rows = [
                {key: _curve(key, step, steps, rate, best, draw) for key in keys} | {"epoch": step // 10}
                for step in range(steps)
            ]
            run = self.run(
                project,
                f"{project}-{number:05d}",
                config={"lr": rate, "optimizer": optimizer, "layers": 2 + number % 4, "batch_size": 32},
                rows=rows,
                tags=["baseline"] if number % 5 == 0 else ["search"],
                group=f"fold-{number % 4}",
            )
            if number % 9 == 7:
                run.end(exit_code=1)
            elif number % 9 != 4:
                run.end()
            ids.append(run.run)
        return ids


def _curve(key: str, step: int, steps: int, rate: float, best: float, draw: random.Random) -> float:
    pace = 4 + 20 * rate
    noise = draw.gauss(0, 0.02)
    fall = best + (2.3 - best) * math.exp(-pace * step / steps) + noise
    if "acc" in key:
        return max(0.0, min(1.0, 1 - fall / 2.6))
    if "lr" in key:
        return rate * (1 - step / steps)
    return fall


def seed_many(seed: Seeder, project: str, *, runs: int, keys: int, steps: int) -> list[SeededRun]:
    """Many runs at little cost: the rows of a few, sent under many names. They go on running."""
    names = [f"{('train', 'val', 'grad', 'time')[n % 4]}/m{n:02d}" for n in range(keys)]
    draw = random.Random(7)
    variants = [
        [
            {
                name: math.exp(-3 * step / steps) + draw.gauss(0, 0.03) + at / 10
                for at, name in enumerate(names)
            }
            for step in range(steps)
        ]
        for _ in range(8)
    ]
    made = []
    for number in range(runs):
        run = seed.run(project, f"{project}-{number:05d}", config={"lr": draw.random(), "seed": number})
        run.rows(variants[number % len(variants)])
        made.append(run)
    return made
