"""One large file through a server of little memory: up and down, the connection cut on the way.

    python bench/large_artifact.py [--gib 10] [--memory-mib 256] [--cuts 3] [--store local s3 direct …]

The server lives in a memory cgroup of its own with that limit (needs root and cgroup v1 or v2; without
them the peak is told and nothing is limited). `s3` is a SeaweedFS on this machine, outside the limit, to
which every byte goes through the server; `direct` the same, to which bytes go straight; `azure` and `google`
are the stores of that name in the tests, straight too. `--files N`: as many files, of that size together, at
once.
Needs about five times the size on disk. Fails where what came down is not what went up.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.object_stores import object_store, option
from tests.support.server import RunningServer, running_server

from runstone.client import Client
from runstone.client import artifact_upload as upload
from runstone.client.artifacts import ArtifactVersion
from runstone.client.errors import ClientError
from runstone.content.manifest import Entry
from runstone.content.store import Place

MIB = 1 << 20
TRIES = 20


class CuttingProxy:
    """Passes bytes on, and breaks every connection each time so many have gone one way."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.cuts = 0
        self._cut_at: list[int] = []
        self._seen = 0
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def plan(self, at: list[int]) -> None:
        with self._lock:
            self._seen, self._cut_at = 0, list(at)

    def _accept(self) -> None:
        while True:
            inner, _ = self._socket.accept()
            try:
                outer = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                inner.close()
                continue
            pair = (inner, outer)
            self._pairs.add(pair)
            for source, target in (pair, pair[::-1]):
                threading.Thread(target=self._pass, args=(source, target, pair), daemon=True).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(256 * 1024):
                target.sendall(data)
                with self._lock:
                    self._seen += len(data)
                    cut = bool(self._cut_at) and self._seen >= self._cut_at[0]
                    if cut:
                        self._cut_at.pop(0)
                        self.cuts += 1
                if cut:
                    for one in list(self._pairs):
                        self._end(one)
        self._end(pair)

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()


@contextlib.contextmanager
def held_to(process: psutil.Process, memory: int) -> Iterator[str]:
    """That process in a cgroup of so much memory; how."""
    for root, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        folder = root / f"runstone-bench-{process.pid}"
        try:
            folder.mkdir()
            (folder / limit).write_text(str(memory))
            (folder / "cgroup.procs").write_text(str(process.pid))
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        yield f"{limit} {memory // MIB} MiB"
        return
    yield "not limited"


class Peak(threading.Thread):
    """The most resident memory of a process, sampled, and the least disk left."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process, self.rss, self.over = process, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            with contextlib.suppress(psutil.Error):
                self.rss = max(self.rss, self.process.memory_info().rss)


def make(path: Path, size: int) -> bytes:
    """A file nothing can compress or store twice; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size, 8 * MIB):
            data = os.urandom(min(8 * MIB, size - at))
            digest.update(data)
            file.write(data)
    return digest.digest()


def sha256_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def measure(
    store: str, server: RunningServer, folder: Path, args: argparse.Namespace, to_store: CuttingProxy | None
) -> None:
    size = int(args.gib * 1024 * MIB)
    entries = [
        Entry(f"source{n}.bin", size // args.files, make(folder / f"source{n}.bin", size // args.files))
        for n in range(args.files)
    ]
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    proxy = CuttingProxy(server.port)
    cutting = to_store or proxy  # where the bytes go
    cuts = [size * (n + 1) // (args.cuts + 1) for n in range(args.cuts)]
    os.environ["RUNSTONE_DATA"] = str(folder / "home")
    with held_to(process, args.memory_mib * MIB) as held, Client(proxy.base_url, server.admin_key) as client:
        peak = Peak(process)
        peak.start()

        def timed(what: str, work: object) -> None:
            cutting.plan(cuts)
            before, wall, cut = process.cpu_times(), time.monotonic(), cutting.cuts
            assert callable(work)
            tries = 0
            while True:
                try:
                    work()
                    break
                except ClientError as error:  # a person starts the command again
                    tries += 1
                    print(f"    again after: {type(error).__name__}: {str(error)[:120]}")
                    if tries >= TRIES:
                        raise
                    time.sleep(1)
            seconds = time.monotonic() - wall
            after = process.cpu_times()
            cpu = after.user + after.system - before.user - before.system
            print(
                f"  {store:6} {what:4} {size / 2**30:6.2f} GiB  {seconds:7.1f} s  "
                f"{size / seconds / MIB:6.0f} MiB/s  "
                f"server {cpu:6.1f} CPU-s  peak {peak.rss / MIB:4.0f} MiB ({held})  "
                f"cut {cutting.cuts - cut} times, begun again {tries} times",
                flush=True,
            )

        found: list[ArtifactVersion] = []

        def up() -> None:
            record = upload.publish(
                client.artifacts,
                "",
                "large",
                entries,
                lambda entry: Place(str(folder / entry.path), 0, entry.size),
                name="big",
                type="dataset",
            )
            found.append(ArtifactVersion(client, record))

        timed("up", up)
        target = folder / "down"
        timed("down", lambda: found[-1].download(target, use_cache=False))
        peak.over.set()
        for entry in entries:
            if sha256_of(target / entry.path) != entry.sha256:
                raise SystemExit(f"{store}: what came down is not what went up")
        print(f"  {store:6} equal, SHA-256 {entries[0].sha256.hex()[:16]}…")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=10.0)
    parser.add_argument("--memory-mib", type=int, default=256)
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--files", type=int, default=1, help="as many, of that size together, at once")
    parser.add_argument(
        "--store", nargs="+", choices=("local", "s3", "direct", "azure", "google"), default=["local", "s3"]
    )
    args = parser.parse_args()
    for store in args.store:
        with tempfile.TemporaryDirectory(prefix="runstone-large-") as name, contextlib.ExitStack() as closing:
            folder = Path(name)
            env = {}
            to_store = None
            if store != "local":
                volumes = max(16, int(args.gib * 4) + 8)
                kind = "s3" if store == "direct" else store
                objects = closing.enter_context(
                    object_store(kind, folder / "store", volume_mb=1024, volumes=volumes)
                )
                objects.create_bucket("bucket")
                url = objects.url("bucket", prefix="runstone")
                if store != "s3":
                    to_store = CuttingProxy(objects.port)
                    url += option("public_endpoint", objects.public(to_store.base_url))
                env["RUNSTONE_BLOBS_URL"] = url if to_store else url + option("direct", "off")
            server = closing.enter_context(running_server(folder / "data", env=env))
            measure(store, server, folder, args, to_store)


if __name__ == "__main__":
    main()
