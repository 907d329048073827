"""Runs: find, group, change, to the trash and back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Permission
from runstone.server.domain.runs import RunChange, RunQuery
from runstone.server.doors.http.answers import json_answer, plain
from runstone.server.doors.rest.models import runs as models
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    LimitQuery,
    P,
    ProjectPath,
    R,
    Routes,
    RunPath,
    SearchQuery,
    entity_of,
)
from runstone.server.doors.rest.run_answers import run_out
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
    limit: LimitQuery = 100,
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
    limit: LimitQuery = 200,
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
