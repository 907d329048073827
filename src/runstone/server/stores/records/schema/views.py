"""Saved views."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from runstone.server.stores.records.schema.base import Id, Json, Time, metadata

views = Table(
    "views",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner_id", Id, ForeignKey("users.id")),
    Column("shared", Boolean, nullable=False),
    Column("spec", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Index("ix_views_project_id_kind", "project_id", "kind"),
)
