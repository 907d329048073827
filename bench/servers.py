"""What the server costs: taking journals in, drawing charts, listing runs, and being idle.

    python bench/servers.py [ingest] [charts] [exact] [lists] [idle] [--quick] [--grow] [--json FILE]

A real server process over loopback HTTP; its CPU is measured from outside (user and system time of
the process), so the clients' own does not count. Walls on a busy machine say little: trust CPU,
ratios and counts.

ingest   one run per client; bodies of 100 rows x 10 metrics (as small as an uplink's live ones), and
         of about 1 MB (as when it catches up); 1, 4, 16, 64 clients. Beside them the floor: a bare
         uvicorn that reads the same bodies and answers
charts   one run of 1 M steps (first request after a restart, and again), 100 runs x 10,000 steps, a
         zoom; points 10^4 .. 10^7 with --grow
exact    minimum, maximum and mean of every bucket of a chart over 10^6 points (10^7 with --grow), against
         numpy over the export of all of them: the largest relative difference
lists    1,000 and 100,000 runs x (30 config, 40 summary keys): newest first, filter and sort, and 1,000
         in full; "first" is the first such request after a restart
idle     memory of the server after its start, and again after the others
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.server import RunningServer, free_port, running_server

from runstone.journal.format import HEADER_BYTES, frame
from runstone.journal.kinds import Kind, Row, RunFields

METRICS = [f"m{number}" for number in range(10)]
ENCODE = msgspec.msgpack.Encoder().encode
BINARY = {"Accept": "application/vnd.runstone.series", "Content-Type": "application/json"}


class Http:
    """One kept-alive connection with the admin's key."""

    def __init__(self, server: RunningServer) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        self.headers = {"Authorization": f"Bearer {server.admin_key}"}

    def __call__(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        self.connection.request(method, "/api/v1" + path, body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]!r}")
        return data

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self(method, path, data, {"Content-Type": "application/json", **headers}))


class Meter:
    """CPU seconds and memory of the server process."""

    def __init__(self, server: RunningServer) -> None:
        assert server.process is not None
        self.process = psutil.Process(server.process.pid)

    def cpu(self) -> float:
        if sys.platform == "linux":  # that process's own CPU clock, in nanoseconds: psutil's ticks are 10 ms
            return time.clock_gettime((~self.process.pid << 3) | 2)
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def pss_mb(self) -> float:
        return float(self.process.memory_full_info().pss / 2**20)


def run_record(run: str, project: str) -> bytes:
    return frame(Kind.RUN, ENCODE(RunFields(run=run, project=project)))


def rows(first: int, count: int, dice: random.Random) -> bytes:
    """`count` rows of ten metrics, as the SDK writes them."""
    return b"".join(
        frame(Kind.ROW, ENCODE(Row(step, 1.7e9 + step, float(step), {key: dice.random() for key in METRICS})))
        for step in range(first, first + count)
    )


