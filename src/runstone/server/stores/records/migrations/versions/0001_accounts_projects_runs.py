"""Accounts, projects and runs.

The tables as they were at this revision, written out: later changes of the schema do not reach back.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Json = JSON().with_variant(JSONB(), "postgresql")
Id = BigInteger().with_variant(Integer(), "sqlite")
Name = Text().with_variant(Text(collation="C"), "postgresql")
Time = Double
Bytes = LargeBinary

# Users, teams and organisations share one space of names. A deleted one keeps its row under a name
# that no living one can have, so that what refers to it stays readable.
entities = Table(
    "entities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # user, team, organization
    Column("organization_id", Id, ForeignKey("entities.id")),
    Column("created_at", Time, nullable=False),
    Column("deleted_at", Time),
    Index("ix_entities_organization_id", "organization_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False, unique=True),
    Column("username", Name, nullable=False, unique=True),
    Column("email", Text, nullable=False, server_default=""),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("is_admin", Boolean, nullable=False),
    Column("is_service", Boolean, nullable=False),
    Column("default_entity_id", Id, ForeignKey("entities.id")),  # null: the user's own
    Column("created_at", Time, nullable=False),
    Column("deleted_at", Time),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("sha256", Bytes, nullable=False, unique=True),  # of the key; the key itself is kept nowhere
    Column("name", Text, nullable=False, server_default=""),
    Column("hint", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time),
    Column("expires_at", Time),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", Bytes, primary_key=True),  # of the token
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("sha256", Bytes, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("expires_at", Time, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("entity_id", Id, ForeignKey("entities.id"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("role", Integer, nullable=False),  # identity.Role
    Index("ix_memberships_user_id", "user_id"),
)

# What the server keeps for itself: signing secrets, choices made once.
server_settings = Table(
    "server_settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
)

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


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    op.bulk_insert(change_counter, [{"id": 1, "value": 0}])
