"""Users, keys, sessions, organisations and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runstone.server.domain.identity import Actor, EntityId, Role, UserId

EntityKind = Literal["user", "team", "organization"]


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    username: str
    email: str
    display_name: str
    is_admin: bool
    is_service: bool
    default_entity: str
    created_at: float
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose name projects stand under: a user, a team, or an organisation."""

    id: EntityId
    name: str
    kind: EntityKind
    organization: str  # the organisation a team belongs to, or ""
    created_at: float


@dataclass(frozen=True, slots=True)
class Member:
    username: str
    role: Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`hint` is the key's last four characters; the key itself is shown once, when made."""

    id: int
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    expires_at: float | None


class Accounts:
    """See each function; all raise NotAllowed, NotFound or Invalid."""

    # -- who is it (called by doors, before there is an actor)

    def actor_for_key(self, key: str) -> Actor | None:
        """The owner of an unexpired key. Cached for seconds; constant cost; None for any other."""
        raise NotImplementedError

    def actor_for_session(self, token: str) -> Actor | None:
        raise NotImplementedError

    def start_session(self, key: str, *, client: str) -> tuple[str, Actor]:
        """Sign in to the UI with a key: a session token (30 days). `client` is the address, for the
        throttle: TooMany after 10 failures in a minute."""
        raise NotImplementedError

    def end_session(self, token: str) -> None:
        raise NotImplementedError

    def make_sign_in_link(self, actor: Actor, *, seconds: float = 600) -> str:
        """A one-time token that `use_sign_in_link` turns into a session."""
        raise NotImplementedError

    def use_sign_in_link(self, token: str, *, client: str) -> tuple[str, Actor]:
        raise NotImplementedError

    # -- first start

    def ensure_first_admin(self, key: str | None) -> str | None:
        """With no user yet: make user `admin` with `key` or a random one, and return the key."""
        raise NotImplementedError

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
        """Server admins only. An existing user is answered as it is (`api_key`, if new, is added).
        Returns the user and the key that was made, where none was given."""
        raise NotImplementedError

    def delete_user(self, actor: Actor, username: str) -> None:
        """Runs stay, shown as by a former member; keys and sessions end at once."""
        raise NotImplementedError

    def user(self, actor: Actor, username: str) -> User:
        raise NotImplementedError

    def users(self, actor: Actor, *, search: str = "", after: str = "", limit: int = 100) -> list[User]:
        raise NotImplementedError

    def update_me(
        self,
        actor: Actor,
        *,
        display_name: str | None = None,
        email: str | None = None,
        default_entity: str | None = None,
    ) -> User:
        raise NotImplementedError

    # -- keys

    def create_key(
        self, actor: Actor, *, name: str = "", expires_at: float | None = None, username: str | None = None
    ) -> tuple[ApiKey, str]:
        """A key `local-` + 40 characters of [a-z0-9]; kept as its SHA-256."""
        raise NotImplementedError

    def keys(self, actor: Actor, *, username: str | None = None) -> list[ApiKey]:
        raise NotImplementedError

    def delete_key(self, actor: Actor, key_id: int) -> None:
        raise NotImplementedError

    # -- entities

    def create_organization(self, actor: Actor, name: str, *, owner: str) -> Entity:
        raise NotImplementedError

    def delete_organization(self, actor: Actor, name: str) -> None:
        raise NotImplementedError

    def set_member(self, actor: Actor, entity: str, username: str, role: Role) -> None:
        raise NotImplementedError

    def remove_member(self, actor: Actor, entity: str, username: str) -> None:
        raise NotImplementedError

    def create_team(self, actor: Actor, name: str, *, organization: str, owner: str) -> Entity:
        raise NotImplementedError

    def entity(self, actor: Actor, name: str) -> Entity:
        raise NotImplementedError

    def entities_of(self, actor: Actor, *, username: str | None = None) -> Sequence[tuple[Entity, Role]]:
        """The user's own entity first, then teams and organisations."""
        raise NotImplementedError

    def members(self, actor: Actor, entity: str) -> list[Member]:
        raise NotImplementedError
