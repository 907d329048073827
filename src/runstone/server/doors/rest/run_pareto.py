"""The runs of a project that no other beats, by any of their values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.domain.run_pareto import pareto_wanted
from runstone.server.domain.runs import RunQuery
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models import run_pareto as models
from runstone.server.doors.rest.routing import CallDep, EntityPath, P, ProjectPath, Routes, entity_of
from runstone.server.pool import Lane

routes = Routes("runs")


@routes.typed("POST", P + "/runs/pareto", needs=Permission.READ, answers=models.RunPareto)
async def pareto_of_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.ParetoWanted
) -> Response:
    """The runs that no other beats in every objective, under limits; over all that match."""

    def work() -> dict[str, Any]:
        wanted = pareto_wanted(
            [(one.key, one.goal) for one in body.objectives], body.constraints, body.reference, body.limit
        )
        found = call.domain.runs.pareto(
            call.actor, entity_of(entity), project, RunQuery(filter=body.filter, search=body.search), wanted
        )
        return {
            "objectives": [{"key": one.name, "goal": one.goal} for one in wanted.objectives],
            "constraints": [bound.text for bound, _ in wanted.constraints],
            "points": [asdict(point) for point in found.points],
            "total": found.total,
            "compared": found.compared,
            "front": found.front,
            "dominated": found.dominated,
            "infeasible": found.infeasible,
            "reference": plain(list(found.reference)),
            "hypervolume": plain(found.hypervolume),
            "curve": [asdict(then) for then in found.curve],
        }

    return await call.answer(work, lane=Lane.SLOW)
