"""What is kept of versions by rule, and the deletions of many at once."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Json, Name, Time, metadata

# A collection's own rule lies in `collections.retention`.
retention_policies = Table(
    "retention_policies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE")),  # null: of all its projects
    Column("type_name", Name, nullable=False),  # "": of every type
    Column("rule", Json, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("updated_at", Time, nullable=False),
    Index(
        "uq_retention_policies_entity_id_type_name",
        "entity_id",
        "type_name",
        unique=True,
        sqlite_where=text("project_id IS NULL"),
        postgresql_where=text("project_id IS NULL"),
    ),
    Index(
        "uq_retention_policies_project_id_type_name",
        "project_id",
        "type_name",
        unique=True,
        sqlite_where=text("project_id IS NOT NULL"),
        postgresql_where=text("project_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# Many versions to the trash, step by step. Where it has come to is changed in the transaction that moves the
# versions, so whoever goes on after a crash repeats nothing and skips nothing.
version_deletions = Table(
    "version_deletions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # query: by `query`; retention: by the project's policies
    Column("state", Text, nullable=False),  # running, done, cancelled, undoing, undone
    Column("query", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("username", Text, nullable=False),
    Column("collection_id", BigInteger, nullable=False),  # the one it is at
    Column("version_index", BigInteger, nullable=False),  # the last number seen there
    Column("scanned", BigInteger, nullable=False),
    Column("to_scan", BigInteger, nullable=False),
    Column("versions", BigInteger, nullable=False),  # that went
    Column("bytes", BigInteger, nullable=False),  # of those, each counted in full
    Column("restored", BigInteger, nullable=False, server_default="0"),  # of `versions`, since
    Column("purged", BigInteger, nullable=False, server_default="0"),  # of `versions`, for good
    Column("undo_by", Text, nullable=False, server_default=""),
    Column("undo_user_id", Id),
    Column("undo_at", Time),  # when it was last asked for
    Column("owner", Text, nullable=False),  # the process at it, until
    Column("lease_until", Time, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("ended_at", Time),
    Index("ix_version_deletions_project_id_id", "project_id", "id"),
    Index(
        "ix_version_deletions_running",
        "id",
        sqlite_where=text("state IN ('running', 'undoing')"),
        postgresql_where=text("state IN ('running', 'undoing')"),
    ),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)
