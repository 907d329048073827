"""Sweeps that ran where no server was."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.domain.sweep_copies import SweepCopy
from runstone.server.doors.rest.models.sweep_copies import SweepCopyWanted
from runstone.server.doors.rest.models.sweeps import Sweep
from runstone.server.doors.rest.routing import CallDep, EntityPath, ProjectPath, Routes, entity_of
from runstone.server.doors.rest.sweeps import S, SweepPath, sweep_out

routes = Routes("sweeps")


@routes.typed("PUT", S + "/copy", needs=Permission.WRITE, answers=Sweep)
async def bring_sweep(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: SweepCopyWanted
) -> Response:
    """Lay down a sweep of a directory as it is there, made if absent; again is harmless. Until it is over
    it is paused here. 409 once agents of this server have taken part in it."""

    def work() -> dict[str, Any]:
        copy = SweepCopy(
            sweep,
            body.config,
            body.config_text,
            body.seed,
            body.state,
            body.created_at,
            body.finished_at,
            [trial.model_dump() for trial in body.trials],
        )
        brought = call.domain.sweep_copies.bring(call.actor, entity_of(entity), project, copy)
        return sweep_out(call.domain, brought)

    return await call.answer(work)
