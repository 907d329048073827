"""What lies in a version: entries by path, kept in parts that versions share.

A manifest is cut into *parts* of some hundred neighbouring entries. Where it is cut is decided by
the paths alone, so two versions that differ in one file differ in one part, and a part is kept once
per entity: a thousand versions of a million files cost a thousand parts, not a thousand million rows.

Two digests tell contents apart. `sha256` is ours: SHA-256 over a line per entry, in the order of
paths, after the line `runstone-manifest-v1`:

    PATH NUL SHA256-OF-THE-FILE NUL SIZE LF            a file
    PATH NUL "ref" NUL URL NUL DIGEST NUL SIZE LF      a reference

`digest` is that of the published wandb client: MD5, or XXH128 where the version asks for it, over
`wandb-artifact-manifest-v1` and lines `PATH:DIGEST`, DIGEST being the base64 MD5 of a file (XXH128 of
one that is told by it) or what pins a reference.
"""

from __future__ import annotations

import hashlib
import heapq
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import xxhash
import zstandard

from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.errors import Invalid
from runstone.server.domain.files import check_file_name

ENTRIES_IN_PAGE_MAX = 20_000
PART_ENTRIES_MIN = 64
PART_ENTRIES_AIM = 512
PART_ENTRIES_MAX = 2048
REF_CHARS_MAX = 8192
_WANDB = "wandb-artifact-manifest-v1\n"
MANIFEST_MD5 = "manifest-md5"
MANIFEST_XXH128 = "manifest-xxh128"
_SHA256 = "runstone-manifest-v1\n"
_DATA_BYTES_MAX = 256 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def check_entry(entry: Entry) -> Entry:
    """With its path as it is kept. Raises Invalid for a path that is none, for digests that are none,
    for what is neither a file nor a reference."""
    path = check_file_name(entry.path)
    if entry.removed:
        return Entry(path, 0, removed=True)
    if entry.size < 0:
        raise Invalid(f"{path!r} has a size of {entry.size}; give the number of bytes.", path=path)
    if entry.ref:
        if len(entry.ref) > REF_CHARS_MAX or any(sign in entry.ref for sign in "\0\n"):
            raise Invalid(f"The reference of {path!r} is no URL of at most {REF_CHARS_MAX} characters.")
        if "://" not in entry.ref:
            raise Invalid(f"The reference {entry.ref[:200]!r} of {path!r} has no scheme such as s3://.")
        if any(sign in entry.digest for sign in "\0\n"):
            raise Invalid(f"The digest of the reference {path!r} has control characters.", path=path)
    elif not (entry.sha256 or entry.md5 or entry.xxh128):
        raise Invalid(f"{path!r} has no digest: give sha256 (or md5), or a reference.", path=path)
    digests = (("sha256", entry.sha256, 64), ("md5", entry.md5, 32), ("xxh128", entry.xxh128, 32))
    for name, text, chars in digests:
        if text and (len(text) != chars or not _is_hex(text)):
            raise Invalid(f"{text[:80]!r} is no {name} of {path!r}: {chars} hexadecimal digits.", path=path)
    return entry if path == entry.path else replace(entry, path=path)


def _is_hex(text: str) -> bool:
    return not set(text) - set("0123456789abcdef")


# -- entries as bytes


def encode(entries: Sequence[Entry]) -> bytes:
    """Compressed, for `decode`. The same entries give the same bytes before compression."""
    return zstandard.ZstdCompressor(level=3).compress(plain(entries))


def plain(entries: Sequence[Entry]) -> bytes:
    return _encode([_row(entry) for entry in entries])


def _row(entry: Entry) -> list[Any]:
    if entry.removed:
        return [entry.path, -1]
    row: list[Any] = [entry.path, entry.size, bytes.fromhex(entry.sha256), bytes.fromhex(entry.md5)]
    row.append(entry.birth)
    if entry.ref or entry.digest or entry.extra or entry.xxh128:
        row += [entry.ref, entry.digest, entry.extra]
    if entry.xxh128:
        row.append(bytes.fromhex(entry.xxh128))
    return row


def decode(data: bytes) -> list[Entry]:
    return [entry_of(row) for row in rows(data)]


def rows(data: bytes) -> list[list[Any]]:
    """Entries as they are kept, path and size first: for who looks at many and wants few."""
    found: list[list[Any]] = _decode(
        zstandard.ZstdDecompressor().decompress(data, max_output_size=_DATA_BYTES_MAX)
    )
    return found


def entry_of(row: list[Any]) -> Entry:
    """Of a row of `rows`."""
    if row[1] < 0:
        return Entry(row[0], 0, removed=True)
    if len(row) == 5:
        return Entry(row[0], row[1], row[2].hex(), row[3].hex(), birth=row[4])
    xxh128 = row[8].hex() if len(row) > 8 else ""
    return Entry(row[0], row[1], row[2].hex(), row[3].hex(), row[5], row[6], row[7], row[4], xxh128=xxh128)


