"""From what came for a version to a version that is seen: the last step of making one.

Everything is checked and written first, a part at a time; one short transaction then makes the
version seen, with its number and its aliases. Whatever breaks before leaves nothing half-visible:
parts that no version has are collected a day later.
"""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from runstone.server.domain import audit, manifests, outlines
from runstone.server.domain.alias_moves import set_aliases, set_twin_aliases
from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.artifact_names import LATEST
from runstone.server.domain.distributed import maker
from runstone.server.domain.errors import Conflict, Invalid, MissingFile, ReferenceGone, Unavailable
from runstone.server.domain.identity import Actor
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import blobs as blob_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import contributions
from runstone.server.stores.records import manifests as manifest_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_RESOLVE_AT_ONCE = 2000
_PARTS_AT_ONCE = 16
_MISSING_SHOWN = 20
_TRIES = 4
_GROWING_TRIES = 50


@dataclass(slots=True)
class _Part:
    first_path: str
    sha256: bytes
    data: bytes
    entries: int
    size: int
    outline: bytes
    blobs: dict[int, str]  # SHA-256 by number


class Commit:
    """Commits one version; made anew for each."""

    def __init__(self, records: Records, actor: Actor, version: AnyRow, *, merge: bool = True) -> None:
        """`version`: a pending row of `statements.version`, checked that the actor may write it.
        merge=False: it becomes a version of its own though its content is there already."""
        self._records = records
        self._actor = actor
        self._version = version
        self._merge = merge
        self._laid_over = False
        self._pages: set[int] = set()

    def run(self) -> tuple[int, bool]:
        """(version, True where it was made now). Content that the collection has is that version:
        this one is dropped then, and its aliases move there. Raises MissingFile naming what has not
        come, Invalid for content that is not as announced, Conflict where it is no longer pending,
        Unavailable where a collection takes away again and again what it is made of."""
        for _ in range(_TRIES):
            try:
                return self._whole()
            except ReferenceGone:  # bytes or a part were collected meanwhile: which are there still?
                continue
        raise Unavailable(
            "What this version consists of is being collected as fast as it comes. Commit it again.",
            retry_after_seconds=2,
        )

    def _whole(self) -> tuple[int, bool]:
        for _ in range(_GROWING_TRIES):
            try:
                return self._run()
            except _HasGrown:
                continue
        raise Unavailable(
            "Entries of this version come faster than it is put together. Commit it when all are there.",
            retry_after_seconds=2,
        )

    def _run(self) -> tuple[int, bool]:
        digests = manifests.Digests(self._version.digest_algorithm)
        parts: list[tuple[int, str]] = []
        made = self._parts(digests)
        while some := list(islice(made, _PARTS_AT_ONCE)):
            now = time.time()

            def put(conn: Connection, some: list[_Part] = some, now: float = now) -> list[int]:
                return [self._put(conn, part, now) for part in some]

            ids = self._records.write(put)
            parts += [(number, part.first_path) for number, part in zip(ids, some, strict=True)]
        announced = self._version.sha256
        if announced and announced != digests.sha256:
            raise Invalid(
                f"The manifest that came has SHA-256 {digests.sha256}, not {announced} as announced. Send "
                "the entries again.",
                sha256=digests.sha256,
                expected=announced,
            )
        return self._records.write(lambda conn: self._finish(conn, digests, parts))

    def _put(self, conn: Connection, part: _Part, now: float) -> int:
        # A number alone proves nothing: SQLite gives that of a collected blob to another one.
        if blob_statements.hold_blobs(conn, part.blobs) != part.blobs:
            raise ReferenceGone("Bytes of this version were collected meanwhile. Commit it again.")
        made = manifest_statements.put_part(
            conn,
            self._version.entity_id,
            sha256=part.sha256,
            entries=part.entries,
            data=part.data,
            blob_ids=part.blobs,
            now=now,
        )
        manifest_statements.put_outline(conn, made, files=part.entries, size=part.size, folders=part.outline)
        return made

    def _parts(self, digests: manifests.Digests) -> Iterator[_Part]:
        ids: dict[str, int] = {}
        for run in manifests.cut(manifests.no_file_is_a_folder(self._resolved(self._merged(), ids))):
            digests.add(run)
            blobs = {ids.pop(entry.path): entry.sha256 for entry in run if not entry.ref}
            yield _Part(
                run[0].path,
                hashlib.sha256(manifests.plain(run)).digest(),
                manifests.encode(run),
                len(run),
                sum(entry.size for entry in run),
                outlines.encode(outlines.outline((entry.path, entry.size) for entry in run)),
                blobs,
            )

    def _merged(self) -> Iterator[Entry]:
        with self._records.read() as conn:
            rows = manifest_statements.pages(conn, self._version.id)
        self._pages = {row.id for row in rows}
        self._laid_over = any(row.manifest != "full" for row in rows)
        over_base = any(row.manifest == "incremental" for row in rows) and not any(
            row.manifest == "full" for row in rows
        )
        base: Iterable[Entry] = ()
        if over_base and self._version.base_id is not None:
            base = entries_of(self._records, self._version.base_id)
        pages = [manifests.PageInfo(row.id, row.first_path, row.last_path) for row in rows]
        return manifests.merge(base, pages, self._load)

    def _load(self, page: int) -> list[Entry]:
        with self._records.read() as conn:
            data = manifest_statements.page_data(conn, page)
        if data is None:
            raise Conflict("Another request has changed what lies in this version. Commit it again.")
        return manifests.decode(data)

    def _resolved(self, entries: Iterator[Entry], ids: dict[str, int]) -> Iterator[Entry]:
        """Each file with both digests; `ids` gets the number of its blob, by path. A blob counts only
        where this entity has sent its bytes."""
        while batch := list(islice(entries, _RESOLVE_AT_ONCE)):
            files = [entry for entry in batch if not entry.ref]
            with self._records.read() as conn:
                entity = self._version.entity_id
                by_sha256 = {
                    row.sha256: row
                    for row in blob_statements.owned_by_sha256(
                        conn, entity, (entry.sha256 for entry in files if entry.sha256)
                    )
                }
                by_md5 = {
                    row.asked_md5: row
                    for row in blob_statements.owned_by_md5(
                        conn, entity, (entry.md5 for entry in files if entry.md5 and not entry.sha256)
                    )
                }
                by_xxh128: dict[str, list[AnyRow]] = {}
                for row in blob_statements.owned_by_xxh128(
                    conn, entity, (entry.xxh128 for entry in files if not (entry.sha256 or entry.md5))
                ):
                    by_xxh128.setdefault(row.xxh128, []).append(row)
            missing = []
            for at, entry in enumerate(batch):
                if entry.ref:
                    continue
                if entry.sha256:
                    row = by_sha256.get(entry.sha256)
                elif entry.md5:
                    row = by_md5.get(entry.md5)
                else:
                    row = _only(by_xxh128.get(entry.xxh128, ()), entry)
                if row is None:
                    missing.append(entry)
                    continue
                if row.size != entry.size or (entry.md5 and entry.md5 != row.md5):
                    raise Invalid(
                        f"{entry.path!r} is said to have {entry.size} bytes and MD5 {entry.md5 or 'unsaid'}; "
                        f"the bytes that came have {row.size} and {row.md5}.",
                        path=entry.path,
                    )
                ids[entry.path] = row.id
                birth = entry.birth or row.birth
                batch[at] = replace(entry, sha256=row.sha256, md5=row.md5, birth=birth)
            if missing:
                raise _missing(missing)
            yield from batch

    def _finish(
        self, conn: Connection, digests: manifests.Digests, parts: list[tuple[int, str]]
    ) -> tuple[int, bool]:
        now = time.time()
        collection = collection_statements.lock_collection(conn, self._version.collection_id)
        row = statements.lock_version(conn, self._version.id)
        if row is None or row.state == "deleted" or collection is None or collection.deleted_at:
            raise Conflict("The version or its collection was deleted meanwhile. Make it again.")
        if row.state == "committed":
            return row.id, False
        if {page.id for page in manifest_statements.pages(conn, row.id)} != self._pages:
            raise _HasGrown  # what was taken from a client a moment ago is in it too
        aliases = [*row.pending_aliases, LATEST]
        run_key, run_name = maker(conn, row)
        twin = (
            statements.committed_with(conn, row.collection_id, sha256=digests.sha256) if self._merge else None
        )
        if twin is not None:
            if run_key is not None:
                statements.add_use(conn, run_key, twin.id, role="output", now=now)
            if row.distributed_id:
                self._made_together(conn, row.id, twin.id, now)
                contributions.move(conn, row.id, twin.id)
                statements.change_version(conn, twin.id, distributed_id=row.distributed_id)
            statements.drop_version(conn, row.id)
            set_twin_aliases(conn, self._actor, twin, aliases, now=now)
            return twin.id, False
        manifest_statements.set_parts(conn, row.id, parts)
        manifest_statements.drop_pages(conn, row.id)
        index = collection.next_index
        ttl = collection.ttl_seconds if row.ttl_seconds is None else row.ttl_seconds
        statements.change_version(
            conn,
            row.id,
            state="committed",
            version_index=index,
            sha256=digests.sha256,
            # What was announced is of one manifest; laid over others it tells nothing of the whole.
            digest=digests.wandb if self._laid_over or not row.digest else row.digest,
            size=digests.size,
            file_count=digests.count,
            run_key=run_key,
            run_name=run_name,
            committed_at=now,
            updated_at=now,
            expires_at=now + ttl if ttl is not None and ttl > 0 else None,
            pending_aliases=[],
        )
        collection_statements.add_collection_version(
            conn,
            row.collection_id,
            row.id,
            index=index,
            user_id=self._actor.user_id,
            reason="",
            now=now,
        )
        if run_key is not None:
            statements.add_use(conn, run_key, row.id, role="output", now=now)
        if row.distributed_id:
            self._made_together(conn, row.id, row.id, now)
        set_aliases(conn, self._actor, row.collection_id, row.id, aliases, now=now)
        place = f"{self._version.entity}/{self._version.project}/{self._version.collection}"
        audit.append(
            conn,
            self._actor,
            "artifact.commit",
            subject=f"{place}:v{index}",
            entity_id=row.entity_id,
            detail={
                "version_id": row.id,
                "sha256": digests.sha256,
                "size": digests.size,
                "files": digests.count,
                "run": run_name,
                "aliases": aliases,
            },
            now=now,
        )
        return row.id, True

    def _made_together(self, conn: Connection, version_id: int, made: int, now: float) -> None:
        """Each run that added to it has made it."""
        for run_key in {key for key in contributions.runs_of(conn, version_id) if key is not None}:
            statements.add_use(conn, run_key, made, role="output", now=now)


