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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import manifests
from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import remove_aliases, set_aliases
from runstone.server.domain.artifact_commit import Commit, entries_named, entries_of
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
    collection_of,
    version_of,
)
from runstone.server.domain.artifact_names import (
    LATEST,
    Name,
    check_aliases,
    check_metadata,
    check_tags,
    check_ttl,
    index_of,
    is_digest_prefix,
    parse_name,
)
from runstone.server.domain.collections import DESCRIPTION_CHARS_MAX, Collections
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import Actor, EntityId, Permission, ProjectId, RunKey, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.uploads import Uploads
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import manifests as manifest_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records
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


class Artifacts:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid. What may not be seen is not found."""

    def __init__(
        self,
        records: Records,
        access: Access,
        projects: Projects,
        collections: Collections,
        uploads: Uploads,
        feed: Feed,
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._collections = collections
        self._uploads = uploads
        self._feed = feed

    # -- making

    def create(self, actor: Actor, entity: str, project: str, wanted: VersionWanted) -> Created:
        """A version that is not seen yet; project, type and collection are made if absent. With
        `dedupe`, content that the collection holds (by `sha256` or `digest`) is that version, and its
        aliases move there. Pending versions of one `distributed_id` are the same one."""
        aliases = check_aliases(wanted.aliases)
        values: dict[str, Any] = {
            "description": check_text(
                wanted.description, what="Description", chars_max=DESCRIPTION_CHARS_MAX
            ),
            "metadata": check_metadata(wanted.metadata),
            "facts": check_metadata(wanted.facts, what="What is known of its content"),
            "tags": check_tags(wanted.tags),
            "ttl_seconds": check_ttl(wanted.ttl_seconds),
            "digest": _short(wanted.digest, "Digest", _DIGEST_CHARS_MAX),
            "digest_algorithm": _short(wanted.digest_algorithm, "Digest algorithm", 64),
            "sha256": _short(wanted.sha256, "SHA-256", 64),
            "client_id": _short(wanted.client_id, "Client id", _CLIENT_ID_CHARS_MAX),
            "sequence_client_id": _short(wanted.sequence_client_id, "Client id", _CLIENT_ID_CHARS_MAX),
            "distributed_id": _short(wanted.distributed_id, "Distributed id", _CLIENT_ID_CHARS_MAX),
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
                found = statements.pending_distributed(conn, collection.id, wanted.distributed_id)
                if found is not None:
                    merged = sorted({*found.pending_aliases, *aliases})
                    statements.change_version(conn, found.id, pending_aliases=merged, updated_at=now)
                    return found, False
            if wanted.dedupe and (wanted.sha256 or wanted.digest):
                twin = statements.committed_with(
                    conn, collection.id, sha256=wanted.sha256, digest=wanted.digest
                )
                if twin is not None:
                    if run_key is not None:
                        statements.add_use(conn, run_key, twin.id, role="output", now=now)
                    set_aliases(conn, actor, collection.id, twin.id, (*aliases, LATEST), now=now)
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
    ) -> int:
        """What lies in a pending version, at most 20,000 entries a call, in any order; a path that
        comes again stands for the earlier one. `incremental` entries are laid over the base version.
        replace_all: forget first what came before in manifests of this kind. The bytes may come
        later: they are asked for at commit. Returns how many entries were taken."""
        if len(entries) > manifests.ENTRIES_IN_PAGE_MAX:
            raise Invalid(f"At most {manifests.ENTRIES_IN_PAGE_MAX:,} entries at once.", entries=len(entries))
        checked = {entry.path: entry for entry in map(manifests.check_entry, entries)}
        if len(checked) != len(entries):
            raise Invalid("A path occurs twice among the entries. Send each once.")
        if any(entry.removed for entry in checked.values()) and manifest == "full":
            raise Invalid("A full manifest removes nothing: leave the path out.")
        ordered = [checked[path] for path in sorted(checked)]
        data = manifests.encode(ordered) if ordered else b""

        def work(conn: Connection) -> None:
            self._pending(conn, actor, version_id)
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

    def commit(self, actor: Actor, version_id: int) -> Member:
        """Make it seen: all entries of all manifests that came, merged. Its aliases, and `latest`,
        move there. Committing again is no error. Content that the collection has already is that
        version: the answer says which. Raises MissingFile for entries whose bytes have not come,
        Invalid for digests or sizes that are not those of the bytes, Conflict if it was deleted."""
        with self._records.read() as conn:
            row = self._writable(conn, actor, version_id)
        number, made = row.id, False
        if row.state == "pending":
            number, made = Commit(self._records, actor, row).run()
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

    # -- finding

    def get(self, actor: Actor, entity: str, project: str, name: str) -> Member:
        """What a name means: `[[entity/]project/]collection[:alias | :vN | :digest prefix]` (without
        an alias `latest`), or `@ID`. entity and project are those the name leaves out."""
        with self._records.read() as conn:
            return self._named(conn, actor, entity, project, parse_name(name))

    def by_id(self, actor: Actor, version_id: int) -> Version:
        """Whatever its state, save deleted ones."""
        with self._records.read() as conn:
            return version_of(self._readable(conn, actor, version_id))

    def by_client_id(self, actor: Actor, client_id: str) -> Version | None:
        """The version a client gave that id, pending or committed; None where none is to be seen."""
        with self._records.read() as conn:
            for row in statements.versions_with_client_id(conn, client_id):
                if row.state != "deleted" and self._may_read(conn, actor, row):
                    return version_of(row)
        return None

    def members_of(self, actor: Actor, version_id: int) -> list[Member]:
        """The version in each collection that has it and the actor may see, its source first."""
        with self._records.read() as conn:
            version = version_of(self._readable(conn, actor, version_id))
            rows = [
                row
                for row in collection_statements.collections_of(conn, [version_id])
                if self._access.allows(actor, Permission.READ, EntityId(row.entity_id), conn=conn)
            ]
            aliases = collection_statements.aliases_of(conn, [version_id])
        rows.sort(key=lambda row: row.id != version.collection_id)
        return [
            Member(
                version,
                collection_of(row),
                row.version_index,
                tuple(alias_of(alias) for alias in aliases if alias.collection_id == row.id),
                row.linked_at,
            )
            for row in rows
        ]

    def find(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        *,
        search: str = "",
        tag: str = "",
        alias: str = "",
        created_since: float | None = None,
        created_before: float | None = None,
        sort: str = "-version_index",
        after: str = "",
        limit: int = 100,
    ) -> Page:
        """Committed versions of a collection as Members; `sort`: one of VERSION_SORTS."""
        if sort not in VERSION_SORTS:
            raise Invalid(f"{sort!r} is no order of versions. One of: {', '.join(sorted(VERSION_SORTS))}.")
        limit = max(1, min(limit, FIND_MAX))
        with self._records.read() as conn:
            kept = self._collections.resolve(conn, actor, entity, project, collection, Permission.READ)
            rows = statements.find_versions(
                conn,
                kept.id,
                search=search,
                tag=tag,
                alias=alias,
                created_since=created_since,
                created_before=created_before,
                sort=sort,
                after=parse_cursor(after),
                limit=limit,
            )
            aliases = collection_statements.aliases_of(conn, (row.id for row in rows), collection_id=kept.id)
        within = collection_of(kept)
        members = [
            Member(
                version_of(row),
                within,
                row.member_index,
                tuple(alias_of(found) for found in aliases if found.version_id == row.id),
                row.added_at,
            )
            for row in rows
        ]
        if len(rows) < limit:
            return Page(members)
        name = sort.lstrip("-")
        value = rows[-1].member_index if name == "version_index" else getattr(rows[-1], name)
        return Page(members, cursor_of(value, rows[-1].member_index))

    # -- what lies in it

    def files(
        self, actor: Actor, version_id: int, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Page:
        """Entries by path."""
        limit = max(1, min(limit, FILES_MAX))
        self.by_id(actor, version_id)
        found = list(islice(entries_of(self._records, version_id, after=after, prefix=prefix), limit))
        return Page(found, found[-1].path if len(found) == limit else "")

    def entries(self, actor: Actor, version_id: int, *, prefix: str = "", after: str = "") -> Iterator[Entry]:
        """All of them, by path, in the memory of some hundred."""
        self.by_id(actor, version_id)
        return entries_of(self._records, version_id, prefix=prefix, after=after)

    def entry(self, actor: Actor, version_id: int, path: str) -> Entry:
        """Raises NotFound."""
        version = self.by_id(actor, version_id)
        for entry in entries_of(self._records, version_id, prefix=path):
            if entry.path == path:
                return entry
            break
        raise NotFound(f"{version.name} has no file {path[:300]!r}.", path=path[:300])

    def named(self, actor: Actor, version_id: int, paths: Iterable[str]) -> list[Entry]:
        """Those of the paths that are there, by path; each part that holds some is opened once."""
        self.by_id(actor, version_id)
        return list(entries_named(self._records, version_id, sorted(set(paths))))

    def read(
        self, actor: Actor, version_id: int, path: str, *, start: int = 0, end: int | None = None
    ) -> tuple[Entry, Iterator[bytes]]:
        """A file's bytes, or a half-open range of them, in chunks. Invalid for a reference: the server
        fetches nothing."""
        entry = self.entry(actor, version_id, path)
        if entry.ref:
            raise Invalid(f"{path!r} is a reference to {entry.ref!r}. Fetch it from there.", ref=entry.ref)
        return entry, self._uploads.read(entry.sha256, start=start, end=end)

    def diff(self, actor: Actor, old_id: int, new_id: int) -> Iterator[manifests.Change]:
        """Paths that differ, in order."""
        return manifests.diff(self.entries(actor, old_id), self.entries(actor, new_id))

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
                statements.change_version(conn, version_id, **changed, updated_at=time.time())
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
            row = collection_statements.collection_by_id(conn, member.collection.id)
            if row is None or row.deleted_at is not None:
                raise NotFound(f"The artifact {member.collection.name!r} was deleted.")
            self._access.check(actor, Permission.WRITE, EntityId(row.entity_id), conn=conn)
            collection_statements.lock_collection(conn, row.id)
            if collection_statements.index_in(conn, row.id, member.version.id) is None:
                raise NotFound(f"{member.name} is not in {row.name!r} any more.")
            now = time.time()
            remove_aliases(conn, actor, row.id, member.version.id, removed, reason=said, now=now)
            set_aliases(conn, actor, row.id, member.version.id, added, reason=said, now=now)

        self._records.write(work)
        with self._records.read() as conn:
            aliases = collection_statements.aliases_of(
                conn, [member.version.id], collection_id=member.collection.id
            )
        self._publish(member.version)
        return replace(member, aliases=tuple(alias_of(row) for row in aliases))

    # -- runs

    def use(
        self, actor: Actor, entity: str, project: str, run: str, version_id: int, *, used_as: str = ""
    ) -> Version:
        """Note that a run uses a version (WRITE on the run's entity, sight of the version)."""
        said = _short(used_as, "used_as", 1024)

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

    # -- inside

    def _named(self, conn: Connection, actor: Actor, entity: str, project: str, name: Name) -> Member:
        if name.version_id is not None:
            row = self._readable(conn, actor, name.version_id)
            if row.state != "committed":
                raise Conflict(f"@{row.id} is {row.state}: it has no name yet.", state=row.state)
            return self._member(conn, row.id)
        owner, place = name.entity or entity, name.project or project
        kept = self._collections.resolve(conn, actor, owner, place, name.collection, Permission.READ)
        alias = name.alias or LATEST
        number = collection_statements.version_of_alias(conn, kept.id, alias)
        index = index_of(alias)
        if number is None and index is not None:
            number = collection_statements.version_of_index(conn, kept.id, index)
        if number is None and is_digest_prefix(alias):
            found = collection_statements.versions_of_digest(conn, kept.id, alias)
            if len(found) > 1:
                raise Conflict(f"Several versions of {kept.name!r} have digests that begin {alias!r}.")
            number = found[0] if found else None
        row = None if number is None else statements.version(conn, number)
        if row is None or row.state != "committed":
            raise NotFound(
                f"{kept.entity}/{kept.project} has no version {kept.name}:{alias}.", name=str(name)
            )
        return self._member(conn, row.id, kept, row)

    def _member(
        self, conn: Connection, version_id: int, collection: AnyRow | None = None, row: AnyRow | None = None
    ) -> Member:
        """The version in that collection, or in its source."""
        row = row or statements.version(conn, version_id)
        assert row is not None
        collection = collection or collection_statements.collection_by_id(conn, row.collection_id)
        assert collection is not None
        place = collection_statements.place_in(conn, collection.id, version_id)
        aliases = collection_statements.aliases_of(conn, [version_id], collection_id=collection.id)
        return Member(
            version_of(row),
            collection_of(collection),
            -1 if place is None else place.version_index,
            tuple(alias_of(found) for found in aliases),
            row.created_at if place is None else place.added_at,
        )

    def _may_read(self, conn: Connection, actor: Actor, row: AnyRow) -> bool:
        if row.project_deleted_at is None and self._access.allows(
            actor, Permission.READ, EntityId(row.entity_id), conn=conn
        ):
            return True
        return any(
            self._access.allows(actor, Permission.READ, EntityId(link.entity_id), conn=conn)
            for link in collection_statements.collections_of(conn, [row.id])
            if link.project_deleted_at is None
        )

    def _readable(self, conn: Connection, actor: Actor, version_id: int) -> AnyRow:
        self._access.check_signed_in(actor)
        row = statements.version(conn, version_id) if 0 < version_id < 2**63 else None
        if row is None or row.state == "deleted" or not self._may_read(conn, actor, row):
            raise NotFound(f"There is no artifact version @{version_id} that you may see.", id=version_id)
        return row

    def _writable(self, conn: Connection, actor: Actor, version_id: int) -> AnyRow:
        row = self._readable(conn, actor, version_id)
        self._access.check(actor, Permission.WRITE, EntityId(row.entity_id), conn=conn)
        return row

    def _pending(self, conn: Connection, actor: Actor, version_id: int) -> AnyRow:
        row = self._writable(conn, actor, version_id)
        statements.lock_version(conn, version_id)
        if row.state != "pending":
            raise Conflict(
                f"{row.collection}:v{row.version_index} is committed: what lies in it does not change. Make "
                "a new version.",
                state=row.state,
            )
        return row

    def _run_in(self, conn: Connection, place: AnyRow, run: str) -> RunKey | None:
        if not run:
            return None
        key = run_statements.key_of(conn, place.id, run)
        if key is None:
            raise NotFound(f"{place.entity}/{place.name} has no run {run[:200]!r}.", run=run[:200])
        return RunKey(key)

    def _publish(self, version: Version) -> None:
        detail = {"collection": version.collection, "version": version.name}
        self._feed.publish(
            Event(
                "artifact",
                version.entity_id,
                ProjectId(version.project_id),
                version.entity,
                version.project,
                "",
                detail,
            )
        )


def _check_base(base: AnyRow | None, base_id: int, collection_id: int) -> None:
    if base is None or base.collection_id != collection_id or base.state != "committed":
        raise Invalid(f"The base @{base_id} is no committed version of this collection.", base_id=base_id)


def _short(text: str, what: str, chars_max: int) -> str:
    return check_text(text, what=what, chars_max=chars_max)
