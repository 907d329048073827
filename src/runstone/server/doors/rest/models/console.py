"""Console lines."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ConsoleWriter(BaseModel):
    writer: str
    label: str
    lines: int


class ConsoleLines(BaseModel):
    lines: list[tuple[int, int, float, str]] = Field(
        description="[number, stream (0 output, 1 error), Unix seconds, text]"
    )
    writer: str = Field(description="Whose lines these are.")
    total: int = Field(description="How many lines that writer has.")
    writers: list[ConsoleWriter]
