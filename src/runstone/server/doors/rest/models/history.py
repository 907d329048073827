"""Series, statistics and rows. Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model

Number = float | Literal["NaN", "Infinity", "-Infinity"]
Space = Literal["history", "system"]
Key = Annotated[str, Field(min_length=1, max_length=1100)]
RunId = Annotated[str, Field(min_length=1, max_length=128)]


class SeriesWanted(Model):
    runs: Annotated[list[RunId], Field(max_length=10_000)] = []
    keys: Annotated[list[Key], Field(min_length=1, max_length=1000)]
    x: Annotated[str, Field(min_length=1, max_length=1100)] = Field(
        default="_step", description="_step, _timestamp, _runtime, or a metric."
    )
    range: Annotated[list[float | None], Field(min_length=2, max_length=2)] = Field(
        default=[None, None], description="Both ends included; null is open."
    )
    buckets: Annotated[int, Field(ge=1, le=10_000)] = 500
    space: Space = "history"
    group: dict[str, Annotated[list[RunId], Field(max_length=10_000)]] | None = Field(
        default=None, description="Group name -> run ids: one aggregate line per group and key."
    )


class Line(Model):
    """Columns of one line, one entry per bucket, x rising; null is a gap."""

    run: str = Field(description="Run id, or the group's name.")
    key: str
    members: int = Field(description="Runs (or ranks) in it.")
    exact: bool = Field(description="No bucket holds more than one point.")
    total: int = Field(description="Points in the range.")
    x: list[float | None]
    x_last: list[float | None]
    mean: list[float | None]
    min: list[float | None]
    max: list[float | None]
    first: list[float | None]
    last: list[float | None]
    count: list[int]
    std: list[float | None] | None = Field(default=None, description="Over the members' means.")


class Series(Model):
    x: str
    range: list[float | None]
    version: str
    exact: bool = Field(description="Every line is.")
    lines: list[Line]
    no_data_x: list[str] = Field(description="Keys that have data, but none for this x.")


class Statistics(Model):
    count: int
    min: Number | None
    max: Number | None
    mean: Number | None
    std: Number | None
    first: Number | None
    last: Number | None


class Row(Model):
    model_config = {"extra": "allow"}

    step: int = Field(alias="_step")
    timestamp: float | str = Field(alias="_timestamp")
    runtime: float | str = Field(alias="_runtime")


class Rows(Model):
    rows: list[Row] = Field(description="By rising step; each also holds its keys' values.")
    next_step: int | None = Field(description="`min_step` of the next page; null at the end.")


class HistoryKey(Model):
    name: str
    kind: Literal["number", "integer", "bool", "string", "json"]
    count: int
    first_step: int
    last_step: int
    min: Number | None
    max: Number | None
    last: Any


class HistoryKeys(Model):
    keys: list[HistoryKey]
    next: str
