"""Clients and the server are killed while versions go up: what was committed is whole, what was not is not
seen, and a collection leaves exactly the bytes that versions hold.

python -m bench.killed_uploads [--versions 200] [--clients 4] [--store local|s3|azure|google] [--seed 0]

Real processes and real SIGKILLs: trainers that log artifacts (four small files, one that all versions
share, one of up to 20 MB), the uplinks that carry them, the server that keeps them. A trainer writes down
what `log_artifact` returned from, and what `wait` said is committed; killed, it is started again and goes
on with the next version. Now and then the server collects garbage meanwhile. At the end:

- every version that was logged is on the server, once; one that was cut off in `log_artifact`, whole or not;
- the files of every version, downloaded, are those that were logged (SHA-256 of each, by this process);
- both doors list the same versions, and none else;
- after a collection the store itself (its directory, or its bucket) holds, address by address, what the
  records refer to, and these are the bytes of the files of these versions and no more; then half of them
  are deleted, and the same holds again for the other half.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.support.object_stores import KINDS, object_store
from tests.support.object_stores import lying as objects_in
from tests.support.server import RunningServer, clean_environment, running_server

from runstone.client import Client
from runstone.client.artifacts import ArtifactVersion
from runstone.journal.home import queue_dir, uplink_lock
from runstone.uplink.launch import is_running, launch

PROJECT = "kills"
LARGE_MAX = 20_000_000
SETTLE_SECONDS = 300.0
COLLECT = {"dry_run": False, "spared_seconds": 0, "trash_seconds": 0, "rewrite_packs": 0}


def content(seed: int, number: int) -> dict[str, bytes]:
    """The files of version `number`, the same at every call. `common.bin` is the same in all."""
    die = random.Random(seed * 1_000_003 + number)
    files = {f"part/{n}.bin": die.randbytes(die.randint(1, 3000)) for n in range(4)}
    files["large.bin"] = die.randbytes(die.choice((200_000, 2_000_000, die.randint(1_000_000, LARGE_MAX))))
    files["common.bin"] = random.Random(seed).randbytes(100_000)
    return files


def train(seed: int, first: int, last: int, folder: Path) -> None:
    """Versions first…last-1, each a collection of its own; the ledger says how far it got."""
    import runstone

    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    # Nothing is captured: then the store holds the files of artifacts alone, and can be counted.
    settings = runstone.Settings(
        console="off", system=False, git=False, packages=False, code=False, environment=False
    )
    run = runstone.init(project=PROJECT, dir=str(folder), settings=settings)
    for number in range(first, last):
        os.write(ledger, f"begun {number}\n".encode())
        artifact = runstone.Artifact(f"set{number}", type="dataset")
        for path, data in content(seed, number).items():
            with artifact.new_file(path, "wb") as file:
                file.write(data)
        run.log_artifact(artifact)
        os.write(ledger, f"logged {number}\n".encode())
        artifact.wait()
        os.write(ledger, f"committed {number}\n".encode())
    run.finish()


@dataclass
class Trainer:
    """A share of the versions, by one process after another, in a home of its own."""

    seed: int
    numbers: range
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0
    uplink_kills: int = 0

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def said(self, what: str) -> set[int]:
        ledger = self.folder / "ledger"
        lines = ledger.read_text().splitlines() if ledger.exists() else []
        return {int(line.split()[1]) for line in lines if line.startswith(what)}

    def next(self) -> int:
        return max(self.said("begun"), default=self.numbers.start - 1) + 1

    def tend(self) -> bool:
        """Whether there is more to do; whoever was killed goes on."""
        if self.process is not None and self.process.poll() is None:
            return True
        if self.process is not None and self.process.returncode not in (0, -signal.SIGKILL):
            said = (self.folder / "output").read_text()[-3000:]
            raise AssertionError(f"A trainer ended with {self.process.returncode}:\n{said}")
        if self.next() >= self.numbers.stop:
            return False
        command = (sys.executable, "-m", "bench.killed_uploads", "--train", str(self.folder))
        share = (str(self.seed), str(self.next()), str(self.numbers.stop))
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [*command, *share],
                env=self.environment,
                cwd=Path(__file__).parents[1],  # where `bench` is found, wherever this was started
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return True

    def kill(self, die: random.Random) -> None:
        """The training process, its uplink, or both."""
        which = die.choice(("training", "uplink", "both"))
        if which != "uplink" and self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.kills += 1
        if which != "training" and is_running(self.home):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(uplink_lock(self.home).read_text()), signal.SIGKILL)
                self.uplink_kills += 1
            if which == "uplink":  # as the next run of this home would
                launch(self.home)

    def settled(self) -> bool:
        """Nothing of this home waits to be sent any more."""
        if any(queue_dir(self.home).glob("*.json")):
            launch(self.home)
            return False
        return True


@dataclass
class Report:
    versions: int = 0
    cut_off: int = 0  # begun, never returned from
    cut_off_kept: int = 0  # of these, those that are there all the same
    bytes_held: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    collections: int = 0
    seconds: float = 0.0


def disturb(server: RunningServer, trainers: list[Trainer], die: random.Random, report: Report) -> None:
    """Until every share is done: somebody is killed every half second or so, the server each fourth time."""
    turn = 0
    while busy(trainers):
        time.sleep(die.uniform(0.2, 0.8))
        turn += 1
        if turn % 4 == 2:
            server.kill9()
            server.start()
            report.kills["server"] = report.kills.get("server", 0) + 1
        elif turn % 7 == 0:
            with httpx.Client(base_url=server.base_url, headers=bearer(server), timeout=60) as api:
                answer = api.post("/api/v1/admin/gc", json={"dry_run": False, "rewrite_packs": 0})
                assert answer.status_code == 200, answer.text
                report.collections += 1
        else:
            die.choice(trainers).kill(die)


def busy(trainers: list[Trainer]) -> bool:
    """Each is looked after, also where the first has more to do."""
    return sum(trainer.tend() for trainer in trainers) > 0


def settled(trainers: list[Trainer]) -> bool:
    return sum(not trainer.settled() for trainer in trainers) == 0


def bearer(server: RunningServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.admin_key}"}


def settle(trainers: list[Trainer]) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not settled(trainers):
        if time.monotonic() > deadline:
            waiting = [str(path) for trainer in trainers for path in queue_dir(trainer.home).glob("*.json")]
            raise AssertionError(f"Not sent within {SETTLE_SECONDS:g} s: {waiting}")
        time.sleep(0.3)


def listed(server: RunningServer, client: Client) -> dict[int, ArtifactVersion]:
    """The versions on the server by number; AssertionError where one is there twice, or the wandb door
    tells something else."""
    found: dict[int, ArtifactVersion] = {}
    for collection in client.artifacts.collections("", PROJECT):
        versions = list(client.artifacts.versions("", PROJECT, collection.name))
        if not versions:
            continue
        assert len(versions) == 1, f"{collection.name} has {len(versions)} versions"
        found[int(collection.name.removeprefix("set"))] = ArtifactVersion(client, versions[0])
    query = """query($after: String) { project(name: "kills", entityName: "admin") {
        artifactType(name: "dataset") { artifactCollections(first: 100, after: $after) {
            pageInfo { endCursor hasNextPage }
            edges { node { name artifacts { edges { node { id state } } } } } } } } }"""
    told: dict[int, list[str]] = {}
    after = None
    while True:
        body = {"query": query, "variables": {"after": after}}
        key = ("api", server.admin_key)
        answer = httpx.post(f"{server.base_url}/graphql", json=body, auth=key, timeout=60)
        page = answer.json()["data"]["project"]["artifactType"]["artifactCollections"]
        for edge in page["edges"]:
            states = [one["node"]["state"] for one in edge["node"]["artifacts"]["edges"]]
            if states:
                told[int(edge["node"]["name"].removeprefix("set"))] = states
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert told == {number: ["COMMITTED"] for number in found}, "the two doors tell different versions"
    return found


def verify(seed: int, versions: dict[int, ArtifactVersion]) -> None:
    for number, version in versions.items():
        wanted = {path: hashlib.sha256(data).hexdigest() for path, data in content(seed, number).items()}
        with tempfile.TemporaryDirectory() as folder:
            version.download(folder, use_cache=False)
            got = {
                str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in Path(folder).rglob("*")
                if path.is_file()
            }
        assert got == wanted, f"set{number} came back different"


def held_by(seed: int, numbers: Iterator[int]) -> int:
    """Bytes of all different files."""
    files = (data for number in numbers for data in content(seed, number).values())
    return sum({hashlib.sha256(data).digest(): len(data) for data in files}.values())


def lying(server: RunningServer, url: str | None) -> dict[str, int]:
    """Bytes by address in the store, asked of the store itself; AssertionError where an upload was left
    over, or what lies at an address is not that (each local object is read)."""
    if url is None:
        blobs = server.data / "blobs"
        left = [str(path) for path in (blobs / "uploads").rglob("*") if path.is_file()]
        assert left == [], left
        objects = {}
        for path in (blobs / "sha256").rglob("*"):
            if path.is_file():
                digest, data = path.parent.name + path.name, path.read_bytes()
                assert hashlib.sha256(data).hexdigest() == digest, path
                objects[digest] = len(data)
        return objects
    found = objects_in(url)
    stray = [path for path in found if not path.startswith("sha256/")]
    assert stray == [], stray
    return {path.partition("/")[2].replace("/", ""): size for path, size in found.items()}


def referred(server: RunningServer) -> dict[str, int]:
    """Bytes by address of what the records say is stored: packs, and blobs outside of them."""
    with contextlib.closing(sqlite3.connect(server.data / "records.db")) as records:
        return dict(
            records.execute(
                "SELECT sha256, size FROM packs UNION SELECT sha256, size FROM blobs WHERE pack_id IS NULL"
            ).fetchall()
        )


def collect(server: RunningServer, seed: int, numbers: set[int], url: str | None) -> int:
    with httpx.Client(base_url=f"{server.base_url}/api/v1", headers=bearer(server), timeout=300) as api:
        answer = api.post("/admin/gc", json=COLLECT)
        assert answer.status_code == 200, answer.text
        again = api.post("/admin/gc", json={**COLLECT, "dry_run": True}).json()
        assert (again["blobs"], again["bytes"]) == (0, 0), again
        assert api.get("/admin/audit/verify").json()["ok"]
    there, said = lying(server, url), referred(server)
    assert there == said, f"Strays {there.keys() - said.keys()}, lost {said.keys() - there.keys()}."
    wanted, held = held_by(seed, iter(numbers)), sum(there.values())
    assert held == wanted, f"The store holds {held} bytes, versions hold {wanted}."
    return held


def delete(client: Client, versions: dict[int, ArtifactVersion]) -> None:
    for version in versions.values():
        version.delete(delete_aliases=True)


def kill_uploads(folder: Path, *, versions: int, clients: int, store: str, seed: int) -> Report:
    """Raises AssertionError where something was lost, doubled, half visible, or left lying."""
    die, report, began = random.Random(seed), Report(), time.monotonic()
    with contextlib.ExitStack() as stack:
        url = None
        if store != "local":
            objects = stack.enter_context(object_store(store, folder / "store", volume_mb=1024))
            objects.create_bucket("blobs")
            url = objects.url("blobs", prefix="runstone")
        env = {} if url is None else {"RUNSTONE_BLOBS_URL": url}
        server = stack.enter_context(running_server(folder / "server", env=env))
        trainers = []
        for n in range(clients):
            place = folder / f"client{n}"
            place.mkdir(parents=True)
            environment = clean_environment(
                RUNSTONE_DATA=str(place / "home"),
                RUNSTONE_BASE_URL=server.base_url,
                RUNSTONE_API_KEY=server.admin_key,
                RUNSTONE_SILENT="1",
            )
            share = range(n * versions // clients, (n + 1) * versions // clients)
            trainers.append(Trainer(seed, share, place, environment))
        try:
            disturb(server, trainers, die, report)
            settle(trainers)
            report.kills["training"] = sum(trainer.kills for trainer in trainers)
            report.kills["uplink"] = sum(trainer.uplink_kills for trainer in trainers)
            client = stack.enter_context(contextlib.closing(server.client()))
            found = listed(server, client)
            begun, logged, committed = (
                set().union(*(trainer.said(what) for trainer in trainers))
                for what in ("begun", "logged", "committed")
            )
            assert committed <= found.keys(), f"lost: {sorted(committed - found.keys())}"
            assert logged <= found.keys(), f"logged, never committed: {sorted(logged - found.keys())}"
            assert found.keys() <= begun
            report.cut_off = len(begun - logged)
            report.cut_off_kept = len(found.keys() - logged)
            report.versions = len(found)
            verify(seed, found)
            report.bytes_held = collect(server, seed, set(found), url)
            half = {number for number in found if number % 2}
            delete(client, {number: found[number] for number in half})
            rest = {number: version for number, version in found.items() if number not in half}
            collect(server, seed, set(rest), url)
            verify(seed, dict(list(rest.items())[::5]))
        finally:
            for trainer in trainers:
                if trainer.process is not None and trainer.process.poll() is None:
                    trainer.process.kill()
                    trainer.process.wait()
                if is_running(trainer.home):
                    with contextlib.suppress(OSError, ValueError):
                        os.kill(int(uplink_lock(trainer.home).read_text()), signal.SIGKILL)
    report.seconds = time.monotonic() - began
    return report


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--versions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--store", choices=("local", *KINDS), default="local")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", nargs=4, help=argparse.SUPPRESS)
    given: Any = parser.parse_args(arguments)
    if given.train is not None:
        folder, seed, first, last = given.train
        train(int(seed), int(first), int(last), Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        report = kill_uploads(
            Path(folder), versions=given.versions, clients=given.clients, store=given.store, seed=given.seed
        )
    print(report)


if __name__ == "__main__":
    main()
