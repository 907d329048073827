"""Sweeps: what they are, and what came of them. Trials are in `trials`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from runstone.search.config import SweepConfig
from runstone.server.domain import sweep_model as model
from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.sweep_results import Best as BestOne
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.sweeps import (
    Best,
    Importance,
    Pareto,
    Preview,
    PreviewWanted,
    Sweep,
    SweepChange,
    Sweeps,
    SweepState,
    SweepWanted,
)
from runstone.server.doors.rest.routing import (
    AfterQuery,
    Call,
    CallDep,
    EntityPath,
    LimitQuery,
    P,
    ProjectPath,
    Routes,
    SearchQuery,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("sweeps")
S = P + "/sweeps/{sweep}"
SweepPath = Annotated[str, Path(max_length=128, description="Sweep id.")]
LimitQuery = LimitQuery


@routes.typed("POST", "/sweeps/preview", needs=Permission.SIGNED_IN, answers=Preview)
async def preview_sweep(call: CallDep, body: PreviewWanted) -> Response:
    """Check a configuration and say what the first trials would be; nothing is kept. 400 with every
    problem by key in `fields.problems`."""

    def work() -> dict[str, Any]:
        config, proposals = call.domain.sweeps.preview(body.config, body.count)
        return {
            "config": plain(config.raw),
            "sampler": config.sampler,
            "expected": config.trials_expected,
            "proposals": [
                {
                    "number": number,
                    "params": plain(proposal.params),
                    "arguments": plain(config.space.arguments(proposal.params)),
                    "sampler": proposal.sampler,
                    "reason": proposal.reason,
                }
                for number, proposal in enumerate(proposals)
            ],
        }

    return await call.answer(work)


@routes.typed("GET", P + "/sweeps", needs=Permission.READ, answers=Sweeps)
async def list_sweeps(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    search: SearchQuery = "",
    state: Annotated[list[SweepState] | None, Query()] = None,
    after: AfterQuery = "",
    limit: LimitQuery = 50,
) -> Response:
    """Last made first."""

    def work() -> dict[str, Any]:
        page = call.domain.sweeps.find(
            call.actor,
            entity_of(entity),
            project,
            search=search,
            states=state or (),
            cursor=after,
            limit=limit,
        )
        return {
            "sweeps": [sweep_out(call.domain, sweep) for sweep in page.sweeps],
            "next": page.next_cursor,
            "total": page.total,
        }

    return await call.answer(work)


@routes.typed("POST", P + "/sweeps", needs=Permission.WRITE, answers=Sweep, status=201)
async def create_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: SweepWanted
) -> Response:
    """A pending sweep, its project made if absent. 400 with every problem of the configuration."""
    return await call.answer(
        lambda: sweep_out(
            call.domain,
            call.domain.sweeps.create(
                call.actor,
                entity_of(entity),
                project,
                body.config,
                sweep_id=body.id or "",
                display_name=body.display_name,
            ),
        ),
        status=201,
    )


@routes.typed("GET", S, needs=Permission.READ, answers=Sweep)
async def get_sweep(call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath) -> Response:
    return await call.answer(lambda: sweep_out(call.domain, sweep_at(call, entity, project, sweep)))


@routes.typed("PATCH", S, needs=Permission.WRITE, answers=Sweep)
async def update_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: SweepChange
) -> Response:
    """state: running resumes; paused hands out nothing more, what runs goes on; finished the same for
    good; cancelled stops what runs, too. 409 where the sweep is over."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        if body.model_dump(exclude={"state"}, exclude_none=True):
            own = call.domain.sweeps.update(
                call.actor,
                own.key,
                display_name=body.display_name,
                description=body.description,
                config=body.config,
            )
        if body.state is not None:
            own = call.domain.sweeps.set_state(call.actor, own.key, body.state)
        return sweep_out(call.domain, own)

    return await call.answer(work)


