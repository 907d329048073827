"""Files of runs: names are data, bytes lie in the blob store by digest."""

from __future__ import annotations

import asyncio
import mimetypes
import re
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.places import Places
from runstone.server.stores.blobs.contract import BlobStore, Sha256
from runstone.server.stores.records import files as statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

FILE_NAME_BYTES_MAX = 1024
FIND_MAX = 10_000
# A blob comes before what refers to it, sometimes by hours (a large upload): younger ones stay.
BLOB_SPARED_SECONDS = 86_400.0
_COLLECT_AT_ONCE = 500

_DRIVE = re.compile(r"[A-Za-z]:")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MIMETYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
UNKNOWN_MIMETYPE = "application/octet-stream"

# Tells which of some digests another part of the server refers to.
Referrer = Callable[[Collection[Sha256]], Collection[Sha256]]


@dataclass(frozen=True, slots=True)
class RunFile:
    name: str  # slashes make folders; never a path on the server
    sha256: str
    md5: str  # hexadecimal
    size: int
    mimetype: str
    updated_at: float


def check_file_name(name: str) -> str:
    """A run file's name, `./` in front removed: relative, no `.`, `..` or empty part, no backslash,
    NUL or control character, no drive letter, at most 1,024 bytes. Raises Invalid."""
    checked = name.removeprefix("./")
    rule = ""
    if not checked:
        rule = "it is empty"
    elif len(checked.encode("utf-8", "surrogatepass")) > FILE_NAME_BYTES_MAX:
        rule = f"it is longer than {FILE_NAME_BYTES_MAX} bytes"
    elif "\\" in checked:
        rule = "it has a backslash"
    elif _DRIVE.match(checked):
        rule = "it begins with a drive letter"
    elif not checked.isprintable() and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in checked):
        rule = "it has control characters or lone surrogates"
    elif any(part in ("", ".", "..") for part in checked.split("/")):
        rule = "a part between slashes is empty, '.' or '..'"
    if rule:
        shown = name if len(name) <= 200 else name[:200] + "…"
        raise Invalid(
            f"File name {shown!r} is not allowed: {rule}. Use a relative name such as 'media/plot.png'.",
            name=shown.encode("utf-8", "backslashreplace").decode(),
        )
    return checked


class Files:
    def __init__(self, records: Records, blobs: BlobStore, access: Access, feed: Feed) -> None:
        self._records = records
        self._blobs = blobs
        self._feed = feed
        self._places = Places(records, access)

    async def put(
        self,
        actor: Actor,
        run: RunKey,
        name: str,
        chunks: AsyncIterator[bytes],
        *,
        mimetype: str = "",
        sha256: str | None = None,
    ) -> RunFile:
        """Store and list; a file of the same name is replaced. With `sha256` bytes of another
        digest are refused. Raises Invalid, Unavailable where the disk is full; then nothing is kept."""
        name = check_file_name(name)
        expected = None if sha256 is None else _digest(sha256)
        place = await asyncio.to_thread(self._places.checked, actor, run, Permission.WRITE)
        info = await self._blobs.put(chunks, expect_sha256=expected)
        file = RunFile(name, info.sha256, info.md5, info.size, _mimetype(name, mimetype), time.time())

        def work(conn: Connection) -> None:
            if run_statements.lock(conn, run) is None:
                raise NotFound(f"Run {place.run_id!r} was deleted while the file came.", run=place.run_id)
            statements.set_file(
                conn,
                run,
                name,
                sha256=file.sha256,
                md5=file.md5,
                size=file.size,
                mimetype=file.mimetype,
                updated_at=file.updated_at,
            )

        await asyncio.to_thread(self._records.write, work)
        self._feed.publish(place.event("files", name=name))
        return file

    def get(self, actor: Actor, run: RunKey, name: str) -> RunFile:
        """Raises NotFound."""
        place = self._places.checked(actor, run, Permission.READ)
        name = check_file_name(name)
        with self._records.read() as conn:
            row = statements.file(conn, run, name)
        if row is None:
            raise NotFound(f"Run {place.run_id!r} has no file {name!r}.", name=name)
        return _file(row)

    def find(
        self,
        actor: Actor,
        run: RunKey,
        *,
        prefix: str = "",
        pattern: str = "",
        names: Sequence[str] | None = None,
        after: str = "",
        limit: int = 1000,
    ) -> list[RunFile]:
        """By name. `pattern` is SQL LIKE (`%`, `_`, `\\` before a sign that stands for itself).
        Of `names` those that are there; at most 10,000."""
        self._places.checked(actor, run, Permission.READ)
        wanted = None if names is None else [name.removeprefix("./") for name in names]
        with self._records.read() as conn:
            rows = statements.find_files(
                conn,
                run,
                prefix=prefix.removeprefix("./"),
                pattern=pattern,
                names=wanted,
                after=after,
                limit=max(0, min(limit, FIND_MAX)),
            )
        return [_file(row) for row in rows]

    def count(self, actor: Actor, run: RunKey) -> int:
        self._places.checked(actor, run, Permission.READ)
        with self._records.read() as conn:
            return statements.count_files(conn, run)

    def read(self, actor: Actor, file: RunFile, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file that `get` or `find` gave: chunks of the half-open range. Raises
        NotFound before the first chunk."""
        return self._blobs.read(Sha256(file.sha256), start=start, end=end)

    def delete(self, actor: Actor, run: RunKey, names: Sequence[str]) -> int:
        """Returns how many there were. The bytes go when nothing else refers to them."""
        place = self._places.checked(actor, run, Permission.WRITE)
        listed = [check_file_name(name) for name in names]
        deleted = self._records.write(lambda conn: statements.delete_files(conn, run, listed))
        if deleted:
            self._feed.publish(place.event("files"))
        return deleted

    def referred(self, digests: Collection[Sha256]) -> set[str]:
        """Those of these blobs that some run's file is."""
        with self._records.read() as conn:
            return statements.referred_digests(conn, digests)

    def collect_blobs(
        self,
        *,
        others: Sequence[Referrer] = (),
        older_than_seconds: float = BLOB_SPARED_SECONDS,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Delete blobs that nothing refers to: no run's file and none of `others`. Called by a
        job; returns how many went. `stop` is asked between batches."""
        candidates = (digest for digest, _ in self._blobs.all(older_than_seconds=older_than_seconds))
        collected = 0
        while not stop() and (batch := list(islice(candidates, _COLLECT_AT_ONCE))):
            with self._records.read() as conn:
                kept: set[str] = statements.referred_digests(conn, batch)
            for other in others:
                kept |= set(other(batch))
            gone = [digest for digest in batch if digest not in kept]
            # The store looks at the age again: one that was put meanwhile is spared.
            self._blobs.delete(gone, older_than_seconds=older_than_seconds)
            collected += len(gone)
        return collected


def _file(row: AnyRow) -> RunFile:
    return RunFile(row.name, row.sha256, row.md5, row.size, row.mimetype, row.updated_at)


def _digest(text: str) -> Sha256:
    if not _SHA256.fullmatch(text):
        raise Invalid(f"{text[:80]!r} is not a SHA-256 digest. Give 64 hexadecimal digits.")
    return Sha256(text.lower())


def _mimetype(name: str, given: str) -> str:
    if _MIMETYPE.fullmatch(given.split(";")[0].strip()):
        return given.split(";")[0].strip().lower()
    return mimetypes.guess_type(name.rsplit("/", 1)[-1])[0] or UNKNOWN_MIMETYPE
