"""Media that runs logged: under which keys, and what stood there at a step."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.domain.media import MediaSeries
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models import media as models
from runstone.server.doors.rest.routing import CallDep, EntityPath, P, ProjectPath, Routes, entity_of
from runstone.server.pool import Lane

FEW = 20  # run-key pairs that are quick to answer; more go to the slow lane
routes = Routes("media")


@routes.typed("POST", P + "/media/keys", needs=Permission.READ, answers=models.MediaKeys)
async def list_media_keys(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.MediaKeysWanted
) -> Response:
    """Keys under which any of the runs logged images, tables, histograms and the like, by name."""

    def work() -> dict[str, Any]:
        found = call.domain.media.keys(
            call.actor,
            entity_of(entity),
            project,
            runs=body.runs,
            search=body.search,
            after=body.after,
            limit=body.limit,
        )
        keys = [
            {
                "name": key.name,
                "type": key.type,
                "runs": key.runs,
                "count": key.count,
                "first_step": key.first_step,
                "last_step": key.last_step,
            }
            for key in found.keys
        ]
        return {"keys": keys, "next": found.next, "runs": found.runs}

    return await call.answer(work, lane=Lane.READ if len(body.runs) <= FEW else Lane.SLOW)


@routes.typed("POST", P + "/media/values", needs=Permission.READ, answers=models.Media)
async def read_media(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: models.MediaWanted
) -> Response:
    """What each run had logged under each key by a step: the latest value, or several evenly spread."""

    def work() -> dict[str, Any]:
        found = call.domain.media.values(
            call.actor,
            entity_of(entity),
            project,
            runs=body.runs,
            keys=body.keys,
            step=body.step,
            samples=body.samples,
        )
        return {"series": [_series_out(series, only_steps=body.only_steps) for series in found]}

    few = len(body.runs) * len(body.keys) <= FEW and body.samples <= 1
    return await call.answer(work, lane=Lane.READ if few else Lane.SLOW)


def _series_out(series: MediaSeries, *, only_steps: bool) -> dict[str, Any]:
    out: dict[str, Any] = plain(
        {
            "run": series.run,
            "key": series.key,
            "count": series.count,
            "first_step": series.first_step,
            "last_step": series.last_step,
            "steps": [one.step for one in series.values],
            "values": []
            if only_steps
            else [
                {"step": one.step, "timestamp": one.timestamp, "source": one.source, "value": one.value}
                for one in series.values
            ],
        }
    )
    return out
