"""Collections: where versions of one thing lie under numbers and aliases."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import (
    TTL_NEVER,
    Alias,
    Collection,
    CollectionKind,
    Page,
    Standing,
    alias_of,
    collection_of,
)
from runstone.server.domain.artifact_names import (
    check_collection_name,
    check_metadata,
    check_tags,
    check_ttl,
    check_type_name,
)
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, Permission, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.registry_access import allows_place, check_place
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import collection_lists
from runstone.server.stores.records import collection_trash as trash_statements
from runstone.server.stores.records import collections as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

DESCRIPTION_CHARS_MAX = 1_000_000
FIND_MAX = 1000
STANDING_MAX = 10_000
SORTS = frozenset(
    sign + name
    for name in ("name", "created_at", "updated_at", "version_count", "deleted_at")
    for sign in ("", "-")
)


def changed(collection: Collection) -> Event:
    """What followers of its project are told."""
    return Event(
        "artifact",
        collection.entity_id,
        collection.project_id,
        collection.entity,
        collection.project,
        "",
        {"collection": collection.name},
    )


class Collections:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, access: Access, projects: Projects) -> None:
        self._records = records
        self._access = access
        self._projects = projects

    def types(self, actor: Actor, entity: str, project: str) -> list[dict[str, Any]]:
        """{name, description, collection_count, created_at} by name."""
        with self._records.read() as conn:
            found = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = statements.types(conn, found.id)
        return [
            {
                "name": row.name,
                "description": row.description,
                "collection_count": row.collection_count,
                "created_at": row.created_at,
            }
            for row in rows
        ]

    def ensure_type(
        self, actor: Actor, entity: str, project: str, name: str, *, description: str | None = None
    ) -> None:
        """The project is made if absent; a description given replaces the one there was."""
        check_type_name(name)

        def work(conn: Connection) -> None:
            row, _ = self._projects.ensure_in(conn, actor, entity, project)
            now = time.time()
            statements.ensure_type(conn, row.id, name, now=now, description=description)
            audit.append(
                conn,
                actor,
                "artifact_type.set",
                subject=f"{row.entity}/{row.name}/{name}",
                entity_id=row.entity_id,
                detail={} if description is None else {"description": description[:1000]},
                now=now,
            )

        self._records.write(work)

    def get(self, actor: Actor, entity: str, project: str, name: str) -> Collection:
        with self._records.read() as conn:
            return collection_of(self.resolve(conn, actor, entity, project, name, Permission.READ))

    def by_id(self, actor: Actor, collection_id: int) -> Collection:
        """Also one in the trash: `deleted_at` says."""
        with self._records.read() as conn:
            row = statements.collection_by_id(conn, collection_id)
            if (
                row is None
                or row.project_deleted_at is not None
                or not allows_place(
                    self._access,
                    conn,
                    actor,
                    Permission.READ,
                    entity_id=row.entity_id,
                    project_id=row.project_id,
                    project=row.project,
                )
            ):
                raise NotFound(f"There is no collection {collection_id} that you may see.")
        return collection_of(row)

    def find(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        type: str = "",
        kind: str = "",
        search: str = "",
        tag: str = "",
        alias: str = "",
        sort: str = "-updated_at",
        after: str = "",
        skip: int = 0,
        count: bool = False,
        limit: int = 100,
        trash: bool = False,
    ) -> Page:
        """Of one project. `sort`: one of SORTS; a page goes on `after` the one before, or begins `skip`
        after the first. alias: one of its versions goes by it. count: say the total. trash: those that were
        deleted, which alone have a `deleted_at`, and say how much they hold."""
        if sort not in SORTS:
            raise Invalid(f"{sort!r} is no order of collections. One of: {', '.join(sorted(SORTS))}.")
        if sort.endswith("deleted_at") and not trash:
            raise Invalid("Only what is in the trash is ordered by when it was deleted: ask for the trash.")
        if after and skip:
            raise Invalid("A page has one beginning: give one of `after` and `skip`.")
        limit, skip = max(1, min(limit, FIND_MAX)), max(0, skip)
        wanted: dict[str, Any] = {
            "type_name": type,
            "kind": kind,
            "search": search,
            "tag": tag,
            "alias": alias,
            "trash": trash,
        }
        total = None
        with self._records.read() as conn:
            found = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = collection_lists.page(
                conn,
                [found.id],
                **wanted,
                sort=sort,
                after=parse_cursor(after, text=sort.lstrip("-") == "name"),
                skip=skip,
                limit=limit,
            )
            if count:
                total = collection_lists.count(conn, [found.id], **wanted)
            held = trash_statements.sizes(conn, rows) if trash else {}
        last = rows[-1] if len(rows) == limit else None
        return Page(
            [replace(collection_of(row), bytes=held.get(row.id)) for row in rows],
            "" if last is None else cursor_of(getattr(last, sort.lstrip("-")), last.id),
            total,
            skip,
        )

    def aliases(self, actor: Actor, collection: Collection) -> list[Alias]:
        """All of a collection, by name."""
        with self._records.read() as conn:
            check_place(
                self._access,
                conn,
                actor,
                Permission.READ,
                entity_id=collection.entity_id,
                project_id=collection.project_id,
                project=collection.project,
            )
            return [alias_of(row) for row in alias_statements.aliases_in(conn, [collection.id])]

    def standing(
        self, actor: Actor, entity: str, project: str, name: str, *, limit: int = 1000
    ) -> list[Standing]:
        """What stands under each alias of a collection, by alias."""
        limit = max(1, min(limit, STANDING_MAX))
        with self._records.read() as conn:
            row = self.resolve(conn, actor, entity, project, name, Permission.READ)
            found = alias_statements.standing(conn, row.id, limit=limit)
        return [Standing(alias_of(one), one.version_index, one.digest, one.sha256) for one in found]

    def count(self, actor: Actor, entity: str, project: str, *, type: str = "") -> int:
        with self._records.read() as conn:
            found = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            return statements.count_collections(conn, found.id, type_name=type)

    def ensure(
        self,
        actor: Actor,
        entity: str,
        project: str,
        name: str,
        *,
        type: str,
        kind: CollectionKind = "sequence",
        description: str = "",
    ) -> tuple[Collection, bool]:
        """The collection, made with its project and type if absent; True where it was made. Conflict
        where there is one of that name and another type or kind."""

        def work(conn: Connection) -> tuple[AnyRow, bool]:
            found, _ = self._projects.ensure_in(conn, actor, entity, project)
            return self.ensure_in(conn, actor, found, name, type=type, kind=kind, description=description)

        row, made = self._records.write(work)
        return collection_of(row), made

    def ensure_in(
        self,
        conn: Connection,
        actor: Actor,
        project: AnyRow,
        name: str,
        *,
        type: str,
        kind: CollectionKind,
        description: str = "",
        client_id: str = "",
    ) -> tuple[AnyRow, bool]:
        """`ensure` inside a transaction, in a project that was checked for WRITE."""
        check_collection_name(name)
        check_type_name(type)
        found = statements.collection(conn, project.id, name)
        made = False
        if found is None:
            now = time.time()
            made = statements.add_collection(
                conn,
                project_id=project.id,
                type_id=statements.ensure_type(conn, project.id, type, now=now),
                kind=kind,
                name=name,
                description=check_text(description, what="Description", chars_max=DESCRIPTION_CHARS_MAX),
                client_id=client_id,
                user_id=actor.user_id,
                now=now,
            )
            found = statements.collection(conn, project.id, name)
            assert found is not None
            if made:
                self._log(conn, actor, "collection.create", found, {"type": type, "kind": kind}, now)
        if found.type != type:
            raise Conflict(
                f"{project.entity}/{project.name} has an artifact {name!r} of type {found.type!r} already, "
                f"not {type!r}. Choose another name, or that type.",
                collection=name,
                type=found.type,
            )
        if found.kind != kind:
            words = {"sequence": "versions are made in it", "portfolio": "it holds links only"}
            raise Conflict(
                f"{project.entity}/{project.name} has a collection {name!r} already, and "
                f"{words[found.kind]}. Choose another name.",
                collection=name,
                kind=found.kind,
            )
        return found, made

    def update(
        self,
        actor: Actor,
        entity: str,
        project: str,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        type: str | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> Collection:
        """Change what is given. A new ttl_seconds (-2: versions stay) holds for all versions that
        inherit it. Conflict for a name in use."""
        values: dict[str, Any] = {}
        if new_name is not None:
            values["name"] = check_collection_name(new_name)
        if description is not None:
            values["description"] = check_text(
                description, what="Description", chars_max=DESCRIPTION_CHARS_MAX
            )
            values["described"] = True
        if tags is not None:
            values["tags"] = check_tags(tags)
        if metadata is not None:
            values["metadata"] = check_metadata(metadata)
        if type is not None:
            check_type_name(type)
        if ttl_seconds is not None:
            values["ttl_seconds"] = None if check_ttl(ttl_seconds) == TTL_NEVER else ttl_seconds
        return self._change(actor, entity, project, name, values, type)

    # -- inside

    def resolve(
        self,
        conn: Connection,
        actor: Actor,
        entity: str,
        project: str,
        name: str,
        permission: Permission,
    ) -> AnyRow:
        """A living collection, checked. NotFound alike where it or its project is not to be seen."""
        found = self._projects.resolve(conn, actor, entity, project, permission)
        row = statements.collection(conn, found.id, name)
        if row is None:
            raise NotFound(
                f"{found.entity}/{found.name} has no artifact {name[:200]!r}.", collection=name[:200]
            )
        return row

    def _change(
        self,
        actor: Actor,
        entity: str,
        project: str,
        name: str,
        values: dict[str, Any],
        type: str | None,
    ) -> Collection:
        def work(conn: Connection) -> AnyRow:
            row = self.resolve(conn, actor, entity, project, name, Permission.WRITE)
            changed = dict(values)
            new = changed.get("name")
            taken = new not in (None, row.name) and statements.collection(conn, row.project_id, new)
            if taken:
                raise Conflict(
                    f"{row.entity}/{row.project} has an artifact {new!r} already. Choose another name.",
                    collection=new,
                )
            if type is not None and type != row.type:
                changed["type_id"] = statements.ensure_type(conn, row.project_id, type, now=time.time())
            if "ttl_seconds" in changed:
                statements.inherit_ttl(conn, row.id, changed["ttl_seconds"])
            if changed:
                now = time.time()
                statements.change_collection(conn, row.id, **changed, updated_at=now)
                told = audit.changes(row, changed, leave_out=("type_id", "described"))
                if "type_id" in changed:
                    told["type"] = [row.type, type]
                if told:
                    self._log(conn, actor, "collection.update", row, told, now)
            return statements.collection_by_id(conn, row.id)

        return collection_of(self._records.write(work))

    def _log(
        self, conn: Connection, actor: Actor, action: str, row: AnyRow, detail: dict[str, Any], now: float
    ) -> None:
        audit.append(
            conn,
            actor,
            action,
            subject=f"{row.entity}/{row.project}/{row.name}",
            entity_id=row.entity_id,
            detail=detail,
            now=now,
        )
