"""Rows, keys and exact statistics of one run, and its history as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import plain
from runstone.server.doors.http.downloads import Download
from runstone.server.doors.rest.models import history as models
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    EntityPath,
    ProjectPath,
    R,
    Routes,
    RunPath,
    SearchQuery,
    entity_of,
)
from runstone.server.pool import Lane
from runstone.server.stores.history.contract import KeyInfo, Row

routes = Routes("history")

SpaceQuery = Annotated[models.Space, Query(description="What was logged, or what the machines reported.")]
Format = Literal["parquet", "csv", "jsonl"]
_STEP_MAX = 2**62
StepQuery = Annotated[int, Query(ge=-_STEP_MAX, le=_STEP_MAX)]
KeysQuery = Annotated[list[str], Query(max_length=10_000, description="Only these keys; all if none.")]
_TYPES: dict[Format, str] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}


@routes.typed("GET", R + "/statistics", needs=Permission.READ, answers=models.Statistics)
async def get_statistics(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    key: Annotated[str, Query(min_length=1, max_length=1100)],
    lo: StepQuery | None = None,
    hi: StepQuery | None = None,
) -> Response:
    """Over all points of a key in the range of steps; exact."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        found = call.domain.history.statistics(call.actor, kept.key, key, lo=lo, hi=hi)
        names = ("count", "min", "max", "mean", "std", "first", "last")
        out: dict[str, Any] = plain({name: found.get(name) for name in names})
        return out

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("GET", R + "/rows", needs=Permission.READ, answers=models.Rows)
async def list_rows(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    keys: KeysQuery = [],  # noqa: B006 (FastAPI copies it)
    min_step: StepQuery | None = None,
    max_step: StepQuery | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    space: SpaceQuery = "history",
) -> Response:
    """Whole rows by rising step, both ends included."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        rows = call.domain.history.rows(
            call.actor,
            kept.key,
            keys=keys or None,
            min_step=min_step,
            max_step=max_step,
            limit=limit,
            space=space,
        )
        return {
            "rows": [_row_out(row) for row in rows],
            "next_step": rows[-1].step + 1 if len(rows) == limit else None,
        }

    return await call.answer(work)


@routes.typed("GET", R + "/keys", needs=Permission.READ, answers=models.HistoryKeys)
async def list_keys(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    search: SearchQuery = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    space: SpaceQuery = "history",
) -> Response:
    """What the run logged, by name, with counts, ranges and the last value."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        found = call.domain.history.keys(
            call.actor, kept.key, search=search, after=after, limit=limit, space=space
        )
        return {
            "keys": [_key_out(info) for info in found],
            "next": found[-1].name if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.typed(
    "GET",
    R + "/export",
    needs=Permission.READ,
    content={kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()},
)
async def export_history(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    keys: KeysQuery = [],  # noqa: B006 (FastAPI copies it)
    format: Annotated[Format, Query()] = "parquet",
    space: SpaceQuery = "history",
) -> Response:
    """The whole history as a file: every row, every value as it was logged."""

    def open_export() -> Iterator[Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        return call.domain.history.export(call.actor, kept.key, keys=keys or None, space=space)

    batches = await call.run(open_export, lane=Lane.SLOW)
    pieces = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}[format](batches)
    # Refused, if at all, before the answer begins: the first piece is made now.
    return await Download.begin(
        call.context,
        pieces,
        mimetype=_TYPES[format],
        filename=f"{project}-{run}-{space}.{format}",
        lane=Lane.SLOW,
    )


def _row_out(row: Row) -> dict[str, Any]:
    out: dict[str, Any] = plain(
        {**row.values, "_step": row.step, "_timestamp": row.timestamp, "_runtime": row.runtime}
    )
    return out


def _key_out(info: KeyInfo) -> dict[str, Any]:
    out: dict[str, Any] = plain(
        {
            "name": info.name,
            "kind": info.kind,
            "count": info.count,
            "first_step": info.first_step,
            "last_step": info.last_step,
            "min": info.min,
            "max": info.max,
            "last": info.last,
        }
    )
    return out


class _Sink(io.RawIOBase):
    """Collects what a writer writes, to be handed on piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def take(self) -> bytes:
        out = b"".join(self._pieces)
        self._pieces = []
        return out


def _parquet(batches: Iterator[Any]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Sink()
    writer: Any = None
    for batch in batches:
        if writer is None:
            writer = pq.ParquetWriter(sink, batch.schema, compression="zstd")
        writer.write_batch(batch)
        yield sink.take()
    if writer is None:  # a run that logged nothing: a table without rows
        schema = pa.schema([("_step", pa.int64()), ("_timestamp", pa.float64()), ("_runtime", pa.float64())])
        writer = pq.ParquetWriter(sink, schema, compression="zstd")
    writer.close()
    yield sink.take()


def _csv(batches: Iterator[Any]) -> Iterator[bytes]:
    names: Sequence[str] | None = None
    for batch in batches:
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        if names is None:
            names = batch.schema.names
            out.writerow(names)
        columns = [column.to_pylist() for column in batch.columns]
        out.writerows(zip(*columns, strict=True))
        yield text.getvalue().encode("utf-8", "replace")
    if names is None:
        yield b"_step,_timestamp,_runtime\n"


def _jsonl(batches: Iterator[Any]) -> Iterator[bytes]:
    for batch in batches:
        lines = [
            json.dumps(plain({name: value for name, value in row.items() if value is not None}))
            for row in batch.to_pylist()
        ]
        yield ("\n".join(lines) + "\n").encode() if lines else b""
