"""Signing in, and who I am."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.rights import EntityRights, OwnRights

Role = Literal["viewer", "member", "admin"]
EntityKind = Literal["user", "team", "organization"]


class SignIn(Model):
    key: Annotated[str, Field(min_length=1, max_length=512, description="An API key.")]


class EntityOfMe(Model):
    name: str
    kind: EntityKind
    role: Role
    may: EntityRights


class ServerInfo(Model):
    version: str
    base_url: str
    ui_build: str = Field(description="Changes with each build of the web UI; '' where there is none.")


class Me(Model):
    username: str
    display_name: str
    email: str
    is_admin: bool
    read_only: bool = Field(description="The key, or that which opened the session, may change nothing.")
    default_entity: str
    may: OwnRights
    entities: list[EntityOfMe] = Field(description="The user's own first.")
    server: ServerInfo


class MeChange(Model):
    display_name: Annotated[str, Field(max_length=256)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    default_entity: Annotated[str, Field(max_length=128)] | None = None


class LinkWanted(Model):
    seconds: Annotated[float, Field(gt=0, le=86400)] = 600.0


class Link(Model):
    url: str = Field(description="Opens the web page signed in, once.")
    token: str
    expires_at: float


class KeyInfo(Model):
    id: int
    name: str
    hint: str = Field(description="The key's last four characters.")
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    read_only: bool


class KeyWanted(Model):
    name: Annotated[str, Field(max_length=128)] = ""
    expires_at: float | None = Field(default=None, description="Unix seconds; null: never.")
    read_only: bool = Field(False, description="It may see what its owner may, and change nothing.")


class NewKey(KeyInfo):
    key: str = Field(description="Shown this once.")


class Keys(Model):
    keys: list[KeyInfo]
