"""What somebody may do, told before it is tried: by the very checks that refuse it.

Nothing here knows a role. Each answer comes from calling the check that the change itself will call,
so what is told and what is enforced cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from runstone.server.domain.access import Access, check_key
from runstone.server.domain.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.identity import Actor, EntityId, Permission
from runstone.server.domain.projects import Project, Projects, project_of
from runstone.server.domain.registry import Registry
from runstone.server.domain.registry_access import check_place, is_registry
from runstone.server.domain.registry_rules import check_guardian
from runstone.server.stores.records import registry as registry_statements
from runstone.server.stores.records.contract import Records


@dataclass(frozen=True, slots=True)
class Right:
    allowed: bool
    reason: str  # what the refusal would say; "" where there would be none


@dataclass(frozen=True, slots=True)
class OwnRights:
    """Of the credentials, wherever they are used. write: what is one's own (keys, profile, private
    views). admin: of this server."""

    write: Right
    admin: Right


@dataclass(frozen=True, slots=True)
class EntityRights:
    """What routes that need `write` and `manage` on the entity would answer."""

    write: Right
    manage: Right


@dataclass(frozen=True, slots=True)
class ProjectRights:
    """As EntityRights, on a project or a registry. move_protected: to point its protected aliases to a
    version without anybody's approval, or nowhere; roll_back_protected: back to where they were."""

    write: Right
    manage: Right
    move_protected: Right
    roll_back_protected: Right


@dataclass(frozen=True, slots=True)
class ProjectSeen:
    """A project, and what whoever asked may do there. protected_aliases: () where it is no registry."""

    project: Project
    may: ProjectRights
    protected_aliases: tuple[str, ...]


class Rights:
    def __init__(self, records: Records, access: Access, projects: Projects) -> None:
        self._records = records
        self._access = access
        self._projects = projects

    def own(self, actor: Actor) -> OwnRights:
        return OwnRights(
            write=right(partial(check_key, actor)),
            admin=right(partial(self._access.check_server_admin, actor)),
        )

    def on_entity(self, actor: Actor, entity: EntityId) -> EntityRights:
        check = self._access.check
        return EntityRights(
            write=right(partial(check, actor, Permission.WRITE, entity)),
            manage=right(partial(check, actor, Permission.MANAGE, entity)),
        )

    def on_project(self, actor: Actor, entity: str, name: str) -> ProjectSeen:
        """entity "" is the actor's default one. Raises NotSignedIn, NotFound where it may not be read."""
        with self._records.read() as conn:
            row = self._projects.resolve(conn, actor, entity, name, Permission.READ)
            rules = registry_statements.registry(conn, row.id) if is_registry(row.name) else None
            protected = () if rules is None else tuple(rules.protected_aliases)
            may = self._of_place(
                conn,
                actor,
                entity_id=row.entity_id,
                project_id=row.id,
                project=row.name,
                approvals=0 if rules is None else rules.approvals_needed,
            )
            return ProjectSeen(project_of(row), may, protected)

    def on_registries(self, actor: Actor, found: Sequence[Registry]) -> list[ProjectRights]:
        """On registries that the actor was shown, in their order."""
        with self._records.read() as conn:
            return [
                self._of_place(
                    conn,
                    actor,
                    entity_id=one.entity_id,
                    project_id=one.project_id,
                    project=one.project,
                    approvals=one.approvals_needed,
                )
                for one in found
            ]

    def _of_place(
        self,
        conn: Connection,
        actor: Actor,
        *,
        entity_id: int,
        project_id: int,
        project: str,
        approvals: int,
    ) -> ProjectRights:
        """approvals: how many its protected aliases take."""

        def check(permission: Permission) -> None:
            check_place(
                self._access,
                conn,
                actor,
                permission,
                entity_id=entity_id,
                project_id=project_id,
                project=project,
            )

        def check_protected(approvals: int) -> None:
            check(Permission.WRITE)
            if is_registry(project):
                check_guardian(
                    self._access,
                    conn,
                    actor,
                    entity_id=entity_id,
                    project_id=project_id,
                    approvals=approvals,
                    what="This alias",
                )

        return ProjectRights(
            write=right(partial(check, Permission.WRITE)),
            manage=right(partial(check, Permission.MANAGE)),
            move_protected=right(partial(check_protected, approvals)),
            roll_back_protected=right(partial(check_protected, 0)),
        )


def right(check: Callable[[], object]) -> Right:
    """Whether the check lets it pass, and what it says where it does not."""
    try:
        check()
    except (NotSignedIn, NotFound, NotAllowed, Conflict) as refused:
        return Right(False, refused.message)
    return Right(True, "")
