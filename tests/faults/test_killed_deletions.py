"""The server is killed in the middle of a deletion, and asked afterwards what is there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bench.artifacts import version_row
from bench.deletions import NAMED_EVERY, client, fill
from tests.support.server import running_server

pytestmark = [pytest.mark.faults, pytest.mark.slow]

COUNT = 12_000


def test_a_deletion_goes_on_after_kill_9_and_counts_every_version_once(tmp_path: Path) -> None:
    with running_server(tmp_path):
        pass  # makes the admin
    goes = fill(tmp_path / "server", COUNT)
    with running_server(tmp_path) as server, client(server) as api:
        begun = api.post("/projects/admin/p/deletions", json={"reason": "too many"}).json()
        path = f"/projects/admin/p/deletions/{begun['id']}"
        killed_at = []
        end = time.monotonic() + 120
        while (found := api.get(path).json())["state"] == "running":
            assert time.monotonic() < end, found
            if len(killed_at) < 2 and found["versions"] > goes * (len(killed_at) + 1) / 4:
                killed_at.append(found["versions"])
                server.kill9()
                server.restart()
            time.sleep(0.02)
        assert len(killed_at) == 2, "it was done before it could be killed"
        gone = sum(version_row(n, 0, 0, n)["size"] for n in range(COUNT) if n % NAMED_EVERY)
        assert (found["state"], found["versions"], found["bytes"]) == ("done", goes, gone)
        left = api.get("/projects/admin/p/collections/set").json()
        assert left["version_count"] == COUNT - goes
        rows = []
        after = ""
        while True:
            query = {"action": "artifact.delete_where", "limit": 1000, "after": after}
            page = api.get("/entities/admin/audit", params=query).json()
            rows += page["rows"]
            after = page["next"]
            if not after:
                break
        assert sum(row["detail"]["count"] for row in rows) == goes
        assert api.get("/admin/audit/verify").json()["ok"]


def test_an_undo_goes_on_after_kill_9_and_brings_every_version_back_once(tmp_path: Path) -> None:
    with running_server(tmp_path):
        pass  # makes the admin
    goes = fill(tmp_path / "server", COUNT)
    with running_server(tmp_path) as server, client(server) as api:
        begun = api.post("/projects/admin/p/deletions", json={"reason": "too many"}).json()
        path = f"/projects/admin/p/deletions/{begun['id']}"
        end = time.monotonic() + 240
        # While it still runs: that is stopped, and what went comes back.
        while (found := api.get(path).json())["versions"] < goes * 3 / 4:
            assert time.monotonic() < end and found["state"] == "running", found
            time.sleep(0.02)
        asked = api.post(f"{path}/undo").json()
        assert asked["state"] == "undoing" and asked["versions"] >= goes * 3 / 4
        killed_at: list[int] = []
        while (found := api.get(path).json())["state"] == "undoing":
            assert time.monotonic() < end, found
            if len(killed_at) < 2 and found["restored"] > asked["versions"] * (len(killed_at) + 1) / 4:
                killed_at.append(found["restored"])
                server.kill9()
                server.restart()
            time.sleep(0.02)
        assert len(killed_at) == 2, "it was done before it could be killed"
        counts = (found["state"], found["versions"], found["restored"], found["in_trash"], found["purged"])
        assert counts == ("undone", asked["versions"], asked["versions"], 0, 0)
        left = api.get("/projects/admin/p/collections/set").json()
        assert left["version_count"] == COUNT
        trash = api.get("/projects/admin/p/collections/set/versions", params={"trash": True, "count": True})
        assert trash.json()["total"] == 0
        rows = []
        after = ""
        while True:
            query = {"action": "artifact.restore", "limit": 1000, "after": after}
            page = api.get("/entities/admin/audit", params=query).json()
            rows += page["rows"]
            after = page["next"]
            if not after:
                break
        assert sum(row["detail"].get("count", 1) for row in rows) == asked["versions"]
        assert api.get("/admin/audit/verify").json()["ok"]
