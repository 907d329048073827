"""Users, organisations, teams, and the server's own health."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from runstone.server.doors.rest.models.session import EntityKind, Role

EntityName = Annotated[str, Field(min_length=1, max_length=128)]


class User(BaseModel):
    username: str
    email: str
    display_name: str
    is_admin: bool
    is_service: bool
    created_at: float
    deleted: bool


class Users(BaseModel):
    users: list[User] = Field(description="By name.")
    next: str


class UserWanted(BaseModel):
    username: EntityName
    api_key: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        default=None, description="A key of the admin's choosing; else one is made."
    )
    email: Annotated[str, Field(max_length=320)] = ""
    admin: bool = False
    service: bool = False


class NewUser(User):
    api_key: str | None = Field(description="Where one was made; shown this once.")


class NewUserKey(BaseModel):
    id: int
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    key: str
    api_key: str = Field(description="The same as `key`.")


class UserKeyWanted(BaseModel):
    name: Annotated[str, Field(max_length=128)] = ""
    expires_at: float | None = None


class OrganizationWanted(BaseModel):
    name: EntityName
    owner: EntityName


class TeamWanted(BaseModel):
    name: EntityName
    organization: EntityName
    owner: EntityName


class MemberWanted(BaseModel):
    username: EntityName
    role: Role = "member"


class RoleWanted(BaseModel):
    role: Role


class Member(BaseModel):
    username: str
    role: Role


class Members(BaseModel):
    members: list[Member]


class Entity(BaseModel):
    name: str
    kind: EntityKind
    organization: str
    role: Role | None = Field(description="The caller's own; null for an administrator from outside.")


class StorageBytes(BaseModel):
    records_bytes: int | None
    history_bytes: int | None
    blobs_bytes: int | None
    free_bytes: int | None = Field(description="Left on the disk of the data directory.")


class Health(BaseModel):
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
