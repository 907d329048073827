"""Artifacts of the published client where the server keeps its files in an object store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.faulty import FaultyProxy, faulty_proxy
from tests.support.object_stores import object_store, option
from tests.support.server import RunningServer, running_server
from tests.support.wandb_clients import RELEASES, WandbClient

MIB = 1 << 20
LOG = """
import hashlib, os, pathlib
data = os.urandom(3 << 20)
pathlib.Path("large.bin").write_bytes(data)
pathlib.Path("small.txt").write_text("small")
with wandb.init(project=project) as run:
    artifact = wandb.Artifact("ds", "dataset")
    artifact.add_file("large.bin")
    artifact.add_file("small.txt")
    run.log_artifact(artifact).wait()
result(hashlib.sha256(data).hexdigest())
"""
FETCH = """
import hashlib, os, pathlib
os.environ["WANDB_CACHE_DIR"] = os.path.abspath("another-cache")
folder = pathlib.Path(wandb.Api().artifact(f"{project}/ds:v0").download("fetched"))
result([hashlib.sha256((folder / "large.bin").read_bytes()).hexdigest(), (folder / "small.txt").read_text()])
"""


@dataclass
class World:
    server: RunningServer
    to_store: FaultyProxy
    straight: bool


@pytest.fixture(scope="module", params=["s3-auto", "s3-on", "azure-auto", "azure-on", "google-on"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    kind, _, direct = request.param.partition("-")
    with object_store(kind, tmp_path_factory.mktemp("store")) as store:
        store.create_bucket("bucket")
        with faulty_proxy(store.port) as to_store:
            url = store.url("bucket") + option("direct", direct)
            url += option("public_endpoint", store.public(to_store.base_url))
            folder = tmp_path_factory.mktemp("objects")
            with running_server(folder, env={"RUNSTONE_BLOBS_URL": url}) as server:
                yield World(server, to_store, straight=direct == "on")


@pytest.mark.parametrize("release", RELEASES)
def test_what_was_logged_comes_back_from_the_store_itself_only_where_all_are_said_to_reach_it(
    world: World, release: str, tmp_path: Path
) -> None:
    client = WandbClient(release, world.server, tmp_path / "work")
    project = f"objects-{release.replace('.', '-')}"
    digest = client.run(LOG, project=project).result
    world.to_store.seen.clear()
    world.to_store.headers.clear()
    world.to_store.bytes_down = 0
    assert client.run(FETCH, project=project).result == [digest, "small"]
    assert (world.to_store.bytes_down >= 3 * MIB) == world.straight
    assert world.to_store.count("PUT") == 0
    for headers in world.to_store.headers:
        assert "authorization" not in {name.lower() for name in headers}
