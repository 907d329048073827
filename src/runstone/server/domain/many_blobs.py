"""Bytes of many small blobs, each object of the store read once.

Small blobs lie together in packs. They are given in the order in which they lie there, not in that in
which they were asked for, so that neighbours come with one read, in the memory of one piece of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runstone.server.domain.errors import NotFound
from runstone.server.stores.blobs.contract import BlobStore, Sha256

# What lies between two wanted ones is read along where it is less than this: another read costs more.
GAP_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a blob lies. index: the caller's name for it; stored: the object of the store."""

    index: int
    stored: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def spans(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Runs of what lies together, by where it begins: each is read in one go."""
    run: list[Wanted] = []
    end = 0
    for one in sorted(wanted, key=lambda one: (one.stored, one.start, one.size, one.index)):
        if run and (one.stored != run[0].stored or one.start > end + GAP_BYTES_MAX):
            yield run
            run, end = [], 0
        run.append(one)
        end = max(end, one.end)
    if run:
        yield run


def read(store: BlobStore, wanted: Sequence[Wanted]) -> Iterator[tuple[int, bytes]]:
    """(index, bytes) of each. Raises NotFound where an object is gone or shorter than it was."""
    for run in spans(wanted):
        yield from _run(store, run)


def _run(store: BlobStore, run: list[Wanted]) -> Iterator[tuple[int, bytes]]:
    at, end = run[0].start, max(one.end for one in run)
    chunks = store.read(Sha256(run[0].stored), start=at, end=end) if end > at else iter(())
    held = bytearray()  # from `at` on
    for one in run:
        # The next begins no earlier: what lies before it is done with.
        gone = min(one.start - at, len(held))
        del held[:gone]
        at += gone
        while at + len(held) < one.end:
            chunk = next(chunks, b"")
            if not chunk:
                raise NotFound(
                    f"The object {one.stored} of the store ends at byte {at + len(held)}, before byte "
                    f"{one.end}: it was damaged there. Bring it back from a backup.",
                    sha256=one.stored,
                )
            held += chunk
            gone = min(one.start - at, len(held))
            del held[:gone]
            at += gone
        yield one.index, bytes(held[one.start - at : one.end - at])
