"""Alerts that runs raised."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from runstone.server.stores.records.schema.base import Id, Time, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("level", Text, nullable=False),  # INFO, WARN, ERROR
    Column("at", Time, nullable=False),
    Index("ix_alerts_run_key_title_at", "run_key", "title", "at"),
    Index("ix_alerts_at", "at"),
    sqlite_autoincrement=True,
)
