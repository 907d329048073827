"""Alerts that runs raised."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from runstone.server.domain.alerts import Alert
from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.models.alerts import Alerts
from runstone.server.doors.rest.routing import (
    CallDep,
    EntityPath,
    LimitQuery,
    ProjectPath,
    R,
    Routes,
    RunPath,
    entity_of,
)

routes = Routes("alerts")
LimitQuery = LimitQuery


@routes.typed("GET", "/alerts", needs=Permission.SIGNED_IN, answers=Alerts)
async def list_alerts(call: CallDep, limit: LimitQuery = 100) -> Response:
    """Of all runs the caller may read."""
    return await call.answer(
        lambda: {"alerts": [_out(alert) for alert in call.domain.alerts.find(call.actor, limit=limit)]}
    )


@routes.typed("GET", R + "/alerts", needs=Permission.READ, answers=Alerts)
async def list_run_alerts(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, limit: LimitQuery = 100
) -> Response:
    """Of one run."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        found = call.domain.alerts.find(call.actor, run=kept.key, limit=limit)
        return {"alerts": [_out(alert) for alert in found]}

    return await call.answer(work)


def _out(alert: Alert) -> dict[str, Any]:
    return {
        "entity": alert.entity,
        "project": alert.project,
        "run": alert.run,
        "title": alert.title,
        "text": alert.text,
        "level": alert.level,
        "at": alert.at,
    }
