"""Entities, under whose names projects stand: people, and the teams and organisations they form."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.account_model import Entity, Member, User, entity_of, no_user, user_of
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import Actor, EntityId, Permission, Role, check_entity_name, own_id
from runstone.server.domain.sign_in import SignIn
from runstone.server.stores.records import accounts as account_statements
from runstone.server.stores.records import entities as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow


class Entities:
    """See each function; all raise NotAllowed, NotFound or Invalid."""

    def __init__(self, records: Records, access: Access, sign_in: SignIn) -> None:
        self._records = records
        self._access = access
        self._sign_in = sign_in

    def create_organization(self, actor: Actor, name: str, *, owner: str) -> Entity:
        """Server admins only. An existing one is answered as it is, with `owner` among its admins."""
        self._access.check_server_admin(actor)
        return self._create_entity(name, "organization", organization_id=None, owner=owner)

    def delete_organization(self, actor: Actor, name: str) -> None:
        """With its teams; their projects go to the trash, and all names are free at once."""

        def work(conn: Connection) -> None:
            found = self._access.resolve(conn, actor, name, Permission.MANAGE)
            if found.kind != "organization":
                raise _not_a(found, "organization")
            now = time.time()
            for team in statements.teams_of_organization(conn, found.id):
                statements.retire_entity(conn, team, now=now)
            statements.retire_entity(conn, found.id, now=now)

        self._records.write(work)
        self._forget()

    def create_team(self, actor: Actor, name: str, *, organization: str, owner: str) -> Entity:
        """Admins of the organisation, or of the server. An existing team is answered as it is."""
        with self._records.read() as conn:
            parent = self._access.resolve(conn, actor, organization, Permission.MANAGE)
            if parent.kind != "organization":
                raise _not_a(parent, "organization")
        return self._create_entity(name, "team", organization_id=parent.id, owner=owner)

    def set_member(self, actor: Actor, entity: str, username: str, role: Role) -> None:
        """Add a member to a team or organisation, or change the role (MANAGE)."""

        def work(conn: Connection) -> None:
            found = self._access.resolve(conn, actor, entity, Permission.MANAGE)
            if found.kind == "user":
                raise _not_a(found, "team or organization")
            member = living_user(conn, username)
            if role < Role.ADMIN:
                self._keep_an_admin(conn, actor, found, member.id)
            statements.set_member(conn, found.id, member.id, int(role))

        self._records.write(work)
        self._forget()

    def remove_member(self, actor: Actor, entity: str, username: str) -> None:
        """MANAGE, or leaving oneself. From an organisation: from its teams as well."""

        def work(conn: Connection) -> None:
            itself = username == actor.username and actor.user_id is not None and not actor.read_only
            found = self._access.resolve(
                conn, actor, entity, Permission.READ if itself else Permission.MANAGE
            )
            member = account_statements.user(conn, username)
            if member is None:
                raise no_user(username)
            self._keep_an_admin(conn, actor, found, member.id)
            left = statements.drop_member(conn, found.id, member.id)
            for team in statements.teams_of_organization(conn, found.id):
                statements.drop_member(conn, team, member.id)
            if not left:
                raise NotFound(
                    f"{username!r} is not a member of {found.name!r}.", username=username, entity=found.name
                )

        self._records.write(work)
        self._forget()

    def entity(self, actor: Actor, name: str) -> Entity:
        """ "" or "-" is the actor's default entity."""
        with self._records.read() as conn:
            return entity_of(self._access.resolve(conn, actor, name, Permission.READ))

    def entity_by_number(self, actor: Actor, number: int) -> Entity:
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.entity_by_id(conn, number)
            if found is None or not self._access.allows(actor, Permission.READ, found.id, conn=conn):
                raise NotFound(f"There is no entity {number} that you may see.", number=number)
        return entity_of(found)

    def entities_of(self, actor: Actor, *, username: str | None = None) -> Sequence[tuple[Entity, Role]]:
        """The user's own entity first, then teams and organisations by name. Another user's: only
        those the actor may read."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = account_statements.user(conn, username if username is not None else actor.username)
            if found is None or not may_see(conn, actor, found):
                raise no_user(username or actor.username)
            own = statements.entity_by_id(conn, found.entity_id)
            assert own is not None
            listed = [(entity_of(own), Role.ADMIN)]
            listed += [(entity_of(row), Role(row.role)) for row in statements.entities_of(conn, found.id)]
        if found.id == actor.user_id:
            return listed
        return [
            (entity, role)
            for entity, role in listed
            if entity.kind == "user" or self._access.allows(actor, Permission.READ, entity.id)
        ]

    def person(self, actor: Actor) -> tuple[User, list[tuple[Entity, Role]]]:
        """The actor, and their entities as `entities_of` gives them."""
        with self._records.read() as conn:
            rows = account_statements.person(conn, own_id(actor))
        if not rows:
            raise no_user(actor.username)
        first = rows[0]
        own = Entity(EntityId(first.own_id), first.own_name, "user", "", first.own_created_at)
        listed = [(own, Role.ADMIN)]
        for row in rows:
            if row.of_id is not None:
                found = Entity(EntityId(row.of_id), row.name, row.kind, row.organization, row.of_created_at)
                listed.append((found, Role(row.role)))
        return user_of(first), listed

    def members(self, actor: Actor, entity: str) -> list[Member]:
        with self._records.read() as conn:
            found = self._access.resolve(conn, actor, entity, Permission.READ)
            if found.kind == "user":
                return [Member(found.name, Role.ADMIN)]
            return [Member(row.username, Role(row.role)) for row in statements.members(conn, found.id)]

    def _create_entity(self, name: str, kind: str, *, organization_id: int | None, owner: str) -> Entity:
        check_entity_name(name, what=kind.capitalize())

        def work(conn: Connection) -> Entity:
            member = living_user(conn, owner)
            statements.add_entity(conn, name, kind, organization_id=organization_id, now=time.time())
            found = statements.entity(conn, name)
            if found is None or found.kind != kind or found.organization_id != organization_id:
                raise name_taken(conn, name)
            statements.set_member(conn, found.id, member.id, int(Role.ADMIN))
            return entity_of(found)

        answer = self._records.write(work)
        self._forget()
        return answer

    def _keep_an_admin(self, conn: Connection, actor: Actor, entity: AnyRow, user_id: int) -> None:
        """A team is never left with nobody who may manage it, save by an admin of the server."""
        if actor.is_admin or actor.system:
            return
        admins = {row.user_id for row in statements.members(conn, entity.id) if row.role >= Role.ADMIN}
        if admins == {user_id}:
            raise Conflict(
                f"{entity.name!r} would be left without an admin. Make somebody else admin first.",
                entity=entity.name,
            )

    def _forget(self) -> None:
        self._sign_in.forget()
        self._access.forget()


def name_taken(conn: Connection, name: str) -> Conflict:
    found = statements.entity(conn, name)
    kind = found.kind if found is not None else "user"
    return Conflict(
        f"The name {name!r} is taken by a {kind}. Users, teams and organisations share one space of names.",
        name=name,
        kind=kind,
    )


def _not_a(entity: AnyRow, kind: str) -> Invalid:
    return Invalid(f"{entity.name!r} is a {entity.kind}, not a {kind}.", entity=entity.name, kind=entity.kind)


def living_user(conn: Connection, username: str) -> AnyRow:
    found = account_statements.user(conn, username)
    if found is None or found.deleted_at is not None:
        raise no_user(username)
    return found


def may_see(conn: Connection, actor: Actor, user: AnyRow) -> bool:
    if actor.is_admin or actor.system or user.id == actor.user_id:
        return True
    if actor.user_id is None or user.deleted_at is not None:
        return False
    return account_statements.share_an_entity(conn, actor.user_id, user.id)
