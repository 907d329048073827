"""Files of runs."""

from __future__ import annotations

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class RunFile(Model):
    name: str = Field(description="Slashes make folders.")
    size: int
    sha256: str
    md5: str = Field(description="Hexadecimal.")
    mimetype: str
    updated_at: float


class RunFiles(Model):
    files: list[RunFile] = Field(description="By name.")
    next: str
