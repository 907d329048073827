"""Collections of artifact versions, the names versions have in them, and where aliases pointed when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, false, text

from runstone.server.stores.records.schema.base import Id, Json, Name, Time, metadata

artifact_types = Table(
    "artifact_types",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", Time, nullable=False),
    Index("uq_artifact_types_project_id_name", "project_id", "name", unique=True),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

collections = Table(
    "collections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("type_id", Id, ForeignKey("artifact_types.id"), nullable=False),
    Column("kind", Text, nullable=False),  # sequence: versions are made in it; portfolio: links only
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("described", Boolean, nullable=False, server_default=false()),  # a description was ever set
    Column("tags", Json, nullable=False),  # sorted names
    Column("metadata", Json, nullable=False),
    Column("next_index", Integer, nullable=False),
    Column("version_count", Integer, nullable=False),  # committed and not in the trash
    Column("ttl_seconds", BigInteger),  # of versions that inherit; null: they stay
    Column("retention", Json, nullable=False),  # {} or {"last": 1, "best": 3, "metric": …, "goal": …}
    Column("client_id", Text, nullable=False, server_default=""),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("deleted_at", Time),
    Column("deleted_by", Text, nullable=False, server_default=""),  # a name: it outlives the account
    # A name in the trash is free at once.
    Index(
        "uq_collections_project_id_name",
        "project_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index("ix_collections_project_id_updated_at", "project_id", "updated_at"),
    Index("ix_collections_type_id", "type_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# A version in a collection, under a number of that collection: its own, or one it was linked to.
collection_versions = Table(
    "collection_versions",
    metadata,
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("version_index", Integer, primary_key=True),
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_at", Time, nullable=False),
    Index("uq_collection_versions_version_id_collection_id", "version_id", "collection_id", unique=True),
)

aliases = Table(
    "aliases",
    metadata,
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("alias", Name, primary_key=True),
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("set_at", Time, nullable=False),
    Index("ix_aliases_collection_id_version_id", "collection_id", "version_id"),
    Index("ix_aliases_version_id", "version_id"),
)

# What was where when, by whom. Versions are told by number and digest: rows outlive them.
alias_moves = Table(
    "alias_moves",
    metadata,
    Column("id", Id, primary_key=True),
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("alias", Name, nullable=False),
    Column("act", Text, nullable=False),  # set, remove, promote, rollback, delete, restore
    Column("from_version_id", BigInteger),
    Column("from_index", Integer),
    Column("version_id", BigInteger),  # null: it points nowhere since
    Column("version_index", Integer),
    Column("digest", Text, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("username", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("at", Time, nullable=False),
    Index("ix_alias_moves_collection_id_alias_id", "collection_id", "alias", "id"),
    Index(
        "ix_alias_moves_deleted",
        "from_version_id",
        sqlite_where=text("act = 'delete'"),
        postgresql_where=text("act = 'delete'"),
    ),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)