def ingest(server: RunningServer, clients: int, *, rows_per_body: int, seconds: float) -> dict[str, Any]:
    """Points per second and per CPU second of the server, with that many runs logging at once.

    Bodies are made before the clock starts: the clients share the machine with the server.
    """
    dice = random.Random(clients)
    spare = max(4, int(400_000 / rows_per_body / clients))
    prepared: list[tuple[str, list[bytes]]] = []
    for number in range(clients):
        run = f"i{rows_per_body}-{clients}-{number}"
        bodies = [rows(at * rows_per_body, rows_per_body, dice) for at in range(spare)]
        bodies[0] = run_record(run, "ingest") + bodies[0]
        prepared.append((run, bodies))
    meter = Meter(server)
    points = [0] * clients
    latencies: list[float] = []
    stop_at = [0.0]
    start = threading.Barrier(clients + 1)

    def go(number: int) -> None:
        run, bodies = prepared[number]
        http_ = Http(server)
        writer = os.urandom(16).hex()
        offset = HEADER_BYTES
        path = f"/projects/-/ingest/runs/{run}/journal?writer={writer}&offset="
        http_("POST", path + str(offset), bodies[0])  # the run is made before the clock starts
        offset += len(bodies[0])
        start.wait()
        for body in bodies[1:]:
            began = time.perf_counter()
            http_("POST", path + str(offset), body)
            latencies.append(time.perf_counter() - began)
            offset += len(body)
            points[number] += rows_per_body * len(METRICS)
            if time.perf_counter() > stop_at[0]:
                return

    threads = [threading.Thread(target=go, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    stop_at[0] = float("inf")
    start.wait()
    cpu, wall = meter.cpu(), time.perf_counter()
    stop_at[0] = wall + seconds
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - wall
    answered = meter.cpu() - cpu
    settle(server)
    spent = meter.cpu() - cpu
    total = sum(points)
    return {
        "clients": clients,
        "rows_per_body": rows_per_body,
        "points": total,
        "points_per_s": total / wall,
        "points_per_cpu_s": total / answered,
        "points_per_cpu_s_merged": total / spent,
        "p50_ms": statistics.median(latencies) * 1e3,
        "max_ms": max(latencies) * 1e3,
    }


def settle(server: RunningServer, seconds: float = 60.0) -> None:
    """Wait until background work (merging) is done: the process no longer spends CPU."""
    meter = Meter(server)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = meter.cpu()
        time.sleep(1.5)
        if meter.cpu() - before < 0.05:
            return


def send_series(server: RunningServer, project: str, run: str, values: list[float]) -> None:
    """A run with one metric, by bodies of some MB."""
    http_ = Http(server)
    writer, offset = os.urandom(16).hex(), HEADER_BYTES
    pieces = [run_record(run, project)]
    size = 0
    for step, value in enumerate(values):
        record = frame(Kind.ROW, ENCODE(Row(step, 1.7e9 + step, float(step), {"loss": value})))
        pieces.append(record)
        size += len(record)
        if size > 8_000_000 or step == len(values) - 1:
            body = b"".join(pieces)
            path = f"/projects/-/{project}/runs/{run}/journal?writer={writer}&offset={offset}"
            http_("POST", path, body)
            offset += len(body)
            pieces, size = [], 0


def measured(server: RunningServer, work: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Median wall and mean server CPU of one call, in ms."""
    meter = Meter(server)
    walls = []
    cpu = meter.cpu()
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        walls.append(time.perf_counter() - began)
    return {"wall_ms": statistics.median(walls) * 1e3, "cpu_ms": (meter.cpu() - cpu) / rounds * 1e3}


def chart(http_: Http, project: str, runs: list[str], **more: Any) -> bytes:
    wanted = {"runs": runs, "keys": ["loss"], "buckets": 1000, **more}
    return http_("POST", f"/projects/-/{project}/series", json.dumps(wanted).encode(), BINARY)


def charts(server: RunningServer, *, points: int, runs: int, steps: int, rounds: int) -> list[dict[str, Any]]:
    dice = random.Random(5)
    began = time.perf_counter()
    send_series(server, "long", "long", [dice.gauss(0, 1) for _ in range(points)])
    for number in range(runs):
        send_series(server, "many", f"r{number}", [dice.gauss(0, 1) for _ in range(steps)])
    filled = time.perf_counter() - began
    settle(server)
    results: list[dict[str, Any]] = [{"what": "filled", "wall_ms": filled * 1e3}]

    def add(what: str, work: Callable[[], bytes], rounds: int) -> None:
        size = len(work()) if rounds > 1 else 0
        results.append({"what": what, **measured(server, work, rounds), "bytes": size})

    server.restart()
    http_ = Http(server)
    http_("GET", "/me")
    add(f"1 run x {points:,}, first after a restart", lambda: chart(http_, "long", ["long"]), 1)
    add(f"1 run x {points:,}, again", lambda: chart(http_, "long", ["long"]), rounds)
    low = points // 3
    add(
        f"1 run x {points:,}, a zoom to 10,000",
        lambda: chart(http_, "long", ["long"], range=[low, low + 10_000]),
        rounds,
    )
    names = [f"r{number}" for number in range(runs)]
    add(f"{runs} runs x {steps:,}, first", lambda: chart(http_, "many", names), 1)
    add(f"{runs} runs x {steps:,}, again", lambda: chart(http_, "many", names), rounds)
    return results


FLOOR = """
import sys, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind.endswith("shutdown"):
                return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
uvicorn.run(app, port=int(sys.argv[1]), http="httptools", ws="none", log_config=None, access_log=False)
"""


def floor(clients: int, *, rows_per_body: int, requests: int) -> dict[str, Any]:
    """CPU per request of a server that only reads the body and answers: what HTTP costs anyone here."""
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-c", FLOOR, str(port)], stderr=subprocess.DEVNULL)
    try:
        body = rows(0, rows_per_body, random.Random(1))

        def go(count: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for _ in range(count):
                connection.request("POST", "/journal", body, {"Authorization": "Bearer key"})
                connection.getresponse().read()

        for _ in range(100):
            try:
                go(50)
                break
            except OSError:
                time.sleep(0.05)
        clock = lambda: time.clock_gettime((~bare.pid << 3) | 2)  # noqa: E731
        cpu = clock()
        threads = [threading.Thread(target=go, args=(requests // clients,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        each = (clock() - cpu) / (requests // clients * clients)
    finally:
        bare.terminate()
        bare.wait()
    points = rows_per_body * len(METRICS)
    return {
        "clients": clients,
        "rows_per_body": rows_per_body,
        "cpu_us": each * 1e6,
        "points_per_cpu_s": points / each,
    }


def exact(server: RunningServer, points: int) -> dict[str, Any]:
    """The largest relative difference between a chart's numbers and numpy's over all exported points."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    dice = random.Random(9)
    send_series(
        server, "exact", "exact", [dice.gauss(3, 2) * 10 ** dice.randint(-3, 3) for _ in range(points)]
    )
    settle(server)
    http_ = Http(server)
    wanted = {"runs": ["exact"], "keys": ["loss"], "buckets": 1000}
    [line] = http_.json("POST", "/projects/-/exact/series", wanted, Accept="application/json")["lines"]
    table = pq.read_table(pa.BufferReader(http_("GET", "/projects/-/exact/runs/exact/export?keys=loss")))
    steps, values = table["_step"].to_numpy(), table["loss"].to_numpy()
    starts = np.searchsorted(steps, np.array(line["x"]))
    ends = np.searchsorted(steps, np.array(line["x_last"]), "right")
    worst = 0.0
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        part = values[start:end]
        assert line["count"][at] == len(part)
        for name, true in (("min", part.min()), ("max", part.max()), ("mean", part.mean())):
            worst = max(worst, abs(line[name][at] - true) / max(abs(true), 1e-300))
    assert sum(line["count"]) == len(values) == points == line["total"]
    return {"points": points, "buckets": len(line["x"]), "largest_relative_difference": worst}


def fill_runs(data: Path, project: str, count: int) -> None:
    """Runs of 30 config and 40 summary keys, written into the store while no server runs: what is
    measured is reading them."""
    from bench.records import fill

    from runstone.server.stores.records.engine import open_records

    records = open_records(f"sqlite:///{data / 'records.db'}")
    try:
        fill(records, project, count)
    finally:
        records.close()


def lists(server: RunningServer, project: str, *, rounds: int, whole: bool) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    http_ = Http(server)

    def query(**wanted: Any) -> Callable[[], bytes]:
        body = json.dumps(wanted).encode()
        kind = {"Content-Type": "application/json"}
        return lambda: http_("POST", f"/projects/bench/{project}/runs/query", body, kind)

    matching = {"config.lr": {"$gt": 0.001}, "config.opt": "adam"}
    wanted = {
        "first 100, newest first": query(limit=100),
        "filter + sort, 100": query(limit=100, filter=matching, order=["-summary.acc"]),
        "filter + sort, 100, 4 columns": query(
            limit=100,
            filter=matching,
            order=["-summary.acc"],
            select=["config.lr", "config.opt", "summary.acc", "summary.loss"],
        ),
    }
    if whole:
        wanted["all 1,000 in full"] = query(limit=1000)
    for what, work in wanted.items():
        first = measured(server, work, 1)
        size = len(work())
        again = measured(server, work, rounds)
        results.append(
            {
                "what": what,
                "first_wall_ms": first["wall_ms"],
                "first_cpu_ms": first["cpu_ms"],
                **again,
                "bytes": size,
            }
        )
    return results


def show(title: str, found: list[dict[str, Any]]) -> None:
    print(f"\n{title}")
    if not found:
        return
    names = list(dict.fromkeys(name for row in found for name in row))

    def text(value: Any) -> str:
        if isinstance(value, float):
            return (
                f"{value:,.0f}"
                if abs(value) >= 1000
                else f"{value:.2f}"
                if abs(value) >= 0.01
                else f"{value:.2g}"
            )
        return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "")

    table = [names, *([text(row.get(name)) for name in names] for row in found)]
    widths = [max(len(row[at]) for row in table) for at in range(len(names))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="ingest, charts, exact, lists, idle; all by default")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument(
        "--grow", action="store_true", help="growth tables: points 10^4 .. 10^7, runs 10^2 .. 10^5"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    parts = options.parts or ["ingest", "charts", "exact", "lists", "idle"]
    scale = 10 if options.quick else 1
    results: dict[str, Any] = {}

    with tempfile.TemporaryDirectory(prefix="runstone-bench-") as folder:
        root = Path(folder)
        if "idle" in parts:
            with running_server(root, name="idle") as server:
                time.sleep(3)
                results["idle_pss_mb"] = Meter(server).pss_mb()
                print(f"idle: {results['idle_pss_mb']:.1f} MB PSS")
        if "ingest" in parts:
            found = []
            with running_server(root, name="ingest") as server:
                Http(server)("PUT", "/projects/-/ingest")
                ingest(server, 1, rows_per_body=100, seconds=1)  # warm
                for rows_per_body in (100, 5000):
                    for clients in (1, 4, 16, 64):
                        found.append(ingest(server, clients, rows_per_body=rows_per_body, seconds=5 / scale))
                results["pss_after_ingest_mb"] = Meter(server).pss_mb()
            results["ingest"] = found
            show("ingest", found)
            if sys.platform == "linux":
                results["floor"] = [
                    floor(clients, rows_per_body=100, requests=3200 // scale) for clients in (1, 4, 16, 64)
                ]
                show("a bare uvicorn with the same bodies", results["floor"])
            print(f"memory after it: {results['pss_after_ingest_mb']:.1f} MB PSS")
        if "charts" in parts:
            found = []
            sizes = [10**4, 10**5, 10**6, 10**7] if options.grow else [10**6 // scale]
            for size in sizes:
                with running_server(root, name=f"charts-{size}") as server:
                    found += charts(
                        server, points=size, runs=100 // scale, steps=10_000, rounds=20 if size < 10**7 else 5
                    )
            results["charts"] = found
            show("charts", found)
        if "exact" in parts:
            with running_server(root, name="exact") as server:
                sizes = [10**6 // scale, *([10**7] if options.grow else [])]
                found = [exact(server, size) for size in sizes[-1:]]
            results["exact"] = found
            show("exact", found)
        if "lists" in parts:
            found = []
            sizes = [100, 1000, 10_000, 100_000] if options.grow else [1000, 100_000 // scale]
            with running_server(root, name="lists") as server:
                server.stop()
                for size in sizes:
                    fill_runs(server.data, f"n{size}", size)
                server.restart()
                for size in sizes:
                    part = lists(server, f"n{size}", rounds=10, whole=size >= 1000)
                    found += [{"runs": size, **row} for row in part]
                results["pss_after_lists_mb"] = Meter(server).pss_mb()
            results["lists"] = found
            show("lists", found)
            print(f"memory after it: {results['pss_after_lists_mb']:.1f} MB PSS")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
