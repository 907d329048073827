"""Runs. What changes apart lies apart: a heartbeat rewrites a short row, never a long config."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Json, Time, metadata

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),  # RunKey
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("group_name", Text, nullable=False, server_default=""),
    Column("job_type", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default=""),
    Column("sweep", Text, nullable=False, server_default=""),
    Column("tags", Json, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("program", Text, nullable=False, server_default=""),
    Column("command", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("updated_at", Time, nullable=False),
    Column("heartbeat_at", Time),
    Column("finished_at", Time),
    Column("exit_code", Integer),
    Column("stop_requested", Boolean, nullable=False),
    Column("colour", Integer, nullable=False),
    Column("fork_of", Text, nullable=False, server_default=""),
    Column("fork_step", BigInteger),
    Column("ranks", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False),
    Column("deleted_at", Time),
    # Where this change stands among all changes (see `changes`): readers ask for those since.
    Column("change_seq", BigInteger, nullable=False),
    Index(
        "uq_runs_project_id_run_id",
        "project_id",
        "run_id",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index("ix_runs_project_id_id", "project_id", "id"),
    Index("ix_runs_project_id_change_seq", "project_id", "change_seq"),
    Index("ix_runs_user_id", "user_id"),
    Index(
        "ix_runs_project_id_sweep",
        "project_id",
        "sweep",
        sqlite_where=text("sweep <> ''"),
        postgresql_where=text("sweep <> ''"),
    ),
    Index(
        "ix_runs_live",
        "heartbeat_at",
        sqlite_where=text("state IN ('running', 'preempting') AND deleted_at IS NULL"),
        postgresql_where=text("state IN ('running', 'preempting') AND deleted_at IS NULL"),
    ),
    Index(
        "ix_runs_deleted_at",
        "deleted_at",
        sqlite_where=text("deleted_at IS NOT NULL"),
        postgresql_where=text("deleted_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)


def _of_run() -> Column[int]:
    return Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


run_configs = Table(
    "run_configs",
    metadata,
    _of_run(),
    Column("config", Json, nullable=False),
)

run_summaries = Table(
    "run_summaries",
    metadata,
    _of_run(),
    Column("summary", Json, nullable=False),
    Column("explicit", Json, nullable=False),  # paths somebody set: derived values leave them alone
)

run_details = Table(
    "run_details",
    metadata,
    _of_run(),
    Column("environment", Json, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("wire", Json, nullable=False),
)

config_patches = Table(
    "config_patches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Time, nullable=False),
    Column("writer", Text, nullable=False),
    Column("set_values", Json, nullable=False),  # [[path, value], ...]
    Column("unset_paths", Json, nullable=False),  # [path, ...]
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# SQLite counts changes here, in the order of commits (it has one writer). PostgreSQL numbers them
# by transaction and needs no table for it; see `changes`.
change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
