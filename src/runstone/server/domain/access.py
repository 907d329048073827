"""Who may do what: the one place that decides.

A server admin may do everything. On a user's own entity the user has every right. On a team the
member's role decides; members of the organisation may read its teams' projects only by being
members of the team, save the organisation's admins, who manage its teams. Whoever may not read a
thing gets NotFound, whoever may read but not change it NotAllowed.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import Connection

from runstone.server.domain.errors import NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.identity import Actor, EntityId, Permission, Role, UserId
from runstone.server.stores.records import entities as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

ROLES_CACHED_SECONDS = 2.0  # another replica's change of a role is obeyed after that time
_ROLES_CACHED_MAX = 10_000

_ROLE_NEEDED = {
    Permission.READ: Role.VIEWER,
    Permission.WRITE: Role.MEMBER,
    Permission.MANAGE: Role.ADMIN,
}


class Access:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._roles: dict[UserId, tuple[float, dict[int, int]]] = {}
        self._lock = threading.Lock()
        self._generation = 0  # rises with `forget`: roles read before it are not kept

    def check(
        self, actor: Actor, permission: Permission, entity: EntityId, *, conn: Connection | None = None
    ) -> None:
        """Raises NotSignedIn, NotFound or NotAllowed. Inside a transaction hand its connection on."""
        if permission is Permission.NOBODY:
            return
        if actor.user_id is None and not actor.system:
            raise NotSignedIn("Sign in, or send an API key.")
        if permission is Permission.SIGNED_IN:
            return
        role = self.role(actor, entity, conn=conn)
        if role is None and permission is not Permission.SERVER_ADMIN:
            raise NotFound("There is no such entity, or it is not yours to see.")
        if permission >= Permission.WRITE:
            check_key(actor)
        if permission is Permission.SERVER_ADMIN:
            check_admin(actor)
        elif role is not None and role < _ROLE_NEEDED[permission]:
            needed = _ROLE_NEEDED[permission].name.lower()
            raise NotAllowed(
                f"That needs the role {needed} there; {actor.username!r} is {role.name.lower()}. "
                "Ask an admin of the team.",
                role=role.name.lower(),
                needed=needed,
            )

    def check_server_admin(self, actor: Actor) -> None:
        """Raises NotSignedIn or NotAllowed."""
        self.check(actor, Permission.SERVER_ADMIN, EntityId(0))

    def check_signed_in(self, actor: Actor) -> None:
        self.check(actor, Permission.SIGNED_IN, EntityId(0))

    def allows(
        self, actor: Actor, permission: Permission, entity: EntityId, *, conn: Connection | None = None
    ) -> bool:
        try:
            self.check(actor, permission, entity, conn=conn)
        except (NotSignedIn, NotFound, NotAllowed):
            return False
        return True

    def role(self, actor: Actor, entity: EntityId, *, conn: Connection | None = None) -> Role | None:
        """The actor's role on the entity; None for none at all."""
        if actor.is_admin or actor.system:
            return Role.ADMIN
        if actor.user_id is None:
            return None
        found = self._roles_of(actor.user_id, conn).get(entity)
        return None if found is None else Role(found)

    def readable_entities(self, actor: Actor) -> set[EntityId] | None:
        """For listings; None is all."""
        if actor.is_admin or actor.system:
            return None
        if actor.user_id is None:
            return set()
        return {EntityId(entity) for entity in self._roles_of(actor.user_id)}

    def resolve(self, conn: Connection, actor: Actor, name: str, permission: Permission) -> AnyRow:
        """The entity of that name ("" or "-": the actor's default), checked. The answer for one
        that is not there and one that may not be seen is the same."""
        self.check_signed_in(actor)
        if name in ("", "-"):
            name = actor.default_entity or actor.username
        found = statements.entity(conn, name)
        if found is None:
            raise _no_entity(name)
        try:
            self.check(actor, permission, EntityId(found.id), conn=conn)
        except NotFound:
            raise _no_entity(name) from None
        return found

    def forget(self) -> None:
        """Roles changed: ask the store again."""
        with self._lock:
            self._generation += 1
            self._roles.clear()

    def _roles_of(self, user: UserId, conn: Connection | None = None) -> dict[int, int]:
        now = time.monotonic()
        kept = self._roles.get(user)
        if kept is not None and now - kept[0] < ROLES_CACHED_SECONDS:
            return kept[1]
        generation = self._generation
        if conn is not None:
            roles = statements.roles_of(conn, user)
        else:
            with self._records.read() as own:
                roles = statements.roles_of(own, user)
        with self._lock:
            if generation == self._generation:
                if len(self._roles) >= _ROLES_CACHED_MAX:
                    self._roles.clear()
                self._roles[user] = (now, roles)
        return roles


def check_admin(actor: Actor) -> None:
    """Whether the actor is an admin of this server. Raises NotAllowed."""
    if not (actor.is_admin or actor.system):
        raise NotAllowed("Only an admin of this server may do that.")


def check_key(actor: Actor) -> None:
    """Whether the actor's credentials may change anything at all. Raises NotAllowed."""
    if actor.read_only:
        raise NotAllowed("This key may only read. Use one without that restriction.")


def _no_entity(name: str) -> NotFound:
    return NotFound(f"Entity {name!r} does not exist, or you are not a member of it.", entity=name)
