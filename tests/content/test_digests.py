"""Digests: right, remembered while a file stays as it is, forgotten when it does not, and bounded."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import digests
from runstone.content.digests import HashCache, digests_of, hash_file
from runstone.content.errors import FileChangedError
from runstone.content.trees import STAMP_BYTES, one_file, walk

OLD_NS = 1_000_000_000 * 10**9


@pytest.fixture
def cache(tmp_path: Path) -> HashCache:
    return HashCache(str(tmp_path / "hashes"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are young; their digests are remembered all the same."""
    monkeypatch.setattr(digests, "SETTLED_NS", -(10**12))
    monkeypatch.setattr(digests, "SETTLED_COARSE_NS", -(10**12))


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_every_size_is_hashed_right_and_only_once(tmp_path: Path, cache: HashCache) -> None:
    data = tmp_path / "data"
    data.mkdir()
    sizes = [0, 1, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 3_000_001]
    contents = {f"{size}": os.urandom(size) for size in sizes}
    for name, content in contents.items():
        (data / name).write_bytes(content)
    files = walk(str(data))
    assert digests_of(files, cache, threads=3) == [sha(contents[file.path]) for file in files]
    again = HashCache(str(tmp_path / "hashes"))
    for file in files:
        os.chmod(file.local, 0)  # a change of rights is a change of the inode
        os.chmod(file.local, 0o600)
    assert [again.get(file.stamp) for file in files] == [sha(contents[file.path]) for file in files]
    assert not any(again.get(file.stamp) for file in walk(str(data)))


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path: Path, cache: HashCache) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"aaaa")
    os.utime(path, ns=(OLD_NS, OLD_NS))
    before = one_file(str(path))
    digests_of([before], cache)
    path.write_bytes(b"bbbb")
    os.utime(path, ns=(OLD_NS, OLD_NS))
    after = one_file(str(path))
    assert cache.get(before.stamp) == sha(b"aaaa") and cache.get(after.stamp) is None
    assert digests_of([after], cache) == [sha(b"bbbb")]


def test_what_was_changed_a_moment_ago_is_not_remembered(
    tmp_path: Path, cache: HashCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SETTLED_NS", 10**12)
    path = tmp_path / "x"
    path.write_bytes(b"aaaa")
    file = one_file(str(path))
    assert digests_of([file], cache) == [sha(b"aaaa")]
    assert cache.get(file.stamp) is None


@pytest.mark.parametrize(
    ("changed", "read_at", "remembered"),
    [
        (5_000_000_001, 5_100_000_001, True),
        (5_000_000_001, 5_100_000_000, False),
        (5_123_000_000, 7_123_000_000, True),  # whole milliseconds: the clock may be a coarse one
        (5_123_000_000, 7_122_999_999, False),
    ],
)
def test_how_long_a_change_counts_as_new_goes_by_the_clock_that_dated_it(
    cache: HashCache, monkeypatch: pytest.MonkeyPatch, changed: int, read_at: int, remembered: bool
) -> None:
    monkeypatch.undo()
    stamp = b"".join(number.to_bytes(8, "little") for number in (1, 2, 3, changed - 7, changed))
    cache.put(stamp, sha(b"a"), read_at_ns=read_at)
    assert (cache.get(stamp) is not None) is remembered


def test_a_file_rewritten_over_and_over_is_never_taken_for_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    path, folder = tmp_path / "x", str(tmp_path / "hashes")
    for number in range(300):
        data = f"{number:04}".encode()
        path.write_bytes(data)  # the same size, often within one tick of the clock
        assert digests_of([one_file(str(path))], HashCache(folder)) == [sha(data)]


def test_a_file_that_is_written_to_while_it_is_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a")
    file = one_file(str(path))
    path.write_bytes(b"ab")
    with pytest.raises(FileChangedError, match="written to while"):
        hash_file(file)


def test_a_link_that_is_made_to_a_file_meanwhile_is_no_change_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 3_000_000)
    file = one_file(str(path))
    os.link(path, tmp_path / "y")  # as another process does that takes it from the same cache
    assert hash_file(file) == sha(b"a" * 3_000_000)
    stop = threading.Event()

    def link_on() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            os.link(path, tmp_path / f"z{number}")
            stop.wait(0.002)

    linking = threading.Thread(target=link_on)
    linking.start()
    try:
        assert hash_file(one_file(str(path))) == sha(b"a" * 3_000_000)
    finally:
        stop.set()
        linking.join()


def test_the_memory_is_bounded_and_a_torn_record_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SHARD_RECORDS_MAX", 100)
    folder = str(tmp_path / "h")
    stamps = [number.to_bytes(8, "little").ljust(STAMP_BYTES, b"\0") for number in range(1000)]
    for at in range(0, 1000, 10):
        cache = HashCache(folder)
        for stamp in stamps[at : at + 10]:
            cache.put(stamp, sha(stamp), read_at_ns=10**18)
        cache.flush()
        if at == 500:
            with open(tmp_path / "h" / "00", "ab") as file:
                file.write(b"torn")
    assert os.path.getsize(tmp_path / "h" / "00") <= 100 * (STAMP_BYTES + 32)
    last = HashCache(folder)
    assert [last.get(stamp) for stamp in stamps[-40:]] == [sha(stamp) for stamp in stamps[-40:]]
    assert last.get(stamps[0]) is None


records = st.tuples(st.binary(min_size=40, max_size=40), st.binary(min_size=32, max_size=32))


@settings(max_examples=30, deadline=None)
@given(st.lists(records, max_size=50))
def test_what_was_put_is_what_is_got(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[bytes, bytes]]
) -> None:
    folder = str(tmp_path_factory.mktemp("h"))
    one = HashCache(folder)
    for stamp, digest in pairs:
        one.put(stamp, digest, read_at_ns=2**70)
    one.flush()
    stamps = [stamp for stamp, _ in pairs]
    assert HashCache(folder).get_all(stamps) == [dict(pairs)[stamp] for stamp in stamps]
