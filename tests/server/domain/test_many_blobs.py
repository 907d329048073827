"""Many small blobs out of packs: each its own bytes, neighbours with one read, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import NotFound
from runstone.server.domain.many_blobs import GAP_BYTES_MAX, Wanted, read


class Objects:
    """A store of objects at hand that notes what is read, in chunks of some size."""

    def __init__(self, objects: dict[str, bytes], chunk: int = 1 << 20) -> None:
        self.objects, self.chunk = objects, chunk
        self.reads: list[tuple[str, int, int]] = []

    def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        data = self.objects[sha256][start:end]
        self.reads.append((sha256, start, start + len(data)))
        return iter([data[at : at + self.chunk] for at in range(0, len(data), self.chunk)])


@st.composite
def wanted_of(draw: st.DrawFn) -> tuple[dict[str, bytes], list[Wanted]]:
    """Blobs that may lie in one another, twice or not at all beside each other."""
    objects = {
        name: bytes((place * 7 + ord(name)) % 256 for place in range(draw(st.integers(0, 3000))))
        for name in draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    }
    wanted = []
    for index in range(draw(st.integers(0, 20))):
        name = draw(st.sampled_from(sorted(objects)))
        start = draw(st.integers(0, len(objects[name])))
        wanted.append(Wanted(index, name, start, draw(st.integers(0, len(objects[name]) - start))))
    return objects, wanted


@given(wanted_of(), st.integers(1, 4000))
def test_each_comes_once_with_its_own_bytes(found: tuple[dict[str, bytes], list[Wanted]], chunk: int) -> None:
    objects, wanted = found
    store: Any = Objects(objects, chunk)
    came = list(read(store, wanted))
    assert sorted(index for index, _ in came) == [one.index for one in wanted]
    assert dict(came) == {one.index: objects[one.stored][one.start : one.end] for one in wanted}
    assert len(store.reads) <= len({one.stored for one in wanted})


def test_neighbours_come_with_one_read_and_what_lies_far_apart_with_its_own() -> None:
    far = GAP_BYTES_MAX + 100
    store: Any = Objects({"p": bytes(range(250)) * 1200, "q": b"other"})
    wanted = [
        Wanted(0, "p", far + 100, 50),
        Wanted(1, "q", 1, 3),
        Wanted(2, "p", 0, 10),
        Wanted(3, "p", 20, 79),
    ]
    assert {index: len(data) for index, data in read(store, wanted)} == {0: 50, 1: 3, 2: 10, 3: 79}
    assert store.reads == [("p", 0, 99), ("p", far + 100, far + 150), ("q", 1, 4)]


def test_an_object_that_lost_its_end_is_told_and_nothing_short_is_given() -> None:
    store: Any = Objects({"p": b"0123456789"})
    found = read(store, [Wanted(0, "p", 0, 5), Wanted(1, "p", 5, 6)])
    assert next(found) == (0, b"01234")
    with pytest.raises(NotFound, match="ends at byte 10, before byte 11"):
        next(found)