# -- merging what came


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Entries that came together, sorted by path. A later page's entry stands for an earlier's."""

    id: int
    first_path: str
    last_path: str


def merge(
    base: Iterable[Entry], pages: Sequence[PageInfo], load: Callable[[int], Sequence[Entry]]
) -> Iterator[Entry]:
    """The entries of a version by path: those of `base` with the pages laid over, in their order.

    Pages that follow each other are opened one at a time, so that a million entries which came in
    order take the memory of one page.
    """
    chains: list[list[PageInfo]] = []
    for page in sorted(pages, key=lambda page: (page.first_path, page.id)):
        for chain in chains:
            if chain[-1].last_path < page.first_path:
                chain.append(page)
                break
        else:
            chains.append([page])
    streams: list[Iterator[tuple[str, int, Entry]]] = [((entry.path, -1, entry) for entry in base)]
    streams += [_chain(chain, load) for chain in chains]
    latest: Entry | None = None
    # Of equal paths the one of the latest page comes last.
    for _, _, entry in heapq.merge(*streams, key=lambda item: item[:2]):
        if latest is not None and latest.path != entry.path and not latest.removed:
            yield latest
        latest = entry
    if latest is not None and not latest.removed:
        yield latest


def _chain(chain: list[PageInfo], load: Callable[[int], Sequence[Entry]]) -> Iterator[tuple[str, int, Entry]]:
    for page in chain:
        for entry in load(page.id):
            yield entry.path, page.id, entry


def no_file_is_a_folder(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries, which are sorted. Raises Invalid where one lies inside another that is a file."""
    above: list[str] = []
    for entry in entries:
        # In this order all that begins with a path follows it directly.
        while above and not entry.path.startswith(above[-1]):
            above.pop()
        for path in above:
            if entry.path.startswith(path + "/"):
                raise Invalid(
                    f"{path!r} is a file, and {entry.path!r} lies in a folder of that name. Rename one.",
                    path=path,
                )
        above.append(entry.path)
        yield entry


# -- cutting and digests


def cut(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Runs of entries that become parts, cut after paths whose own checksum says so."""
    run: list[Entry] = []
    for entry in entries:
        run.append(entry)
        ends = len(run) >= PART_ENTRIES_MIN and zlib.crc32(entry.path.encode()) % PART_ENTRIES_AIM == 0
        if ends or len(run) >= PART_ENTRIES_MAX:
            yield run
            run = []
    if run:
        yield run


class Digests:
    """Both digests of a manifest, its size and number of files, of entries in the order of paths."""

    def __init__(self, algorithm: str = MANIFEST_MD5) -> None:
        """`algorithm`: of the wandb client's digest."""
        self._wandb = (
            xxhash.xxh128(_WANDB.encode())
            if algorithm == MANIFEST_XXH128
            else hashlib.md5(_WANDB.encode(), usedforsecurity=False)
        )
        self._sha256 = hashlib.sha256(_SHA256.encode())
        self.size = 0
        self.count = 0

    def add(self, entries: Iterable[Entry]) -> None:
        wandb, ours = [], []
        for entry in entries:
            self.size += entry.size
            self.count += 1
            if entry.ref:
                wandb.append(f"{entry.path}:{entry.digest}\n")
                ours.append(f"{entry.path}\0ref\0{entry.ref}\0{entry.digest}\0{entry.size}\n")
            else:
                digest = bytes.fromhex(entry.xxh128 or entry.md5)
                wandb.append(f"{entry.path}:{b64encode(digest).decode()}\n")
                ours.append(f"{entry.path}\0{entry.sha256}\0{entry.size}\n")
        self._wandb.update("".join(wandb).encode("utf-8", "surrogatepass"))
        self._sha256.update("".join(ours).encode("utf-8", "surrogatepass"))

    @property
    def wandb(self) -> str:
        """Hexadecimal."""
        return self._wandb.hexdigest()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


# -- what changed


@dataclass(frozen=True, slots=True)
class Change:
    """One path that two versions do not share: added has no `old`, removed no `new`."""

    path: str
    old: Entry | None
    new: Entry | None


def same(one: Entry, other: Entry) -> bool:
    """The same content under this path."""
    return (one.sha256, one.ref, one.size) == (other.sha256, other.ref, other.size) and (
        not one.ref or one.digest == other.digest
    )


def diff(old: Iterable[Entry], new: Iterable[Entry]) -> Iterator[Change]:
    """By path; both sorted."""
    left, right = iter(old), iter(new)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.path < other.path):
            assert one is not None
            yield Change(one.path, one, None)
            one = next(left, None)
        elif one is None or other.path < one.path:
            yield Change(other.path, None, other)
            other = next(right, None)
        else:
            if not same(one, other):
                yield Change(one.path, one, other)
            one, other = next(left, None), next(right, None)
