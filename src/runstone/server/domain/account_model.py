"""Users, keys, organisations and teams as the domain gives them; frozen copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor, EntityId, Role, UserId
from runstone.server.stores.records.rows import AnyRow

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
    deleted_at: float | None = None


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
    """`hint` is the key's last four characters, `prefix` its first ten, by which the wandb wire calls
    it ("" for a short one); the key itself is shown once, when made."""

    id: int
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    prefix: str = ""
    read_only: bool = False


def actor_of(row: AnyRow, *, read_only: bool = False) -> Actor:
    return Actor(
        UserId(row.id),
        row.username,
        is_admin=row.is_admin,
        default_entity=row.default_entity,
        read_only=read_only,
    )


def user_of(row: AnyRow) -> User:
    return User(
        id=UserId(row.id),
        username=row.username,
        email=row.email,
        display_name=row.display_name,
        is_admin=row.is_admin,
        is_service=row.is_service,
        default_entity=row.default_entity,
        created_at=row.created_at,
        deleted=row.deleted_at is not None,
        deleted_at=row.deleted_at,
    )


def entity_of(row: AnyRow) -> Entity:
    return Entity(
        id=EntityId(row.id),
        name=row.name,
        kind=cast(EntityKind, row.kind),
        organization=row.organization,
        created_at=row.created_at,
    )


def key_of(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint[-4:],
        prefix=row.hint[:-4],
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        read_only=row.read_only,
    )


def no_user(username: str) -> NotFound:
    return NotFound(f"There is no user {username!r} that you may see.", username=username)
