"""Several runs at once: to the trash and back, tagged, moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.responses import Response

from runstone.server.domain.errors import Conflict
from runstone.server.domain.identity import Permission, RunKey
from runstone.server.domain.runs import RunChange
from runstone.server.doors.rest.models import runs as models
from runstone.server.doors.rest.routing import Call, CallDep, EntityPath, P, ProjectPath, Routes, entity_of
from runstone.server.pool import Lane

routes = Routes("runs")


@routes.typed("POST", P + "/runs/delete", needs=Permission.WRITE, answers=models.Count)
async def delete_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.RunIds
) -> Response:
    """Several runs to the trash."""
    return await _many(call, entity, project, body.runs, call.domain.runs.delete)


@routes.typed("POST", P + "/runs/restore", needs=Permission.WRITE, answers=models.Count)
async def restore_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.RunIds
) -> Response:
    """Several runs out of the trash."""
    return await _many(call, entity, project, body.runs, call.domain.runs.restore, trash=True)


@routes.typed("POST", P + "/runs/purge", needs=Permission.MANAGE, answers=models.Count)
async def purge_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.RunIds
) -> Response:
    """Several runs in the trash for good: history, console and files too."""

    def work() -> dict[str, Any]:
        runs, access = call.domain.runs, call.domain.access
        place = call.domain.projects.get(call.actor, entity_of(entity), project)
        access.check(call.actor, Permission.MANAGE, place.entity_id)
        found = [
            runs.get(call.actor, entity_of(entity), project, run_id, trash=True)
            for run_id in dict.fromkeys(body.runs)
        ]
        alive = [run.id for run in found if run.deleted_at is None]
        if alive:
            raise Conflict(
                f"Run {alive[0]!r} is not in the trash, so it is not purged. Delete it first.", runs=alive
            )
        return {"count": runs.purge(call.actor, [run.key for run in found]) if found else 0}

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("POST", P + "/runs/tag", needs=Permission.WRITE, answers=models.Count)
async def tag_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.TagsWanted
) -> Response:
    """Add and remove tags on several runs."""

    def work() -> dict[str, Any]:
        runs = call.domain.runs
        gone = set(body.remove)
        count = 0
        for run_id in dict.fromkeys(body.runs):
            run = runs.get(call.actor, entity_of(entity), project, run_id)
            tags = list(dict.fromkeys([*(tag for tag in run.tags if tag not in gone), *body.add]))
            if tags != list(run.tags):
                runs.update(call.actor, run.key, RunChange(tags=tags))
            count += 1
        return {"count": count}

    return await call.answer(work)


@routes.typed("POST", P + "/runs/move", needs=Permission.WRITE, answers=models.Count)
async def move_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.MoveWanted
) -> Response:
    """Several runs to another project."""

    def move(actor: Any, keys: Sequence[RunKey]) -> int:
        return call.domain.runs.move(actor, keys, entity_of(body.entity), body.project)

    return await _many(call, entity, project, body.runs, move)


async def _many(
    call: Call,
    entity: str,
    project: str,
    run_ids: Sequence[str],
    act: Callable[[Any, Sequence[RunKey]], int],
    *,
    trash: bool = False,
) -> Response:
    def work() -> dict[str, Any]:
        keys = [
            call.domain.runs.get(call.actor, entity_of(entity), project, run_id, trash=trash).key
            for run_id in dict.fromkeys(run_ids)
        ]
        return {"count": act(call.actor, keys) if keys else 0}

    return await call.answer(work)
