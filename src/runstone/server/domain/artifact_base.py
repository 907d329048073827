"""What all operations on artifact versions share: finding one and asking who may touch it."""

from __future__ import annotations

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import (
    Collection,
    Member,
    Version,
    alias_of,
    collection_of,
    version_of,
)
from runstone.server.domain.artifact_names import LATEST, Name, index_of, is_digest_prefix
from runstone.server.domain.collections import Collections, changed
from runstone.server.domain.distributed import too_late
from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import Actor, EntityId, Permission, ProjectId, RunKey, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.registry_access import RegistryRole, check_place, is_registry, registry_role
from runstone.server.domain.uploads import Uploads
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow


class ArtifactBase:
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

    def _named(self, conn: Connection, actor: Actor, entity: str, project: str, name: Name) -> Member:
        if name.version_id is not None:
            row = self._readable(conn, actor, name.version_id)
            if row.state != "committed":
                raise Conflict(f"@{row.id} is {row.state}: it has no name yet.", state=row.state)
            return self._member(conn, row.id)
        owner, place = name.entity or entity, name.project or project
        kept = self._collections.resolve(conn, actor, owner, place, name.collection, Permission.READ)
        alias = name.alias or LATEST
        number = alias_statements.version_of_alias(conn, kept.id, alias)
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
        aliases = alias_statements.aliases_of(conn, [version_id], collection_id=collection.id)
        return Member(
            version_of(row),
            collection_of(collection),
            -1 if place is None else place.version_index,
            tuple(alias_of(found) for found in aliases),
            row.created_at if place is None else place.added_at,
        )

    def _check_row(self, conn: Connection, actor: Actor, permission: Permission, row: AnyRow) -> None:
        """On the place where a version was made."""
        check_place(
            self._access,
            conn,
            actor,
            permission,
            entity_id=row.entity_id,
            project_id=row.project_id,
            project=row.project,
        )

    def _may_read(self, conn: Connection, actor: Actor, row: AnyRow, *, content: bool = False) -> bool:
        """content: the bytes too, which a restricted viewer of a registry does not see."""
        if row.project_deleted_at is None and self._access.allows(
            actor, Permission.READ, EntityId(row.entity_id), conn=conn
        ):
            return True
        for link in collection_statements.collections_of(conn, [row.id]):
            if link.project_deleted_at is not None:
                continue
            if not is_registry(link.project):
                if self._access.allows(actor, Permission.READ, EntityId(link.entity_id), conn=conn):
                    return True
                continue
            role = registry_role(self._access, conn, actor, link.entity_id, link.project_id)
            if role is not None and (not content or role >= RegistryRole.VIEWER):
                return True
        return False

    def _readable(self, conn: Connection, actor: Actor, version_id: int, *, content: bool = False) -> AnyRow:
        self._access.check_signed_in(actor)
        row = statements.version(conn, version_id) if 0 < version_id < 2**63 else None
        if row is None or row.state == "deleted" or not self._may_read(conn, actor, row, content=content):
            raise NotFound(f"There is no artifact version @{version_id} that you may see.", id=version_id)
        return row

    def _writable(self, conn: Connection, actor: Actor, version_id: int) -> AnyRow:
        row = self._readable(conn, actor, version_id)
        self._check_row(conn, actor, Permission.WRITE, row)
        return row

    def _pending(self, conn: Connection, actor: Actor, version_id: int, *, adding: bool = False) -> AnyRow:
        """adding: entries, to a version that several may make together."""
        self._writable(conn, actor, version_id)
        statements.lock_version(conn, version_id)
        row = statements.version(conn, version_id)  # as it is now that nobody else can commit it
        if row is None or row.state == "deleted":
            raise NotFound(f"There is no artifact version @{version_id} that you may see.", id=version_id)
        if row.state != "pending" and adding and row.distributed_id:
            raise too_late(row)
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

    def _publish_collection(self, collection: Collection) -> None:
        self._feed.publish(changed(collection))

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


def short(text: str, what: str, chars_max: int) -> str:
    """Text as it is kept. Raises Invalid where it is too long."""
    return check_text(text, what=what, chars_max=chars_max)