@routes.typed("DELETE", S, needs=Permission.WRITE, status=204)
async def delete_sweep(call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath) -> Response:
    """The sweep and its trials; its runs stay."""
    return await call.done(
        lambda: call.domain.sweeps.delete(call.actor, sweep_at(call, entity, project, sweep).key)
    )


@routes.typed("GET", S + "/best", needs=Permission.READ, answers=Best)
async def best_of_sweep(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    robust: Annotated[
        bool,
        Query(description="By the bad end of the mean's interval over repeats; else the luckiest trial."),
    ] = True,
    limit: LimitQuery = 1,
) -> Response:
    """Best first; combinations that break a constraint come last."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        found = call.domain.sweep_results.best(call.actor, own.key, robust=robust, limit=limit)
        return {
            "robust": robust,
            "objectives": objectives_out(call.domain.sweep_results.config(own)),
            "combinations": [combination_out(best) for best in found],
        }

    return await call.answer(work)


@routes.typed("GET", S + "/pareto", needs=Permission.READ, answers=Pareto)
async def pareto_of_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath
) -> Response:
    """The combinations that no feasible other beats in every objective, over means of repeats."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        front, points = call.domain.sweep_results.front(call.actor, own.key)
        config = call.domain.sweep_results.config(own)
        return {
            "objectives": objectives_out(config),
            "constraints": [bound.text for bound in config.constraints],
            "points": [combination_out(best) for best in points],
            "dominated": front.dominated,
            "infeasible": list(front.infeasible),
            "hypervolume": plain(front.hypervolume),
            "reference": plain(list(front.reference)),
        }

    return await call.answer(work)


@routes.typed("GET", S + "/importance", needs=Permission.READ, answers=Importance)
async def importance_of_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath
) -> Response:
    """Which parameters the first objective depends on. Takes seconds after trials have ended; 503
    while another sweep's is being worked out."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        found = call.domain.sweep_importance.of(call.actor, own.key)
        metrics = call.domain.sweep_results.config(own).metrics
        return {
            "objective": metrics[0].name if metrics else "",
            "parameters": [asdict(item) for item in found.parameters],
            "trials": found.trials,
            "why": found.why,
        }

    return await call.answer(work, lane=Lane.SLOW)


# -- shapes


def sweep_at(call: Call, entity: str, project: str, sweep: str) -> model.Sweep:
    return call.domain.sweeps.get(call.actor, entity_of(entity), project, sweep)


def sweep_out(domain: Domain, sweep: model.Sweep) -> dict[str, Any]:
    config = domain.sweep_results.config(sweep)
    return {
        "id": sweep.id,
        "entity": sweep.entity,
        "project": sweep.project,
        "name": sweep.title,
        "display_name": sweep.display_name,
        "description": sweep.description,
        "state": sweep.state,
        "method": sweep.method,
        "sampler": config.sampler,
        "objectives": objectives_out(config),
        "constraints": [bound.text for bound in config.constraints],
        "repeats": config.repeats,
        "config": plain(sweep.config),
        "username": sweep.username,
        "created_at": sweep.created_at,
        "updated_at": sweep.updated_at,
        "heartbeat_at": sweep.heartbeat_at,
        "finished_at": sweep.finished_at,
        "expected": sweep.expected,
        "trials": dict(sweep.trials),
        "best": plain(domain.sweep_results.best_value(sweep)),
    }


def objectives_out(config: SweepConfig) -> list[Mapping[str, Any]]:
    return [{"name": m.name, "goal": m.goal, "target": m.target} for m in config.metrics]


def combination_out(best: BestOne) -> dict[str, Any]:
    item = best.ranked

    def numbers(values: Sequence[float | None]) -> Any:
        return plain(list(values))

    return {
        "number": item.number,
        "trials": list(item.trials),
        "runs": list(best.run_ids),
        "params": plain(item.params),
        "arguments": plain(best.arguments),
        "mean": numbers(item.mean),
        "std": numbers(item.std),
        "bound": numbers(item.bound),
        "best": numbers(item.best),
        "feasible": item.feasible,
    }
