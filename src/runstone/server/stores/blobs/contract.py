"""What the rest of the server may rely on from a blob store: bytes addressed by their SHA-256."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NewType, Protocol

Sha256 = NewType("Sha256", str)  # 64 lower-case hexadecimal digits


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """md5 is the hexadecimal digest, kept for wires that ask for it."""

    sha256: Sha256
    md5: str
    size: int


# Whom the store itself is shown to, by signed addresses: nobody; clients that ask for it and go through
# us where they do not reach it; the others too, for the operator said that all reach it.
Direct = Literal["off", "auto", "on"]


@dataclass(frozen=True, slots=True)
class PieceAddress:
    """Where whoever holds it may PUT one object, with these headers and no others that say who they are."""

    url: str
    headers: dict[str, str]


class BlobStore(Protocol):
    @property
    def direct(self) -> Direct:
        """ "off" where the store gives no addresses."""

    async def put(self, chunks: AsyncIterator[bytes], *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        """Keep a stream of bytes: hashed on the way, written under a temporary name, flushed, then
        moved to its address. What exists is not written again. Raises domain Invalid where the
        digest is not the expected one, Unavailable where the store is full or away, and leaves
        nothing behind on any failure. A blob that was just put counts as young for `all`, also
        where it had existed."""

    def put_bytes(self, data: bytes) -> BlobInfo:
        """The same for bytes at hand; blocks."""

    def info(self, sha256: Sha256) -> int | None:
        """Its size, or None."""

    def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Chunks of at most 1 MiB of the half-open range. Raises NotFound."""

    def delete(self, digests: Iterable[Sha256], *, older_than_seconds: float = 0.0) -> None:
        """Forget them; unknown ones are passed over. With an age, those put since are kept."""

    def all(self, *, older_than_seconds: float = 0.0) -> Iterator[tuple[Sha256, int]]:
        """All blobs with their sizes, in no order, for collecting those nothing refers to; with an
        age, only those that were last put longer ago."""

    # -- uploads under way: bytes that come in pieces

    async def append(self, upload: str, chunks: AsyncIterator[bytes], *, offset: int) -> int:
        """Add to what has come of an upload (a name of 32 hexadecimal digits, made by the caller) and
        return how much there is now, which then survives a crash. What came before a stream broke is
        kept. Raises OffsetMismatch where `offset` is not how much there was, Conflict while another
        request adds to it, Unavailable where the store is full or away."""

    def appended(self, upload: str) -> int:
        """How much of an upload has come; 0 for one that is not known."""

    def pieces(self, upload: str) -> list[tuple[int, int]]:
        """(where it begins, size) of all that lies of an upload, by where it begins, gaps or not."""

    def piece_addresses(
        self, upload: str, offsets: Sequence[int], *, seconds: float
    ) -> list[PieceAddress] | None:
        """Where the pieces that begin there may be put without us, for that long; None where the store
        gives no addresses. Whoever holds one may put what they like, of any size, as often as they
        like until then: what lies there is nobody's word for anything."""

    def finish(self, upload: str, *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        """What has come without a gap is a blob now. Blocks. Raises Invalid where the digest is not the
        expected one: then it stays an upload. Finishing one that is gone gives the empty blob.

        The digests are of exactly the bytes that are stored: where pieces may change meanwhile (they
        were put by address), each is read once, and hashed while it is written."""

    def discard(self, upload: str) -> None:
        """Forget an upload; one that is not known is no error."""

    def uploads(self, *, older_than_seconds: float = 0.0) -> Iterator[str]:
        """Uploads under way; with an age, only those that nothing was added to since."""

    def address(self, sha256: Sha256, *, seconds: float) -> str | None:
        """An address, good for that long, from which anybody may fetch the blob without us; None
        where the store gives no such addresses."""

    def close(self) -> None: ...
