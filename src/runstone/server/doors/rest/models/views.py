"""Saved views."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.rights import Right

Kind = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class ViewRights(Model):
    """What the caller may do with the view."""

    write: Right = Field(description="Save over it, rename it, delete it.")


class View(Model):
    id: str
    entity: str
    project: str
    kind: str
    name: str
    owner: str
    shared: bool
    spec: dict[str, Any]
    version: int
    created_at: float
    updated_at: float
    may: ViewRights


class Views(Model):
    views: list[View]


class ViewWanted(Model):
    kind: Kind = "workspace"
    name: Name
    spec: dict[str, Any]
    shared: bool = False


class ViewChange(Model):
    name: Name
    spec: dict[str, Any]
    shared: bool = False
    version: int | None = Field(default=None, description="The version it was made from; 409 if it moved on.")
