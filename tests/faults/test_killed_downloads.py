"""Downloads into one cache while one of them is killed: the others finish, and nothing half is ever seen."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.faulty import Answer, CutAnswer, Exchange, FaultyProxy, faulty_proxy, half_answer, slow
from tests.support.server import RunningServer, clean_environment, running_server

from runstone.client import Api
from runstone.client import artifact_upload as upload
from runstone.client.artifacts import ArtifactVersion
from runstone.content.manifest import Entry
from runstone.content.store import Place

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

FILES = {f"deep/{number}.bin": bytes([number]) * 3_000_000 for number in range(1, 7)}
SCRIPT = """
import sys
from runstone.client import Api
with Api() as api:
    version = api.artifact("cache/set:v0")
    version.download(sys.argv[1])
    version.verify(sys.argv[1])
"""


@pytest.fixture(scope="module")
def version(
    shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArtifactVersion]:
    folder = tmp_path_factory.mktemp("files")
    for path, data in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    entries = [Entry(path, len(data), hashlib.sha256(data).digest()) for path, data in FILES.items()]
    with shared_server.client() as client:
        record = upload.publish(
            client.artifacts,
            "",
            "cache",
            entries,
            lambda entry: Place(str(folder / entry.path), 0, entry.size),
            name="set",
            type="dataset",
        )
        yield ArtifactVersion(client, record)


@pytest.fixture
def proxy(shared_server: RunningServer) -> Iterator[FaultyProxy]:
    """Each file's first answer ends in its middle, and the rest of it comes late."""
    with faulty_proxy(shared_server.port) as found:

        def of_file(exchange: Exchange) -> bool:
            return exchange.method == "GET" and "/files/" in exchange.path

        found.plan(half_answer, times=4, when=of_file)
        found.plan(slow(0.4), times=1000, when=of_file)
        yield found


def begun(cache: Path) -> bool:
    return any(part.stat().st_size for part in (cache / "parts").glob("*"))


def one_whole(cache: Path) -> bool:
    return any((cache / "objects").glob("*/*"))


def check_nothing_half(cache: Path, *roots: Path) -> None:
    """Under the name of a file there is that file, or nothing."""
    for item in (cache / "objects").glob("*/*"):
        assert hashlib.sha256(item.read_bytes()).hexdigest() == item.name
    for root in roots:
        for path, data in FILES.items():
            if (root / path).exists():
                assert (root / path).read_bytes() == data


@pytest.mark.parametrize("when", [begun, one_whole])
def test_a_download_killed_beside_another_into_the_same_cache_harms_neither_it_nor_the_cache(
    version: ArtifactVersion,
    proxy: FaultyProxy,
    shared_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[Path], bool],
) -> None:
    cache = tmp_path / "cache"
    environ = clean_environment(
        RUNSTONE_BASE_URL=proxy.base_url,
        RUNSTONE_API_KEY=shared_server.admin_key,
        RUNSTONE_DATA=str(tmp_path / "home"),
        RUNSTONE_CACHE_DIR=str(cache),
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    roots = [tmp_path / "killed", tmp_path / "other"]
    killed, other = (
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(root)], env=environ) for root in roots
    )
    try:
        deadline = time.monotonic() + 120
        while not when(cache):
            assert killed.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        killed.kill()
        assert killed.wait() == -9
        while other.poll() is None:
            assert time.monotonic() < deadline
            check_nothing_half(cache, *roots)
            time.sleep(0.05)
        assert other.returncode == 0  # verify included
    finally:
        killed.kill()
        other.kill()
        killed.wait()
        other.wait()
    check_nothing_half(cache, *roots)
    assert {path: (roots[1] / path).read_bytes() for path in FILES} == FILES

    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(cache))
    third = version.fetch(version.entries(), str(tmp_path / "third"))
    assert (third.placed, third.fetched) == (len(FILES), 0)
    again = version.fetch(version.entries(), str(roots[0]))  # what was killed is gone on with
    assert again.fetched == 0 and again.there + again.placed == len(FILES)
    version.verify(tmp_path / "third")
    assert not list((cache / "parts").glob("*"))  # nor is anything left of it in the cache


def test_what_is_only_begun_is_gone_on_with_by_whoever_comes_next(
    version: ArtifactVersion,
    proxy: FaultyProxy,
    shared_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / "cache"
    environ = clean_environment(
        RUNSTONE_BASE_URL=proxy.base_url,
        RUNSTONE_API_KEY=shared_server.admin_key,
        RUNSTONE_DATA=str(tmp_path / "home"),
        RUNSTONE_CACHE_DIR=str(cache),
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    killed = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path / "killed")], env=environ)
    try:
        deadline = time.monotonic() + 120
        while not begun(cache):
            assert killed.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        killed.kill()
        killed.wait()
    check_nothing_half(cache, tmp_path / "killed")
    proxy.clear()
    proxy.headers.clear()
    for name in ("RUNSTONE_DATA", "RUNSTONE_CACHE_DIR", "RUNSTONE_BASE_URL", "RUNSTONE_API_KEY"):
        monkeypatch.setenv(name, environ[name])
    with Api() as api:
        found = api.artifact("cache/set:v0")
        found.download(tmp_path / "next")
        found.verify(tmp_path / "next")
    assert any("range" in {name.lower() for name in headers} for headers in proxy.headers)


