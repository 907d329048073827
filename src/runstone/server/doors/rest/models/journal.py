"""What the uplink is told."""

from __future__ import annotations

from pydantic import BaseModel, Field


class JournalTaken(BaseModel):
    next_offset: int = Field(description="Where to go on; everything before it is kept.")
    entity: str
    project: str
    run: str
    stop_requested: bool = Field(description="Somebody asked the run to end.")


class JournalOffset(BaseModel):
    next_offset: int = Field(description="0 for a writer never seen.")
