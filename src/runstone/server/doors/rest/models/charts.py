"""Custom charts."""

from __future__ import annotations

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class Chart(Model):
    entity: str
    name: str
    display_name: str
    kind: str = Field(description="Of the spec: vega2.")
    public: bool
    spec: str = Field(description="JSON text, as it was saved.")
    owner: str
    created_at: float
    updated_at: float


class Charts(Model):
    charts: list[Chart]
