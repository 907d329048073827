"""Hashing on the way and addresses of blobs: what every kind of blob store shares."""

from __future__ import annotations

import hashlib
import re

from runstone.server.domain.errors import Invalid
from runstone.server.stores.blobs.contract import BlobInfo, Sha256

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPLOAD = re.compile(r"[0-9a-f]{32}")
PIECE_BYTES = 1024 * 1024  # how much is hashed, written and read at a time


def check_sha256(text: str) -> Sha256:
    """64 lower-case hexadecimal digits, and nothing else ever becomes an address. Raises Invalid."""
    if not _SHA256.fullmatch(text):
        raise Invalid(f"{text[:80]!r} is not a SHA-256 digest. Give 64 lower-case hexadecimal digits.")
    return Sha256(text)


def address(sha256: str) -> str:
    """Where a blob lies below the store's root: `sha256/ab/cdef…`."""
    digest = check_sha256(sha256)
    return f"sha256/{digest[:2]}/{digest[2:]}"


def digest_of(path: str) -> Sha256 | None:
    """The digest that `address` made into this path, or None for a path it never makes."""
    parts = path.rsplit("/", 3)[-3:]
    if len(parts) != 3 or parts[0] != "sha256":
        return None
    digest = parts[1] + parts[2]
    return Sha256(digest) if len(parts[1]) == 2 and _SHA256.fullmatch(digest) else None


def check_upload(name: str) -> str:
    """The name of an upload: 32 hexadecimal digits, and nothing else ever becomes a path."""
    if not _UPLOAD.fullmatch(name):
        raise Invalid(f"{name[:80]!r} names no upload. Give the 32 digits it was begun under.")
    return name


class Hasher:
    """SHA-256, MD5 and size of a stream, in one pass."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self._sha256.update(data)
        self._md5.update(data)
        self.size += len(data)

    def finish(self, *, expect_sha256: str | None = None) -> BlobInfo:
        """Raises Invalid where the bytes are not those that were announced."""
        digest = self._sha256.hexdigest()
        if expect_sha256 is not None and expect_sha256 != digest:
            raise Invalid(
                f"The {self.size} bytes that came have SHA-256 {digest}, not {expect_sha256}. "
                "They were changed or cut on the way; send them again.",
                sha256=digest,
                expected=expect_sha256,
            )
        return BlobInfo(Sha256(digest), self._md5.hexdigest(), self.size)
