"""Artifact versions: made, found, read, named, used.

    made = artifacts.create(actor, "", "mnist", VersionWanted(type="model", collection="net"))
    uploads.put_many(actor, "", [b"…"])                      bytes first, in any order
    artifacts.add_entries(actor, made.version.id, [Entry("w.bin", 3, sha256=…)])
    member = artifacts.commit(actor, made.version.id)         then it is seen, as net:v0 and net:latest
    artifacts.get(actor, "", "mnist", "net:latest")

What lies in a version never changes after it was committed. A version may be read by whoever may
read its project, or that of any collection it is linked into.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import manifests
from runstone.server.domain.alias_moves import set_twin_aliases
from runstone.server.domain.artifact_base import ArtifactBase, short
from runstone.server.domain.artifact_changes import ArtifactChanges
from runstone.server.domain.artifact_commit import Commit
from runstone.server.domain.artifact_links import ArtifactLinks
from runstone.server.domain.artifact_model import (
    Entry,
    ManifestKind,
    Member,
    Version,
    VersionWanted,
    version_of,
)
from runstone.server.domain.artifact_names import LATEST, check_aliases, check_metadata, check_tags, check_ttl
from runstone.server.domain.artifact_reading import ArtifactReading
from runstone.server.domain.artifact_uses import ArtifactUses
from runstone.server.domain.collections import DESCRIPTION_CHARS_MAX
from runstone.server.domain.distributed import Part, goes_on, joined
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, check_text
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import manifests as manifest_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.rows import AnyRow

_CLIENT_ID_CHARS_MAX = 256
_DIGEST_CHARS_MAX = 128


@dataclass(frozen=True, slots=True)
class Created:
    """`version` is pending, and to be filled and committed; or, with `existed`, the committed one
    that holds the same content already: nothing is left to do."""

    version: Version
    existed: bool


class Artifacts(ArtifactReading, ArtifactChanges, ArtifactUses, ArtifactLinks, ArtifactBase):
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid. What may not be seen is not found."""

    def create(self, actor: Actor, entity: str, project: str, wanted: VersionWanted) -> Created:
        """A version that is not seen yet; project, type and collection are made if absent. With
        `dedupe`, content that the collection holds (by `sha256` or `digest`) is that version, and its
        aliases move there. Pending versions of one `distributed_id` are the same one; what is to be added
        to one that was committed is VersionClosed (see `distributed`)."""
        aliases = check_aliases(wanted.aliases)
        values: dict[str, Any] = {
            "description": check_text(
                wanted.description, what="Description", chars_max=DESCRIPTION_CHARS_MAX
            ),
            "metadata": check_metadata(wanted.metadata),
            "facts": check_metadata(wanted.facts, what="What is known of its content"),
            "tags": check_tags(wanted.tags),
            "ttl_seconds": check_ttl(wanted.ttl_seconds),
            "digest": short(wanted.digest, "Digest", _DIGEST_CHARS_MAX),
            "digest_algorithm": short(wanted.digest_algorithm, "Digest algorithm", 64),
            "sha256": short(wanted.sha256, "SHA-256", 64),
            "client_id": short(wanted.client_id, "Client id", _CLIENT_ID_CHARS_MAX),
            "sequence_client_id": short(wanted.sequence_client_id, "Client id", _CLIENT_ID_CHARS_MAX),
            "distributed_id": short(wanted.distributed_id, "Distributed id", _CLIENT_ID_CHARS_MAX),
            "history_step": wanted.history_step,
        }

        def work(conn: Connection) -> tuple[AnyRow, bool]:
            place, _ = self._projects.ensure_in(conn, actor, entity, project)
            run_key = self._run_in(conn, place, wanted.run)
            collection, _ = self._collections.ensure_in(
                conn,
                actor,
                place,
                wanted.collection,
                type=wanted.type,
                kind="sequence",
                client_id=wanted.sequence_client_id,
            )
            collection_statements.lock_collection(conn, collection.id)
            now = time.time()
            if wanted.distributed_id:
                found = joined(
                    conn,
                    collection.id,
                    wanted.distributed_id,
                    part=wanted.client_id,
                    run_key=run_key,
                )
                if found is not None and found.state == "committed":
                    return found, True
                if found is not None:
                    merged = sorted({*found.pending_aliases, *aliases})
                    statements.change_version(conn, found.id, pending_aliases=merged, updated_at=now)
                    return found, False
            if wanted.dedupe and (wanted.sha256 or wanted.digest):
                twin = statements.committed_with(
                    conn,
                    collection.id,
                    sha256=wanted.sha256,
                    digest=wanted.digest,
                    algorithm=wanted.digest_algorithm,
                )
                if twin is not None:
                    if run_key is not None:
                        statements.add_use(conn, run_key, twin.id, role="output", now=now)
                    set_twin_aliases(conn, actor, twin, (*aliases, LATEST), now=now)
                    return twin, True
            if wanted.base_id is not None:
                _check_base(statements.version(conn, wanted.base_id), wanted.base_id, collection.id)
            number = statements.add_version(
                conn,
                **values,
                entity_id=place.entity_id,
                collection_id=collection.id,
                state="pending",
                size=0,
                file_count=0,
                run_key=run_key,
                run_name=f"{place.entity}/{place.name}/{wanted.run}" if wanted.run else "",
                user_id=actor.user_id,
                base_id=wanted.base_id,
                pending_aliases=list(aliases),
                created_at=now,
                updated_at=now,
            )
            return statements.version(conn, number), False

        row, existed = self._records.write(work)
        return Created(version_of(row), existed)

    def add_entries(
        self,
        actor: Actor,
        version_id: int,
        entries: Sequence[Entry],
        *,
        manifest: ManifestKind = "full",
        replace_all: bool = False,
        part: Part | None = None,
    ) -> int:
        """What lies in a pending version, at most 20,000 entries a call, in any order; a path that
        comes again stands for the earlier one. `incremental` entries are laid over the base version.
        replace_all: forget first what came before in manifests of this kind. The bytes may come
        later: they are asked for at commit. part: of a version made by several, see `distributed`. Returns
        how many entries were taken. Raises VersionClosed, Conflict where it is committed, or where the part
        does not go on there."""
        if len(entries) > manifests.ENTRIES_IN_PAGE_MAX:
            raise Invalid(f"At most {manifests.ENTRIES_IN_PAGE_MAX:,} entries at once.", entries=len(entries))
        pages = _pages(entries, manifest)
        if part is not None:
            short(part.name, "Part", _CLIENT_ID_CHARS_MAX)

        def work(conn: Connection) -> None:
            row = self._pending(conn, actor, version_id, adding=True)
            tag = ""
            if part is not None and part.name and row.distributed_id:
                run_key = run_statements.key_of(conn, row.project_id, part.run) if part.run else None
                if not goes_on(conn, version_id, part, len(entries), run_key=run_key):
                    return
                tag = part.name if part.at is not None else ""
            _put_pages(conn, version_id, pages, manifest, replace_all=replace_all, part=tag)

        self._records.write(work)
        return len(entries)

    def add_manifest(
        self,
        actor: Actor,
        version_id: int,
        entries: Sequence[Entry],
        *,
        manifest: ManifestKind,
        replace_all: bool,
    ) -> None:
        """The same for any number of entries, all of them or none."""
        pages = _pages(entries, manifest)

        def work(conn: Connection) -> None:
            self._pending(conn, actor, version_id, adding=True)
            _put_pages(conn, version_id, pages, manifest, replace_all=replace_all)

        self._records.write(work)

    def set_base(self, actor: Actor, version_id: int, base_id: int) -> None:
        """What the incremental manifests of a pending version are laid over: a committed version of
        the same collection."""

        def work(conn: Connection) -> None:
            row = self._pending(conn, actor, version_id)
            _check_base(statements.version(conn, base_id), base_id, row.collection_id)
            statements.change_version(conn, version_id, base_id=base_id, updated_at=time.time())

        self._records.write(work)

    def commit(self, actor: Actor, version_id: int, *, merge: bool = True) -> Member:
        """Make it seen: all entries of all manifests that came, merged. Its aliases, and `latest`,
        move there. Committing again is no error. Content that the collection has already is that
        version: the answer says which (merge=False: it is one of its own, for callers that go on with its
        number). Raises MissingFile for entries whose bytes have not come,
        Invalid for digests or sizes that are not those of the bytes, Conflict if it was deleted."""
        with self._records.read() as conn:
            row = self._writable(conn, actor, version_id)
        number, made = row.id, False
        if row.state == "pending":
            number, made = Commit(self._records, actor, row, merge=merge).run()
        with self._records.read() as conn:
            member = self._member(conn, number)
        if made:
            self._publish(member.version)
        return member

    def abandon(self, actor: Actor, version_id: int) -> None:
        """Give up a pending version. Conflict for a committed one."""

        def work(conn: Connection) -> None:
            self._pending(conn, actor, version_id)
            statements.drop_version(conn, version_id)

        self._records.write(work)


