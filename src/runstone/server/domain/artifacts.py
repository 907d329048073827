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
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit, manifests
from runstone.server.domain.alias_moves import remove_aliases, set_aliases, set_twin_aliases
from runstone.server.domain.artifact_base import ArtifactBase, short
from runstone.server.domain.artifact_commit import Commit
from runstone.server.domain.artifact_links import ArtifactLinks
from runstone.server.domain.artifact_model import (
    TTL_NEVER,
    Entry,
    ManifestKind,
    Member,
    Page,
    RunRole,
    Usage,
    Version,
    VersionWanted,
    alias_of,
    version_of,
)
from runstone.server.domain.artifact_names import (
    LATEST,
    check_aliases,
    check_metadata,
    check_tags,
    check_ttl,
)
from runstone.server.domain.artifact_reading import ArtifactReading
from runstone.server.domain.collections import DESCRIPTION_CHARS_MAX
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.distributed import joined
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import Actor, Permission, RunKey, check_text
from runstone.server.domain.registry_rules import check_protected, held_collection
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import contributions
from runstone.server.stores.records import manifests as manifest_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.rows import AnyRow

VERSION_SORTS = frozenset({"version_index", "-version_index", "created_at", "-created_at", "size", "-size"})
FIND_MAX = 1000
FILES_MAX = 10_000
_CLIENT_ID_CHARS_MAX = 256
_DIGEST_CHARS_MAX = 128


@dataclass(frozen=True, slots=True)
class Created:
    """`version` is pending, and to be filled and committed; or, with `existed`, the committed one
    that holds the same content already: nothing is left to do."""

    version: Version
    existed: bool


