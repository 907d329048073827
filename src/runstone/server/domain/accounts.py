"""Users and their API keys."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access, check_key
from runstone.server.domain.account_model import ApiKey, User, key_of, no_user, user_of
from runstone.server.domain.entities import living_user, may_see, name_taken
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import Actor, Permission, check_entity_name, check_text, own_id
from runstone.server.domain.keys import add_key, check_chosen_key, new_key
from runstone.server.domain.sign_in import SignIn
from runstone.server.stores.records import accounts as statements
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records import keys as key_statements
from runstone.server.stores.records.contract import Records

FIRST_ADMIN = "admin"


class Accounts:
    """See each function; all raise NotAllowed, NotFound or Invalid."""

    def __init__(self, records: Records, access: Access, sign_in: SignIn) -> None:
        self._records = records
        self._access = access
        self._sign_in = sign_in

    # -- first start

    def ensure_first_admin(self, key: str | None) -> str | None:
        """With no user yet: make user `admin` with `key` or a random one, and return the key."""
        if key is not None:
            check_chosen_key(key)

        def work(conn: Connection) -> str | None:
            if statements.any_user(conn):
                return None
            made = key or new_key()
            user_id = self._add_user(conn, FIRST_ADMIN, email="", admin=True, service=False)
            add_key(conn, user_id, made, name="first start")
            return made

        return self._records.write(work)

    # -- users

    def create_user(
        self,
        actor: Actor,
        username: str,
        *,
        api_key: str | None = None,
        email: str = "",
        admin: bool = False,
        service: bool = False,
    ) -> tuple[User, str | None]:
        """Server admins only. An existing user is answered as it is (`api_key`, if new, is added);
        a deleted one returns, with what it had made. Conflict for the name of a team or an
        organisation. Returns the user and the key that was made, where none was given."""
        self._access.check_server_admin(actor)
        check_entity_name(username, what="User")
        email = check_text(email, what="Email", chars_max=320)
        if api_key is not None:
            check_chosen_key(api_key)

        def work(conn: Connection) -> tuple[User, str | None]:
            found = statements.user(conn, username)
            made = None
            if found is None:
                user_id = self._add_user(conn, username, email=email, admin=admin, service=service)
                made = None if api_key else new_key()
            else:
                user_id = found.id
                if found.deleted_at is not None:
                    statements.change_user(
                        conn, user_id, deleted_at=None, email=email, is_admin=admin, is_service=service
                    )
                    made = None if api_key else new_key()
            if api_key or made:
                add_key(conn, user_id, api_key or made or "", name="")
            row = statements.user_by_id(conn, user_id)
            assert row is not None
            return user_of(row), made

        answer = self._records.write(work)
        self._forget()
        return answer

    def delete_user(self, actor: Actor, username: str) -> None:
        """Runs stay, shown as by a former member; keys and sessions end at once. Repeating is harmless."""
        self._access.check_server_admin(actor)

        def work(conn: Connection) -> None:
            found = statements.user(conn, username)
            if found is None:
                raise no_user(username)
            if found.id == actor.user_id:
                raise Conflict("You cannot delete yourself; another admin can.", username=username)
            statements.end_user(conn, found.id, now=found.deleted_at or time.time())

        self._records.write(work)
        self._forget()

    def user(self, actor: Actor, username: str) -> User:
        """Oneself, anybody one shares a team or organisation with; any user for server admins."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.user(conn, username)
            if found is None or not may_see(conn, actor, found):
                raise no_user(username)
        return user_of(found)

    def user_by_number(self, actor: Actor, number: int) -> User:
        """As `user`."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.user_by_id(conn, number)
            if found is None or not may_see(conn, actor, found):
                raise NotFound(f"There is no user {number} that you may see.", number=number)
        return user_of(found)

    def users(self, actor: Actor, *, search: str = "", after: str = "", limit: int = 100) -> list[User]:
        """By name, after `after`; those `user` answers. Deleted ones for server admins only."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.find_users(
                conn,
                search=search,
                after=after,
                limit=max(1, min(limit, 1000)),
                seen_by=None if actor.is_admin or actor.system else actor.user_id,
            )
        return [user_of(row) for row in found]

    def update_me(
        self,
        actor: Actor,
        *,
        display_name: str | None = None,
        email: str | None = None,
        default_entity: str | None = None,
    ) -> User:
        """default_entity "" goes back to the user's own."""
        user_id = own_id(actor)
        check_key(actor)
        changes: dict[str, Any] = {}
        if display_name is not None:
            changes["display_name"] = check_text(display_name, what="Display name", chars_max=200)
        if email is not None:
            changes["email"] = check_text(email, what="Email", chars_max=320)

        def work(conn: Connection) -> User:
            if default_entity is not None:
                changes["default_entity_id"] = (
                    self._access.resolve(conn, actor, default_entity, Permission.READ).id
                    if default_entity and default_entity != actor.username
                    else None
                )
            if changes:
                statements.change_user(conn, user_id, **changes)
            row = statements.user_by_id(conn, user_id)
            if row is None:
                raise no_user(actor.username)
            return user_of(row)

        answer = self._records.write(work)
        self._sign_in.forget()
        return answer

    # -- keys

    def create_key(
        self,
        actor: Actor,
        *,
        name: str = "",
        expires_at: float | None = None,
        username: str | None = None,
        read_only: bool = False,
    ) -> tuple[ApiKey, str]:
        """A key `local-` + 40 characters of [a-z0-9]; kept as its SHA-256. read_only: it may see what its
        owner may, and change nothing."""
        name = check_text(name, what="Key name", chars_max=200)
        if expires_at is not None and expires_at <= time.time():
            raise Invalid(f"A key cannot expire in the past: {expires_at}.", expires_at=expires_at)
        check_key(actor)
        made = new_key()

        def work(conn: Connection) -> ApiKey:
            owner = self._key_owner(conn, actor, username)
            key_id = add_key(conn, owner, made, name=name, expires_at=expires_at, read_only=read_only)
            row = key_statements.key_by_id(conn, key_id)
            assert row is not None
            return key_of(row)

        return self._records.write(work), made

    def keys(self, actor: Actor, *, username: str | None = None) -> list[ApiKey]:
        """One's own; another user's for server admins."""
        with self._records.read() as conn:
            owner = self._key_owner(conn, actor, username)
            return [key_of(row) for row in key_statements.keys_of(conn, owner)]

    def delete_key(self, actor: Actor, key_id: int) -> None:
        """The key and the sessions it may have opened: those end at once."""
        self._access.check_signed_in(actor)
        check_key(actor)

        def work(conn: Connection) -> None:
            found = key_statements.key_by_id(conn, key_id)
            if found is None or not (actor.is_admin or actor.system or found.user_id == actor.user_id):
                raise NotFound(f"There is no key {key_id} of yours.", key=key_id)
            key_statements.drop_key(conn, key_id)

        self._records.write(work)
        self._sign_in.forget()

    # -- inside

    def _add_user(self, conn: Connection, username: str, *, email: str, admin: bool, service: bool) -> int:
        now = time.time()
        entity_id = entity_statements.add_entity(conn, username, "user", organization_id=None, now=now)
        if entity_id is None:
            raise name_taken(conn, username)
        return statements.add_user(
            conn, username, entity_id=entity_id, email=email, is_admin=admin, is_service=service, now=now
        )

    def _key_owner(self, conn: Connection, actor: Actor, username: str | None) -> int:
        if username is None or (username == actor.username and actor.user_id is not None):
            return own_id(actor)
        self._access.check_server_admin(actor)
        return int(living_user(conn, username).id)

    def _forget(self) -> None:
        self._sign_in.forget()
        self._access.forget()