@dataclass(frozen=True, slots=True)
class _Page:
    first_path: str
    last_path: str
    entries: int
    data: bytes


def _pages(entries: Sequence[Entry], manifest: ManifestKind) -> list[_Page]:
    """As they are kept: each path once. Raises Invalid."""
    checked = {entry.path: entry for entry in map(manifests.check_entry, entries)}
    if len(checked) != len(entries):
        raise Invalid("A path occurs twice among the entries. Send each once.")
    if any(entry.removed for entry in checked.values()) and manifest == "full":
        raise Invalid("A full manifest removes nothing: leave the path out.")
    ordered = [checked[path] for path in sorted(checked)]
    runs = (
        ordered[at : at + manifests.ENTRIES_IN_PAGE_MAX]
        for at in range(0, len(ordered), manifests.ENTRIES_IN_PAGE_MAX)
    )
    return [_Page(run[0].path, run[-1].path, len(run), manifests.encode(run)) for run in runs]


def _put_pages(
    conn: Connection,
    version_id: int,
    pages: Sequence[_Page],
    manifest: ManifestKind,
    *,
    replace_all: bool,
    part: str = "",
) -> None:
    if replace_all:
        manifest_statements.drop_pages(conn, version_id, manifest=manifest)
    for page in pages:
        manifest_statements.add_page(
            conn,
            version_id,
            manifest=manifest,
            first_path=page.first_path,
            last_path=page.last_path,
            entries=page.entries,
            data=page.data,
            part=part,
        )
    statements.change_version(conn, version_id, updated_at=time.time())


def _check_base(base: AnyRow | None, base_id: int, collection_id: int) -> None:
    if base is None or base.collection_id != collection_id or base.state != "committed":
        raise Invalid(f"The base @{base_id} is no committed version of this collection.", base_id=base_id)
