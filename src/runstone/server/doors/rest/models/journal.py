"""What the uplink is told."""

from __future__ import annotations

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class JournalTaken(Model):
    next_offset: int = Field(description="Where to go on; everything before it is kept.")
    entity: str
    project: str
    run: str
    stop_requested: bool = Field(description="Somebody asked the run to end.")


class JournalOffset(Model):
    next_offset: int = Field(description="0 for a writer never seen.")
