"""The published client logs an artifact of several files while the server's disk is full, or its blob store
away: at each step of the upload it is told to come back, nothing is half visible meanwhile, and the same
upload goes through by itself once there is room, or somebody, again."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.disks import fill, resize, small_disk
from tests.support.faulty import Answer, Exchange, FaultyProxy, faulty_proxy
from tests.support.rest import client as rest_client
from tests.support.seaweed import Seaweed, seaweed, weed_program
from tests.support.server import RunningServer, running_server
from tests.support.wandb_clients import NEWEST, RELEASES, WandbClient, end
from tests.support.written_runs import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]

# They wait for the client's own pauses. The others are run where many are asked for.
HERE = RELEASES if len(RELEASES) > 2 else (NEWEST,)

FILES = """
import hashlib, pathlib
SIZES = {"one.bin": 2_500_000, "small.txt": 100, "two.bin": 2_500_000}
def content(tag, name):
    return (hashlib.sha256(f"{tag} {name}".encode()).digest() * 80_000)[:SIZES[name]]
"""
LOG = (
    FILES
    + """
root = pathlib.Path(tag)
root.mkdir()
for name in SIZES:
    (root / name).write_bytes(content(tag, name))
with wandb.init(project="p") as run:
    artifact = wandb.Artifact("ds", "dataset")
    artifact.add_dir(str(root))
    run.log_artifact(artifact, aliases=["latest", "best"]).wait()
result(artifact.version)
"""
)
VERIFY = (
    FILES
    + """
whole = {}
for version, tag in {"v0": "before", "v1": "later"}.items():
    artifact = wandb.Api().artifact(f"p/ds:{version}")
    folder = artifact.download(f"fetched-{version}")
    artifact.verify(folder)
    read = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
    whole[version] = read == {name: content(tag, name) for name in SIZES}
