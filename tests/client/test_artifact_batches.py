"""Small files down, many in one answer: what single requests bring, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.faulty import Answer, Exchange, FaultyProxy, faulty_proxy, half_answer, status
from tests.support.server import RunningServer

from runstone.client import Client, artifact_batches
from runstone.client import artifact_upload as upload
from runstone.client.artifact_batches import Batches, batches
from runstone.client.artifact_download import Download
from runstone.client.artifacts import ArtifactVersion
from runstone.client.errors import ApiError, BadAnswer, NotFound, ServerAway
from runstone.content.manifest import Entry
from runstone.content.store import Place

FILES = {
    **{
        f"d{number % 5}/{number:03}.bin": bytes([number % 256]) * (number * 31 % 2000)
        for number in range(300)
    },
    "twice/a": b"the same",
    "twice/b": b"the same",
    "empty": b"",
    "large.bin": bytes(range(256)) * 2000,
}
DISTINCT = len({data for path, data in FILES.items() if path != "large.bin"})
FRAME = struct.Struct("<II")


def entry_of(path: str, data: bytes) -> Entry:
    return Entry(path, len(data), hashlib.sha256(data).digest())


@pytest.fixture(scope="module")
def proxy(shared_server: RunningServer) -> Iterator[FaultyProxy]:
    with faulty_proxy(shared_server.port) as found:
        yield found


@pytest.fixture(scope="module")
def made(
    shared_server: RunningServer, proxy: FaultyProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArtifactVersion]:
    folder = tmp_path_factory.mktemp("files")
    for path, data in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    with Client(proxy.base_url, shared_server.admin_key) as client:
        record = upload.publish(
            client.artifacts,
            "",
            "batches",
            [entry_of(path, data) for path, data in FILES.items()],
            lambda entry: Place(str(folder / entry.path), 0, entry.size),
            name="small",
            type="dataset",
        )
        yield ArtifactVersion(client, record)


@pytest.fixture
def version(
    made: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArtifactVersion:
    """With an empty cache, in batches of 50."""
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(artifact_batches, "BATCH_FILES_MAX", 50)
    made.entries()
    proxy.clear()
    proxy.seen.clear()
    return made


def is_batch(exchange: Exchange) -> bool:
    return exchange.method == "POST" and exchange.path.endswith("/files/read")


def counted(proxy: FaultyProxy) -> tuple[int, int]:
    """(requests for many files, for one)"""
    return proxy.count("POST", "/files/read"), proxy.count("GET", "/files/")


def check(root: Path) -> None:
    found = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    assert found == FILES


def test_small_files_come_together_and_are_what_single_requests_bring(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path
) -> None:
    done = version.fetch(version.entries(), str(tmp_path / "together"))
    check(tmp_path / "together")
    assert counted(proxy) == (7, 1)  # 303 small ones by 50, and the large one
    assert done.fetched + done.placed == len(FILES) and done.fetched >= DISTINCT
    calls = version._client.artifacts
    Download(
        lambda path, start, etag: calls.file(version.entity, version.project, f"@{version.record.id}", path),
        use_cache=False,
    ).run(version.entries(), str(tmp_path / "single"))
    check(tmp_path / "single")
    version.verify(tmp_path / "together")
    cached = list((tmp_path / "cache" / "objects").glob("*/*"))
    assert len(cached) == DISTINCT + 1
    for item in cached:
        assert hashlib.sha256(item.read_bytes()).hexdigest() == item.name
    assert not list((tmp_path / "cache" / "parts").iterdir())


def test_what_lies_there_or_in_the_cache_is_not_asked_for(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path
) -> None:
    version.fetch(version.entries(), str(tmp_path / "first"))
    proxy.seen.clear()
    placed = version.fetch(version.entries(), str(tmp_path / "second"))
    there = version.fetch(version.entries(), str(tmp_path / "second"))
    assert (placed.placed, placed.fetched, there.there) == (len(FILES), 0, len(FILES))
    assert counted(proxy) == (0, 0)
    check(tmp_path / "second")
    (tmp_path / "second" / "d1" / "001.bin").unlink()
    (tmp_path / "second" / "d1" / "001.bin").write_bytes(b"mine")
    version.fetch(version.entries(), str(tmp_path / "second"))
    check(tmp_path / "second")


@pytest.mark.parametrize(
    "how", ["no cache", "a cache of nothing", "a cache of little", "a cache that is none"]
)
def test_with_little_or_no_cache_they_come_together_all_the_same(
    version: ArtifactVersion,
    proxy: FaultyProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    if how == "a cache of nothing":
        monkeypatch.setenv("RUNSTONE_CACHE_BYTES", "0")
    elif how == "a cache of little":
        monkeypatch.setenv("RUNSTONE_CACHE_BYTES", "20000")
    elif how == "a cache that is none":
        (tmp_path / "cache").write_text("x")
    done = version.fetch(version.entries(), str(tmp_path / "out"), use_cache=how != "no cache")
    check(tmp_path / "out")
    assert counted(proxy) == (7, 1) and done.fetched >= DISTINCT
    if how == "a cache of little":
        kept = sum(item.stat().st_size for item in (tmp_path / "cache" / "objects").glob("*/*"))
        assert 0 < kept <= 20_000


@pytest.mark.parametrize(
    "refusal",
    [
        status(405),
        status(404),
        status(404, body=b'{"error": {"code": "not_found", "message": "no such route"}}'),
    ],
)
def test_from_a_server_that_does_not_know_them_they_come_one_by_one(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path, refusal: Any
) -> None:
    proxy.plan(refusal, times=1000, when=is_batch)
    version.fetch(version.entries(), str(tmp_path / "out"))
    check(tmp_path / "out")
    together, alone = counted(proxy)
    assert 1 <= together <= 7 and DISTINCT + 1 <= alone <= len(FILES)


def test_answers_that_break_off_are_gone_on_with_and_what_came_is_not_asked_for_again(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def noted(exchange: Exchange) -> Answer:
        asked.append(json.loads(exchange.body)["paths"])
        return half_answer(exchange)

    proxy.plan(noted, times=12, when=is_batch)
    version.fetch(version.entries(), str(tmp_path / "out"))
    check(tmp_path / "out")
    paths = [path for some in asked for path in some]
    assert len(asked) == 12 and len(set(paths)) < len(paths)
    total = sum(map(len, FILES.values()))
    assert proxy.count("GET", "/files/") <= 8  # what is left when a half holds no whole file
    assert proxy.bytes_down < 40 * total


def test_where_nothing_comes_whole_they_come_one_by_one(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path
) -> None:
    def nothing(exchange: Exchange) -> Answer:
        code, headers, _ = exchange.forward()
        return code, {name: value for name, value in headers.items() if name.lower() != "content-length"}, b""

    proxy.plan(nothing, times=1000, when=is_batch)
    version.fetch(version.entries(), str(tmp_path / "out"))
    check(tmp_path / "out")
    assert proxy.count("POST", "/files/read") == 7


def changed(body: bytes, how: str) -> bytes:
    index, size = FRAME.unpack_from(body)
    if how == "a byte":
        return body[:-1] + bytes([body[-1] ^ 1])
    if how == "its length":
        return FRAME.pack(index, size + 1) + body[8:]
    if how == "a place that was not asked for":
        return FRAME.pack(1 << 20, size) + body[8:]
    first = body[: 8 + size]
    return first + first + body[8 + size :]  # one twice


@pytest.mark.parametrize("how", ["a byte", "its length", "a place that was not asked for", "one twice"])
def test_damaged_answers_are_told_and_no_wrong_byte_gets_a_files_name(
    version: ArtifactVersion, proxy: FaultyProxy, tmp_path: Path, how: str
) -> None:
    def damage(exchange: Exchange) -> Answer:
        code, headers, body = exchange.forward()
        kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        return code, kept, changed(body, how)

    proxy.plan(damage, times=1, when=is_batch)
    with pytest.raises(BadAnswer, match=r"came damaged|none of those that were asked for"):
        version.fetch(version.entries(), str(tmp_path / "out"))
    came = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    for path in came:
        assert path.read_bytes() == FILES[path.relative_to(tmp_path / "out").as_posix()]
    version.fetch(version.entries(), str(tmp_path / "out"))
    check(tmp_path / "out")


def test_a_version_deleted_meanwhile_is_told(
    shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(tmp_path / "cache"))
    files = {"a": b"first", "b": b"second"}
    for path, data in files.items():
        (tmp_path / path).write_bytes(data)
    with shared_server.client() as client:
        record = upload.publish(
            client.artifacts,
            "",
            "batches-deleted",
            [entry_of(path, data) for path, data in files.items()],
            lambda entry: Place(str(tmp_path / entry.path), 0, entry.size),
            name="small",
            type="dataset",
        )
        version = ArtifactVersion(client, record)
        entries = version.entries()
        client.artifacts.delete(version.entity, version.project, f"@{record.id}", aliases=True)
        with pytest.raises(NotFound, match="no artifact version"):
            version.fetch(entries, str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


@given(st.lists(st.integers(0, 400_000), max_size=60), st.integers(1, 9), st.integers(1, 600_000))
def test_batches_hold_each_small_file_once_within_their_bounds(
    sizes: list[int], files_max: int, bytes_max: int
) -> None:
    pairs = [(Entry(str(index), size, os.urandom(32)), str(index)) for index, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifact_batches, "BATCH_FILES_MAX", files_max)
        patch.setattr(artifact_batches, "BATCH_BYTES_MAX", bytes_max)
        together, alone = batches(pairs)
    small = [pair for pair in pairs if pair[0].size <= artifact_batches.SMALL_BYTES_MAX]
    assert [pair for some in together for pair in some] == small
    assert alone == [pair for pair in pairs if pair not in small]
    for some in together:
        assert 1 <= len(some) <= files_max
        assert len(some) == 1 or sum(entry.size for entry, _ in some) <= bytes_max


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=12, unique=True), st.data())
def test_however_an_answer_is_cut_into_chunks_and_breaks_each_file_comes_once_and_right(
    datas: list[bytes], data: st.DataObject
) -> None:
    pairs = [(entry_of(str(index), one), f"at {index}") for index, one in enumerate(datas)]
    bytes_of = {str(index): one for index, one in enumerate(datas)}
    kept: dict[str, bytes] = {}

    @contextmanager
    def opened(paths: Any) -> Iterator[Any]:
        order = data.draw(st.permutations(range(len(paths))))
        body = b"".join(
            FRAME.pack(place, len(bytes_of[paths[place]])) + bytes_of[paths[place]] for place in order
        )
        end = data.draw(st.integers(0, len(body)))

        def chunks() -> Iterator[bytes]:
            at = 0
            while at < end:
                step = data.draw(st.integers(1, 30))
                yield body[at : min(end, at + step)]
                at += step
            if end < len(body) and data.draw(st.booleans()):
                raise ServerAway("cut")

        yield SimpleNamespace(iter_bytes=chunks)

    def keep(entry: Entry, target: str, came: bytes) -> None:
        assert target not in kept
        kept[target] = came

    left = Batches(opened, keep).fetch(pairs, lambda: False)
    assert kept.keys() | {target for _, target in left} == {target for _, target in pairs}
    assert len(kept) + len(left) == len(pairs)
    assert all(kept[target] == bytes_of[entry.path] for entry, target in pairs if target in kept)


@pytest.mark.parametrize("code", [401, 403, 500])
def test_other_refusals_are_told_and_nothing_else_is_asked(code: int) -> None:
    def refused(paths: Any) -> Any:
        raise ApiError("no", status=code)

    pairs = [(entry_of(name, name.encode()), name) for name in "ab"]
    with pytest.raises(ApiError):
        Batches(refused, _never).fetch(pairs, lambda: False)
    assert Batches(refused, _never).fetch(pairs, lambda: True) == pairs


_never: Callable[..., None] = pytest.fail
