"""Several processes make one version, and who sends a part is killed (SIGKILL) in the middle of it: whole
parts are in the version, each once, and nothing of any other."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.faulty import Cut, Exchange, FaultyProxy, faulty_proxy
from tests.support.server import RunningServer, clean_environment, running_server
from tests.support.wandb_artifacts import CREATE_MANIFEST, Artifacts, b64_md5, manifest_of
from tests.support.wandb_wire import Wire
from tests.support.written_runs import end_uplinks, wait_until

from runstone.client.artifact_calls import ENTRIES_AT_ONCE
from runstone.client.artifacts import ArtifactVersion
from runstone.journal.home import uplink_lock
from runstone.uplink.launch import is_running, launch

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROJECT = "together"
LARGE = ENTRIES_AT_ONCE + 50  # entries: two calls
MAKER = """
import sys, runstone
name, count, last = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "last"
off = dict(system=False, git=False, packages=False, code=False, environment=False)
quiet = runstone.Settings(console="off", **off)
run = runstone.init(project="together", id=name, dir=sys.argv[4], settings=quiet)
artifact = runstone.Artifact("set", type="dataset")
for number in range(count):
    artifact.add_reference(f"s3://bucket/{name}/{number}", name=f"{name}/{number}", checksum=False)
(run.finish_artifact if last else run.upsert_artifact)(artifact, distributed_id="d")
run.finish(timeout=0.1)
"""


@dataclass
class Maker:
    """A host of its own, by its home."""

    folder: Path
    base_url: str
    key: str

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, name: str, count: int, *, last: bool = False) -> None:
        environment = clean_environment(
            RUNSTONE_DATA=str(self.home),
            RUNSTONE_BASE_URL=self.base_url,
            RUNSTONE_API_KEY=self.key,
            RUNSTONE_SILENT="1",
        )
        given = (name, str(count), "last" if last else "part", str(self.folder))
        done = subprocess.run(
            [sys.executable, "-c", MAKER, *given], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def kill_uplink(self) -> None:
        lock = uplink_lock(self.home)
        holder = lock.read_text()
        os.kill(int(holder), signal.SIGKILL)
        # While it dies it holds the lock, and another that is started meanwhile would leave the work to it.
        wait_until(lambda: not is_running(self.home) or lock.read_text() != holder)

    def outcome(self) -> dict[str, Any]:
        """Of its one version, once there is any."""
        found = wait_until(lambda: list(self.folder.glob("**/artifacts/*.json")), what="an outcome")
        return dict(json.loads(found[0].read_text()))


@dataclass
class World:
    server: RunningServer
    proxy: FaultyProxy
    large: Maker
    small: Maker

    def paths(self) -> list[str]:
        """Of the files of the committed version, as the server has them."""
        client = self.server.client()
        with contextlib.closing(client):
            versions = wait_until(lambda: list(client.artifacts.versions("", PROJECT, "set")))
            assert len(versions) == 1
            return sorted(entry.path for entry in ArtifactVersion(client, versions[0]).entries())

    def pending(self, statement: str) -> Any:
        with contextlib.closing(sqlite3.connect(self.server.data / "records.db")) as records:
            return records.execute(statement).fetchone()[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_server(tmp_path / "server") as server, faulty_proxy(server.port) as proxy:
        made = []
        for name, url in (("large", proxy.base_url), ("small", server.base_url)):
            (tmp_path / name).mkdir()
            made.append(Maker(tmp_path / name, url, server.admin_key))
        try:
            yield World(server, proxy, *made)
        finally:
            for maker in made:
                end_uplinks(maker.home)


def is_call(number: int) -> Any:
    """Of those that bring the entries of the large part."""

    def fits(exchange: Exchange) -> bool:
        if not exchange.path.endswith("/entries"):
            return False
        return bool(json.loads(exchange.body).get("at") == number * ENTRIES_AT_ONCE)

    return fits


def kill_at(world: World, number: int, *, stored: bool) -> None:
    """The large maker's uplink, when it sends that call: before the server has it, or before it is told."""

    def kill(exchange: Exchange) -> Any:
        if stored:
            exchange.forward()
        world.large.kill_uplink()
        raise Cut

    world.proxy.plan(kill, when=is_call(number))
    world.large.run("large", LARGE)
    wait_until(lambda: ("POST", 0) in [(method, status) for method, _, status in world.proxy.seen])


def names(run: str, count: int) -> list[str]:
    return sorted(f"{run}/{number}" for number in range(count))


def test_of_a_part_that_was_cut_off_nothing_is_in_the_version_and_its_maker_is_told(world: World) -> None:
    kill_at(world, 1, stored=False)
    assert world.pending("SELECT sum(entries) FROM manifest_pages") == ENTRIES_AT_ONCE
    world.small.run("small", 3, last=True)
    assert world.small.outcome()["state"] == "committed"
    assert world.paths() == names("small", 3)
    launch(world.large.home)
    told = world.large.outcome()
    assert told["state"] == "refused" and "was committed before this part of it came" in told["message"]
    assert world.paths() == names("small", 3)


@pytest.mark.parametrize(("number", "stored"), [(0, True), (1, False), (1, True)])
def test_a_part_whose_sender_was_killed_is_sent_again_and_is_in_the_version_whole_and_once(
    world: World, number: int, stored: bool
) -> None:
    kill_at(world, number, stored=stored)
    launch(world.large.home)
    assert world.large.outcome()["state"] == "committed"
    assert world.pending("SELECT sum(entries) FROM manifest_pages") == LARGE
    assert world.pending("SELECT count(*) FROM artifact_contributions") == 1
    world.small.run("small", 3, last=True)
    assert world.small.outcome()["state"] == "committed"
    assert world.paths() == sorted(names("large", LARGE) + names("small", 3))


def test_of_a_manifest_of_the_published_clients_all_is_there_or_nothing_when_the_server_is_killed(
    tmp_path: Path,
) -> None:
    """A patch of three pages, again and again; each time the server dies somewhere on the way."""
    die = random.Random(5)
    files = {f"f{number}": b"" for number in range(45_000)}
    body = manifest_of(files)
    with running_server(tmp_path / "server") as server:
        for turn in range(8):
            wire = Wire(server, "killed")
            artifacts = Artifacts(wire)
            made = artifacts.create(f"set{turn}", distributedID="d")
            given = {
                "artifactID": made["id"],
                "name": "wandb_manifest.json",
                "entityName": wire.entity,
                "projectName": wire.project,
                "type": "PATCH",
                "digest": b64_md5(body),
            }
            answered = wire.graphql(CREATE_MANIFEST, i=given)["createArtifactManifest"]
            killer = threading.Timer(die.uniform(0.1, 1.2), server.kill9)
            killer.start()
            with contextlib.suppress(httpx.TransportError):
                httpx.put(answered["artifactManifest"]["file"]["uploadUrl"], content=body, timeout=60)
            killer.join()
            wire.http.close()
            server.restart()
            with contextlib.closing(sqlite3.connect(server.data / "records.db")) as records:
                counts = records.execute(
                    "SELECT coalesce(sum(entries), 0) FROM artifact_versions v LEFT JOIN manifest_pages p "
                    "ON p.version_id = v.id GROUP BY v.id"
                ).fetchall()
            assert {count for (count,) in counts} <= {0, len(files)}
