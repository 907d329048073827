"""Bytes that wait to be sent: kept once, as they were, findable until they are settled."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import copying
from runstone.content.digests import HashCache
from runstone.content.manifest import Entry, Reference, decode_manifest, encode_manifest
from runstone.content.store import LocalStore
from runstone.content.trees import walk


@pytest.fixture
def cache(tmp_path: Path) -> HashCache:
    return HashCache(str(tmp_path / "hashes"))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "store"))


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def read(store: LocalStore, digest: bytes) -> bytes | None:
    place = store.locate(digest)
    if place is None:
        return None
    with open(place.path, "rb") as file:
        file.seek(place.offset)
        return file.read(place.size)


def fill(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def log(store: LocalStore, cache: HashCache, folder: Path, name: str) -> list[tuple[bytes, int]]:
    files = walk(str(folder))
    with store.holding():
        kept = list(zip(*store.collect(files, cache), strict=True))
        content = encode_manifest(
            Entry(file.path, size, digest) for file, (digest, size) in zip(files, kept, strict=True)
        )
        store.pend(name, store.put_manifest(content))
    return kept


CONTENTS = {f"{size}.bin": os.urandom(size) for size in (0, 1, 4096, 65_536, 65_537, 2_500_001)}


@pytest.mark.parametrize("how", ["direct", "cached"])
def test_bytes_are_kept_as_they_were_when_they_were_collected(
    tmp_path: Path, store: LocalStore, cache: HashCache, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "cached":
        monkeypatch.setattr(copying, "_DIRECT", 0)
    data = tmp_path / "data"
    fill(data, CONTENTS)
    kept = log(store, cache, data, "r~1")
    for file in walk(str(data)):
        with open(file.local, "r+b") as out:  # in place, as a training script overwrites its checkpoint
            out.write(b"XXXX")
    assert [digest for digest, _ in kept] == [sha(CONTENTS[name]) for name in sorted(CONTENTS)]
    again = LocalStore(store.folder)
    for digest, size in kept:
        content = read(again, digest)
        assert content is not None and len(content) == size and sha(content) == digest


def test_equal_bytes_are_kept_once_and_unchanged_files_are_not_opened(
    tmp_path: Path, store: LocalStore, cache: HashCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstone.content import digests

    monkeypatch.setattr(digests, "SETTLED_NS", -(10**12))
    data = tmp_path / "data"
    fill(data, {**CONTENTS, "twin/2500001.bin": CONTENTS["2500001.bin"], "twin/1.bin": CONTENTS["1.bin"]})
    first = log(store, cache, data, "r~1")
    size = sum(file.stat().st_size for file in Path(store.folder).rglob("*"))
    monkeypatch.setattr("runstone.content.store.open_found", None)  # opening one would raise
    second = log(LocalStore(store.folder), HashCache(cache._folder), data, "r~2")
    assert second == first
    assert sum(file.stat().st_size for file in Path(store.folder).rglob("*")) - size < 200


@pytest.mark.parametrize("others", [0, 100], ids=["the store has these", "the store has many more"])
def test_of_many_files_only_the_changed_ones_and_those_whose_bytes_are_gone_are_kept_again(
    tmp_path: Path, store: LocalStore, cache: HashCache, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    from runstone.content import digests
    from runstone.content import store as store_module

    monkeypatch.setattr(digests, "SETTLED_NS", -(10**12))
    data = tmp_path / "data"
    for number in range(30):
        fill(data, {f"{number:02d}.bin": number.to_bytes(1, "little") * 70_000})
    with store.holding():
        for number in range(others):
            store.keep(b"of another version %d" % number)
    first = log(store, cache, data, "r~1")
    opened: list[str] = []
    monkeypatch.setattr(
        store_module, "open_found", lambda file: opened.append(file.path) or digests.open_found(file)
    )
    (data / "07.bin").write_bytes(b"changed")
    os.unlink(store._object(sha(bytes([9]) * 70_000)))
    second = log(LocalStore(store.folder), HashCache(cache._folder), data, "r~2")
    assert sorted(opened) == ["07.bin", "09.bin"]
    assert second[7] == (sha(b"changed"), 7) and first[7] != second[7]
    assert first[:7] + first[8:] == second[:7] + second[8:]
    assert all(read(store, digest) is not None for digest, _ in second)


def test_tidying_keeps_what_is_pending_and_frees_the_rest(
    tmp_path: Path, store: LocalStore, cache: HashCache
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    fill(one, {"a": b"a", "both": b"x" * 100_000, "only": b"y" * 100_000})
    fill(two, {"b": b"b", "both": b"x" * 100_000})
    log(store, cache, one, "run-1~a")
    log(store, cache, two, "run-2~b")
    assert store.tidy() == 0
    store.settle("run-1~")
    freed = LocalStore(store.folder).tidy()
    assert freed is not None and freed > 100_000
    left = LocalStore(store.folder)
    assert read(left, sha(b"b")) == b"b" and read(left, sha(b"x" * 100_000)) is not None
    assert read(left, sha(b"a")) is None and read(left, sha(b"y" * 100_000)) is None
    store.settle("run-2~b")
    store.tidy()
    kinds = ("objects", "packs", "manifests", "pending")
    assert [os.listdir(os.path.join(store.folder, kind)) for kind in kinds] == [[], [], [], []]


def test_others_settle_while_somebody_tidies(tmp_path: Path, store: LocalStore, cache: HashCache) -> None:
    """One process settles and pends as fast as it can, another tidies: neither falls over the other."""
    folder = tmp_path / "data"
    fill(folder, {"a": b"a" * 1000})
    log(store, cache, folder, "run-0~kept")
    manifest = (Path(store.folder) / "pending" / "run-0~kept").read_text()
    script = textwrap.dedent(
        """
        import sys, time
        from runstone.content.store import LocalStore
        store, end = LocalStore(sys.argv[1]), time.monotonic() + 3
        while time.monotonic() < end:
            for number in range(20):
                store.pend(f"run-1~{number}", bytes.fromhex(sys.argv[2]))
            store.settle("run-1~")
        """
    )
    with subprocess.Popen([sys.executable, "-c", script, store.folder, manifest]) as busy:
        while busy.poll() is None:
            LocalStore(store.folder).tidy()
    assert busy.returncode == 0
    assert read(LocalStore(store.folder), sha(b"a" * 1000)) == b"a" * 1000


def test_nobody_tidies_while_somebody_collects(tmp_path: Path, store: LocalStore) -> None:
    with store.holding():
        digest = store.keep(b"not named by anything yet")
        assert LocalStore(store.folder).tidy() is None
        assert store.has(digest)
    assert LocalStore(store.folder).tidy() == 25


def test_what_a_server_has_is_not_kept_again(tmp_path: Path, store: LocalStore, cache: HashCache) -> None:
    data = tmp_path / "data"
    fill(data, {"x": b"x" * 100_000})
    files = walk(str(data))
    cache.put(files[0].stamp, sha(b"x" * 100_000), read_at_ns=time.time_ns() + 10**11)
    store.hold()
    store.note_known("http://here", [sha(b"x" * 100_000)])
    store.note_known("http://here", [sha(b"more")])
    assert store.known("http://elsewhere") == {}
    store.collect(files, cache, elsewhere=store.known("http://here"))
    assert os.listdir(os.path.join(store.folder, "objects")) == []
    store.release()


_WRITE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.content.test_store import log
from runstone.content.store import LocalStore
from runstone.content.digests import HashCache
store, folder = LocalStore(sys.argv[1]), Path(sys.argv[2])
print("go", flush=True)
number = 0
while True:
    log(store, HashCache(sys.argv[1] + "-hashes"), folder / str(number % 5), f"r~{number}")
    print(number, flush=True)
    number += 1
"""


