"""What a run printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.doors.http.downloads import Download
from runstone.server.doors.rest.models.console import ConsoleLines
from runstone.server.doors.rest.routing import (
    CallDep,
    EntityPath,
    ProjectPath,
    R,
    Routes,
    RunPath,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("console")

_LINE_MAX = 2**53
_PAGE = 5000
WriterQuery = Annotated[str, Query(max_length=200, description="'' is the run's first.")]


@routes.typed("GET", R + "/console", needs=Permission.READ, answers=ConsoleLines)
async def read_console(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    writer: WriterQuery = "",
    start: Annotated[int, Query(ge=-_LINE_MAX, le=_LINE_MAX, description="Negative: from the end.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    search: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Lines by number, or those from `start` on that contain `search`."""

    def work() -> dict[str, Any]:
        console = call.domain.console
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        writers = console.writers(call.actor, kept.key)
        chosen = writer or (writers[0].writer if writers else "")
        if search:
            lines = console.search(
                call.actor, kept.key, search, writer=chosen, start=max(0, start), limit=limit
            )
        else:
            lines = console.read(call.actor, kept.key, chosen, start=start, limit=limit)
        return {
            "lines": lines,
            "writer": chosen,
            "total": next((info.lines for info in writers if info.writer == chosen), 0),
            "writers": [
                {"writer": info.writer, "label": info.label, "lines": info.lines} for info in writers
            ],
        }

    return await call.answer(work)


@routes.typed(
    "GET",
    R + "/console/download",
    needs=Permission.READ,
    content={"text/plain": {"schema": {"type": "string"}}},
)
async def download_console(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, writer: WriterQuery = ""
) -> Response:
    """All lines as text."""
    kept = await call.run(lambda: call.domain.runs.get(call.actor, entity_of(entity), project, run))

    def pieces() -> Iterator[bytes]:
        start = 0
        while lines := call.domain.console.read(call.actor, kept.key, writer, start=start, limit=_PAGE):
            yield "".join(line.text + "\n" for line in lines).encode("utf-8", "replace")
            start = lines[-1].number + 1

    return await Download.begin(
        call.context,
        pieces(),
        mimetype="text/plain; charset=utf-8",
        filename=f"{project}-{run}-console.txt",
        lane=Lane.READ,
    )
