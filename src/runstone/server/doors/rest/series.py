"""Series of runs, thinned to what a chart can show: as JSON, or as the columns themselves.

The binary form is for charts: a little-endian u32 with the header's length, the header (JSON, ASCII,
padded with spaces so that the columns begin at a multiple of 8), then the columns one after another:
for each line `x` as float64, and `mean`, `min`, `max` (and `std`) as float32. NaN is a gap. A line
that is exact has only `x` and `mean`: each bucket holds one point, and so mean, min and max are it.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.domain.series import Series, SeriesLine
from runstone.server.doors.http.answers import encode
from runstone.server.doors.http.bodies import read_body
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.credentials import credentials_of
from runstone.server.doors.rest.models.history import Series as SeriesModel
from runstone.server.doors.rest.models.history import SeriesWanted
from runstone.server.doors.rest.routing import P, Routes, entity_of, path_parameters
from runstone.server.pool import Lane

MEDIA_TYPE = "application/vnd.runstone.series"
FEW = 20  # run-key pairs that are quick to answer; more go to the slow lane
routes = Routes("history")


@routes.raw(
    "POST",
    P + "/series",
    needs=Permission.READ,
    answers=SeriesModel,
    docs={
        "parameters": [
            *path_parameters("entity", "project"),
            {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SeriesWanted"}}},
        },
    },
    models=(SeriesWanted,),
    responses={
        200: {
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            "description": "JSON where Accept asks for it, else columns: u32 header length, JSON header, "
            "then little-endian columns",
        },
        304: {"description": "Nothing changed since the version in If-None-Match"},
    },
)
async def read_series(request: Request) -> Response:
    """Lines of a chart: exact minimum, maximum and mean of every bucket, on one common grid."""
    context = context_of(request)
    credentials = credentials_of(request)
    actor = await context.actor_for(credentials, Permission.READ)
    body = await read_body(request, limit=context.settings.limits.json_body_bytes)
    entity, project = request.path_params["entity"], request.path_params["project"]
    as_json = _wants_json(request)
    known = request.headers.get("if-none-match", "").strip('"')
    try:
        wanted = SeriesWanted.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors(include_input=False)]
        ) from None
    members = sum(len(runs) for runs in wanted.group.values()) if wanted.group else len(wanted.runs)

    def work() -> Response:
        lo, hi = wanted.range
        series = context.domain.series.read(
            actor,
            entity_of(entity),
            project,
            runs=wanted.runs,
            keys=wanted.keys,
            x=wanted.x,
            lo=lo,
            hi=hi,
            buckets=wanted.buckets,
            space=wanted.space,
            group=wanted.group,
            known=known,
        )
        etag = f'"{known}"' if series is None else f'"{series.version}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        if series is None:
            return Response(status_code=304, headers=headers)
        if as_json:
            return Response(encode(as_document(series)), 200, headers, "application/json")
        return Response(as_columns(series), 200, headers, MEDIA_TYPE)

    lane = Lane.READ if members * len(wanted.keys) <= FEW else Lane.SLOW
    return await context.run(work, lane=lane)


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and MEDIA_TYPE not in accept


def as_document(series: Series) -> dict[str, Any]:
    """The JSON form."""
    return {
        "x": series.x,
        "range": [_number(series.window.lo), _number(series.window.hi)],
        "version": series.version,
        "exact": all(line.buckets.exact for line in series.lines),
        "no_data_x": list(getattr(series, "no_data_x", ())),
        "lines": [_line_document(line) for line in series.lines],
    }


def as_columns(series: Series) -> memoryview:
    """The binary form; see the top of this file."""
    lines: list[dict[str, Any]] = []
    columns: list[tuple[Any, Any]] = []
    for line in series.lines:
        found = line.buckets
        names = ["x", "mean"] if found.exact else ["x", "mean", "min", "max"]
        columns.append((found.x, "<f8"))
        columns += [(getattr(found, name), "<f4") for name in names[1:]]
        if line.std is not None:
            names.append("std")
            columns.append((line.std, "<f4"))
        lines.append(
            {
                "run": line.run,
                "key": line.key,
                "members": line.members,
                "exact": found.exact,
                "total": found.total,
                "n": len(found.x),
                "columns": names,
            }
        )
    header = json.dumps(
        {
            "x": series.x,
            "range": [_number(series.window.lo), _number(series.window.hi)],
            "version": series.version,
            "exact": all(line.buckets.exact for line in series.lines),
            "no_data_x": list(getattr(series, "no_data_x", ())),
            "lines": lines,
        },
        separators=(",", ":"),
        allow_nan=False,
    ).encode("ascii")
    header += b" " * (-(4 + len(header)) % 8)
    # Written where they are sent from: a chart of a hundred runs is two megabytes.
    at = 4 + len(header)
    data = memoryview(bytearray(at + sum(len(column) * int(kind[-1]) for column, kind in columns)))
    data[:at] = struct.pack("<I", len(header)) + header
    with np.errstate(over="ignore"):  # what is too large for float32 becomes an infinity: off any chart
        for column, kind in columns:
            there = np.frombuffer(data, kind, len(column), at)
            there[:] = column
            at += there.nbytes
    return data


def _line_document(line: SeriesLine) -> dict[str, Any]:
    found = line.buckets
    out: dict[str, Any] = {
        "run": line.run,
        "key": line.key,
        "members": line.members,
        "exact": found.exact,
        "total": found.total,
        "x": found.x.tolist(),
        "x_last": found.x_last.tolist(),
        "mean": found.mean.tolist(),
        "min": found.min.tolist(),
        "max": found.max.tolist(),
        "first": found.first.tolist(),
        "last": found.last.tolist(),
        "count": found.count.tolist(),
    }
    if line.std is not None:
        out["std"] = line.std.tolist()
    return out  # the encoder writes null where a number is not finite: a gap


def _number(value: float | None) -> float | None:
    return value if value is not None and value - value == 0.0 else None
