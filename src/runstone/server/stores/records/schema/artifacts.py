"""Artifact versions, which runs used them, and what lies in them.

Contents are kept in parts: runs of neighbouring paths, cut where the paths themselves say so, stored
once per entity however many versions hold them. A changed file changes one part.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from runstone.server.stores.records.schema.base import Bytes, Id, Json, Name, Time, metadata

artifact_versions = Table(
    "artifact_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False),
    Column("collection_id", Id, ForeignKey("collections.id"), nullable=False),  # its source
    Column("version_index", Integer),  # null while pending
    Column("state", Text, nullable=False),  # pending, committed, deleted
    Column("digest", Text, nullable=False),  # as the client's digest algorithm makes it, hexadecimal
    Column("digest_algorithm", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the whole manifest, see domain/manifests.py
    Column("size", BigInteger, nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("metadata", Json, nullable=False),
    Column("facts", Json, nullable=False),  # {schema?, preprocessing?, roles?}
    Column("tags", Json, nullable=False),  # sorted names
    Column("ttl_seconds", BigInteger),  # null: as the collection says; -2: never
    Column("expires_at", Time),
    Column("run_key", Id, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("run_name", Text, nullable=False, server_default=""),  # entity/project/run, outlives the run
    Column("user_id", Id, ForeignKey("users.id")),
    Column("client_id", Text, nullable=False, server_default=""),
    Column("sequence_client_id", Text, nullable=False, server_default=""),
    Column("distributed_id", Text, nullable=False, server_default=""),
    Column("base_id", BigInteger),  # what an incremental version was made over
    Column("history_step", BigInteger),
    Column("pending_aliases", Json, nullable=False),  # set at commit
    Column("created_at", Time, nullable=False),
    Column("committed_at", Time),
    Column("updated_at", Time, nullable=False),
    Column("deleted_at", Time),
    Column("deletion_id", BigInteger),  # which of `version_deletions` put it into the trash
    Index("ix_artifact_versions_collection_id_sha256", "collection_id", "sha256"),
    Index("ix_artifact_versions_collection_id_digest", "collection_id", "digest"),
    # What the lists of a collection's versions are read from, in order and by place.
    *(
        Index(
            f"ix_artifact_versions_{name}",
            "collection_id",
            *columns,
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for name, state, columns in (
            ("numbered", "committed", ("version_index",)),
            ("created", "committed", ("created_at", "version_index")),
            ("size", "committed", ("size", "version_index")),
            ("trash", "deleted", ("version_index",)),
        )
    ),
    Index("ix_artifact_versions_run_key", "run_key"),
    Index(
        "ix_artifact_versions_client_id",
        "client_id",
        sqlite_where=text("client_id <> ''"),
        postgresql_where=text("client_id <> ''"),
    ),
    Index(
        "ix_artifact_versions_distributed",
        "collection_id",
        "distributed_id",
        sqlite_where=text("distributed_id <> '' AND state = 'pending'"),
        postgresql_where=text("distributed_id <> '' AND state = 'pending'"),
    ),
    Index(
        "ix_artifact_versions_distributed_done",
        "collection_id",
        "distributed_id",
        sqlite_where=text("distributed_id <> '' AND state = 'committed'"),
        postgresql_where=text("distributed_id <> '' AND state = 'committed'"),
    ),
    Index(
        "ix_artifact_versions_pending",
        "updated_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "ix_artifact_versions_expires_at",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
    Index(
        "ix_artifact_versions_deleted_at",
        "deleted_at",
        sqlite_where=text("deleted_at IS NOT NULL"),
        postgresql_where=text("deleted_at IS NOT NULL"),
    ),
    Index(
        "ix_artifact_versions_deletion",
        "deletion_id",
        "collection_id",
        "version_index",
        sqlite_where=text("deletion_id IS NOT NULL"),
        postgresql_where=text("deletion_id IS NOT NULL"),
    ),
    Index("ix_artifact_versions_base_id", "base_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# A run used a version (input), or made it (output): content that is made again is the same version.
run_artifacts = Table(
    "run_artifacts",
    metadata,
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), primary_key=True),
    Column("used_as", Text, nullable=False, server_default=""),
    Column("at", Time, nullable=False),
    Index("ix_run_artifacts_version_id_role", "version_id", "role"),
)

# The parts of a version that several processes make, each by the name its process gave it, and its run.
artifact_contributions = Table(
    "artifact_contributions",
    metadata,
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("run_key", Id, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("at", Time, nullable=False),
    Index("ix_artifact_contributions_part", "part"),
    Index("ix_artifact_contributions_run_key", "run_key"),
)

# Entries that have come for a pending version, in pages as they came.
manifest_pages = Table(
    "manifest_pages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False),
    Column("manifest", Text, nullable=False),  # full, patch, incremental
    # Of a version made by several: it counts once that part is among the contributions.
    Column("part", Text, nullable=False, server_default=""),
    Column("first_path", Text, nullable=False),
    Column("last_path", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("data", Bytes, nullable=False),
    Index("ix_manifest_pages_version_id", "version_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

manifest_parts = Table(
    "manifest_parts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False),
    Column("sha256", Bytes, nullable=False),  # of the entries
    Column("entries", Integer, nullable=False),
    Column("data", Bytes, nullable=False),
    Column("put_at", Time, nullable=False),  # last made: younger ones are not collected
    Index("uq_manifest_parts_entity_id_sha256", "entity_id", "sha256", unique=True),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

version_parts = Table(
    "version_parts",
    metadata,
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("part_id", Id, ForeignKey("manifest_parts.id"), nullable=False),
    Column("first_path", Name, nullable=False),
    Index("ix_version_parts_part_id", "part_id"),
)

part_blobs = Table(
    "part_blobs",
    metadata,
    Column("part_id", Id, ForeignKey("manifest_parts.id", ondelete="CASCADE"), primary_key=True),
    Column("blob_id", Id, ForeignKey("blobs.id"), primary_key=True),
    Index("ix_part_blobs_blob_id", "blob_id"),
)

# What a part holds by folder, so that a folder is summed without opening its parts. Beside the parts
# and not in them: a database reads past `data` to reach what stands behind it.
part_outlines = Table(
    "part_outlines",
    metadata,
    Column("part_id", Id, ForeignKey("manifest_parts.id", ondelete="CASCADE"), primary_key=True),
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("folders", Bytes, nullable=False),  # see domain/outlines.py
)
