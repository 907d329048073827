"""Alerts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Alert(BaseModel):
    entity: str
    project: str
    run: str
    title: str
    text: str
    level: Literal["INFO", "WARN", "ERROR"]
    at: float


class Alerts(BaseModel):
    alerts: list[Alert] = Field(description="Newest first.")