class Artifacts(ArtifactReading, ArtifactLinks, ArtifactBase):
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid. What may not be seen is not found."""

    # -- making

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
        part: str = "",
        run: str = "",
    ) -> int:
        """What lies in a pending version, at most 20,000 entries a call, in any order; a path that
        comes again stands for the earlier one. `incremental` entries are laid over the base version.
        replace_all: forget first what came before in manifests of this kind. The bytes may come
        later: they are asked for at commit. part, run: the part of a version made by several that is whole
        with these entries, and whose it is. Returns how many entries were taken. Raises VersionClosed,
        Conflict where it is committed."""
        if len(entries) > manifests.ENTRIES_IN_PAGE_MAX:
            raise Invalid(f"At most {manifests.ENTRIES_IN_PAGE_MAX:,} entries at once.", entries=len(entries))
        checked = {entry.path: entry for entry in map(manifests.check_entry, entries)}
        if len(checked) != len(entries):
            raise Invalid("A path occurs twice among the entries. Send each once.")
        if any(entry.removed for entry in checked.values()) and manifest == "full":
            raise Invalid("A full manifest removes nothing: leave the path out.")
        ordered = [checked[path] for path in sorted(checked)]
        data = manifests.encode(ordered) if ordered else b""

        short(part, "Part", _CLIENT_ID_CHARS_MAX)

        def work(conn: Connection) -> None:
            row = self._pending(conn, actor, version_id, adding=True)
            if part and row.distributed_id:
                run_key = run_statements.key_of(conn, row.project_id, run) if run else None
                contributions.add(conn, version_id, part, run_key=run_key, now=time.time())
            if replace_all:
                manifest_statements.drop_pages(conn, version_id, manifest=manifest)
            if ordered:
                manifest_statements.add_page(
                    conn,
                    version_id,
                    manifest=manifest,
                    first_path=ordered[0].path,
                    last_path=ordered[-1].path,
                    entries=len(ordered),
                    data=data,
                )
            statements.change_version(conn, version_id, updated_at=time.time())

        self._records.write(work)
        return len(ordered)

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

    # -- changing what is said of it

    def update(
        self,
        actor: Actor,
        version_id: int,
        *,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        ttl_seconds: int | None = None,
        inherit_ttl: bool = False,
    ) -> Version:
        """Change what is given. ttl_seconds: positive, or -2 for never; inherit_ttl: as the
        collection says from now on."""
        values: dict[str, Any] = {}
        if description is not None:
            values["description"] = check_text(
                description, what="Description", chars_max=DESCRIPTION_CHARS_MAX
            )
        if metadata is not None:
            values["metadata"] = check_metadata(metadata)
        if facts is not None:
            values["facts"] = check_metadata(facts, what="What is known of its content")
        check_ttl(ttl_seconds)

        def work(conn: Connection) -> AnyRow:
            row = self._writable(conn, actor, version_id)
            changed = dict(values)
            if tags is not None or add_tags or remove_tags:
                kept = set(row.tags if tags is None else tags)
                changed["tags"] = check_tags((kept | set(add_tags)) - set(remove_tags))
            if ttl_seconds is not None or inherit_ttl:
                ttl = row.collection_ttl_seconds if inherit_ttl else ttl_seconds
                changed["ttl_seconds"] = None if inherit_ttl else ttl_seconds
                changed["expires_at"] = (
                    None
                    if ttl is None or ttl == TTL_NEVER or row.committed_at is None
                    else row.committed_at + ttl
                )
            if changed:
                now = time.time()
                statements.change_version(conn, version_id, **changed, updated_at=now)
                told = audit.changes(row, changed, leave_out=("expires_at",))
                # One that is still put together is answered for by its commit.
                if told and row.state == "committed":
                    audit.append(
                        conn,
                        actor,
                        "artifact.update",
                        subject=f"{row.entity}/{row.project}/{row.collection}:v{row.version_index}",
                        entity_id=row.entity_id,
                        detail={"version_id": version_id, **told},
                        now=now,
                    )
            return statements.version(conn, version_id)

        version = version_of(self._records.write(work))
        self._publish(version)
        return version

    def set_aliases(
        self,
        actor: Actor,
        member: Member,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        reason: str = "",
    ) -> Member:
        """Move aliases of the member's collection to it, take others off it; all at once."""
        added, removed = check_aliases(add), check_aliases(remove)
        said = check_text(reason, what="Reason", chars_max=10_000)

        def work(conn: Connection) -> None:
            row = held_collection(self._access, conn, actor, member.collection.id)
            check_protected(self._access, conn, actor, row, (*added, *removed))
            if collection_statements.index_in(conn, row.id, member.version.id) is None:
                raise NotFound(f"{member.name} is not in {row.name!r} any more.")
            now = time.time()
            version_id = member.version.id
            gone = remove_aliases(conn, actor, row.id, version_id, removed, reason=said, now=now)
            moved = set_aliases(conn, actor, row.id, version_id, added, reason=said, now=now)
            if gone or moved:
                audit.append(
                    conn,
                    actor,
                    "alias.move",
                    subject=f"{row.entity}/{row.project}/{row.name}:v{member.index}",
                    entity_id=row.entity_id,
                    detail={"set": moved, "removed": gone, "reason": said, "version_id": version_id},
                    now=now,
                )

        self._records.write(work)
        with self._records.read() as conn:
            aliases = alias_statements.aliases_of(
                conn, [member.version.id], collection_id=member.collection.id
            )
        self._publish(member.version)
        return replace(member, aliases=tuple(alias_of(row) for row in aliases))

    # -- runs

    def use(
        self, actor: Actor, entity: str, project: str, run: str, version_id: int, *, used_as: str = ""
    ) -> Version:
        """Note that a run uses a version (WRITE on the run's entity, sight of the version)."""
        said = short(used_as, "used_as", 1024)

        def work(conn: Connection) -> AnyRow:
            row = self._readable(conn, actor, version_id)
            place = self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
            key = self._run_in(conn, place, run)
            if key is None:
                raise Invalid("Name the run that uses the artifact.")
            statements.add_use(conn, key, version_id, role="input", used_as=said, now=time.time())
            return row

        return version_of(self._records.write(work))

    def of_run(self, actor: Actor, run: RunKey, role: RunRole, *, after: str = "", limit: int = 100) -> Page:
        """Usages of a run that the caller has checked the actor may read; versions the actor may not
        see are left out."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            rows = statements.versions_of_run(
                conn, run, role, after=0 if cursor is None else cursor[1], limit=limit
            )
            seen = [row for row in rows if self._may_read(conn, actor, row)]
        usages = [Usage(version_of(row), role, row.used_as, row.used_at) for row in seen]
        return Page(usages, cursor_of(0, rows[-1].id) if len(rows) == limit else "")

    def count_of_run(self, run: RunKey, role: RunRole) -> int:
        with self._records.read() as conn:
            return statements.count_uses(conn, role, run_key=run)

    def runs_of(
        self, actor: Actor, version_id: int, role: RunRole, *, after: str = "", limit: int = 100
    ) -> Page:
        """Keys of runs that used (input) or made (output) the version, by key."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            self._readable(conn, actor, version_id)
            rows = statements.runs_of_version(
                conn, version_id, role, after=0 if cursor is None else cursor[1], limit=limit
            )
        return Page(
            [RunKey(row.run_key) for row in rows],
            cursor_of(0, rows[-1].run_key) if len(rows) == limit else "",
        )


def _check_base(base: AnyRow | None, base_id: int, collection_id: int) -> None:
    if base is None or base.collection_id != collection_id or base.state != "committed":
        raise Invalid(f"The base @{base_id} is no committed version of this collection.", base_id=base_id)
