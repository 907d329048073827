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
from tests.support.faulty import Exchange, FaultyProxy, faulty_proxy, half_answer, slow
from tests.support.server import RunningServer, clean_environment

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
