"""Who may do what in a registry: a project of an organisation with roles of its own.

An admin of the organisation may do everything. Otherwise the role given to the user (or to a team of
theirs) counts; without one, members of the organisation and of its teams have the registry's default
role (viewers of the organisation at most that of a viewer), unless it is restricted: then it is not
there for them.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection

from runstone.server.domain.access import Access, check_key
from runstone.server.domain.errors import NotAllowed, NotFound
from runstone.server.domain.identity import Actor, EntityId, Permission, Role
from runstone.server.stores.records import registry as statements

REGISTRY_PREFIX = "wandb-registry-"


class RegistryRole(IntEnum):
    RESTRICTED_VIEWER = 1  # sees what there is, but no bytes of it
    VIEWER = 2
    MEMBER = 3  # links versions, moves aliases that are not protected
    ADMIN = 4


_NEEDED = {
    Permission.READ: RegistryRole.RESTRICTED_VIEWER,
    Permission.WRITE: RegistryRole.MEMBER,
    Permission.MANAGE: RegistryRole.ADMIN,
}


def is_registry(project: str) -> bool:
    return project.startswith(REGISTRY_PREFIX)


def registry_role(
    access: Access, conn: Connection, actor: Actor, entity_id: int, project_id: int
) -> RegistryRole | None:
    """None: it is not there for the actor."""
    role = access.role(actor, EntityId(entity_id), conn=conn)
    if role == Role.ADMIN:
        return RegistryRole.ADMIN
    kept = statements.registry(conn, project_id)
    if kept is None:  # a project of that name that is no registry
        return {None: None, Role.VIEWER: RegistryRole.VIEWER, Role.MEMBER: RegistryRole.MEMBER}.get(role)
    if actor.user_id is None:
        return None
    given = statements.explicit_role(conn, project_id, actor.user_id)
    if given is not None:
        return RegistryRole(given)
    if kept.visibility == "organization" and statements.belongs_to(conn, entity_id, actor.user_id):
        most = RegistryRole.VIEWER if role == Role.VIEWER else RegistryRole.ADMIN
        return RegistryRole(min(kept.default_role, most))
    return None


def check_place(
    access: Access,
    conn: Connection,
    actor: Actor,
    permission: Permission,
    *,
    entity_id: int,
    project_id: int,
    project: str,
) -> None:
    """On a project of any kind. Raises NotFound, NotAllowed, NotSignedIn."""
    if not is_registry(project):
        access.check(actor, permission, EntityId(entity_id), conn=conn)
        return
    access.check_signed_in(actor)
    role = registry_role(access, conn, actor, entity_id, project_id)
    if role is None:
        raise NotFound(f"There is no registry {project.removeprefix(REGISTRY_PREFIX)!r} that you may see.")
    if permission >= Permission.WRITE:
        check_key(actor)
    if role < _NEEDED[permission]:
        raise NotAllowed(
            f"That needs the role {_NEEDED[permission].name.lower()} in the registry; "
            f"{actor.username!r} is {role.name.lower()}. Ask an admin of it.",
            role=role.name.lower(),
        )


def allows_place(
    access: Access,
    conn: Connection,
    actor: Actor,
    permission: Permission,
    *,
    entity_id: int,
    project_id: int,
    project: str,
) -> bool:
    try:
        check_place(
            access, conn, actor, permission, entity_id=entity_id, project_id=project_id, project=project
        )
    except (NotFound, NotAllowed):
        return False
    return True
