"""Putting a version on a server: bytes first, in any order and by any number of helpers, then what the
version holds, then the commit by which it is seen. Doing it again is harmless.

What the server has is not sent. Small files go many in a request; large ones by themselves, several at
once. The digest of each file is taken again while it is sent, so that one that was changed since it was
logged is told, and never stored as something else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from runstone.client import direct
from runstone.client.errors import ClientError, Conflict, Invalid, MissingFile, NotFound, OffsetMismatch
from runstone.content.manifest import NO_DIGEST, Entry
from runstone.content.store import Place
from runstone.journal.home import home_path

if TYPE_CHECKING:
    from runstone.client.artifact_calls import ArtifactCalls
    from runstone.client.artifact_models import ArtifactRecord, UploadRecord

SMALL_BYTES_MAX = 256 * 1024
LARGE_BYTES = 64 << 20  # from here on a file goes in pieces, and on where it was cut
PIECE_BYTES = 64 << 20
BODY_BYTES = 8 << 20
BODY_BLOBS_MAX = 10_000
HELPERS = 4
PUBLISH_TRIES = 3
_CHUNK_BYTES = 1 << 20
HELD_SECONDS = 1.0  # between questions whether a connection that was cut is let go of
HELD_MAX = 120

Locate = Callable[[Entry], "Place | None"]


class BytesGone(ClientError):
    """Bytes of a version are neither on the server nor (any more, or unchanged) on this host."""

    code = "bytes_gone"

    def __init__(self, message: str, paths: Sequence[str]) -> None:
        super().__init__(message)
        self.paths = list(paths)


def manifest_sha256(entries: Iterable[Entry]) -> str:
    """As the server makes it: SHA-256 over a line for each entry by path."""
    digest = hashlib.sha256(b"runstone-manifest-v1\n")
    lines: list[str] = []
    for entry in sorted(entries, key=attrgetter("path")):
        reference = entry.reference
        if reference is None:
            lines.append(f"{entry.path}\0{entry.sha256.hex()}\0{entry.size}\n")
        else:
            size = max(entry.size, 0)
            lines.append(f"{entry.path}\0ref\0{reference.uri}\0{reference.digest}\0{size}\n")
    digest.update("".join(lines).encode())
    return digest.hexdigest()


def publish(
    calls: ArtifactCalls,
    entity: str,
    project: str,
    entries: Sequence[Entry],
    locate: Locate,
    *,
    distributed_id: str = "",
    last: bool = True,
    **wanted: Any,
) -> ArtifactRecord:
    """Make the version of these entries. locate: where the bytes of an entry lie on this host. wanted: as
    in `ArtifactCalls.create`. With distributed_id the entries are added to the version of that name,
    which `last` commits. Raises BytesGone, and what the calls raise."""
    sha256 = "" if distributed_id else manifest_sha256(entries)
    for left in reversed(range(PUBLISH_TRIES)):
        created = calls.create(entity, project, sha256=sha256, distributed_id=distributed_id, **wanted)
        if created.existed:
            return created.artifact
        version_id = created.artifact.id
        owner = created.artifact.within.partition("/")[0] or entity
        try:
            send_missing(calls, owner, entries, locate)
            part = {"part": wanted.get("client_id", ""), "run": wanted.get("run", "")}
            add_entries(calls, entity, project, version_id, entries, **(part if distributed_id else {}))
            return calls.commit(entity, project, version_id) if last else created.artifact
        except (NotFound, Conflict) as error:
            # A collection on the server may take what nothing refers to yet: bytes, an upload or the
            # pending version itself. All of that can be made again, from the beginning.
            passing = isinstance(error, (NotFound, MissingFile)) or error.code == "conflict"
            if not left or not passing:
                raise
    raise AssertionError("unreachable")


def add_entries(
    calls: ArtifactCalls,
    entity: str,
    project: str,
    version_id: int,
    entries: Sequence[Entry],
    **part: str,
) -> None:
    """part: `part` and `run`, of a version made by several: it counts with the last of its entries."""
    from runstone.client.artifact_calls import ENTRIES_AT_ONCE

    for at in range(0, len(entries) or 1, ENTRIES_AT_ONCE):
        some = [_as_json(entry) for entry in entries[at : at + ENTRIES_AT_ONCE]]
        if part:
            more = at + ENTRIES_AT_ONCE < len(entries)
            calls.add_entries(entity, project, version_id, some, **part, at=at, more=more)
        elif some:
            calls.add_entries(entity, project, version_id, some)


def _as_json(entry: Entry) -> dict[str, Any]:
    reference = entry.reference
    if reference is None:
        return {"path": entry.path, "size": entry.size, "sha256": entry.sha256.hex()}
    found: dict[str, Any] = {"path": entry.path, "size": max(entry.size, 0), "ref": reference.uri}
    extra = dict(reference.extra)
    if entry.size < 0:
        extra["size_unknown"] = True
    if entry.sha256 != NO_DIGEST:
        extra["sha256"] = entry.sha256.hex()
    return {**found, "digest": reference.digest, "extra": extra or None}


def send_missing(calls: ArtifactCalls, entity: str, entries: Iterable[Entry], locate: Locate) -> int:
    """Send the bytes that the entity has not sent yet; how many files that were."""
    wanted = {entry.sha256: entry for entry in entries if entry.reference is None}
    there = calls.find_blobs(entity, wanted)
    work: list[Callable[[], object]] = []
    gone: list[str] = []
    small: list[tuple[Entry, Place]] = []
    small_bytes = 0

    def flush() -> None:
        nonlocal small, small_bytes
        if small:
            work.append(_Pack(calls, entity, small))
            small, small_bytes = [], 0

    for digest, entry in wanted.items():
        if digest in there:
            continue
        place = locate(entry)
        if place is None or place.size != entry.size:
            gone.append(entry.path)
        elif entry.size > SMALL_BYTES_MAX:
            kind = _Pieces if entry.size >= LARGE_BYTES else _One
            work.append(kind(calls, entity, entry, place))
        else:
            small.append((entry, place))
            small_bytes += entry.size
            if small_bytes >= BODY_BYTES or len(small) >= BODY_BLOBS_MAX:
                flush()
    flush()
    if gone:
        raise bytes_gone(gone)
    _all(work)
    return len(wanted) - len(there)


def bytes_gone(paths: Sequence[str]) -> BytesGone:
    shown = ", ".join(map(repr, paths[:10])) + (f" and {len(paths) - 10} more" if len(paths) > 10 else "")
    return BytesGone(
        f"The bytes of {shown} are gone from this host, or were changed after they were logged. "
        'Log them again; with policy="mutable" they are kept until they are sent.',
        paths,
    )


class _Pack:
    """Small files in one request."""

    def __init__(self, calls: ArtifactCalls, entity: str, files: list[tuple[Entry, Place]]) -> None:
        self._calls, self._entity, self._files = calls, entity, files

    def __call__(self) -> None:
        blobs, gone = [], []
        number, opened = -1, ""
        try:
            for entry, place in self._files:
                if place.path != opened:
                    if number >= 0:
                        os.close(number)
                    number, opened = -1, ""
                    try:
                        number, opened = os.open(place.path, os.O_RDONLY), place.path
                    except OSError:
                        gone.append(entry.path)
                        continue
                data = os.pread(number, place.size, place.offset)
                if hashlib.sha256(data).digest() != entry.sha256:
                    gone.append(entry.path)
                blobs.append(data)
        finally:
            if number >= 0:
                os.close(number)
        if gone:
            raise bytes_gone(gone)
        self._calls.put_blobs(self._entity, blobs)


class _One:
    """A large file."""

    def __init__(self, calls: ArtifactCalls, entity: str, entry: Entry, place: Place) -> None:
        self._calls, self._entity, self._entry, self._place = calls, entity, entry, place
        self._digest = b""

    def __call__(self) -> None:
        entry = self._entry
        try:
            self._number = os.open(self._place.path, os.O_RDONLY)
        except OSError:
            raise bytes_gone([entry.path]) from None
        try:
            self._calls.put_blob(self._entity, entry.sha256, entry.size, self._bytes)
        except Exception as error:
            # Where too few bytes were there, the length that was promised is what breaks first.
            if (isinstance(error, Invalid) or self._digest) and self._digest != entry.sha256:
                raise bytes_gone([entry.path]) from error
            raise
        finally:
            os.close(self._number)

    def _bytes(self) -> Iterator[bytes]:
        self._digest = b""
        digest = hashlib.sha256()
        at, end = self._place.offset, self._place.offset + self._place.size
        while at < end:
            data = os.pread(self._number, min(_CHUNK_BYTES, end - at), at)
            if not data:
                break
            digest.update(data)
            at += len(data)
            if at >= end:
                self._digest = digest.digest()
            yield data
        self._digest = digest.digest()


class _Pieces:
    """A file so large that it may well be cut: it goes on from what the server has, also in another
    process, which finds the upload's id in the local home. Straight into the server's object store where
    that can be, else through the server."""

    def __init__(self, calls: ArtifactCalls, entity: str, entry: Entry, place: Place) -> None:
        self._calls, self._entity, self._entry, self._place = calls, entity, entry, place
        self._held = 0
        about = f"{calls.base_url} {entity} {entry.sha256.hex()}"
        name = hashlib.sha256(about.encode()).hexdigest()[:32]
        self._memory = os.path.join(home_path(), "artifacts", "uploads", name)

    def __call__(self) -> None:
        entry = self._entry
        try:
            self._number = os.open(self._place.path, os.O_RDONLY)
        except OSError:
            raise bytes_gone([entry.path]) from None
        try:
            upload = self._straight(self._begun())
            offset = upload.offset
            while offset < entry.size:
                offset = self._piece(upload, offset)
            try:
                self._calls.finish_upload(self._entity, upload.id, entry.sha256)
            except Invalid as error:
                self._forget()
                if self._digest() != entry.sha256:
                    raise bytes_gone([entry.path]) from error
                raise
            self._forget()
        finally:
            os.close(self._number)

    def _begun(self) -> UploadRecord:
        try:
            with open(self._memory) as file:
                known = file.read()
            return self._calls.upload(self._entity, known)
        except (OSError, NotFound):
            pass
        upload = self._calls.begin_upload(self._entity, self._entry.sha256, self._entry.size)
        try:
            os.makedirs(os.path.dirname(self._memory), exist_ok=True)
            with open(self._memory, "w") as file:
                file.write(upload.id)
        except OSError:
            pass  # another process then begins anew
        return upload

    def _straight(self, upload: UploadRecord) -> UploadRecord:
        """Put pieces into the server's object store, where it has one that this host reaches. What does
        not get there goes through the server."""
        if not upload.direct or not direct.may_go(self._calls.base_url):
            return upload
        try:
            return direct.send_pieces(self._calls, self._entity, upload, self._entry.size, self._bytes)
        except direct.StoreAway as error:
            direct.remember_away(self._calls.base_url, error)
            return self._calls.upload(self._entity, upload.id)

    def _bytes(self, offset: int, size: int) -> Iterator[bytes]:
        sent = 0
        while sent < size:
            at = self._place.offset + offset + sent
            data = os.pread(self._number, min(_CHUNK_BYTES, size - sent), at)
            if not data:
                raise bytes_gone([self._entry.path])
            sent += len(data)
            yield data

    def _piece(self, upload: UploadRecord, offset: int) -> int:
        # Up to the next piece that went straight into the store.
        end = min((at for at in upload.pieces if at > offset), default=self._entry.size)
        size = min(PIECE_BYTES, end - offset)
        try:
            return self._calls.append_upload(
                self._entity, upload.id, offset, size, lambda: self._bytes(offset, size)
            )
        except OffsetMismatch as mismatch:
            return mismatch.next_offset  # a part of it had come before the connection was cut
        except Conflict:
            # The server has not noticed yet that the connection before this one was cut.
            if self._held >= HELD_MAX:
                raise
            self._held += 1
            time.sleep(HELD_SECONDS)
            return self._calls.upload(self._entity, upload.id).offset

    def _digest(self) -> bytes:
        digest, at = hashlib.sha256(), self._place.offset
        end = at + self._place.size
        while at < end and (data := os.pread(self._number, min(_CHUNK_BYTES, end - at), at)):
            digest.update(data)
            at += len(data)
        return digest.digest()

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._memory)


def _all(work: list[Callable[[], object]]) -> None:
    """Do all of it, a few at once. The first error ends it and is raised."""
    if len(work) < 2:
        for one in work:
            one()
        return
    work.reverse()
    errors: list[BaseException] = []

    def loop() -> None:
        while not errors:
            try:
                one = work.pop()
            except IndexError:
                return
            try:
                one()
            except BaseException as error:
                errors.append(error)

    helpers = [threading.Thread(target=loop, name="send") for _ in range(min(HELPERS, len(work)) - 1)]
    for helper in helpers:
        helper.start()
    loop()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]
