"""Media of runs. Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity"."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.history import Key, RunId

_STEP_MAX = 2**62


class MediaKeysWanted(Model):
    runs: Annotated[list[RunId], Field(max_length=1000)] = Field(
        description="Of more than 50 only the first 50 are looked at."
    )
    search: Annotated[str, Field(max_length=1100)] = Field(default="", description="Text in the key.")
    after: Annotated[str, Field(max_length=1100)] = Field(
        default="", description="`next` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class MediaKey(Model):
    name: str
    type: str = Field(description="`_type` of the latest value; `list` for several in a list.")
    runs: int = Field(description="Runs that logged it, of those looked at.")
    count: int = Field(description="Values logged, over those runs.")
    first_step: int
    last_step: int


class MediaKeys(Model):
    keys: list[MediaKey]
    next: str = Field(description='`after` of the next page; "" at the end.')
    runs: int = Field(description="Runs that were looked at.")


class MediaWanted(Model):
    runs: Annotated[list[RunId], Field(min_length=1, max_length=500)]
    keys: Annotated[list[Key], Field(min_length=1, max_length=500)]
    step: Annotated[int, Field(ge=-_STEP_MAX, le=_STEP_MAX)] | None = Field(
        default=None, description="What stood at this step; null: the latest."
    )
    samples: Annotated[int, Field(ge=1, le=2000)] = Field(
        default=1, description="Values up to the step, evenly spread, the latest among them."
    )
    only_steps: bool = Field(default=False, description="Leave the values out.")


class MediaValue(Model):
    step: int
    timestamp: float | str
    source: str = Field(description="Run whose files the value names: of a fork it may be the parent.")
    value: Any


class MediaSeries(Model):
    run: str
    key: str
    count: int = Field(description="Values logged in all.")
    first_step: int
    last_step: int
    steps: list[int]
    values: list[MediaValue]


class Media(Model):
    series: list[MediaSeries] = Field(description="Of the runs and keys that have any.")
