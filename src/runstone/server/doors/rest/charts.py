"""Custom charts: specs by which the UI draws the tables that name them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.models.charts import Chart, Charts
from runstone.server.doors.rest.routing import CallDep, EntityPath, Routes, entity_of

routes = Routes("charts")
ChartPath = Annotated[str, Path(max_length=128)]


@routes.typed("GET", "/charts/{entity}", needs=Permission.READ, answers=Charts)
async def list_charts(call: CallDep, entity: EntityPath) -> Response:
    """The entity's charts, by name."""
    return await call.answer(
        lambda: {
            "charts": [asdict(chart) for chart in call.domain.charts.find(call.actor, entity_of(entity))]
        }
    )


@routes.typed("GET", "/charts/{entity}/{name}", needs=Permission.READ, answers=Chart)
async def get_chart(
    call: CallDep, entity: EntityPath, name: Annotated[str, Path(max_length=128)]
) -> Response:
    """One chart; a public one is for everybody who is signed in."""
    return await call.answer(
        lambda: asdict(call.domain.charts.get(call.actor, entity_of(entity) or call.actor.username, name))
    )
