"""Saved views."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

Kind = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class View(BaseModel):
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


class Views(BaseModel):
    views: list[View]


class ViewWanted(BaseModel):
    kind: Kind = "workspace"
    name: Name
    spec: dict[str, Any]
    shared: bool = False


class ViewChange(BaseModel):
    name: Name
    spec: dict[str, Any]
    shared: bool = False
    version: int | None = Field(default=None, description="The version it was made from; 409 if it moved on.")
