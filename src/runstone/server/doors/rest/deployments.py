"""What runs where, and what it predicted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from runstone.server.domain import deployments as domain
from runstone.server.domain.artifact_names import parse_name
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.registry import (
    Deployment,
    Deployments,
    DeploymentWanted,
    Prediction,
    PredictionWanted,
)
from runstone.server.doors.rest.routing import AfterQuery, CallDep, EntityPath, LimitQuery, Routes, entity_of

routes = Routes("deployments")

D = "/entities/{entity}/deployments"
PREDICTIONS = "/entities/{entity}/predictions"


@routes.typed("GET", D, needs=Permission.READ, answers=Deployments)
async def list_deployments(
    call: CallDep,
    entity: EntityPath,
    site: Annotated[str, Query(max_length=200)] = "",
    name: Annotated[str, Query(max_length=200)] = "",
    live: bool | None = None,
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """The newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.deployments.find(
            call.actor, entity_of(entity), site=site, name=name, live=live, after=after, limit=limit
        )
        return {"deployments": [deployment_out(found) for found in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("POST", D, needs=Permission.WRITE, answers=Deployment, status=201)
async def record_deployment(call: CallDep, entity: EntityPath, body: DeploymentWanted) -> Response:
    """A version runs at a site from now on; what ran there under that name has ended."""

    def work() -> dict[str, Any]:
        alias = parse_name(body.artifact).alias
        member = call.domain.artifacts.get(call.actor, entity_of(entity), "", body.artifact)
        return deployment_out(
            call.domain.deployments.record(
                call.actor,
                entity_of(entity),
                site=body.site,
                name=body.name,
                member=member,
                alias=alias,
                metadata=body.metadata,
                at=body.at,
            )
        )

    return await call.answer(work, status=201)


@routes.typed("POST", D + "/{deployment}/end", needs=Permission.WRITE, answers=Deployment)
async def end_deployment(call: CallDep, entity: EntityPath, deployment: int) -> Response:
    """It does not run any more."""
    return await call.answer(
        lambda: deployment_out(call.domain.deployments.end(call.actor, entity_of(entity), deployment))
    )


@routes.typed("POST", PREDICTIONS, needs=Permission.WRITE, answers=Prediction, status=201)
async def add_prediction(call: CallDep, entity: EntityPath, body: PredictionWanted) -> Response:
    """Note a prediction, so that it can be traced back to what it was trained on."""
    return await call.answer(
        lambda: prediction_out(
            call.domain.deployments.add_prediction(
                call.actor,
                entity_of(entity),
                prediction_id=body.id,
                deployment_id=body.deployment_id,
                version_id=body.version_id,
                metadata=body.metadata,
                at=body.at,
            )
        ),
        status=201,
    )


@routes.typed("GET", PREDICTIONS + "/{prediction}", needs=Permission.READ, answers=Prediction)
async def get_prediction(
    call: CallDep, entity: EntityPath, prediction: Annotated[str, Path(max_length=200)]
) -> Response:
    return await call.answer(
        lambda: prediction_out(call.domain.deployments.prediction(call.actor, entity_of(entity), prediction))
    )


def deployment_out(found: domain.Deployment) -> dict[str, Any]:
    return {
        "id": found.id,
        "entity": found.entity,
        "site": found.site,
        "name": found.name,
        "version_id": found.version_id,
        "alias": found.alias,
        "sha256": found.sha256,
        "metadata": plain(found.metadata),
        "by": found.by,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
    }


def prediction_out(found: domain.Prediction) -> dict[str, Any]:
    return {
        "entity": found.entity,
        "id": found.id,
        "version_id": found.version_id,
        "deployment_id": found.deployment_id,
        "metadata": plain(found.metadata),
        "at": found.at,
    }
