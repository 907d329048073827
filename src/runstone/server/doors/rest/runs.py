"""Runs: find, group, change, to the trash and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Query
from msgspec import Raw
from starlette.responses import Response

from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.domain.identity import Permission, RunKey
from runstone.server.domain.runs import Run, RunChange, RunQuery
from runstone.server.doors.http.answers import json_answer, plain
from runstone.server.doors.rest.models import runs as models
from runstone.server.doors.rest.routing import (
    AfterQuery,
    Call,
    CallDep,
    EntityPath,
    P,
    ProjectPath,
    R,
    Routes,
    RunPath,
    SearchQuery,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("runs")


@routes.typed("POST", P + "/runs/query", needs=Permission.READ, answers=models.RunsFound)
async def query_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.RunsWanted
) -> Response:
    """Runs that match, a page at a time, in any order; filter and sort are done here, over all."""

    def work() -> dict[str, Any]:
        page = call.domain.runs.find(
            call.actor,
            entity_of(entity),
            project,
            RunQuery(
                filter=body.filter,
                search=body.search,
                order=body.order,
                cursor=body.cursor,
                limit=body.limit,
                trash=body.trash,
                select=body.select,
                brief=True,
            ),
        )
        return {
            "runs": [run_out(run) for run in page.runs],
            "cursors": list(page.cursors),
            "next_cursor": page.next_cursor,
            "total": page.total,
        }

    return await call.answer(work)


@routes.typed("POST", P + "/runs/group", needs=Permission.READ, answers=models.Groups)
async def group_runs(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.GroupsWanted
) -> Response:
    """Runs by the values of some keys, with exact statistics over each group."""

    def work() -> dict[str, Any]:
        groups = call.domain.runs.group(
            call.actor,
            entity_of(entity),
            project,
            RunQuery(filter=body.filter, search=body.search),
            by=body.by,
            statistics=body.statistics,
            limit=body.limit,
        )
        return {
            "groups": [
                {
                    "values": plain(list(group.values)),
                    "count": group.count,
                    "filter": plain(dict(group.filter)),
                    "states": dict(group.states),
                    "statistics": {
                        key: plain(
                            {
                                "count": found.count,
                                "mean": found.mean,
                                "std": found.std,
                                "min": found.min,
                                "max": found.max,
                            }
                        )
                        for key, found in group.statistics.items()
                    },
                }
                for group in groups
            ]
        }

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("GET", P + "/columns", needs=Permission.READ, answers=models.Columns)
async def list_columns(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    search: SearchQuery = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Config and summary paths that occur in the project."""

    def work() -> dict[str, Any]:
        found = call.domain.runs.columns(
            call.actor, entity_of(entity), project, search=search, after=after, limit=limit
        )
        return {
            "columns": [
                {"path": column.path, "kinds": list(column.kinds), "runs": column.runs} for column in found
            ],
            "next": found[-1].path if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.typed("GET", P + "/keys", needs=Permission.READ, answers=models.ProjectKeys)
async def list_project_keys(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    search: SearchQuery = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Metric keys that any run of the project logged, by name."""

    def work() -> dict[str, Any]:
        found = call.domain.history.project_keys(
            call.actor, entity_of(entity), project, search=search, after=after, limit=limit
        )
        return {
            "keys": [{"name": name, "kind": kind} for name, kind in found],
            "next": found[-1][0] if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.typed("GET", R, needs=Permission.READ, answers=models.Run)
async def get_run(call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath) -> Response:
    """One run, with environment and metric definitions."""
    return await call.answer(
        lambda: run_out(call.domain.runs.get(call.actor, entity_of(entity), project, run), whole=True)
    )


@routes.typed("PUT", R, needs=Permission.WRITE, answers=models.Run, also={201: "The run was made"})
async def put_run(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, body: models.RunFields
) -> Response:
    """Create the run (and its project), or change it."""

    def work() -> Response:
        kept, made = call.domain.runs.upsert(
            call.actor, entity_of(entity), project, run, _change(body), create=True
        )
        return json_answer(run_out(kept, whole=True), 201 if made else 200)

    return await call.run(work)


@routes.typed("PATCH", R, needs=Permission.WRITE, answers=models.Run)
async def update_run(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, body: models.RunFields
) -> Response:
    """Change fields of a run; what is left out stays."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        return run_out(call.domain.runs.update(call.actor, kept.key, _change(body)), whole=True)

    return await call.answer(work)


@routes.typed("DELETE", R, needs=Permission.WRITE, status=204)
async def delete_run(call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath) -> Response:
    """To the trash; restorable for 30 days."""

    def work() -> None:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        call.domain.runs.delete(call.actor, [kept.key])

    return await call.done(work)


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


@routes.typed("POST", R + "/stop", needs=Permission.WRITE, status=204)
async def stop_run(call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath) -> Response:
    """Ask the run to end itself; its client hears of it with its next request."""

    def work() -> None:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        call.domain.runs.stop(call.actor, kept.key)

    return await call.done(work)


@routes.typed("GET", R + "/config-history", needs=Permission.READ, answers=models.ConfigHistory)
async def get_config_history(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath
) -> Response:
    """Who set what in the config, when."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        return {
            "patches": [plain(dict(patch)) for patch in call.domain.runs.config_history(call.actor, kept.key)]
        }

    return await call.answer(work)


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


def _change(body: models.RunFields) -> RunChange:
    if body.config is not None and (body.config_set or body.config_unset):
        raise Invalid("Give either config, which replaces the whole, or config_set and config_unset.")
    if body.summary is not None and (body.summary_set or body.summary_unset):
        raise Invalid("Give either summary, which replaces the whole, or summary_set and summary_unset.")
    return RunChange(
        display_name=body.display_name,
        group=body.group,
        job_type=body.job_type,
        notes=body.notes,
        tags=body.tags,
        sweep=body.sweep,
        host=body.host,
        program=body.program,
        command=body.command,
        started_at=body.started_at,
        state=body.state,
        exit_code=body.exit_code,
        config=body.config,
        config_set=body.config_set,
        config_unset=body.config_unset,
        summary=body.summary,
        summary_set=body.summary_set,
        summary_unset=body.summary_unset,
        environment=body.environment,
        writer="api",
    )


def run_out(run: Run, *, whole: bool = False) -> dict[str, Any]:
    """`whole`: with environment and metric definitions, which lists leave out."""
    out: dict[str, Any] = {
        "id": run.id,
        "entity": run.entity,
        "project": run.project,
        "display_name": run.display_name,
        "state": run.state,
        "username": run.username,
        "group": run.group,
        "job_type": run.job_type,
        "notes": run.notes,
        "sweep": run.sweep,
        "tags": run.tags,
        "host": run.host,
        "program": run.program,
        "command": run.command,
        "config": plain(run.config) if run.config_json is None else Raw(run.config_json.encode()),
        "summary": plain(run.summary) if run.summary_json is None else Raw(run.summary_json.encode()),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "updated_at": run.updated_at,
        "heartbeat_at": run.heartbeat_at,
        "finished_at": run.finished_at,
        "duration": _duration(run),
        "exit_code": run.exit_code,
        "stop_requested": run.stop_requested,
        "colour": run.colour,
        "fork_of": run.fork_of,
        "fork_step": run.fork_step,
        "version": run.version,
        "deleted_at": run.deleted_at,
        "ranks": run.ranks,
    }
    if whole:
        out["environment"] = plain(run.environment)
        out["wire"] = plain(run.wire)
        out["metrics"] = [_metric_out(metric) for metric in run.metrics]
    return out


def _metric_out(metric: Any) -> dict[str, Any]:
    return {"step_metric": None, "step_sync": None, "summary": [], "goal": None, "hidden": False} | dict(
        metric
    )


def _duration(run: Run) -> float | None:
    end = run.finished_at if run.finished_at is not None else run.heartbeat_at
    if run.state == "running":
        end = time.time()
    begin = run.started_at if run.started_at is not None else run.created_at
    return max(0.0, end - begin) if end is not None else None
