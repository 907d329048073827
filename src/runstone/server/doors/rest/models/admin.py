"""Users, organisations, teams, and the server's own health."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.rights import EntityRights
from runstone.server.doors.rest.models.session import EntityKind, Role

EntityName = Annotated[str, Field(min_length=1, max_length=128)]


class User(Model):
    username: str
    email: str
    display_name: str
    is_admin: bool
    is_service: bool
    created_at: float
    deleted: bool


class Users(Model):
    users: list[User] = Field(description="By name.")
    next: str


class UserWanted(Model):
    username: EntityName
    api_key: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        default=None, description="A key of the admin's choosing; else one is made."
    )
    email: Annotated[str, Field(max_length=320)] = ""
    admin: bool = False
    service: bool = False


class NewUser(User):
    api_key: str | None = Field(description="Where one was made; shown this once.")


class NewUserKey(Model):
    id: int
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    read_only: bool
    key: str
    api_key: str = Field(description="The same as `key`.")


class UserKeyWanted(Model):
    name: Annotated[str, Field(max_length=128)] = ""
    expires_at: float | None = None
    read_only: bool = False


class OrganizationWanted(Model):
    name: EntityName
    owner: EntityName


class TeamWanted(Model):
    name: EntityName
    organization: EntityName
    owner: EntityName


class MemberWanted(Model):
    username: EntityName
    role: Role = "member"


class RoleWanted(Model):
    role: Role


class Member(Model):
    username: str
    role: Role


class Members(Model):
    members: list[Member]


class Entity(Model):
    name: str
    kind: EntityKind
    organization: str
    role: Role | None = Field(description="The caller's own; null for an administrator from outside.")


class EntitySeen(Entity):
    may: EntityRights = Field(description="What the caller may do on it.")


class StorageBytes(Model):
    records_bytes: int | None
    history_bytes: int | None
    blobs_bytes: int | None
    free_bytes: int | None = Field(description="Left on the disk of the data directory.")


class Health(Model):
    version: str
    uptime_seconds: float
    database: str = Field(description="sqlite or postgresql")
    storage: StorageBytes = Field(description="null where it lies elsewhere.")
    runs: int
    live_runs: int
    users: int
    feeds: int = Field(description="Pages that follow the feed.")
    queue: dict[str, int] = Field(description="Calls that wait or run, by lane.")
    jobs: dict[str, float] = Field(description="Seconds since each background job last ran.")
    memory_bytes: int
    cpu_seconds: float
    ui_build: str
