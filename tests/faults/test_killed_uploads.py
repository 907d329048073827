"""Server and clients killed while they upload: what was committed is whole, what was not is not seen,
and a collection leaves exactly the bytes that versions hold."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.artifacts import entry, frames
from tests.support.rest import client
from tests.support.seaweed import seaweed, weed_program
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.faults

ARTIFACTS = 200
WORKERS = 4
KILLS = 4
SECONDS = 40.0
PROJECT = "/projects/admin/p"


class Uploader(threading.Thread):
    """Logs artifacts one after another until its share is done; starts one again that was cut off.
    Sometimes it gives up in the middle, as a killed client does, and begins the next."""

    def __init__(self, server: RunningServer, share: range, deadline: float) -> None:
        super().__init__(daemon=True)
        self.server, self.share, self.deadline = server, share, deadline
        self.committed: dict[int, dict[str, bytes]] = {}
        self.tried: dict[str, dict[str, bytes]] = {}
        self.unexpected: list[str] = []

    def run(self) -> None:
        dice = random.Random(self.share.start)
        with client(self.server) as api:
            for number in self.share:
                files = {f"f{n}": dice.randbytes(dice.randint(1, 3000)) for n in range(4)}
                large = dice.randbytes(200_000)
                files["large.bin"] = large
                self.tried[f"set{number}"] = files
                while time.monotonic() < self.deadline:
                    with contextlib.suppress(httpx.TransportError):
                        if dice.random() < 0.1:
                            api.post("/entities/admin/blobs", content=frames([dice.randbytes(900)]))
                            break
                        if self.log(api, f"set{number}", files):
                            break
                    time.sleep(0.05)

    def log(self, api: httpx.Client, name: str, files: dict[str, bytes]) -> bool:
        small = [data for path, data in files.items() if path != "large.bin"]
        done = api.post("/entities/admin/blobs", content=frames(small))
        begun = api.post("/entities/admin/uploads", json={"size": len(files["large.bin"])})
        if not (done.is_success and begun.is_success):
            return self.no(done, begun)
        path, data, at = f"/entities/admin/uploads/{begun.json()['id']}", files["large.bin"], 0
        while at < len(data):
            try:
                sent = api.patch(path, params={"offset": at}, content=data[at : at + 70_000])
            except httpx.TransportError:
                time.sleep(0.1)
                sent = api.get(path)
            if sent.status_code == 409:
                sent = api.get(path)
            if not sent.is_success:
                return self.no(sent)
            at = sent.json()["offset"]
        finished = api.post(f"{path}/finish")
        made = api.post(f"{PROJECT}/artifacts", json={"type": "dataset", "name": name})
        if not (finished.is_success and made.is_success):
            return self.no(finished, made)
        place = f"{PROJECT}/artifacts/@{made.json()['artifact']['id']}"
        entries: list[dict[str, Any]] = [entry(file, data) for file, data in files.items()]
        taken = api.post(f"{place}/entries", json={"entries": entries})
        committed = api.post(f"{place}/commit")
        if not (taken.is_success and committed.is_success):
            return self.no(taken, committed)
        self.committed[committed.json()["id"]] = files
        return True

    def no(self, *answers: httpx.Response) -> bool:
        for answer in answers:
            # A server that was killed between two requests has lost nothing it said it had.
            if not answer.is_success and answer.status_code not in (404, 409, 503):
                self.unexpected.append(f"{answer.status_code} {answer.text[:300]}")
        return False


@pytest.fixture(params=["local", pytest.param("s3", marks=[pytest.mark.slow, pytest.mark.s3])])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    if request.param == "local":
        with running_server(tmp_path) as made:
            yield made
        return
    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed")
    with seaweed(tmp_path / "weed") as s3:
        env = {"RUNSTONE_BLOBS_URL": s3.url("blobs", prefix="runstone")}
        with running_server(tmp_path, env=env) as made:
            yield made


def test_after_kills_during_uploads_nothing_is_lost_and_nothing_half_visible(server: RunningServer) -> None:
    deadline = time.monotonic() + SECONDS
    share = ARTIFACTS // WORKERS
    workers = [Uploader(server, range(n * share, (n + 1) * share), deadline) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    dice = random.Random(int(os.environ.get("RUNSTONE_TEST_SEED", "1")))
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.3, 2.0))
        if not any(worker.is_alive() for worker in workers):
            break
        server.kill9()
        server.start()
    for worker in workers:
        worker.join(SECONDS + 30)
    assert not any(worker.is_alive() for worker in workers)
    assert [text for worker in workers for text in worker.unexpected] == []
    committed = {number: files for worker in workers for number, files in worker.committed.items()}
    tried = {name: files for worker in workers for name, files in worker.tried.items()}
    assert len(committed) >= 5  # how far they come in that time is the machine's affair
    with client(server) as api:
        seen: dict[int, dict[str, bytes]] = {}
        listed = api.get(f"{PROJECT}/collections", params={"limit": 1000}).json()["collections"]
        for collection in listed:
            page = api.get(f"{PROJECT}/collections/{collection['name']}/versions").json()["versions"]
            for version in page:
                # Perhaps more than was acknowledged; but what is seen is whole.
                seen[version["id"]] = tried[collection["name"]]
                assert version["file_count"] == len(tried[collection["name"]])
        assert committed.keys() <= seen.keys()
        for number, files in list(seen.items())[::7]:
            for path, data in files.items():
                assert api.get(f"{PROJECT}/artifacts/@{number}/files/{path}").content == data
        wanted = {"dry_run": False, "spared_seconds": 0, "rewrite_packs": 0}
        assert api.post("/admin/gc", json=wanted).status_code == 200
        held = {
            hashlib.sha256(data).digest(): len(data) for files in seen.values() for data in files.values()
        }
        used = api.get(f"{PROJECT}/storage").json()
        assert used["stored_bytes"] == sum(held.values())
        told = api.post("/admin/gc", json={**wanted, "dry_run": True}).json()
        assert (told["blobs"], told["bytes"]) == (0, 0)
        assert api.get("/admin/audit/verify").json()["ok"]
        for number, files in list(seen.items())[::11]:
            for path, data in files.items():
                assert api.get(f"{PROJECT}/artifacts/@{number}/files/{path}").content == data
    if not server._env:
        lying = sum(path.stat().st_size for path in (server.data / "blobs" / "sha256").glob("*/*"))
        assert lying == sum(held.values())
        assert list((server.data / "blobs" / "uploads").iterdir()) == []
