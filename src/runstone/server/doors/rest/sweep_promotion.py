"""From a sweep to a registry, with the sweep as evidence."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from runstone.server.domain import sweep_promotion as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.sweep_model import Sweep
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.approvals import approval_out
from runstone.server.doors.rest.artifact_answers import member_out, version_out
from runstone.server.doors.rest.models.registry import Approval
from runstone.server.doors.rest.models.sweep_promotion import (
    Promotable,
    SweepChoice,
    SweepPromoted,
    SweepPromotion,
)
from runstone.server.doors.rest.routing import Call, CallDep, EntityPath, ProjectPath, Routes
from runstone.server.doors.rest.sweeps import S, SweepPath, sweep_at

routes = Routes("sweeps")


@routes.typed("GET", S + "/promotable", needs=Permission.READ, answers=Promotable)
async def promotable_of_sweep(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    choice: Annotated[SweepChoice, Query()],
) -> Response:
    """What a promotion would take. 409 where no trial has a result yet."""

    def work() -> dict[str, Any]:
        return promotable_out(_chosen(call, sweep_at(call, entity, project, sweep), choice))

    return await call.answer(work)


@routes.typed("POST", S + "/promote", needs=Permission.WRITE, answers=SweepPromoted, status=201)
async def promote_from_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: SweepPromotion
) -> Response:
    """Link the best trial's artifact into a registry's collection and point an alias to it (WRITE there).
    409 with `fields.artifacts` where its run made none or several, where the alias wants approval first."""

    def work() -> dict[str, Any]:
        found = _found(call, entity, project, sweep, body)
        done = call.domain.sweep_promotions.promote(call.actor, found, _destination(body))
        return {
            "artifact": member_out(done.member),
            "alias": done.alias,
            "evidence": plain(done.evidence),
        }

    return await call.answer(work, status=201)


@routes.typed("POST", S + "/approvals", needs=Permission.WRITE, answers=Approval, status=201)
async def ask_approval_from_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: SweepPromotion
) -> Response:
    """Link the best trial's artifact into a registry's collection and ask for the approval that a protected
    alias needs: those who decide are shown the sweep's evidence. 409 as a promotion from the sweep."""

    def work() -> dict[str, Any]:
        found = _found(call, entity, project, sweep, body)
        return approval_out(call.domain.sweep_promotions.ask(call.actor, found, _destination(body)))

    return await call.answer(work, status=201)


def _found(call: Call, entity: str, project: str, sweep: str, body: SweepPromotion) -> domain.Promotable:
    """Checked for WRITE on the sweep: a promotion is an act of its project."""
    key = sweep_at(call, entity, project, sweep).key
    return _chosen(call, call.domain.sweeps.get_by_key(call.actor, key, Permission.WRITE), body)


def _chosen(call: Call, sweep: Sweep, choice: SweepChoice) -> domain.Promotable:
    return call.domain.sweep_promotions.find(
        call.actor,
        sweep,
        robust=choice.robust,
        trial=choice.trial,
        artifact=choice.artifact,
        type_name=choice.type,
    )


def _destination(body: SweepPromotion) -> domain.Destination:
    return domain.Destination(
        organization=body.organization,
        registry=body.registry,
        collection=body.collection,
        alias=body.alias,
        reason=body.reason,
        force=body.force,
    )


def promotable_out(found: domain.Promotable) -> dict[str, Any]:
    return {
        "trial": found.trial,
        "run": found.run,
        "rule": found.rule,
        "rank": found.rank,
        "feasible": found.combination.feasible,
        "evidence": plain(found.evidence),
        "artifacts": [version_out(version) for version in found.artifacts],
        "problem": found.problem,
    }
