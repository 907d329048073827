"""Types of artifacts in a project. What is found under one is in `artifacts_collections`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runstone.server.domain.projects import Project
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import sliced
from runstone.server.doors.wandb.resolvers.registries_pages import registry_of

project = Fields("Project")
artifact_type = Fields("ArtifactType")


@dataclass(frozen=True, slots=True)
class Type:
    """A type of artifacts in a project."""

    entity: str
    project: str
    name: str
    description: str
    created_at: float


def types_in(call: Call, entity: str, project: str) -> list[Type]:
    found = call.domain.collections.types(call.signed_in(), entity, project)
    return [Type(entity, project, one["name"], one["description"], one["created_at"]) for one in found]


def type_of(call: Call, entity: str, project: str, name: str) -> Type:
    """The type under which something was found; only its name where the caller may see no more."""
    for one in call.keep("types", entity, project, lambda: types_in(call, entity, project)) or ():
        if one.name == name:
            return one
    return Type(entity, project, name, "", 0.0)


@project("artifactType")
def find_type(parent: Project, call: Call, name: str) -> Type | None:
    found = (one for one in types_in(call, parent.entity, parent.name) if one.name == name)
    return next(found, None)


@project("artifactTypes")
def artifact_types(
    parent: Project,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    include_all: bool | None = None,
) -> dict[str, Any]:
    """Those that were made; of a registry that takes some only, those."""
    found = types_in(call, parent.entity, parent.name)
    registry = registry_of(call, parent)
    if include_all and registry is not None:
        there = {one.name for one in found}
        found += [
            Type(parent.entity, parent.name, name, "", registry.created_at)
            for name in registry.artifact_types
            if name not in there
        ]
    return sliced(found, first, after)


@artifact_type("id")
def type_id(parent: Type, _call: Call) -> str:
    return ids.named_id("ArtifactType", f"{parent.name}:{parent.project}:{parent.entity}")


artifact_type.plain("name", "description", createdAt="created_at")


@artifact_type("project")
def type_project(parent: Type, call: Call) -> Project | None:
    return call.project(parent.entity, parent.project)


FIELDS = [project, artifact_type, *maps("ArtifactTypeConnection", "ArtifactTypeEdge")]