class _HasGrown(Exception):
    """Entries came while the version was put together."""


def entries_of(records: Records, version_id: int, *, after: str = "", prefix: str = "") -> Iterator[Entry]:
    """The entries of a committed version by path, those behind `after` and below `prefix`."""
    ordinal: int | None = None
    start = max(after, prefix)
    limit = 1  # who asks for one file needs one part; who reads on reads many
    while True:
        with records.read() as conn:
            rows = manifest_statements.parts_of(conn, version_id, path=start, ordinal=ordinal, limit=limit)
        limit = min(limit * 4, _PARTS_AT_ONCE)
        for row in rows:
            if prefix and row.first_path > prefix and not row.first_path.startswith(prefix):
                return
            for entry in manifests.decode(row.data):
                if entry.path > after and entry.path.startswith(prefix):
                    yield entry
        if not rows:
            return
        ordinal = rows[-1].ordinal + 1


def entries_named(records: Records, version_id: int, paths: Sequence[str]) -> Iterator[Entry]:
    """Those of the paths, which are sorted, that a committed version has."""
    with records.read() as conn:
        parts = manifest_statements.part_list(conn, version_id)
    starts = [part.first_path for part in parts]
    wanted: dict[int, set[str]] = {}
    for path in paths:
        place = bisect_right(starts, path) - 1
        if place >= 0:
            wanted.setdefault(parts[place].ordinal, set()).add(path)
    for ordinal, some in wanted.items():
        with records.read() as conn:
            rows = manifest_statements.parts_of(conn, version_id, ordinal=ordinal, limit=1)
        for row in rows:
            found = manifests.rows(row.data)
            yield from (manifests.entry_of(entry) for entry in found if entry[0] in some)


def _only(found: Sequence[AnyRow], entry: Entry) -> AnyRow | None:
    """The blob that an XXH128 tells. It is no proof against people who mean harm, so where it fits several
    nothing is guessed: else whoever may write to the entity could put other bytes in a file's place."""
    fitting = [row for row in found if row.size == entry.size]
    if len(fitting) > 1:
        raise Invalid(
            f"{len(fitting)} different files of this entity have the size and XXH128 of {entry.path!r}. Make "
            "the artifact with MD5 (the client's default), which tells them apart.",
            path=entry.path,
        )
    return fitting[0] if fitting else found[0] if found else None


def _missing(entries: list[Entry]) -> MissingFile:
    shown = [entry.path for entry in entries[:_MISSING_SHOWN]]
    more = f" and {len(entries) - len(shown):,} more" if len(entries) > len(shown) else ""
    return MissingFile(
        f"The bytes of {', '.join(map(repr, shown))}{more} have not been sent by this entity. Send them, "
        "then commit again.",
        paths=shown,
        digests=[entry.sha256 or entry.md5 or entry.xxh128 for entry in entries[:_MISSING_SHOWN]],
        count=len(entries),
    )
