"""What artifacts take up, and giving back what nothing refers to.

A blob lives while a version that is not gone for good holds it; a version in the trash holds its
blobs. Collection goes down the same way that things were made: versions that are gone for good,
then parts no version has, then blobs no part has, then the bytes. What came in the last day is
spared, as it may be on its way into a version.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.files import BLOB_SPARED_SECONDS, Files
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.projects import TRASH_SECONDS, Projects
from runstone.server.domain.uploads import Uploads
from runstone.server.stores.blobs.contract import BlobStore, Sha256
from runstone.server.stores.records import storage_use as statements
from runstone.server.stores.records.contract import Records

PENDING_KEPT_SECONDS = 7 * 86_400.0
_AT_ONCE = 500
_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class StorageUse:
    """`logical_bytes`: each version in use counted in full; `stored_bytes`: each blob once, the trash too.
    In the trash is also what was deleted with its collection."""

    versions: int
    logical_bytes: int
    stored_bytes: int
    blobs: int
    trash_versions: int
    trash_bytes: int  # stored bytes that only versions in the trash hold
    collections: list[CollectionUse]  # the thousand largest


@dataclass(frozen=True, slots=True)
class CollectionUse:
    """What one collection's versions take up. `stored_bytes`: each blob once, the trash too;
    `alone_bytes`: of these, what no other collection of the project holds."""

    name: str
    type: str
    deleted: bool  # in the trash itself
    versions: int
    logical_bytes: int
    stored_bytes: int
    alone_bytes: int
    trash_versions: int
    trash_logical_bytes: int


@dataclass(frozen=True, slots=True)
class ProjectUse:
    """What one project's artifacts take up. `stored_bytes`: each blob once, the trash too; `alone_bytes`: of
    these, what no other project of the entity holds."""

    name: str
    versions: int
    logical_bytes: int
    stored_bytes: int
    alone_bytes: int
    trash_versions: int


@dataclass(frozen=True, slots=True)
class EntityUse:
    """`stored_bytes`: each blob once, whichever projects hold it; the trash too."""

    versions: int
    logical_bytes: int
    stored_bytes: int
    blobs: int
    projects: list[ProjectUse]  # with artifacts, those that hold most first


@dataclass(slots=True)
class Collected:
    """What a collection freed, or (dry run) would free now. `bytes` are those of blobs; `digests` the
    first thousand of them."""

    dry_run: bool
    versions: int = 0
    parts: int = 0
    blobs: int = 0
    bytes: int = 0
    packs_rewritten: int = 0
    uploads: int = 0
    strays: int = 0  # objects in the store that nothing ever referred to, as a crash leaves them
    digests: list[dict[str, Any]] = field(default_factory=list)


class Storage:
    def __init__(
        self,
        records: Records,
        blobs: BlobStore,
        access: Access,
        projects: Projects,
        uploads: Uploads,
        files: Files,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._projects = projects
        self._uploads = uploads
        self._files = files

    def use(self, actor: Actor, entity: str, project: str) -> StorageUse:
        """Of a project, counted now: exact."""
        with self._records.read() as conn:
            place = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            living = statements.versions_use(conn, place.id, trash=False)
            trash = statements.versions_use(conn, place.id, trash=True)
            blobs, stored = statements.stored(conn, place.id, with_trash=True)
            _, without_trash = statements.stored(conn, place.id, with_trash=False)
            collections = statements.collections_use(conn, place.id)
            held = statements.collections_stored(conn, place.id)
        return StorageUse(
            versions=living[0],
            logical_bytes=living[1],
            stored_bytes=stored,
            blobs=blobs,
            trash_versions=trash[0],
            trash_bytes=stored - without_trash,
            collections=[
                CollectionUse(
                    name=row.name,
                    type=row.type,
                    deleted=bool(row.deleted),
                    versions=int(row.versions),
                    logical_bytes=int(row.bytes),
                    stored_bytes=held.get(row.id, (0, 0))[0],
                    alone_bytes=held.get(row.id, (0, 0))[1],
                    trash_versions=int(row.trash_versions),
                    trash_logical_bytes=int(row.trash_bytes),
                )
                for row in collections
            ],
        )

    def use_of_entity(self, actor: Actor, entity: str) -> EntityUse:
        """Of all projects of an account, team or organisation, counted now: exact."""
        with self._records.read() as conn:
            found = self._access.resolve(conn, actor, entity, Permission.READ)
            rows = statements.projects_use(conn, found.id)
            blobs, stored, held = statements.projects_stored(conn, found.id)
        projects = [
            ProjectUse(
                name=row.name,
                versions=int(row.versions),
                logical_bytes=int(row.bytes),
                stored_bytes=held.get(row.id, (0, 0))[0],
                alone_bytes=held.get(row.id, (0, 0))[1],
                trash_versions=int(row.trash_versions),
            )
            for row in rows
        ]
        return EntityUse(
            versions=sum(one.versions for one in projects),
            logical_bytes=sum(one.logical_bytes for one in projects),
            stored_bytes=stored,
            blobs=blobs,
            projects=sorted(projects, key=lambda one: (-one.stored_bytes, one.name)),
        )

    def collect(
        self,
        actor: Actor,
        *,
        dry_run: bool = False,
        spared_seconds: float = BLOB_SPARED_SECONDS,
        trash_seconds: float = TRASH_SECONDS,
        rewrite_packs: float = 0.5,
        goes_on: Callable[[], bool] = lambda: True,
        others: Sequence[Callable[[Collection[Sha256]], Collection[Sha256]]] = (),
    ) -> Collected:
        """Give back what nothing refers to (server admins, and the server itself). rewrite_packs: a
        pack is written anew when so much of it or more is dead; 0 for any. spared_seconds: younger
        things stay; 0 only while nobody uploads."""
        self._access.check_server_admin(actor)
        now = time.time()
        before, trash_before = now - spared_seconds, now - trash_seconds
        if dry_run:
            return self._look(before, trash_before)
        done = Collected(False)
        done.versions = self._all(
            lambda conn: statements.purge_versions(
                conn,
                deleted_before=trash_before,
                pending_before=now - max(spared_seconds, PENDING_KEPT_SECONDS) if spared_seconds else now,
                limit=_AT_ONCE,
            ),
            goes_on,
        )
        self._records.write(lambda conn: statements.purge_collections(conn, deleted_before=trash_before))
        done.parts = self._all(
            lambda conn: statements.drop_parts(conn, before=before, limit=_AT_ONCE), goes_on
        )
        while goes_on():
            gone = self._records.write(
                lambda conn: statements.drop_blobs(conn, before=before, limit=_AT_ONCE)
            )
            if not gone:
                break
            done.blobs += len(gone)
            done.bytes += sum(row.size for row in gone)
            done.digests += [{"sha256": row.sha256, "size": row.size} for row in gone][
                : _SHOWN - len(done.digests)
            ]
            alone = [Sha256(row.sha256) for row in gone if row.pack_id is None]
            self._forget(alone, spared_seconds, others)
        while goes_on() and (packs := self._worn_packs(before, rewrite_packs)):
            for pack in packs:
                self._rewrite(pack.id, pack.sha256, spared_seconds)
                done.packs_rewritten += 1
        done.uploads = self._uploads.drop_stale(
            older_than_seconds=spared_seconds and max(spared_seconds, 2 * 86_400.0)
        )
        done.strays = self._files.collect_blobs(
            others=[self._uploads.referred, *others],
            older_than_seconds=spared_seconds,
            stop=lambda: not goes_on(),
        )
        if done.versions or done.blobs:
            self._records.write(
                lambda conn: audit.append(
                    conn,
                    actor,
                    "storage.collect",
                    subject="",
                    entity_id=None,
                    detail={
                        "versions": done.versions,
                        "blobs": done.blobs,
                        "bytes": done.bytes,
                    },
                    now=time.time(),
                )
            )
        return done

    # -- inside

    def _look(self, before: float, trash_before: float) -> Collected:
        found = Collected(True)
        with self._records.read() as conn:
            found.versions = statements.count_purged(conn, deleted_before=trash_before)
            found.parts = statements.count_parts(conn, before=before, trash_before=trash_before)
            count, size, rows = statements.dead_blobs(
                conn, before=before, trash_before=trash_before, limit=_SHOWN
            )
        found.blobs, found.bytes = count, size
        found.digests = [{"sha256": row.sha256, "size": row.size} for row in rows]
        return found

    def _all(self, work: Callable[[Connection], int], goes_on: Callable[[], bool]) -> int:
        count = 0
        while goes_on():
            some = self._records.write(work)
            if not some:
                break
            count += some
        return count

    def _forget(
        self,
        digests: list[Sha256],
        spared_seconds: float,
        others: Sequence[Callable[[Collection[Sha256]], Collection[Sha256]]],
    ) -> None:
        """The bytes, unless files of runs are the same."""
        kept: set[str] = set(self._files.referred(digests))
        kept |= set(self._uploads.referred(digests))  # sent again meanwhile
        for other in others:
            kept |= set(other(digests))
        gone = [digest for digest in digests if digest not in kept]
        self._blobs.delete(gone, older_than_seconds=spared_seconds)

    def _worn_packs(self, before: float, dead_share: float) -> Sequence[Any]:
        with self._records.read() as conn:
            return statements.worn_packs(conn, before=before, dead_share=dead_share, limit=16)

    def _rewrite(self, pack_id: int, sha256: str, spared_seconds: float) -> None:
        """What lives in a pack moves to a new one; the old one goes."""
        with self._records.read() as conn:
            rows = statements.pack_members(conn, pack_id)
        made = None
        if rows:
            pieces = [
                b"".join(
                    self._blobs.read(Sha256(sha256), start=row.pack_offset, end=row.pack_offset + row.size)
                )
                for row in rows
            ]
            made = self._blobs.put_bytes(b"".join(pieces))

        def work(conn: Connection) -> bool:
            """False where somebody has changed what lies in it since."""
            if [row.id for row in statements.pack_members(conn, pack_id, hold=True)] != [
                row.id for row in rows
            ]:
                return False
            if made is not None:
                offset = 0
                moved = []
                for row in rows:
                    moved.append((row.id, offset))
                    offset += row.size
                statements.move_members(conn, moved, sha256=made.sha256, size=made.size, now=time.time())
            statements.drop_pack(conn, pack_id)
            return True

        same = made is not None and made.sha256 == sha256
        if not same and self._records.write(work):
            # A reader that asked before may be in the middle of it: it has the object open, or asks
            # again.
            self._blobs.delete([Sha256(sha256)], older_than_seconds=spared_seconds)
