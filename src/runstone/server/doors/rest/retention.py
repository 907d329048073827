"""Retention policies, what would go by them, and deletions of many versions at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from runstone.server.domain import deletion_model
from runstone.server.domain import retention as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.retention_policies import Policy
from runstone.server.domain.version_selection import Condition, VersionQuery
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.retention import (
    Deletion,
    Deletions,
    DeletionWanted,
    EntityRetention,
    PolicyWanted,
    RetentionLook,
    RetentionPolicies,
    RetentionPreview,
)
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    P,
    ProjectPath,
    Routes,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("retention")

E = "/entities/{entity}/retention"
D = P + "/deletions"
DeletionPath = Annotated[int, Path(description="A deletion's number.")]


@routes.typed("GET", P + "/retention", needs=Permission.READ, answers=RetentionPolicies)
async def get_retention(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """What is kept of the versions in a project, and who said so."""
    return await call.answer(lambda: _policies(call, entity, project))


@routes.typed("PUT", P + "/retention", needs=Permission.MANAGE, answers=RetentionPolicies)
async def set_retention(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: PolicyWanted
) -> Response:
    """The project's default, or that of a type; {} takes it away. Applied within the hour."""

    def work() -> dict[str, Any]:
        call.domain.retention_policies.set_policy(
            call.actor, entity_of(entity), project, body.rule, type_name=body.type
        )
        return _policies(call, entity, project)

    return await call.answer(work)


@routes.typed("GET", E, needs=Permission.READ, answers=EntityRetention)
async def get_entity_retention(call: CallDep, entity: EntityPath) -> Response:
    """The defaults of all projects of an entity."""
    return await call.answer(lambda: _entity_policies(call, entity))


@routes.typed("PUT", E, needs=Permission.MANAGE, answers=EntityRetention)
async def set_entity_retention(call: CallDep, entity: EntityPath, body: PolicyWanted) -> Response:
    """The default of all projects that say nothing else, or that of a type; {} takes it away."""

    def work() -> dict[str, Any]:
        call.domain.retention_policies.set_entity_policy(
            call.actor, entity_of(entity), body.rule, type_name=body.type
        )
        return _entity_policies(call, entity)

    return await call.answer(work)


@routes.typed("POST", P + "/retention/preview", needs=Permission.READ, answers=RetentionPreview)
async def preview_retention(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: RetentionLook
) -> Response:
    """What would go now, by the policies or by a rule that is not set yet; nothing is changed."""
    return await call.answer(
        lambda: preview_out(
            call.domain.retention.preview(
                call.actor,
                entity_of(entity),
                project,
                rule=body.rule,
                type_name=body.type,
                collection=body.collection,
                shown=body.shown,
            )
        ),
        lane=Lane.SLOW,
    )


@routes.typed("POST", P + "/retention/apply", needs=Permission.MANAGE, answers=Deletion, status=202)
async def apply_retention(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """Apply the policies of a project now rather than within the hour."""
    return await call.answer(
        lambda: deletion_out(call.domain.deletions.begin_retention(call.actor, entity_of(entity), project)),
        status=202,
    )


@routes.typed("POST", D, needs=Permission.WRITE, answers=Deletion, status=202)
async def delete_by_query(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: DeletionWanted
) -> Response:
    """Versions that match, to the trash, by a job: the answer says which deletion to ask for."""
    return await call.answer(
        lambda: deletion_out(
            call.domain.deletions.begin(
                call.actor, entity_of(entity), project, query_in(body), reason=body.reason
            )
        ),
        status=202,
    )


@routes.typed("POST", D + "/preview", needs=Permission.READ, answers=RetentionPreview)
async def preview_deletion(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: DeletionWanted
) -> Response:
    """What a deletion would move to the trash; nothing is changed."""
    return await call.answer(
        lambda: preview_out(
            call.domain.retention.preview_query(call.actor, entity_of(entity), project, query_in(body))
        ),
        lane=Lane.SLOW,
    )


@routes.typed("GET", D, needs=Permission.READ, answers=Deletions)
async def list_deletions(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    after: AfterQuery = "",
    limit: LimitQuery = 50,
) -> Response:
    """The newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.deletions.find(call.actor, entity_of(entity), project, after=after, limit=limit)
        return {"deletions": [deletion_out(found) for found in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("GET", D + "/{deletion}", needs=Permission.READ, answers=Deletion)
async def get_deletion(
    call: CallDep, entity: EntityPath, project: ProjectPath, deletion: DeletionPath
) -> Response:
    """How far it is."""
    return await call.answer(
        lambda: deletion_out(call.domain.deletions.get(call.actor, entity_of(entity), project, deletion))
    )


@routes.typed("GET", "/deletions/{deletion}", needs=Permission.READ, answers=Deletion)
async def find_deletion(call: CallDep, deletion: DeletionPath) -> Response:
    """By its number alone: in which project it is, and how far."""
    return await call.answer(lambda: deletion_out(call.domain.deletions.by_id(call.actor, deletion)))


@routes.typed("POST", D + "/{deletion}/cancel", needs=Permission.WRITE, answers=Deletion)
async def cancel_deletion(
    call: CallDep, entity: EntityPath, project: ProjectPath, deletion: DeletionPath
) -> Response:
    """It stops; what went is in the trash. So does its undo: what came back is back."""
    return await call.answer(
        lambda: deletion_out(call.domain.deletions.cancel(call.actor, entity_of(entity), project, deletion))
    )


@routes.typed("POST", D + "/{deletion}/undo", needs=Permission.WRITE, answers=Deletion, status=202)
async def undo_deletion(
    call: CallDep, entity: EntityPath, project: ProjectPath, deletion: DeletionPath
) -> Response:
    """What it took and is still in the trash comes back, by a job; one that still runs stops first."""
    return await call.answer(
        lambda: deletion_out(call.domain.deletions.undo(call.actor, entity_of(entity), project, deletion)),
        status=202,
    )


def query_in(body: DeletionWanted) -> VersionQuery:
    return VersionQuery(
        type=body.type,
        collection=body.collection,
        created_before=body.created_before,
        tag=body.tag,
        unaliased=body.unaliased,
        metadata=tuple(Condition(one.path, one.op, one.value) for one in body.metadata),
        keep_last=body.keep_last,
        keep_used=body.keep_used,
        ids=tuple(sorted(set(body.versions))),
    )


def preview_out(found: domain.Preview) -> dict[str, Any]:
    return asdict(found)


def deletion_out(found: deletion_model.Deletion) -> dict[str, Any]:
    return {**asdict(found), "query": plain(found.query)}


def _policies(call: CallDep, entity: str, project: str) -> dict[str, Any]:
    found = call.domain.retention_policies.policies(call.actor, entity_of(entity), project)
    return {
        "project": [_policy_out(one) for one in found.project],
        "entity": [_policy_out(one) for one in found.entity],
        "collections": [{**one, "rule": plain(one["rule"])} for one in found.collections],
    }


def _entity_policies(call: CallDep, entity: str) -> dict[str, Any]:
    found = call.domain.retention_policies.entity_policies(call.actor, entity_of(entity))
    return {"policies": [_policy_out(one) for one in found]}


def _policy_out(policy: Policy) -> dict[str, Any]:
    return {
        "type": policy.type,
        "rule": plain(policy.rule),
        "by": policy.by,
        "updated_at": policy.updated_at,
    }
