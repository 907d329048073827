"""Console lines."""

from __future__ import annotations

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class ConsoleWriter(Model):
    writer: str
    label: str
    lines: int


class ConsoleLines(Model):
    lines: list[tuple[int, int, float, str]] = Field(
        description="[number, stream (0 output, 1 error), Unix seconds, text]"
    )
    writer: str = Field(description="Whose lines these are.")
    total: int = Field(description="How many lines that writer has.")
    writers: list[ConsoleWriter]
