"""Aliases that move with a reason, what was where when, and versions compared before."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from runstone.server.domain import artifact_model
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.artifact_answers import A, ArtifactPath, member_out
from runstone.server.doors.rest.collections import C, CollectionPath
from runstone.server.doors.rest.models.artifacts import ArtifactVersion
from runstone.server.doors.rest.models.registry import (
    AliasMoves,
    PromotionWanted,
    RollbackWanted,
    VersionComparison,
)
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    CountQuery,
    EntityPath,
    LimitQuery,
    ProjectPath,
    Routes,
    SkipQuery,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("registry")


@routes.typed("POST", C + "/promote", needs=Permission.WRITE, answers=ArtifactVersion)
async def promote_version(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: PromotionWanted,
) -> Response:
    """Point an alias to a version, with a reason."""
    return await call.answer(
        lambda: member_out(
            call.domain.promotions.promote(
                call.actor,
                entity_of(entity),
                project,
                collection,
                body.version,
                body.alias,
                reason=body.reason,
                force=body.force,
                evidence=body.evidence,
            )
        )
    )


@routes.typed("POST", C + "/rollback", needs=Permission.WRITE, answers=ArtifactVersion)
async def roll_back_version(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: RollbackWanted,
) -> Response:
    """Point an alias to the version it pointed to before; once more goes one further back."""
    return await call.answer(
        lambda: member_out(
            call.domain.promotions.rollback(
                call.actor, entity_of(entity), project, collection, body.alias, reason=body.reason
            )
        )
    )


@routes.typed("GET", C + "/log", needs=Permission.READ, answers=AliasMoves)
async def list_alias_moves(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    alias: Annotated[str, Query(max_length=200)] = "",
    without: Annotated[str, Query(max_length=200, description="All but this alias.")] = "",
    after: AfterQuery = "",
    skip: SkipQuery = 0,
    count: CountQuery = False,
    limit: LimitQuery = 100,
) -> Response:
    """What was where when, by whom and why: the newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.promotions.log(
            call.actor,
            entity_of(entity),
            project,
            collection,
            alias=alias,
            without=without,
            after=after,
            skip=skip,
            count=count,
            limit=limit,
        )
        return {
            "moves": [move_out(move) for move in page.items],
            "next": page.next,
            "total": page.total,
        }

    return await call.answer(work)


@routes.typed("GET", A + "/compare", needs=Permission.READ, answers=VersionComparison)
async def compare_versions(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    baseline: Annotated[str, Query(max_length=1024, description="NAME:ALIAS, or ENTITY/PROJECT/NAME:ALIAS.")],
) -> Response:
    """This version against a baseline: numbers, config, metadata, files."""

    def work() -> dict[str, Any]:
        found = call.domain.comparisons.compare(call.actor, entity_of(entity), project, artifact, baseline)
        return {
            "candidate": member_out(found.candidate),
            "baseline": member_out(found.baseline),
            "metrics": plain(found.metrics),
            "config": plain(found.config),
            "metadata": plain(found.metadata),
            "files": found.files,
            "same_content": found.same_content,
        }

    return await call.answer(work, lane=Lane.SLOW)


def move_out(move: artifact_model.AliasMove) -> dict[str, Any]:
    return {
        "id": move.id,
        "alias": move.alias,
        "act": move.act,
        "from_version": "" if move.from_index is None else f"v{move.from_index}",
        "to_version": "" if move.index is None else f"v{move.index}",
        "from_id": move.from_version_id,
        "to_id": move.version_id,
        "digest": move.digest,
        "by": move.by,
        "reason": move.reason,
        "evidence": plain(move.evidence),
        "at": move.at,
    }
