"""What every blob store must do, as a suite to run against any kind.

class TestMine(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, tmp_path):
        return open_blobs(tmp_path)
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest

from runstone.server.domain.errors import Invalid, NotFound, OffsetMismatch
from runstone.server.stores.blobs.contract import BlobInfo, BlobStore, PieceAddress, Sha256

_MIB = 1024 * 1024


def put(blobs: BlobStore, chunks: Iterable[bytes], *, expect: str | None = None) -> BlobInfo:
    """`put` for tests that are not async."""

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return asyncio.run(blobs.put(stream(), expect_sha256=None if expect is None else Sha256(expect)))


def append(blobs: BlobStore, upload: str, chunks: Iterable[bytes], *, offset: int) -> int:
    """`append` for tests that are not async."""

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return asyncio.run(blobs.append(upload, stream(), offset=offset))


def sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).hexdigest())


class BlobStoreSuite:
    """Subclass it and give a fixture `blobs`: an empty store."""

    def test_what_was_put_is_read_back_with_its_digests(self, blobs: BlobStore) -> None:
        data = os.urandom(100_000)
        info = put(blobs, [data[:10], data[10:70_000], b"", data[70_000:]])
        assert info == BlobInfo(sha256(data), hashlib.md5(data).hexdigest(), len(data))  # noqa: S324
        assert b"".join(blobs.read(info.sha256)) == data
        assert blobs.info(info.sha256) == len(data)

    def test_an_empty_blob_is_a_blob(self, blobs: BlobStore) -> None:
        info = put(blobs, [])
        assert info.size == 0 and info.sha256 == sha256(b"")
        assert blobs.info(info.sha256) == 0
        assert b"".join(blobs.read(info.sha256)) == b""

    @pytest.mark.parametrize("size", [_MIB - 1, _MIB, _MIB + 1, 20 * _MIB + 7])
    def test_a_large_stream_is_kept_whole(self, blobs: BlobStore, size: int) -> None:
        data = os.urandom(_MIB) * (size // _MIB + 1)
        data = data[:size]
        info = put(blobs, (data[at : at + 300_007] for at in range(0, size, 300_007)))
        assert info.size == size
        read = hashlib.sha256()
        for chunk in blobs.read(info.sha256):
            assert 0 < len(chunk) <= _MIB
            read.update(chunk)
        assert read.hexdigest() == info.sha256 == sha256(data)

    def test_put_bytes_and_put_agree(self, blobs: BlobStore) -> None:
        data = b"the same either way"
        assert blobs.put_bytes(data) == put(blobs, [data])
        assert list(blobs.all()) == [(sha256(data), len(data))]

    def test_half_open_ranges(self, blobs: BlobStore) -> None:
        data = bytes(range(256)) * 9000
        digest = blobs.put_bytes(data).sha256
        size = len(data)
        for start, end in [
            (0, 1),
            (5, 5),
            (10, 2_000_000),
            (size - 1, None),
            (size, None),
            (7, size + 99),
            (3, 2),
        ]:
            assert b"".join(blobs.read(digest, start=start, end=end)) == data[start:end]

    def test_an_unexpected_digest_is_refused_and_leaves_nothing(self, blobs: BlobStore) -> None:
        with pytest.raises(Invalid) as raised:
            put(blobs, [b"what came"], expect=sha256(b"what was announced"))
        assert sha256(b"what came") in raised.value.message
        assert list(blobs.all()) == []
        assert put(blobs, [b"right"], expect=sha256(b"right")).size == 5

    def test_a_stream_that_breaks_leaves_nothing(self, blobs: BlobStore) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield os.urandom(3 * _MIB)
            raise ConnectionResetError("the client went away")

        with pytest.raises(ConnectionResetError):
            asyncio.run(blobs.put(broken()))
        assert list(blobs.all()) == []

    def test_a_blob_is_never_seen_in_part(self, blobs: BlobStore) -> None:
        data = os.urandom(4 * _MIB)
        digest, seen, stop = sha256(data), set[int | None](), threading.Event()

        def watch() -> None:
            while not stop.is_set():
                seen.add(blobs.info(digest))

        watcher = threading.Thread(target=watch)
        watcher.start()
        put(blobs, (data[at : at + 65_536] for at in range(0, len(data), 65_536)))
        stop.set()
        watcher.join()
        assert seen <= {None, len(data)}

    def test_many_senders_of_the_same_bytes_make_one_blob(self, blobs: BlobStore) -> None:
        data = os.urandom(50_000)
        errors: list[BaseException] = []

        def send() -> None:
            try:
                assert blobs.put_bytes(data).sha256 == sha256(data)
            except BaseException as error:
                errors.append(error)

        senders = [threading.Thread(target=send) for _ in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert errors == []
        assert list(blobs.all()) == [(sha256(data), len(data))]

    def test_unknown_blobs(self, blobs: BlobStore) -> None:
        missing = sha256(b"never put")
        assert blobs.info(missing) is None
        with pytest.raises(NotFound):
            blobs.read(missing)
        blobs.delete([missing])

    @pytest.mark.parametrize(
        "name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "/" + "a" * 63]
    )
    def test_only_digests_are_addresses(self, blobs: BlobStore, name: str) -> None:
        with pytest.raises(Invalid):
            blobs.info(Sha256(name))
        with pytest.raises(Invalid):
            blobs.read(Sha256(name))
        with pytest.raises(Invalid):
            blobs.delete([Sha256(name)])

    def test_delete_forgets_those_and_no_others(self, blobs: BlobStore) -> None:
        kept, gone = blobs.put_bytes(b"kept"), [blobs.put_bytes(b"gone %d" % n) for n in range(3)]
        blobs.delete(info.sha256 for info in gone)
        assert list(blobs.all()) == [(kept.sha256, 4)]
        with pytest.raises(NotFound):
            blobs.read(gone[0].sha256)
        assert blobs.put_bytes(b"gone 0").sha256 == gone[0].sha256

    def test_blobs_that_two_delete_at_once_are_gone_and_nobody_fails(self, blobs: BlobStore) -> None:
        digests = [blobs.put_bytes(b"twice %d" % n).sha256 for n in range(40)]
        errors: list[BaseException] = []

        def delete() -> None:
            try:
                blobs.delete(digests)
            except BaseException as error:
                errors.append(error)

        deleters = [threading.Thread(target=delete) for _ in range(4)]
        for deleter in deleters:
            deleter.start()
        for deleter in deleters:
            deleter.join()
        assert errors == [] and list(blobs.all()) == []

    def test_young_blobs_are_spared_by_age(self, blobs: BlobStore) -> None:
        info = blobs.put_bytes(b"young")
        assert list(blobs.all(older_than_seconds=3600)) == []
        blobs.delete([info.sha256], older_than_seconds=3600)
        assert list(blobs.all()) == [(info.sha256, 5)]

    def test_a_reader_that_stops_early_does_no_harm(self, blobs: BlobStore) -> None:
        info = blobs.put_bytes(os.urandom(3 * _MIB))
        reader = iter(blobs.read(info.sha256))
        assert len(next(reader)) > 0
        del reader
        blobs.delete([info.sha256])
        assert blobs.info(info.sha256) is None

    # -- uploads under way

    def test_an_upload_in_pieces_is_the_blob_of_the_whole(self, blobs: BlobStore) -> None:
        data, name, at = os.urandom(20 * _MIB + 5), "a" * 32, 0
        for size in (1, 9 * _MIB, 0, 3, 11 * _MIB + 1):
            assert append(blobs, name, [data[at : at + size]], offset=at) == at + size
            at += size
            assert blobs.appended(name) == at
        assert list(blobs.all()) == []
        info = blobs.finish(name, expect_sha256=sha256(data))
        assert info == BlobInfo(sha256(data), hashlib.md5(data).hexdigest(), len(data))  # noqa: S324
        assert b"".join(blobs.read(info.sha256)) == data
        assert blobs.appended(name) == 0 and list(blobs.uploads()) == []

    def test_an_upload_goes_on_only_where_it_ended(self, blobs: BlobStore) -> None:
        name = "b" * 32
        append(blobs, name, [b"four"], offset=0)
        for offset in (0, 3, 5):
            with pytest.raises(OffsetMismatch) as raised:
                append(blobs, name, [b"more"], offset=offset)
            assert raised.value.next_offset == 4
        assert append(blobs, name, [b" more"], offset=4) == 9
        assert blobs.finish(name).sha256 == sha256(b"four more")

    def test_what_came_before_a_stream_broke_is_kept(self, blobs: BlobStore) -> None:
        name, data = "c" * 32, os.urandom(3 * _MIB)

        async def broken() -> AsyncIterator[bytes]:
            yield data[: 2 * _MIB + 7]
            raise ConnectionResetError("the client went away")

        with pytest.raises(ConnectionResetError):
            asyncio.run(blobs.append(name, broken(), offset=0))
        at = blobs.appended(name)
        assert at == 2 * _MIB + 7
        append(blobs, name, [data[at:]], offset=at)
        assert blobs.finish(name).sha256 == sha256(data)

    def test_an_upload_that_is_not_what_was_announced_is_no_blob(self, blobs: BlobStore) -> None:
        name = "d" * 32
        append(blobs, name, [b"what came"], offset=0)
        with pytest.raises(Invalid):
            blobs.finish(name, expect_sha256=sha256(b"what was announced"))
        assert list(blobs.all()) == []

    def test_an_upload_of_bytes_that_are_there_makes_no_second_blob(self, blobs: BlobStore) -> None:
        blobs.put_bytes(b"known")
        append(blobs, "e" * 32, [b"known"], offset=0)
        assert blobs.finish("e" * 32).sha256 == sha256(b"known")
        assert list(blobs.all()) == [(sha256(b"known"), 5)]

    def test_a_discarded_upload_is_gone(self, blobs: BlobStore) -> None:
        append(blobs, "f" * 32, [b"never mind"], offset=0)
        assert list(blobs.uploads()) == ["f" * 32]
        assert list(blobs.uploads(older_than_seconds=3600)) == []
        blobs.discard("f" * 32)
        blobs.discard("f" * 32)
        assert list(blobs.uploads()) == [] and blobs.appended("f" * 32) == 0

    @pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 32, "a" * 31, "a" * 33])
    def test_only_names_of_uploads_are_uploads(self, blobs: BlobStore, name: str) -> None:
        with pytest.raises(Invalid):
            blobs.appended(name)
        with pytest.raises(Invalid):
            blobs.discard(name)
        with pytest.raises(Invalid):
            append(blobs, name, [b"x"], offset=0)

    def test_an_address_gives_the_bytes_without_us(self, blobs: BlobStore) -> None:
        info = blobs.put_bytes(b"fetched from the store itself")
        address = blobs.address(info.sha256, seconds=60)
        if address is None:
            pytest.skip("this kind of store gives no addresses")
        assert httpx.get(address).content == b"fetched from the store itself"
        assert httpx.get(address[:-1] + ("0" if address[-1] != "0" else "1")).status_code == 403

    # -- pieces that are put by address

    def test_a_piece_is_put_by_its_address_and_by_no_other_way(self, blobs: BlobStore) -> None:
        name, data = "1" * 32, os.urandom(70_000)
        at_0, at_70_000 = _addresses(blobs, name, [0, 70_000])
        assert httpx.get(at_0.url).status_code == httpx.delete(at_0.url).status_code == 403
        elsewhere = at_0.url.replace("0" * 20, f"{5:020d}")
        assert httpx.put(elsewhere, content=b"x", headers=at_0.headers).status_code == 403
        assert httpx.put(at_70_000.url, content=b"end", headers=at_70_000.headers).is_success
        assert (blobs.appended(name), blobs.pieces(name)) == (0, [(70_000, 3)])
        assert httpx.put(at_0.url, content=data, headers=at_0.headers).is_success
        assert blobs.appended(name) == 70_003
        whole = sha256(data + b"end")
        assert blobs.finish(name, expect_sha256=whole) == BlobInfo(
            whole,
            hashlib.md5(data + b"end").hexdigest(),  # noqa: S324
            70_003,
        )
        assert b"".join(blobs.read(whole)) == data + b"end" and list(blobs.uploads()) == []

    def test_an_address_of_a_piece_is_over_after_its_time(self, blobs: BlobStore) -> None:
        (short,) = _addresses(blobs, "2" * 32, [0], seconds=1)
        time.sleep(2.5)
        late = httpx.put(short.url, content=b"late", headers=short.headers)
        assert late.status_code in (400, 403)  # Google's says 400
        assert blobs.pieces("2" * 32) == []

    def test_bytes_that_came_through_us_and_were_changed_since_are_refused(self, blobs: BlobStore) -> None:
        name, good = "3" * 32, os.urandom(50_000)
        (address,) = _addresses(blobs, name, [0])
        assert append(blobs, name, [good], offset=0) == 50_000
        assert httpx.put(address.url, content=bytes(50_000), headers=address.headers).is_success
        with pytest.raises(Invalid):
            blobs.finish(name, expect_sha256=sha256(good))
        assert list(blobs.all()) == [] and blobs.info(sha256(good)) is None

    def test_what_is_stored_is_what_was_hashed_though_a_piece_changes_meanwhile(
        self, blobs: BlobStore
    ) -> None:
        good, bad = os.urandom(_MIB) * 12, os.urandom(_MIB) * 12
        stop = threading.Event()
        for turn in range(4):
            name = f"{turn:032x}"
            (address,) = _addresses(blobs, name, [0])
            httpx.put(address.url, content=good, headers=address.headers)

            def change(url: str = address.url, headers: dict[str, str] = address.headers) -> None:
                while not stop.is_set():
                    for data in (bad, good):
                        httpx.put(url, content=data, headers=headers)

            changer = threading.Thread(target=change)
            changer.start()
            time.sleep(0.1 * turn)
            with contextlib.suppress(Invalid):
                blobs.finish(name, expect_sha256=sha256(good))
            stop.set()
            changer.join()
            stop.clear()
            for digest, _ in blobs.all():
                assert sha256(b"".join(blobs.read(digest))) == digest == sha256(good)
            blobs.delete([sha256(good)])

    def test_a_stream_goes_round_a_piece_that_was_put_ahead_of_it(self, blobs: BlobStore) -> None:
        name, data = "4" * 32, os.urandom(9 * _MIB)
        (ahead,) = _addresses(blobs, name, [6 * _MIB])
        httpx.put(ahead.url, content=data[6 * _MIB : 8 * _MIB], headers=ahead.headers)
        assert append(blobs, name, [data[: 5 * _MIB]], offset=0) == 5 * _MIB
        assert append(blobs, name, [data[5 * _MIB : 7 * _MIB]], offset=5 * _MIB) == 8 * _MIB
        assert append(blobs, name, [data[8 * _MIB :]], offset=8 * _MIB) == 9 * _MIB
        assert blobs.finish(name, expect_sha256=sha256(data)).size == 9 * _MIB


def _addresses(
    blobs: BlobStore, upload: str, offsets: list[int], *, seconds: float = 60
) -> list[PieceAddress]:
    found = blobs.piece_addresses(upload, offsets, seconds=seconds)
    if found is None:
        assert blobs.direct == "off"
        pytest.skip("this kind of store gives no addresses")
    return found
