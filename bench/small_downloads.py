"""Many small files down: together, and by a request each; CPU of the server and of the client, in turns.

    python bench/small_downloads.py [--files 20000] [--bytes 4096] [--rounds 3] [--way together single]

Each download is a process of its own with an empty cache and an empty folder; what came is held against the
version's digests by the download itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.server import RunningServer, running_server

from runstone.client import artifact_upload as upload
from runstone.content.manifest import Entry
from runstone.content.store import Place

CLIENT = """
import json, sys, time
from runstone.client import Api
from runstone.client.artifact_download import Download

way, root = sys.argv[1:]
with Api() as api:
    version = api.artifact("bench/small:v0")
    entries = version.entries()
    wall, cpu = time.perf_counter(), time.process_time()
    if way == "together":
        done = version.fetch(entries, root)
    else:
        calls, name = version._client.artifacts, f"@{version.record.id}"
        done = Download(
            lambda path, start, etag: calls.file(
                version.entity, version.project, name, path, start=start, etag=etag
            )
        ).run(entries, root)
    assert done.fetched == len(entries), done
    print(json.dumps({"wall": time.perf_counter() - wall, "client": time.process_time() - cpu}))
"""


def fill(server: RunningServer, folder: Path, files: int, size: int) -> None:
    entries = []
    for number in range(files):
        data = os.urandom(size)
        path = f"{number // 1000:03}/{number:06}.bin"
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
        entries.append(Entry(path, size, hashlib.sha256(data).digest()))
    with server.client() as client:
        upload.publish(
            client.artifacts,
            "",
            "bench",
            entries,
            lambda entry: Place(str(folder / entry.path), 0, entry.size),
            name="small",
            type="dataset",
        )


def server_cpu(server: RunningServer) -> float:
    assert server.process is not None
    times = psutil.Process(server.process.pid).cpu_times()
    return times.user + times.system


def download(server: RunningServer, way: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environ = server.environment(
            RUNSTONE_BASE_URL=server.base_url,
            RUNSTONE_API_KEY=server.admin_key,
            RUNSTONE_CACHE_DIR=f"{folder}/cache",
            PYTHONPATH=os.pathsep.join(sys.path),
        )
        before = server_cpu(server)
        command = [sys.executable, "-c", CLIENT, way, f"{folder}/out"]
        told = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE).stdout
        return {**json.loads(told), "server": server_cpu(server) - before}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", nargs="+", default=["single", "together"], choices=["single", "together"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "server") as server:
        (Path(folder) / "files").mkdir()
        fill(server, Path(folder) / "files", asked.files, asked.bytes)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in asked.way}
        for _ in range(asked.rounds):
            for way in asked.way:
                found[way].append(download(server, way))
    print(f"{asked.files:,} files of {asked.bytes:,} bytes, medians of {asked.rounds}:")
    for way, rounds in found.items():
        words = ", ".join(
            f"{name} {statistics.median(one[name] for one in rounds):.2f} s" for name in rounds[0]
        )
        print(f"  {way}: {words}")


if __name__ == "__main__":
    main()
