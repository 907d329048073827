"""Artifact versions that a run made or used."""

from __future__ import annotations

from typing import Any, Literal

from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.artifact_answers import member_out, version_out
from runstone.server.doors.rest.models.artifacts import ArtifactVersion, RunArtifacts, UseWanted
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    ProjectPath,
    R,
    Routes,
    RunPath,
    entity_of,
)

routes = Routes("artifacts")


@routes.typed("GET", R + "/artifacts", needs=Permission.READ, answers=RunArtifacts)
async def list_run_artifacts(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    role: Literal["input", "output"] = "output",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """Versions the run used (input) or made (output)."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        page = call.domain.artifacts.of_run(call.actor, kept.key, role, after=after, limit=limit)
        return {
            "artifacts": [
                {
                    "artifact": version_out(usage.version),
                    "role": usage.role,
                    "used_as": usage.used_as,
                    "at": usage.at,
                }
                for usage in page.items
            ],
            "next": page.next,
        }

    return await call.answer(work)


@routes.typed("POST", R + "/artifacts", needs=Permission.WRITE, answers=ArtifactVersion)
async def use_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, body: UseWanted
) -> Response:
    """Note that the run uses a version, of this project or another."""

    def work() -> dict[str, Any]:
        owner, place = body.entity or entity_of(entity), body.project or project
        member = call.domain.artifacts.get(call.actor, owner, place, body.artifact)
        call.domain.artifacts.use(
            call.actor, entity_of(entity), project, run, member.version.id, used_as=body.used_as
        )
        return member_out(member)

    return await call.answer(work)
