"""Signing in, and who I am."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Role = Literal["viewer", "member", "admin"]
EntityKind = Literal["user", "team", "organization"]


class SignIn(BaseModel):
    key: Annotated[str, Field(min_length=1, max_length=512, description="An API key.")]


class EntityOfMe(BaseModel):
    name: str
    kind: EntityKind
    role: Role


class ServerInfo(BaseModel):
    version: str
    base_url: str
    ui_build: str = Field(description="Changes with each build of the web UI; '' where there is none.")


class Me(BaseModel):
    username: str
    display_name: str
    email: str
    is_admin: bool
    default_entity: str
    entities: list[EntityOfMe] = Field(description="The user's own first.")
    server: ServerInfo


class MeChange(BaseModel):
    display_name: Annotated[str, Field(max_length=256)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    default_entity: Annotated[str, Field(max_length=128)] | None = None


class LinkWanted(BaseModel):
    seconds: Annotated[float, Field(gt=0, le=86400)] = 600.0


class Link(BaseModel):
    url: str = Field(description="Opens the web page signed in, once.")
    token: str
    expires_at: float


class KeyInfo(BaseModel):
    id: int
    name: str
    hint: str = Field(description="The key's last four characters.")
    created_at: float
    last_used_at: float | None
    expires_at: float | None


class KeyWanted(BaseModel):
    name: Annotated[str, Field(max_length=128)] = ""
    expires_at: float | None = Field(default=None, description="Unix seconds; null: never.")


class NewKey(KeyInfo):
    key: str = Field(description="Shown this once.")


class Keys(BaseModel):
    keys: list[KeyInfo]