result([whole, sorted(wandb.Api().artifact("p/ds:v1").aliases), wandb.Api().artifact("p/ds:best").version])
"""
)
PLACE = "/projects/admin/p/collections/ds"


class Site:
    """A server that holds one version, and a client that logs another through a proxy of ours."""

    def __init__(self, server: RunningServer, proxy: FaultyProxy, api: httpx.Client, release: str) -> None:
        self.server, self.proxy, self.api = server, proxy, api
        self.client = WandbClient(release, server, server.data.parent / "work")
        self.log("before")

    def log(self, tag: str) -> None:
        process = self.begin(tag)
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output

    def begin(self, tag: str) -> subprocess.Popen[str]:
        return self.client.start(LOG, tag=tag, env={"WANDB_BASE_URL": self.proxy.base_url})

    def nothing_has_changed(self) -> None:
        versions = self.api.get(f"{PLACE}/versions").json()["versions"]
        assert [version["version"] for version in versions] == ["v0"]
        assert sorted(one["alias"] for one in versions[0]["aliases"]) == ["best", "latest"]

    def refused(self, status: int, *, since: int) -> bool:
        return any(met == status for _, _, met in self.proxy.seen[since:])

    @contextlib.contextmanager
    def logging(self) -> Iterator[int]:
        """A client that logs the second version meanwhile; gives where `proxy.seen` begins for it. In the end
        it has come through."""
        since = len(self.proxy.seen)
        process = self.begin("later")
        try:
            yield since
            output, _ = process.communicate(timeout=200)
            assert process.returncode == 0, output
            assert output.count('RESULT "v1"') == 1, output
        finally:
            if process.poll() is None:
                end(process)
        self.is_whole()

    def is_whole(self) -> None:
        found, aliases, best = self.client.run(VERIFY).result
        assert found == {"v0": True, "v1": True}
        assert aliases == ["best", "latest"] and best == "v1"
        versions = self.api.get(f"{PLACE}/versions").json()["versions"]
        assert sorted(version["version"] for version in versions) == ["v0", "v1"]
        assert self.api.get("/admin/audit/verify").json()["ok"]


@contextlib.contextmanager
def site(server: RunningServer, release: str) -> Iterator[Site]:
    with faulty_proxy(server.port) as proxy, rest_client(server) as api:
        yield Site(server, proxy, api, release)


def does(operation: str) -> Callable[[Exchange], bool]:
    """The request of that mutation."""
    return lambda exchange: exchange.path.startswith("/graphql") and operation.encode() in exchange.body


def puts_a_file(exchange: Exchange) -> bool:
    return exchange.method == "PUT" and len(exchange.body) > 1_000_000


def puts_the_manifest(exchange: Exchange) -> bool:
    return exchange.method == "PUT" and b"wandb-storage-policy-v1" in exchange.body


STEPS = {
    "createArtifact": does("createArtifact("),
    "manifest": puts_the_manifest,
    "commit": does("commitArtifact"),
}


@pytest.mark.parametrize("release", HERE)
def test_files_on_a_full_disk_come_once_there_is_room(tmp_path: Path, release: str) -> None:
    with (
        small_disk(tmp_path / "server" / "blobs", 32) as disk,
        running_server(tmp_path) as server,
        site(server, release) as at,
    ):
        resize(disk, 8)  # the first version and a half of the second
        with at.logging() as since:
            wait_until(lambda: at.refused(503, since=since), 60, what=f"a refusal in {at.proxy.seen[since:]}")
            at.nothing_has_changed()
            resize(disk, 32)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("release", HERE)
def test_records_on_a_full_disk_are_written_once_there_is_room(
    tmp_path: Path, release: str, step: str
) -> None:
    with (
        small_disk(tmp_path / "server", 64) as disk,
        running_server(tmp_path) as server,
        site(server, release) as at,
    ):
        full = threading.Event()

        def fill_up(exchange: Exchange) -> Answer:
            server.restart()  # its journal is empty then: the next write must find room
            fill(disk)
            full.set()
            return exchange.forward()

        at.proxy.plan(fill_up, when=STEPS[step])
        with at.logging() as since:
            assert full.wait(60)
            wait_until(lambda: at.refused(503, since=since), 60, what=f"a refusal in {at.proxy.seen[since:]}")
            at.nothing_has_changed()
            (disk / "filler").unlink()


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Seaweed]:
    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed")
    with seaweed(tmp_path / "weed") as made:
        yield made


@pytest.mark.s3
@pytest.mark.parametrize("release", HERE)
def test_files_come_once_the_blob_store_is_back(tmp_path: Path, s3: Seaweed, release: str) -> None:
    env = {"RUNSTONE_BLOBS_URL": s3.url("blobs", prefix="runstone")}
    with running_server(tmp_path, env=env) as server, site(server, release) as at:

        def kill(exchange: Exchange) -> Answer:
            s3.kill9()
            return exchange.forward()

        at.proxy.plan(kill, when=puts_a_file)
        with at.logging() as since:
            wait_until(lambda: at.refused(503, since=since), 60, what=f"a refusal in {at.proxy.seen[since:]}")
            at.nothing_has_changed()
            s3.start()


@pytest.mark.s3
@pytest.mark.parametrize("release", HERE)
def test_a_version_whose_files_have_come_is_committed_without_the_blob_store(
    tmp_path: Path, s3: Seaweed, release: str
) -> None:
    """All that is left to do is of records; so what is seen is whole, and is read once the store is back."""
    env = {"RUNSTONE_BLOBS_URL": s3.url("blobs", prefix="runstone")}
    with running_server(tmp_path, env=env) as server, site(server, release) as at:
        away = threading.Event()

        def kill(exchange: Exchange) -> Answer:
            s3.kill9()
            away.set()
            return exchange.forward()

        at.proxy.plan(kill, when=STEPS["commit"])
        with at.logging():
            assert away.wait(60)
            wait_until(
                lambda: len(at.api.get(f"{PLACE}/versions").json()["versions"]) == 2, 60, what="the commit"
            )
            answer = at.api.get("/projects/admin/p/artifacts/ds:v1/files/one.bin")
            assert answer.status_code == 503 and "does not answer" in answer.text
            s3.start()