def test_whoever_is_killed_what_was_pending_is_whole(tmp_path: Path) -> None:
    for number in range(5):
        fill(tmp_path / "data" / str(number), {f"{n}": os.urandom(n * 9000) for n in range(30)})
    folder = str(tmp_path / "store")
    root = str(Path(__file__).parents[2])
    for _ in range(4):
        arguments = [sys.executable, "-c", _WRITE, folder, str(tmp_path / "data"), root]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "go\n"
            time.sleep(0.02 + 0.25 * int.from_bytes(os.urandom(1), "little") / 255)
            process.send_signal(signal.SIGKILL)
            said = [int(line) for line in process.stdout.read().split()]
        store = LocalStore(folder)
        # What was being written when the process died was not said to be pending.
        pending = [name for name in os.listdir(os.path.join(folder, "pending")) if not name.endswith(".tmp")]
        assert {f"r~{number}" for number in said} <= set(pending)
        for name in pending:
            manifest = Path(folder, "pending", name).read_text()
            for entry in store.manifest(manifest):
                content = read(store, entry.sha256)
                assert content is not None and sha(content) == entry.sha256
    store.settle("r~")
    store.tidy()
    assert sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) == 0


def test_what_a_killed_process_was_writing_keeps_nothing_from_being_tidied(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    store = LocalStore(folder)
    with store.holding():
        store.keep(b"bytes that nobody refers to")
    torn = Path(folder, "pending", "r~1.123-456.tmp")
    torn.write_bytes(b"")
    assert store.tidy() == len(b"bytes that nobody refers to")
    assert not torn.exists()


def _collect(folder: str, data: str, number: int) -> None:
    log(LocalStore(folder), HashCache(folder + "-hashes"), Path(data), f"r~{number}")


def test_several_processes_keep_the_same_bytes_at_once(tmp_path: Path) -> None:
    fill(tmp_path / "data", {f"{n}": os.urandom(n * 5000) for n in range(40)})
    folder = str(tmp_path / "store")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_collect, args=(folder, str(tmp_path / "data"), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    store = LocalStore(folder)
    for file in walk(str(tmp_path / "data")):
        content = Path(file.local).read_bytes()
        assert read(store, sha(content)) == content


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
entries = st.builds(
    Entry,
    names,
    st.integers(0, 2**62),
    st.binary(min_size=32, max_size=32),
    st.none() | st.builds(Reference, names, names, st.dictionaries(names, names, max_size=2)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, unique_by=lambda entry: entry.path, max_size=30), st.randoms())
def test_a_manifest_comes_back_and_equal_contents_are_equal_bytes(listed: list[Entry], random: Any) -> None:
    encoded = encode_manifest(listed)
    assert list(decode_manifest(encoded)) == sorted(listed, key=lambda entry: entry.path)
    random.shuffle(listed)
    assert encode_manifest(listed) == encoded


@pytest.mark.parametrize("links", ["auto", "copy"])
def test_a_placed_file_is_the_bytes_and_replaces_what_was_there(tmp_path: Path, links: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"new" * 1000)
    target.write_bytes(b"old")
    how = copying.place(str(source), str(target), links=links)  # type: ignore[arg-type]
    assert target.read_bytes() == source.read_bytes()
    assert how in (("clone", "link") if links == "auto" else ("clone", "copy"))
    copying.place(str(source), str(target), links=links)  # type: ignore[arg-type]
    assert sorted(os.listdir(tmp_path)) == ["source", "target"]
