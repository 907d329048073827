"""A disk that is full and a blob store that is away: said clearly by both doors, nothing half visible, and
what clients have goes up once there is room, or somebody, again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.artifacts import entry, log_artifact
from tests.support.disks import fill, resize, small_disk
from tests.support.object_stores import KINDS, object_store
from tests.support.rest import client
from tests.support.server import RunningServer, clean_environment, running_server
from tests.support.wandb_artifacts import Artifacts, digest_of
from tests.support.wandb_wire import Wire
from tests.support.written_runs import end_uplinks, uplink_log, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROJECT = "/projects/admin/p"
FILES = {"small": 1000, "large": 6_000_000}
TRAIN = """
import sys, runstone
settings = runstone.Settings(console="off", system=False, git=False, packages=False, code=False)
run = runstone.init(project="p", id="r", dir=sys.argv[1], settings=settings)
run.log({"loss": 1.0})
artifact = runstone.Artifact("logged", type="dataset")
artifact.add_dir(sys.argv[2])
run.log_artifact(artifact)
print("logged", flush=True)
artifact.wait(150)
run.finish()
"""


class Trainer:
    """A real script with an uplink and a home of its own."""

    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.home, data = folder / "home", folder / "data"
        data.mkdir(parents=True)
        self.files = {name: os.urandom(size) for name, size in FILES.items()}
        for name, content in self.files.items():
            (data / name).write_bytes(content)
        environment = clean_environment(
            RUNSTONE_DATA=str(self.home),
            RUNSTONE_BASE_URL=server.base_url,
            RUNSTONE_API_KEY=server.admin_key,
            RUNSTONE_SILENT="1",
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(folder), str(data)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "logged\n"

    def told(self, sign: str) -> None:
        """Until the uplink has met the trouble."""
        wait_until(lambda: sign in uplink_log(self.home), 60, what=f"{sign!r} in {uplink_log(self.home)}")

    def done(self, api: httpx.Client) -> None:
        """It went up after all, whole, once."""
        assert self.process.wait(170) == 0, uplink_log(self.home)[-3000:]
        versions = api.get(f"{PROJECT}/collections/logged/versions").json()["versions"]
        assert [version["version"] for version in versions] == ["v0"]
        for name, content in self.files.items():
            assert api.get(f"{PROJECT}/artifacts/logged:v0/files/{name}").content == content

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        end_uplinks(self.home)


@contextlib.contextmanager
def trainer(server: RunningServer, folder: Path) -> Iterator[Trainer]:
    made = Trainer(server, folder)
    try:
        yield made
    finally:
        made.end()


def refused(answer: httpx.Response, words: str) -> None:
    """Come back later, which every client does by itself: the wandb client for any 5xx."""
    assert answer.status_code == 503, answer.text
    assert words in answer.text and int(answer.headers["Retry-After"]) >= 1


def nothing_is_seen(api: httpx.Client) -> None:
    for collection in api.get(f"{PROJECT}/collections").json().get("collections", ()):
        if collection["name"] != "before":
            assert api.get(f"{PROJECT}/collections/{collection['name']}/versions").json()["versions"] == []


@pytest.mark.timeout(240)
def test_blobs_on_a_full_disk_wait_at_the_client_until_there_is_room(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "server" / "blobs", 4) as disk,
        running_server(tmp_path) as server,
        client(server) as api,
        trainer(server, tmp_path / "client") as training,
    ):
        log_artifact(api, PROJECT, "before", {"a": b"kept"})
        large = os.urandom(6_000_000)
        refused(api.put("/entities/admin/blobs", content=large), "no space left")
        begun = api.post("/entities/admin/uploads", json={"size": len(large)}).json()
        refused(api.patch(f"/entities/admin/uploads/{begun['id']}?offset=0", content=large), "no space left")
        wire = Wire(server, "p")
        made = Artifacts(wire).create("wired", digest_of({"x": large}))
        (node,) = Artifacts(wire).files(made["id"], {"x": large})
        refused(httpx.put(node["uploadUrl"], content=large), "no space left")
        training.told("no space left")
        nothing_is_seen(api)
        assert api.get(f"{PROJECT}/artifacts/before:v0/files/a").content == b"kept"
        resize(disk, 64)
        training.done(api)
        assert httpx.put(node["uploadUrl"], content=large).status_code == 200
        wire.http.close()


@pytest.mark.timeout(240)
def test_records_on_a_full_disk_are_refused_and_come_when_there_is_room(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "server", 64) as disk,
        running_server(tmp_path) as server,
        client(server) as api,
    ):
        log_artifact(api, PROJECT, "before", {"a": b"kept"})
        made = api.post(f"{PROJECT}/artifacts", json={"type": "dataset", "name": "cut"}).json()
        place = f"{PROJECT}/artifacts/@{made['artifact']['id']}"
        many = [entry(f"{n:05d}", b"kept") for n in range(5000)]
        filler = fill(disk)
        codes = set()
        for at in range(0, len(many), 500):  # what is left in a journal of the database's own takes a few
            answer = api.post(f"{place}/entries", json={"entries": many[at : at + 500]})
            codes.add(answer.status_code)
            if answer.status_code != 200:
                refused(answer, "full")
                break
        assert 503 in codes
        with trainer(server, tmp_path / "client") as training:
            training.told("store is full")
            assert api.get(f"{PROJECT}/artifacts/before:v0/files/a").content == b"kept"
            nothing_is_seen(api)
            filler.unlink()
            answer = api.post(f"{place}/entries", json={"entries": many})
            assert answer.status_code == 200, answer.text
            done = api.post(f"{place}/commit")
            assert done.status_code == 200 and done.json()["file_count"] == 5000, done.text
            training.done(api)
        assert api.get("/admin/audit/verify").json()["ok"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(240)
def test_a_blob_store_killed_in_mid_upload_costs_nothing(tmp_path: Path, kind: str) -> None:
    with object_store(kind, tmp_path / "store") as store:
        store.create_bucket("blobs")
        env = {"RUNSTONE_BLOBS_URL": store.url("blobs", prefix="runstone")}
        with running_server(tmp_path, env=env) as server, client(server) as api:
            log_artifact(api, PROJECT, "before", {"a": b"kept"})
            large = os.urandom(3_000_000)
            wire = Wire(server, "p")
            made = Artifacts(wire).create("wired", digest_of({"x": large}))
            (node,) = Artifacts(wire).files(made["id"], {"x": large})

            def half() -> Iterator[bytes]:
                yield large[:1_500_000]
                store.kill9()
                yield large[1_500_000:]

            refused(api.put("/entities/admin/blobs", content=half()), "does not answer")
            refused(httpx.put(node["uploadUrl"], content=large, timeout=60), "does not answer")
            refused(api.get(f"{PROJECT}/artifacts/before:v0/files/a"), "does not answer")
            with trainer(server, tmp_path / "client") as training:
                training.told("does not answer")
                nothing_is_seen(api)
                store.start()
                training.done(api)
            assert httpx.put(node["uploadUrl"], content=large, timeout=60).status_code == 200
            assert api.get(f"{PROJECT}/artifacts/before:v0/files/a").content == b"kept"
            wire.http.close()