SMALL = {f"small/{number:03}.bin": hashlib.sha256(b"%d" % number).digest() * 300 for number in range(400)}
# In batches of 20 and one at a time, so that there is a middle.
SMALL_SCRIPT = """
import sys
from runstone.client import Api, artifact_batches
from runstone.client.artifact_download import Download

artifact_batches.BATCH_FILES_MAX = 20
Download.__init__.__kwdefaults__["threads"] = 1
with Api() as api:
    version = api.artifact("cache/small:v0")
    done = version.fetch(version.entries(), sys.argv[1])
    version.verify(sys.argv[1])
    print(done.there, done.placed, done.fetched)
"""


def is_batch(exchange: Exchange) -> bool:
    return exchange.method == "POST" and exchange.path.endswith("/files/read")


def publish_small(server: RunningServer, folder: Path) -> None:
    for path, data in SMALL.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    with server.client() as client:
        upload.publish(
            client.artifacts,
            "",
            "cache",
            [Entry(path, len(data), hashlib.sha256(data).digest()) for path, data in SMALL.items()],
            lambda entry: Place(str(folder / entry.path), 0, entry.size),
            name="small",
            type="dataset",
        )


def small_download(base_url: str, key: str, tmp_path: Path, root: Path) -> subprocess.Popen[str]:
    environ = clean_environment(
        RUNSTONE_BASE_URL=base_url,
        RUNSTONE_API_KEY=key,
        RUNSTONE_DATA=str(tmp_path / "home"),
        RUNSTONE_CACHE_DIR=str(tmp_path / "cache"),
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    command = [sys.executable, "-c", SMALL_SCRIPT, str(root)]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)


def came(root: Path) -> int:
    """How many small files are there; each is whole."""
    count = 0
    for path, data in SMALL.items():
        if (root / path).exists():
            assert (root / path).read_bytes() == data
            count += 1
    return count


def wait_for_some(process: subprocess.Popen[str], root: Path) -> None:
    deadline = time.monotonic() + 120
    while came(root) < 50:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def small(shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> RunningServer:
    publish_small(shared_server, tmp_path_factory.mktemp("small"))
    return shared_server


def test_a_client_killed_among_many_small_files_keeps_what_came_and_asks_for_the_rest_only(
    small: RunningServer, tmp_path: Path
) -> None:
    root = tmp_path / "out"
    with faulty_proxy(small.port) as proxy:
        proxy.plan(slow(0.1), times=1000, when=is_batch)
        killed = small_download(proxy.base_url, small.admin_key, tmp_path, root)
        try:
            wait_for_some(killed, root)
        finally:
            killed.kill()
            killed.communicate()
        before = came(root)
        assert 50 <= before < len(SMALL)
        check_nothing_half(tmp_path / "cache")
        proxy.clear()
        again = small_download(proxy.base_url, small.admin_key, tmp_path, root)
        told, _ = again.communicate(timeout=120)
    assert again.returncode == 0  # verify included
    there, placed, fetched = map(int, told.split())
    # One file may have been in the cache and not yet under its name.
    assert there == before and placed <= 1 and there + placed + fetched == len(SMALL)
    assert came(root) == len(SMALL)
    assert not list((tmp_path / "cache" / "parts").glob("*"))


def test_a_server_killed_in_the_middle_of_answers_costs_the_client_nothing_but_time(tmp_path: Path) -> None:
    root = tmp_path / "out"
    with running_server(tmp_path) as server, faulty_proxy(server.port) as proxy:
        (tmp_path / "small").mkdir()
        publish_small(server, tmp_path / "small")
        kills: list[int] = []

        def kill(exchange: Exchange) -> Answer:
            """Half of an answer is out when the server dies; it is back for the next request."""
            answer = exchange.forward()
            server.kill9()
            kills.append(len(answer[2]))
            server.start()
            raise CutAnswer(answer, len(answer[2]) // 2)

        for _ in range(2):
            proxy.plan(slow(0), times=4, when=is_batch)
            proxy.plan(kill, times=1, when=is_batch)
        download = small_download(proxy.base_url, server.admin_key, tmp_path, root)
        try:
            told, _ = download.communicate(timeout=150)
        finally:
            download.kill()
        assert download.returncode == 0 and len(kills) == 2
        assert told.split() == ["0", "0", str(len(SMALL))]
        assert came(root) == len(SMALL)
        # Twenty batches, and one more for the rest of each that broke off.
        answered = [code for made, path, code in proxy.seen if made == "POST" and code == 200]
        assert len(answered) >= 20 and proxy.count("GET", "/files/") == 0
