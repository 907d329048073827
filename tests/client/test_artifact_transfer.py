"""Large files on their way, cut and gone on with; damaged bytes; the cache's bound."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.support.faulty import cut_after_store, faulty_proxy
from tests.support.server import RunningServer

from runstone.client import Client, artifact_calls
from runstone.client import artifact_upload as upload
from runstone.client.artifact_differences import compare
from runstone.client.artifact_download import Download
from runstone.client.artifacts import ArtifactVersion
from runstone.client.errors import BadAnswer, ServerAway
from runstone.content.cache import DownloadCache
from runstone.content.errors import ContentError
from runstone.content.manifest import Entry
from runstone.content.store import Place


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[Client]:
    with shared_server.client() as found:
        yield found


def entry_of(path: Path) -> Entry:
    data = path.read_bytes()
    return Entry(path.name, len(data), hashlib.sha256(data).digest())


def publish(client: Client, path: Path, project: str) -> ArtifactVersion:
    record = upload.publish(
        client.artifacts,
        "",
        project,
        [entry_of(path)],
        lambda entry: Place(str(path), 0, path.stat().st_size),
        name="big",
        type="dataset",
    )
    return ArtifactVersion(client, record)


def test_a_large_file_goes_in_pieces_and_on_where_it_was_cut(
    shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGE_BYTES", 1 << 20)
    monkeypatch.setattr(upload, "PIECE_BYTES", 1 << 20)
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(5 * (1 << 20) + 123))
    with (
        faulty_proxy(shared_server.port) as proxy,
        Client(proxy.base_url, shared_server.admin_key) as client,
    ):
        proxy.plan(cut_after_store, times=3, when=lambda seen: seen.method == "PATCH")
        version = publish(client, path, "pieces")
        assert version.version == "v0" and version.damaged() == []
        assert proxy.count("PATCH", "/uploads/") >= 6


def test_an_upload_whose_end_was_not_heard_is_not_sent_again(
    shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGE_BYTES", 1 << 20)
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(2 << 20))
    with (
        faulty_proxy(shared_server.port) as proxy,
        Client(proxy.base_url, shared_server.admin_key) as client,
    ):
        proxy.plan(cut_after_store, times=1, when=lambda seen: seen.path.endswith("/finish"))
        assert publish(client, path, "unheard").damaged() == []
        assert (proxy.count("PATCH", "/uploads/"), proxy.count("POST", "/finish")) == (1, 2)


def test_a_server_that_needs_long_to_finish_an_upload_is_waited_for(
    shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGE_BYTES", 1 << 20)
    monkeypatch.setattr(artifact_calls, "FINISH_POLL_SECONDS", 0.01)
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(2 << 20))
    with (
        faulty_proxy(shared_server.port) as proxy,
        Client(proxy.base_url, shared_server.admin_key) as client,
    ):
        under_way = (202, {"Content-Type": "application/json"}, b'{"sha256": "", "md5": "", "size": 0}')
        proxy.plan(lambda _: under_way, times=3, when=lambda seen: seen.path.endswith("/finish"))
        assert publish(client, path, "slow").damaged() == []
        assert proxy.count("POST", "/finish") == 4


def test_another_process_goes_on_with_an_upload(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGE_BYTES", 1 << 20)
    monkeypatch.setattr(upload, "PIECE_BYTES", 1 << 20)
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(4 << 20))
    calls = client.artifacts
    real, seen = calls.append_upload, []

    def counted(entity: str, name: str, offset: int, *rest: Any) -> int:
        if len(seen) == 2:
            raise ServerAway("cut")
        seen.append(offset)
        return real(entity, name, offset, *rest)

    monkeypatch.setattr(calls, "append_upload", counted)
    with pytest.raises(ServerAway):
        publish(client, path, "resumed")
    offsets: list[int] = []
    monkeypatch.setattr(calls, "append_upload", lambda e, n, o, *r: (offsets.append(o), real(e, n, o, *r))[1])
    assert publish(client, path, "resumed").damaged() == []
    assert offsets == [2 << 20, 3 << 20]


@pytest.mark.parametrize("large", [1 << 20, 1 << 40])
def test_bytes_that_are_not_those_that_were_logged_are_never_sent_as_them(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(upload, "LARGE_BYTES", large)
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(2 << 20))
    entry = entry_of(path)
    path.write_bytes(os.urandom(2 << 20))
    with pytest.raises(upload.BytesGone, match=r"'big\.bin' are gone .* or were changed"):
        upload.send_missing(client.artifacts, "", [entry], lambda _: Place(str(path), 0, path.stat().st_size))
    with pytest.raises(upload.BytesGone):
        upload.send_missing(client.artifacts, "", [entry], lambda _: None)


class Answers:
    """A place of one file that breaks off after some bytes, as often as it is told to."""

    def __init__(self, data: bytes, cuts: list[int]) -> None:
        self.data, self.cuts, self.starts = data, cuts, list[int]()

    def __call__(self, path: str, start: int, etag: str) -> Any:
        self.starts.append(start)
        return _Answer(self.data[start:], start, self.cuts.pop(0) if self.cuts else None)


class _Answer:
    def __init__(self, data: bytes, start: int, cut: int | None) -> None:
        self._data, self._cut = data, cut
        self.status_code = 206 if start else 200

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None: ...

    def iter_bytes(self, size: int) -> Iterator[bytes]:
        yield self._data if self._cut is None else self._data[: self._cut]
        if self._cut is not None:
            raise ServerAway("cut")


def test_a_download_that_is_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    data = os.urandom(100_000)
    answers = Answers(data, [30_000, 0, 20_000])
    entry = Entry("d/x", len(data), hashlib.sha256(data).digest())
    done = Download(answers).run([entry], str(tmp_path / "out"))  # type: ignore[arg-type]
    assert (tmp_path / "out" / "d" / "x").read_bytes() == data
    assert answers.starts == [0, 30_000, 30_000, 50_000] and done.fetched == 1
    again = Download(answers).run([entry], str(tmp_path / "out"))  # type: ignore[arg-type]
    assert (again.there, again.fetched) == (1, 0)


def test_damaged_bytes_never_get_the_files_name(tmp_path: Path) -> None:
    entry = Entry("x", 5, hashlib.sha256(b"right").digest())
    with pytest.raises(BadAnswer, match="came damaged"):
        Download(Answers(b"wrong", [])).run([entry], str(tmp_path / "out"))  # type: ignore[arg-type]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a\\b", "c:/x"])
def test_a_name_that_leads_out_is_refused_before_anything_is_fetched(tmp_path: Path, path: str) -> None:
    entries = [Entry("fine", 1, hashlib.sha256(b"x").digest()), Entry(path, 1, bytes(32))]
    answers = Answers(b"x", [])
    with pytest.raises(ContentError, match="cannot be named"):
        Download(answers).run(entries, str(tmp_path / "out"))  # type: ignore[arg-type]
    assert answers.starts == []


def test_the_cache_keeps_below_its_bound_and_the_last_used(tmp_path: Path) -> None:
    cache = DownloadCache(str(tmp_path / "cache"), bytes_max=100_000)
    digests = []
    for number in range(30):
        data = bytes([number]) * 10_000
        digests.append(hashlib.sha256(data).hexdigest())
        with cache.part(digests[-1]) as part:
            Path(part).write_bytes(data)
            cache.keep(digests[-1], part)
        cache.trim()
        assert cache.size() <= 100_000
        assert cache.has(digests[0], 10_000)  # it is used again and again
    assert cache.has(digests[-1], 10_000) and not cache.has(digests[5], 10_000)
    assert cache.clear() <= 100_000 and cache.size() == 0


@pytest.mark.parametrize("broken", ["a file is there", "its parts cannot be written", "the disk is full"])
def test_without_a_cache_that_can_be_written_to_files_come_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(cache))
    if broken == "a file is there":
        cache.write_text("x")
    elif broken == "its parts cannot be written":
        cache.mkdir()
        (cache / "parts").write_text("x")
    else:

        def full(self: DownloadCache, sha256: str, part: str) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(DownloadCache, "keep", full)
    data = os.urandom(1000)
    entries = [Entry(name, len(data), hashlib.sha256(data).digest()) for name in ("x", "y")]
    Download(Answers(data, [])).run(entries, str(tmp_path / "out"))  # type: ignore[arg-type]
    assert [(tmp_path / "out" / name).read_bytes() for name in ("x", "y")] == [data, data]
    assert capsys.readouterr().err.count(f"the download cache {cache} cannot be used") == 1


def test_a_folder_that_cannot_be_written_to_is_not_blamed_on_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    entry = Entry("x", 1, hashlib.sha256(b"x").digest())
    (tmp_path / "out" / "x").mkdir()  # a folder is where the file would go
    with pytest.raises(OSError):
        Download(Answers(b"x", [])).run([entry], str(tmp_path / "out"))  # type: ignore[arg-type]
    assert "cache" not in capsys.readouterr().err


def test_a_bound_of_the_cache_that_is_no_number_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_CACHE_BYTES", "10 GB")
    with pytest.raises(ContentError, match="a count of bytes, as 20000000000; met '10 GB'"):
        Download(Answers(b"x", []))  # type: ignore[arg-type]


def test_two_that_fetch_one_file_without_a_cache_do_not_write_into_each_others(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    entry = Entry("x", len(data), hashlib.sha256(data).digest())
    together = threading.Barrier(2)

    class Slowly(Answers):
        def __call__(self, path: str, start: int, etag: str) -> Any:
            together.wait(10)
            return super().__call__(path, start, etag)

    fetching = [Download(Slowly(data, []), use_cache=False) for _ in range(2)]  # type: ignore[arg-type]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one.run([entry], str(tmp_path / "out")), fetching))
    assert (tmp_path / "out" / "x").read_bytes() == data
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x"]


def test_a_folder_is_compared_with_all_its_files_read(tmp_path: Path) -> None:
    for name in ("same", "other", "more"):
        (tmp_path / name).write_bytes(name.encode())
    entries = [
        Entry("same", 4, hashlib.sha256(b"same").digest()),
        Entry("other", 5, hashlib.sha256(b"OTHER").digest()),
        Entry("gone", 1, bytes(32)),
    ]
    found = compare(str(tmp_path), entries)
    assert (found.changed, found.missing, found.extra) == (["other"], ["gone"], ["more"])
    assert "changed: other" in found.words() and bool(found)
