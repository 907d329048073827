"""Alerts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class Alert(Model):
    entity: str
    project: str
    run: str
    title: str
    text: str
    level: Literal["INFO", "WARN", "ERROR"]
    at: float


class Alerts(Model):
    alerts: list[Alert] = Field(description="Newest first.")
