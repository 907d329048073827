"""Files of runs: names that are only data, listing, ranges, deletion and what becomes of the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.house import SmallHouse, small_house

from runstone.server.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.files import RunFile, check_file_name
from runstone.server.domain.identity import ANONYMOUS, Actor, RunKey
from runstone.server.stores.records.files import glob_of

TRICKS = [
    "",
    ".",
    "..",
    "./",
    "/",
    "../x",
    "a/../b",
    "a/..",
    "./../x",
    "././../x",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "a/",
    "a/./b",
    "..\\x",
    "a\\b",
    "\\\\host\\share",
    "C:",
    "c:x",
    "C:\\windows",
    "C:/windows",
    "x\x00.png",
    "a\nb",
    "a\rb",
    "tab\t",
    "\x1b[31m",
    "del\x7f",
    "nel\x85",
    "\ud800",
    "x" * 1025,
    "é" * 513,
]
ALLOWED = [
    "plot.png",
    "media/images/loss_3_ab12.png",
    "media/html/HT%3ML _11_.html",
    "%2e%2e/%2e%2e/etc/passwd",
    "..hidden",
    "a/...",
    "a b/c d",
    "file:x/y",
    "http:/x",
    "x#fragment?query",
    "日本語/ü.txt",
    "~/x",
    "$HOME/`id`",
    "-rf",
    "con",
    "'; DROP TABLE run_files; --",
    "<script>alert(1)</script>",
    "x" * 1024,
]


@pytest.mark.parametrize("name", TRICKS)
def test_names_that_could_be_paths_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as raised:
        check_file_name(name)
    raised.value.message.encode()  # can be sent, whatever the name held


@pytest.mark.parametrize("name", ALLOWED)
def test_odd_names_are_data(name: str) -> None:
    assert check_file_name(name) == name
    assert check_file_name("./" + name) == name


@given(st.text(st.characters(), max_size=60))
def test_a_name_that_passes_stays_below_any_root(name: str) -> None:
    try:
        checked = check_file_name(name)
    except Invalid:
        return
    joined = os.path.normpath(os.path.join("/root/of/files", checked))
    assert joined.startswith("/root/of/files/")
    assert check_file_name(checked) == checked


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def put(
    house: SmallHouse, run: RunKey, name: str, data: bytes = b"x", *, by: Actor | None = None, **more: str
) -> RunFile:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return asyncio.run(house.files.put(by or house.ada, run, name, chunks(), **more))


@pytest.mark.parametrize("name", [name for name in TRICKS if name])
def test_no_call_takes_a_name_that_could_be_a_path(house: SmallHouse, name: str, tmp_path: Path) -> None:
    run = house.run()
    with pytest.raises(Invalid):
        put(house, run, name)
    with pytest.raises(Invalid):
        house.files.get(house.ada, run, name)
    with pytest.raises(Invalid):
        house.files.delete(house.ada, run, [name])
    assert list(house.blobs.all()) == []


def test_odd_names_are_stored_and_found_and_never_become_paths(house: SmallHouse, tmp_path: Path) -> None:
    run = house.run()
    for name in ALLOWED:
        put(house, run, name, name.encode())
    assert [file.name for file in house.files.find(house.ada, run)] == sorted(ALLOWED)
    for name in ALLOWED:
        assert b"".join(house.files.read(house.ada, house.files.get(house.ada, run, name))) == name.encode()
    on_disk = [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert all(len(name) == 62 and set(name) <= set("0123456789abcdef") for name in on_disk)


def test_a_file_carries_digests_size_and_type(house: SmallHouse) -> None:
    run = house.run()
    file = put(house, run, "./media/plot.png", b"PNG")
    assert (file.name, file.size, file.mimetype) == ("media/plot.png", 3, "image/png")
    assert file.md5 == hashlib.md5(b"PNG").hexdigest()
    assert house.files.get(house.ada, run, "media/plot.png") == file
    assert put(house, run, "a", mimetype="Text/HTML; charset=utf-8").mimetype == "text/html"
    assert put(house, run, "b.json", mimetype="nonsense\r\nX-Evil: 1").mimetype == "application/json"
    assert put(house, run, "c.unknownending").mimetype == "application/octet-stream"


def test_a_file_of_the_same_name_is_replaced(house: SmallHouse) -> None:
    run = house.run()
    put(house, run, "model.pt", b"one")
    put(house, run, "model.pt", b"three")
    assert house.files.count(house.ada, run) == 1
    assert b"".join(house.files.read(house.ada, house.files.get(house.ada, run, "model.pt"))) == b"three"


def test_bytes_of_another_digest_are_refused_and_nothing_is_listed(house: SmallHouse) -> None:
    run = house.run()
    with pytest.raises(Invalid):
        put(house, run, "x", b"data", sha256="0" * 64)
    with pytest.raises(Invalid):
        put(house, run, "x", b"data", sha256="../../x")
    assert house.files.count(house.ada, run) == 0


def test_listing_by_prefix_pattern_names_and_page(house: SmallHouse) -> None:
    run, other = house.run(), house.run("other")
    names = ["A.json", "a.json", "a_b.txt", "aXb.txt", "media/1.png", "media/2.png", "[x]*?.json", "100%.txt"]
    for name in names:
        put(house, run, name)
    put(house, other, "elsewhere")

    def find(**how: Any) -> list[str]:
        return [file.name for file in house.files.find(house.ada, run, **how)]

    assert find(prefix="media/") == ["media/1.png", "media/2.png"]
    assert find(prefix="a_") == ["a_b.txt"]
    assert find(pattern="%.json") == ["A.json", "[x]*?.json", "a.json"]
    assert find(pattern="a%") == ["a.json", "aXb.txt", "a_b.txt"]
    assert find(pattern="a_b.txt") == ["aXb.txt", "a_b.txt"]
    assert find(pattern="a\\_b.txt") == ["a_b.txt"]
    assert find(pattern="100\\%%") == ["100%.txt"]
    assert find(pattern="[x]*?%") == ["[x]*?.json"]
    assert find(names=["./a.json", "none", "media/2.png", "../x"]) == ["a.json", "media/2.png"]
    assert find(names=[]) == []
    assert find(limit=3) == sorted(names)[:3]
    assert find(after=sorted(names)[2]) == sorted(names)[3:]
    assert find(limit=-5) == []


@given(st.text("ab%_\\*?[]^-!", max_size=12))
def test_like_as_glob_escapes_what_glob_means(pattern: str) -> None:
    literal = "".join("\\" + sign if sign in "%_\\" else sign for sign in pattern)
    from fnmatch import fnmatchcase

    assert fnmatchcase(pattern, glob_of(literal))


def test_ranges_of_a_file(house: SmallHouse) -> None:
    run = house.run()
    file = put(house, run, "x", bytes(range(256)))
    assert b"".join(house.files.read(house.ada, file, start=10, end=20)) == bytes(range(10, 20))


def test_strangers_learn_nothing_and_viewers_change_nothing(house: SmallHouse) -> None:
    run = house.run()
    put(house, run, "secret.txt")
    for call in (
        lambda actor: put(house, run, "x", by=actor),
        lambda actor: house.files.get(actor, run, "secret.txt"),
        lambda actor: house.files.find(actor, run),
        lambda actor: house.files.count(actor, run),
        lambda actor: house.files.delete(actor, run, ["secret.txt"]),
    ):
        with pytest.raises(NotFound):
            call(house.eve)
        with pytest.raises((NotSignedIn, NotFound)):
            call(ANONYMOUS)
    reader = Actor(house.ada.user_id, "ada", read_only=True)
    assert house.files.count(reader, run) == 1
    with pytest.raises(NotAllowed):
        put(house, run, "x", by=reader)
    with pytest.raises(NotAllowed):
        house.files.delete(reader, run, ["secret.txt"])
    with pytest.raises(NotFound):
        house.files.get(house.ada, RunKey(12345), "secret.txt")


def test_deleted_files_are_counted_and_their_bytes_go_when_nothing_refers_to_them(
    house: SmallHouse, tmp_path: Path
) -> None:
    run, other = house.run(), house.run("other")
    put(house, run, "a", b"shared")
    put(house, other, "b", b"shared")
    put(house, run, "c", b"alone")
    put(house, run, "d", b"elsewhere referred to")
    assert house.files.delete(house.ada, run, ["a", "./c", "d", "never was"]) == 3
    assert house.files.collect_blobs() == 0  # a day must pass
    for path in (tmp_path / "blobs" / "sha256").rglob("*"):
        if path.is_file():
            os.utime(path, (1.0, 1.0))
    kept_by_others = put(house, other, "e", b"elsewhere referred to").sha256
    house.files.delete(house.ada, other, ["e"])
    assert house.files.collect_blobs(others=[lambda digests: {kept_by_others} & set(digests)]) == 1
    assert b"".join(house.files.read(house.ada, house.files.get(house.ada, other, "b"))) == b"shared"
    assert sorted(size for _, size in house.blobs.all()) == [6, 21]


def test_files_go_with_their_run(house: SmallHouse) -> None:
    run = house.run()
    put(house, run, "a")
    house.runs.purge(house.ada, [run])
    with pytest.raises(NotFound):
        house.files.find(house.ada, run)
    assert house.files.collect_blobs(older_than_seconds=0.0) == 1
