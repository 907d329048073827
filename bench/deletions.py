"""A million versions deleted by query and brought back, at a real server that others go on using.

    python -m bench.deletions [--versions 1000000] [--no-kill] [--database postgresql://…]

Says the server's CPU seconds and peak memory for the deletion and for its undo, the walls of others' requests
(a list of versions, a write of a run) before and during them, that after `kill -9` in the middle of each it
ends with every version counted once; then how long the whole collection takes to the trash and back.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from bench.artifacts import version_row
from sqlalchemy import insert, update
from tests.support.server import RunningServer, running_server

from runstone.server.domain.identity import Actor
from runstone.server.house import open_house
from runstone.server.settings import ServerSettings
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import aliases, collection_versions, collections

_AT_ONCE = 5_000
_ADMIN = Actor(None, "", is_admin=True, system="bench")
OTHERS_EVERY_SECONDS = 0.02
NAMED_EVERY = 1000


def fill(data: Path, count: int, *, database: str = "", named_every: int = NAMED_EVERY) -> int:
    """`count` versions in admin/p's `set`, every thousandth under an alias. Returns how many have none."""
    environ = {"RUNSTONE_DATABASE_URL": database} if database else {}
    house = open_house(ServerSettings.load(data=data, environ=environ))
    try:
        domain = house.domain
        project, _ = domain.projects.ensure(_ADMIN, "admin", "p")
        kept, _ = domain.collections.ensure(_ADMIN, "admin", "p", "set", type="dataset")
        first = 1
        for at in range(0, count, _AT_ONCE):
            numbers = range(at, min(at + _AT_ONCE, count))
            made = [version_row(first + n, kept.id, project.entity_id, n) for n in numbers]
            places = [
                {"collection_id": kept.id, "version_index": n, "version_id": first + n, "created_at": 1e9}
                for n in numbers
            ]
            names = [
                {"collection_id": kept.id, "alias": f"a{n}", "version_id": first + n, "set_at": 1e9}
                for n in numbers
                if n % named_every == 0
            ]

            def work(conn: Any, made: Any = made, places: Any = places, names: Any = names) -> None:
                conn.execute(insert(artifact_versions), made)
                conn.execute(insert(collection_versions), places)
                if names:
                    conn.execute(insert(aliases), names)

            house.records.write(work)
        house.records.write(
            lambda conn: conn.execute(
                update(collections)
                .where(collections.c.id == kept.id)
                .values(next_index=count, version_count=count)
            )
        )
    finally:
        house.close()
    return count - len(range(0, count, named_every))


@dataclass
class Others:
    """Somebody who reads and writes all the while."""

    server: RunningServer
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    failed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Others:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        with client(self.server) as api:
            while not self._stop.wait(OTHERS_EVERY_SECONDS):
                try:
                    began = time.perf_counter()
                    api.get("/projects/admin/p/collections/set/versions?limit=50").raise_for_status()
                    self.reads.append(time.perf_counter() - began)
                    began = time.perf_counter()
                    body = {"notes": str(began)}
                    api.patch("/projects/admin/p/runs/r1", json=body).raise_for_status()
                    self.writes.append(time.perf_counter() - began)
                except httpx.TransportError:
                    self.failed += 1  # while the server is down

    def told(self) -> str:
        return f"reads {spread(self.reads)}, writes {spread(self.writes)}"


def spread(walls: list[float]) -> str:
    if len(walls) < 20:
        return f"({len(walls)} only)"
    cuts = statistics.quantiles(walls, n=100)
    said = f"p50 {cuts[49] * 1000:.1f} p99 {cuts[98] * 1000:.1f} max {max(walls) * 1000:.0f} ms"
    return f"{said} of {len(walls)}"


def client(server: RunningServer) -> httpx.Client:
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    return httpx.Client(base_url=f"{server.base_url}/api/v1", headers=headers, timeout=60)


def pid_of(server: RunningServer) -> int:
    assert server.process is not None
    return server.process.pid


def spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def follow(
    server: RunningServer, path: str, *, going: str, counted: str, kill_at: float | None
) -> dict[str, Any]:
    """Watch a deletion, or its undo, while others go on, until it is not `going`; `kill -9` where `counted`
    is kill_at. Says what it took; returns what it came to."""
    process, peak = psutil.Process(pid_of(server)), 0
    rss, cpu, wall, total = process.memory_info().rss, spent(process), time.monotonic(), 0.0
    with client(server) as api, Others(server) as others:
        while True:
            time.sleep(0.25)
            found: dict[str, Any] = api.get(path).json()
            peak = max(peak, process.memory_info().rss)
            if found["state"] != going:
                break
            if kill_at is not None and found[counted] > kill_at:
                kill_at, total = None, spent(process) - cpu
                server.kill9()
                at = time.monotonic()
                server.restart()
                process, cpu = psutil.Process(pid_of(server)), 0.0
                kept = api.get(path).json()
                while api.get(path).json() == kept:
                    time.sleep(0.25)
                lost = time.monotonic() - at
                print(f"kill -9 at {kept[counted]:,}; went on {lost:.0f} s later", flush=True)
    total += spent(process) - cpu
    print(f"while {going}:    {others.told()}; {others.failed} failed while it was down")
    print(
        f"{found[counted]:,} {counted} in {time.monotonic() - wall:.0f} s; server CPU {total:.1f} s (others' "
        f"requests included); memory {rss >> 20} MB before, {peak >> 20} MB at most",
        flush=True,
    )
    return found


def timed(what: str, answer: httpx.Response) -> None:
    answer.raise_for_status()
    print(f"{what}: {answer.elapsed.total_seconds() * 1000:.0f} ms", flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=1_000_000)
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--baseline-seconds", type=float, default=20.0)
    parser.add_argument("--database", default="")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        environment = {"RUNSTONE_DATABASE_URL": given.database} if given.database else {}
        with running_server(Path(folder), name="data", env=environment):
            pass  # makes the admin
        began = time.monotonic()
        goes = fill(data, given.versions, database=given.database)
        print(f"{given.versions:,} versions, filled in {time.monotonic() - began:.0f} s", flush=True)
        with running_server(Path(folder), name="data", env=environment) as server, client(server) as api:
            api.put("/projects/admin/p/runs/r1", json={}).raise_for_status()
            with Others(server) as before:
                time.sleep(given.baseline_seconds)
            print(f"alone:            {before.told()}", flush=True)
            begun = api.post("/projects/admin/p/deletions", json={"reason": "bench"}).json()
            path = f"/projects/admin/p/deletions/{begun['id']}"
            kill_at = None if given.no_kill else goes * 0.4
            found = follow(server, path, going="running", counted="versions", kill_at=kill_at)
            place = "/projects/admin/p/collections"
            left = api.get(f"{place}/set").json()["version_count"]
            assert found["versions"] == goes and left == given.versions - goes, (found, left)
            api.post(f"{path}/undo").raise_for_status()
            found = follow(server, path, going="undoing", counted="restored", kill_at=kill_at)
            left = api.get(f"{place}/set").json()["version_count"]
            assert found["restored"] == goes and left == given.versions, (found, left)
            timed("the whole collection deleted", api.delete(f"{place}/set"))
            timed("the trash listed", api.get(place, params={"trash": True}))
            timed("the whole collection restored", api.post(f"{place}/restore", json={"name": "set"}))
            assert api.get(f"{place}/set").json()["version_count"] == given.versions


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
