"""What many wandb clients at once cost, and whether a row is lost.

    python bench/wandb_load.py [--clients 200] [--minutes 10] [--kill] [--postgresql] [--json FILE]

First one real client trains for half a minute through a proxy that writes down what it streams; then
its bodies are replayed for each client, numbered anew, every 15 seconds as a client sends them, and
sent again after failures as a client's core does. With --kill the server is killed (SIGKILL) in the
middle and started again five seconds later. At the end every row is read back and compared.

Figures: milliseconds of an answer as the client sees it (p50, p99, the longest; failures are counted as
retries), beside them by how much a sleep of 10 ms in the same process came late, which is the machine's
doing; the server's processor time, its memory (PSS) from minute to minute, and rows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.postgres import running_postgres
from tests.support.server import RunningServer, running_server
from tests.support.wandb_load import Load, Steady, check_rows, quantile
from tests.support.wandb_recording import record_stream

RELEASE = "0.31.0"
INTERVAL_SECONDS = 15.0  # of the client's stream


class Watch:
    """The server's processor time over all its lives, and its memory now and then."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.began = time.monotonic()
        self.memory: list[tuple[float, float]] = []  # (seconds, MB)
        self._ended = 0.0
        self._last = 0.0
        self._pid = 0

    def look(self) -> None:
        process = self.server.process
        if process is None or process.poll() is not None:
            return
        try:
            cpu = sum(psutil.Process(process.pid).cpu_times()[:2])
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (psutil.Error, OSError):
            return
        if process.pid != self._pid:
            self._ended += self._last
            self._pid = process.pid
        self._last = cpu
        pss = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        self.memory.append((time.monotonic() - self.began, pss / 1024))

    @property
    def cpu_seconds(self) -> float:
        return self._ended + self._last


def kill_in_the_middle(server: RunningServer, seconds: float, told: list[str]) -> None:
    time.sleep(seconds)
    server.kill9()
    time.sleep(5)
    began = time.monotonic()
    server.start()
    told.append(
        f"killed after {seconds:.0f} s, away for 5 s, ready again in {time.monotonic() - began:.1f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kill", action="store_true", help="SIGKILL the server in the middle")
    parser.add_argument("--postgresql", action="store_true", help="keep records and histories there")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    seconds = args.minutes * 60
    told: list[str] = []
    with contextlib.ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        env = {}
        if args.postgresql:
            url = closing.enter_context(running_postgres()).new_database()
            env = {"RUNSTONE_DATABASE_URL": url, "RUNSTONE_HISTORY_URL": url}
        server = closing.enter_context(running_server(folder, env=env))
        bodies = record_stream(
            server, folder / "client", release=RELEASE, seconds=32, interval=INTERVAL_SECONDS
        )
        steady = Steady(bodies)
        print(f"recorded {len(bodies)} bodies; the fullest has {len(steady.rows)} rows", flush=True)
        server.restart()  # memory and processor time are of the load alone
        watch = Watch(server)
        load = Load(server, steady, clients=args.clients, interval=INTERVAL_SECONDS)
        if args.kill:
            killer = threading.Thread(target=kill_in_the_middle, args=(server, seconds / 2, told))
            killer.start()
            closing.callback(killer.join)
        asyncio.run(load.run(seconds, meanwhile=watch.look))
        watch.look()
        wall = time.monotonic() - watch.began
        wrong = check_rows(load)
    return report(args, load, watch, wall, told, wrong)


def report(
    args: argparse.Namespace, load: Load, watch: Watch, wall: float, told: list[str], wrong: list[str]
) -> int:
    figures = load.figures
    rows = sum(client.rows for client in load.clients)
    requests = len(figures.seconds) + len(figures.upserts)
    minutes = [watch.memory[int(share * (len(watch.memory) - 1))] for share in (0, 0.1, 0.25, 0.5, 0.75, 1)]
    found: dict[str, Any] = {
        "clients": args.clients,
        "seconds": round(wall, 1),
        "requests": requests,
        "retries": figures.retries,
        "sent_away": figures.sent_away,
        "fatal": len(figures.fatal),
        "rows": rows,
        "rows_per_second": round(rows / wall),
        "answer_ms": {
            "p50": round(figures.quantile(0.5) * 1000, 1),
            "p90": round(figures.quantile(0.9) * 1000, 1),
            "p99": round(figures.quantile(0.99) * 1000, 1),
            "max": round(figures.quantile(1.0) * 1000, 1),
        },
        "upsert_ms": {
            "p50": round(quantile(figures.upserts, 0.5) * 1000, 1),
            "p99": round(quantile(figures.upserts, 0.99) * 1000, 1),
        },
        "slow": figures.slow if len(figures.slow) < 400 else len(figures.slow),
        "machine_delay_ms": {
            "p50": round(quantile(figures.delays, 0.5) * 1000, 1),
            "p99": round(quantile(figures.delays, 0.99) * 1000, 1),
            "max": round(quantile(figures.delays, 1.0) * 1000, 1),
        },
        "cpu_ms_per_request": round(
            watch.cpu_seconds / max(1, len(figures.seconds) + len(figures.upserts)) * 1000, 1
        ),
        "server_cpu_seconds": round(watch.cpu_seconds, 1),
        "server_cpu_share": round(watch.cpu_seconds / wall, 3),
        "pss_mb": {f"{at:.0f}s": round(mb, 1) for at, mb in minutes},
        "kills": told,
        "wrong": wrong[:20],
    }
    for name, value in found.items():
        print(f"{name:20} {value}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=2))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
