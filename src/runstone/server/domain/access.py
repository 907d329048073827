"""Who may do what: the one place that decides.

A server admin may do everything. On a user's own entity the user has every right. On a team the
member's role decides; members of the organisation may read its teams' projects only by being
members of the team. Whoever may not read a thing gets NotFound, whoever may read but not change it
NotAllowed.
"""

from __future__ import annotations

from runstone.server.domain.identity import Actor, EntityId, Permission


class Access:
    def check(self, actor: Actor, permission: Permission, entity: EntityId) -> None:
        """Raises NotSignedIn, NotFound or NotAllowed."""
        raise NotImplementedError

    def allows(self, actor: Actor, permission: Permission, entity: EntityId) -> bool:
        raise NotImplementedError

    def readable_entities(self, actor: Actor) -> set[EntityId] | None:
        """For listings; None is all."""
        raise NotImplementedError
