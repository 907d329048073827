"""Projects."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.rights import ProjectRights


class Project(Model):
    id: int
    entity: str
    name: str
    description: str
    created_at: float
    updated_at: float = Field(description="The last change of any of its runs.")
    run_count: int
    settings: dict[str, Any]


class ProjectSeen(Project):
    """A project, and what the caller may do there."""

    may: ProjectRights
    protected_aliases: list[str] = Field(description="Of a registry; else empty.")


class Projects(Model):
    projects: list[Project] = Field(description="By last activity, newest first.")
    next: str = Field(description="`after` of the next page; '' at the end.")


class ProjectWanted(Model):
    description: Annotated[str, Field(max_length=100_000)] | None = None


class ProjectChange(Model):
    description: Annotated[str, Field(max_length=100_000)] | None = None
    name: Annotated[str, Field(max_length=128)] | None = None
    settings: dict[str, Any] | None = None


class TrashedProjects(Model):
    projects: list[Project]


class RestoreWanted(Model):
    name: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="Another name, where the old one is taken again."
    )
