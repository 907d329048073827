"""Projects: list, make, change, to the trash and back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query
from starlette.responses import Response

from runstone.server.domain import projects as domain
from runstone.server.domain.identity import Permission, ProjectId
from runstone.server.doors.http.answers import json_answer, plain
from runstone.server.doors.rest.models.projects import (
    Project,
    ProjectChange,
    Projects,
    ProjectSeen,
    ProjectWanted,
    RestoreWanted,
    TrashedProjects,
)
from runstone.server.doors.rest.rights import project_rights_out
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    P,
    ProjectPath,
    Routes,
    SearchQuery,
    entity_of,
)

routes = Routes("projects")


@routes.typed("GET", "/projects", needs=Permission.SIGNED_IN, answers=Projects)
async def list_projects(
    call: CallDep,
    entity: Annotated[
        str, Query(max_length=128, description="Only this entity's; '' is all I may read.")
    ] = "",
    search: SearchQuery = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """Projects by last activity, newest first."""

    def work() -> dict[str, Any]:
        projects = call.domain.projects
        found = projects.find(
            call.actor, entity=entity_of(entity) if entity else None, search=search, after=after, limit=limit
        )
        return {
            "projects": [project_out(project) for project in found],
            "next": domain.cursor_of(found[-1]) if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.typed("PUT", P, needs=Permission.WRITE, answers=Project, also={201: "The project was made"})
async def ensure_project(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    body: Annotated[ProjectWanted | None, Body()] = None,
) -> Response:
    """See that the project exists. 201 where it was made; one that exists keeps its description
    unless another is given."""
    description = body.description if body else None

    def work() -> Response:
        projects = call.domain.projects
        found, made = projects.ensure(call.actor, entity_of(entity), project, description=description or "")
        if not made and description is not None and description != found.description:
            found = projects.update(call.actor, found.entity, found.name, description=description)
        return json_answer(project_out(found), 201 if made else 200)

    return await call.run(work)


@routes.typed("GET", P, needs=Permission.READ, answers=ProjectSeen)
async def get_project(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """A project or a registry, and what the caller may do there.

    `may.write.allowed` says whether routes that need `write` on it let the caller pass, and
    `may.write.reason` what they would say.
    """

    def work() -> dict[str, Any]:
        found = call.domain.rights.on_project(call.actor, entity_of(entity), project)
        return {
            **project_out(found.project),
            "may": project_rights_out(found.may),
            "protected_aliases": found.protected_aliases,
        }

    return await call.answer(work)


@routes.typed("PATCH", P, needs=Permission.WRITE, answers=Project)
async def update_project(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: ProjectChange
) -> Response:
    """Change description, name or settings; what is left out stays."""
    return await call.answer(
        lambda: project_out(
            call.domain.projects.update(
                call.actor,
                entity_of(entity),
                project,
                description=body.description,
                new_name=body.name,
                settings=body.settings,
            )
        )
    )


@routes.typed("DELETE", P, needs=Permission.WRITE, status=204)
async def delete_project(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """To the trash, with its runs; the name is free at once."""
    return await call.done(lambda: call.domain.projects.delete(call.actor, entity_of(entity), project))


@routes.typed("GET", "/trash/projects", needs=Permission.READ, answers=TrashedProjects)
async def list_trashed_projects(
    call: CallDep, entity: Annotated[str, Query(max_length=128)] = "-"
) -> Response:
    """Projects in an entity's trash."""
    return await call.answer(
        lambda: {
            "projects": [
                project_out(project) for project in call.domain.projects.trash(call.actor, entity_of(entity))
            ]
        }
    )


@routes.typed("POST", "/trash/projects/{project_id}/restore", needs=Permission.WRITE, answers=Project)
async def restore_project(
    call: CallDep,
    project_id: Annotated[int, Path(ge=0, le=2**62)],
    body: Annotated[RestoreWanted | None, Body()] = None,
) -> Response:
    """Out of the trash, with its runs."""
    return await call.answer(
        lambda: project_out(
            call.domain.projects.restore(call.actor, ProjectId(project_id), name=body.name if body else None)
        )
    )


def project_out(project: domain.Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "entity": project.entity,
        "name": project.name,
        "description": project.description,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "run_count": project.run_count,
        "settings": plain(project.settings),
    }
