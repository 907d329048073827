"""Custom charts: how to draw a table, kept under an owner's name."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from runstone.server.stores.records.schema.base import Id, Name, Time, metadata

custom_charts = Table(
    "custom_charts",
    metadata,
    Column("entity_id", Id, ForeignKey("entities.id"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("owner_id", Id, ForeignKey("users.id")),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
)
