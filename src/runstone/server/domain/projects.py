"""Projects: where runs lie."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import (
    Actor,
    EntityId,
    Permission,
    ProjectId,
    check_project_name,
    check_text,
)
from runstone.server.domain.registry_access import check_place, is_registry
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records import projects as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Project:
    id: ProjectId
    entity_id: EntityId
    entity: str
    name: str
    description: str
    created_at: float
    updated_at: float  # the last change of any of its runs
    run_count: int
    settings: dict[str, Any] = field(default_factory=dict)


PROJECT_TOUCH_SECONDS = 5.0  # how coarse a project's updated_at is
TRASH_SECONDS = 30 * 86400.0
_DESCRIPTION_CHARS_MAX = 1_000_000


class Projects:
    def __init__(self, records: Records, access: Access, feed: Feed | None = None) -> None:
        self._records = records
        self._access = access
        self._feed = feed

    def get(self, actor: Actor, entity: str, name: str) -> Project:
        """entity "" is the actor's default entity."""
        with self._records.read() as conn:
            return project_of(self.resolve(conn, actor, entity, name, Permission.READ))

    def ensure(self, actor: Actor, entity: str, name: str, *, description: str = "") -> tuple[Project, bool]:
        """The project, made if absent (WRITE on the entity); True where it was made."""
        check_project_name(name)
        description = check_text(description, what="Description", chars_max=_DESCRIPTION_CHARS_MAX)
        with self._records.read() as conn:  # the common case needs no write
            found = self._find(conn, actor, entity, name, Permission.WRITE)
        if found is not None:
            return project_of(found), False
        row, made = self._records.write(
            lambda conn: self.ensure_in(conn, actor, entity, name, description=description)
        )
        if made:
            self._publish(row)
        return project_of(row), made

    def ensure_in(
        self, conn: Connection, actor: Actor, entity: str, name: str, *, description: str = ""
    ) -> tuple[AnyRow, bool]:
        """`ensure` inside a transaction: a row of `statements.project`."""
        check_project_name(name)
        found = self._find(conn, actor, entity, name, Permission.WRITE) if is_registry(name) else None
        if found is not None:
            return found, False
        owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
        found = statements.project(conn, owner.id, name)
        if found is not None:
            return found, False
        made = statements.add_project(conn, owner.id, name, description=description, now=time.time())
        found = statements.project(conn, owner.id, name)
        assert found is not None
        return found, made

    def resolve(
        self, conn: Connection, actor: Actor, entity: str, name: str, permission: Permission
    ) -> AnyRow:
        """The living project, checked. NotFound alike for one that is absent and one not to be seen."""
        found = self._find(conn, actor, entity, name, permission)
        if found is None:
            shown = entity if entity not in ("", "-") else actor.default_entity
            raise _no_project(shown, name)
        return found

    def find(
        self, actor: Actor, *, entity: str | None = None, search: str = "", after: str = "", limit: int = 100
    ) -> list[Project]:
        """By last activity, newest first; `after` is the cursor of the last one seen."""
        self._access.check_signed_in(actor)
        readable: Collection[int] | None = self._access.readable_entities(actor)
        with self._records.read() as conn:
            if entity is not None:
                readable = [self._access.resolve(conn, actor, entity, Permission.READ).id]
            found = statements.find_projects(
                conn,
                entity_ids=readable,
                search=search,
                after=_parse_cursor(after),
                limit=max(1, min(limit, 1000)),
            )
        return [project_of(row) for row in found]

    def update(
        self,
        actor: Actor,
        entity: str,
        name: str,
        *,
        description: str | None = None,
        new_name: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> Project:
        """`settings` are merged, top-level keys replace (None removes). Conflict for a name in use."""
        if new_name is not None:
            check_project_name(new_name)

        def work(conn: Connection) -> AnyRow:
            found = self.resolve(conn, actor, entity, name, Permission.WRITE)
            values: dict[str, Any] = {}
            if description is not None:
                values["description"] = check_text(
                    description, what="Description", chars_max=_DESCRIPTION_CHARS_MAX
                )
            if settings is not None:
                merged = {**found.settings, **settings}
                values["settings"] = {key: value for key, value in merged.items() if value is not None}
            if new_name is not None and new_name != found.name:
                if statements.project(conn, found.entity_id, new_name) is not None:
                    raise _name_in_use(found.entity, new_name)
                values["name"] = new_name
            if values:
                statements.change_project(conn, found.id, updated_at=time.time(), **values)
            return statements.project_by_id(conn, found.id)

        row = self._records.write(work)
        self._publish(row)
        return project_of(row)

    def delete(self, actor: Actor, entity: str, name: str) -> None:
        """To the trash, with its runs; the name is free at once."""

        def work(conn: Connection) -> AnyRow:
            found = self.resolve(conn, actor, entity, name, Permission.WRITE)
            statements.change_project(conn, found.id, deleted_at=time.time())
            return found

        self._publish(self._records.write(work))

    def trash(self, actor: Actor, entity: str) -> list[Project]:
        """Projects in the trash, last changed first; "" is the actor's default entity."""
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.READ)
            found = statements.find_projects(
                conn, entity_ids=[owner.id], search="", after=None, limit=1000, trash=True
            )
        return [project_of(row) for row in found]

    def restore(self, actor: Actor, project: ProjectId, *, name: str | None = None) -> Project:
        """Out of the trash, under `name` where given. Conflict where the name is in use now."""
        if name is not None:
            check_project_name(name)

        def work(conn: Connection) -> AnyRow:
            found = statements.project_by_id(conn, project)
            if found is None or not self._access.allows(
                actor, Permission.READ, EntityId(found.entity_id), conn=conn
            ):
                raise NotFound(f"There is no project {project} in the trash.", project=project)
            self._access.check(actor, Permission.WRITE, EntityId(found.entity_id), conn=conn)
            if found.deleted_at is None:
                return found
            wanted = name or found.name
            if statements.project(conn, found.entity_id, wanted) is not None:
                raise _name_in_use(found.entity, wanted)
            statements.change_project(conn, project, deleted_at=None, name=wanted)
            return statements.project_by_id(conn, project)

        row = self._records.write(work)
        self._publish(row)
        return project_of(row)

    # -- inside

    def _find(
        self, conn: Connection, actor: Actor, entity: str, name: str, permission: Permission
    ) -> AnyRow | None:
        if is_registry(name):
            return self._find_registry(conn, actor, entity, name, permission)
        try:
            owner = self._access.resolve(conn, actor, entity, permission)
        except NotFound as error:
            raise _no_project(str(error.fields.get("entity", entity)), name) from None
        return statements.project(conn, owner.id, name)

    def _find_registry(
        self, conn: Connection, actor: Actor, entity: str, name: str, permission: Permission
    ) -> AnyRow | None:
        """Its own roles count, not those of the organisation."""
        owner = entity_statements.entity(conn, entity or actor.default_entity or actor.username)
        found = None if owner is None else statements.project(conn, owner.id, name)
        if owner is None or found is None:
            self._access.resolve(conn, actor, entity, permission)
            return None
        try:
            check_place(
                self._access,
                conn,
                actor,
                permission,
                entity_id=owner.id,
                project_id=found.id,
                project=name,
            )
        except NotFound:
            raise _no_project(owner.name, name) from None
        return found

    def _publish(self, row: AnyRow) -> None:
        if self._feed is not None:
            self._feed.publish(
                Event("project", EntityId(row.entity_id), ProjectId(row.id), row.entity, row.name)
            )


def project_of(row: AnyRow) -> Project:
    """A row of `statements.project` as the domain's record."""
    return Project(
        id=ProjectId(row.id),
        entity_id=EntityId(row.entity_id),
        entity=row.entity,
        name=row.name,
        description=row.description,
        created_at=row.created_at,
        updated_at=row.updated_at,
        run_count=row.run_count,
        settings=row.settings,
    )


def cursor_of(project: Project) -> str:
    """What `find(after=…)` takes to go on behind this project."""
    return f"{project.updated_at!r}:{project.id}"


def _parse_cursor(cursor: str) -> tuple[float, int] | None:
    if not cursor:
        return None
    at, _, project_id = cursor.partition(":")
    try:
        parsed = float(at), int(project_id)
    except ValueError:
        raise Invalid(f"{cursor!r} is not a cursor of this list.", after=cursor) from None
    return parsed


def _no_project(entity: str, name: str) -> NotFound:
    return NotFound(
        f"Project {entity}/{name} does not exist, or you may not see it.", entity=entity, project=name
    )


def _name_in_use(entity: str, name: str) -> Conflict:
    return Conflict(
        f"{entity} has a project {name!r} already. Choose another name.", entity=entity, project=name
    )
