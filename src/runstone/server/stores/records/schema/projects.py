"""Projects, and the catalogue of config and summary paths in each."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Json, Name, Time, metadata

projects = Table(
    "projects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),  # last change of a run in it, a few seconds coarse
    Column("deleted_at", Time),
    Column("settings", Json, nullable=False),
    Column("run_count", Integer, nullable=False),  # outside the trash
    Column("runs_made", Integer, nullable=False),  # ever: numbers display names and colours
    # Rises when a run leaves the project for good; what is derived from the list of runs starts over.
    Column("index_epoch", Integer, nullable=False, server_default="0"),
    # A name in the trash is free at once.
    Index(
        "uq_projects_entity_id_name",
        "entity_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index("ix_projects_updated_at", "updated_at"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# How many runs outside the trash hold a value of that kind under that path. Kept by each change.
run_columns = Table(
    "run_columns",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("path", Name, primary_key=True),  # "config.optimizer.lr"
    Column("kind", Name, primary_key=True),  # number, string, bool, null, json
    Column("runs", Integer, nullable=False),
)
