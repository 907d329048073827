"""Lineage: where things come from, and what came of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Depends, Path, Query
from starlette.responses import Response

from runstone.server.domain import lineage_model as domain
from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.artifact_answers import A, ArtifactPath, artifact_id, version_out
from runstone.server.doors.rest.deployments import PREDICTIONS, prediction_out
from runstone.server.doors.rest.models.lineage import ArtifactImpact, LineageGraph, PredictionTrace
from runstone.server.doors.rest.routing import (
    CallDep,
    EntityPath,
    ProjectPath,
    R,
    Routes,
    RunPath,
    entity_of,
)
from runstone.server.doors.rest.sweeps import S, SweepPath, sweep_at
from runstone.server.pool import Lane

routes = Routes("lineage")


class Reach(NamedTuple):
    """Which way, and how far, a walk goes."""

    direction: Literal["up", "down", "both"]
    depth: int
    limit: int


def _reach(
    direction: Literal["up", "down", "both"] = "both",
    depth: Annotated[int, Query(ge=0, le=domain.DEPTH_MAX)] = 5,
    limit: Annotated[int, Query(ge=1, le=domain.NODES_MAX, description="At most so many nodes.")] = 1000,
) -> Reach:
    return Reach(direction, depth, limit)


ReachDep = Annotated[Reach, Depends(_reach)]


@routes.typed("GET", A + "/lineage", needs=Permission.READ, answers=LineageGraph)
async def get_artifact_lineage(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    reach: ReachDep,
) -> Response:
    """What a version was made from, and what was made of it. What the caller may not see is locked."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        return graph_out(call.domain.lineage.of_version(call.actor, version_id, **reach._asdict()))

    return await call.answer(work)


@routes.typed("GET", R + "/lineage", needs=Permission.READ, answers=LineageGraph)
async def get_run_lineage(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    reach: ReachDep,
) -> Response:
    """What a run used, what it made, and so on."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        return graph_out(call.domain.lineage.of_run(call.actor, kept.key, **reach._asdict()))

    return await call.answer(work)


@routes.typed("GET", S + "/lineage", needs=Permission.READ, answers=LineageGraph)
async def get_sweep_lineage(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    reach: ReachDep,
) -> Response:
    """The runs of a sweep, what they made, and so on. Edges to the runs that are the best say so."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return graph_out(call.domain.lineage.of_sweep(call.actor, own.key, **reach._asdict()))

    return await call.answer(work)


@routes.typed("GET", PREDICTIONS + "/{prediction}/trace", needs=Permission.READ, answers=PredictionTrace)
async def trace_prediction(
    call: CallDep, entity: EntityPath, prediction: Annotated[str, Path(max_length=200)]
) -> Response:
    """A prediction back to the model, the training run, its commit and its data."""

    def work() -> dict[str, Any]:
        found = call.domain.lineage.trace_back(call.actor, entity_of(entity), prediction)
        return {
            "prediction": prediction_out(found.prediction),
            "artifact": version_out(found.version),
            "run": found.run,
            "sweep": found.sweep,
            "commit": found.commit,
            "inputs": [node_out(node) for node in found.inputs],
            "graph": graph_out(found.graph),
        }

    return await call.answer(work)


@routes.typed("GET", A + "/impact", needs=Permission.READ, answers=ArtifactImpact)
async def get_artifact_impact(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    row: Annotated[
        str, Query(max_length=1024, description="A row of the dataset: all versions that hold it.")
    ] = "",
) -> Response:
    """Every version, run, model and deployment that came of a version, or of one of its rows."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        found = call.domain.lineage.impact(call.actor, version_id, row_id=row)
        return {
            "versions": [node_out(node) for node in found.versions],
            "certain": found.certain,
            "graph": graph_out(found.graph),
        }

    return await call.answer(work, lane=Lane.SLOW)


def graph_out(graph: domain.Graph) -> dict[str, Any]:
    return {
        "nodes": [node_out(node) for node in graph.nodes],
        "edges": [{"source": edge.source, "target": edge.target, "kind": edge.kind} for edge in graph.edges],
        "truncated": graph.truncated,
    }


def node_out(node: domain.Node) -> dict[str, Any]:
    return {
        "key": node.key,
        "kind": node.kind,
        "id": node.id,
        "name": node.name,
        "label": node.label,
        "type": node.type,
        "state": node.state,
        "sha256": node.sha256,
        "created_at": node.created_at,
        "depth": node.depth,
        "locked": node.locked,
    }
