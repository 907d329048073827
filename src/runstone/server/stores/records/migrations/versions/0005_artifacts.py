"""Artifacts: types, collections, versions, aliases, manifests in parts, blobs and packs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "packs",
        sa.Column("id", Id, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "blobs",
        sa.Column("id", Id, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("pack_id", Id, sa.ForeignKey("packs.id")),
        sa.Column("pack_offset", sa.BigInteger),
        sa.Column("put_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_blobs_pack_id", "blobs", ["pack_id"])
    op.create_table(
        "blob_owners",
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), primary_key=True),
        sa.Column("blob_id", Id, sa.ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("birth", sa.BigInteger, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_blob_owners_entity_id_md5", "blob_owners", ["entity_id", "md5"])
    op.create_index("ix_blob_owners_blob_id", "blob_owners", ["blob_id"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("touched_at", sa.Double, nullable=False),
    )
    op.create_index("ix_uploads_touched_at", "uploads", ["touched_at"])
    op.create_table(
        "artifact_types",
        sa.Column("id", Id, primary_key=True),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_artifact_types_project_id_name", "artifact_types", ["project_id", "name"], unique=True
    )
    op.create_table(
        "collections",
        sa.Column("id", Id, primary_key=True),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("type_id", Id, sa.ForeignKey("artifact_types.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("tags", Json, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("next_index", sa.Integer, nullable=False),
        sa.Column("version_count", sa.Integer, nullable=False),
        sa.Column("ttl_seconds", sa.BigInteger),
        sa.Column("retention", Json, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False, server_default=""),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("deleted_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_collections_project_id_name",
        "collections",
        ["project_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_collections_project_id_updated_at", "collections", ["project_id", "updated_at"])
    op.create_index("ix_collections_type_id", "collections", ["type_id"])
    op.create_table(
        "artifact_versions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), nullable=False),
        sa.Column("collection_id", Id, sa.ForeignKey("collections.id"), nullable=False),
        sa.Column("version_index", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("digest_algorithm", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("file_count", sa.BigInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("ttl_seconds", sa.BigInteger),
        sa.Column("expires_at", sa.Double),
        sa.Column("run_key", Id, sa.ForeignKey("runs.id", ondelete="SET NULL")),
        sa.Column("run_name", sa.Text, nullable=False, server_default=""),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("client_id", sa.Text, nullable=False, server_default=""),
        sa.Column("sequence_client_id", sa.Text, nullable=False, server_default=""),
        sa.Column("distributed_id", sa.Text, nullable=False, server_default=""),
        sa.Column("base_id", sa.BigInteger),
        sa.Column("history_step", sa.BigInteger),
        sa.Column("pending_aliases", Json, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("committed_at", sa.Double),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("deleted_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_artifact_versions_collection_id_sha256", "artifact_versions", ["collection_id", "sha256"]
    )
    op.create_index(
        "ix_artifact_versions_collection_id_digest", "artifact_versions", ["collection_id", "digest"]
    )
    op.create_index("ix_artifact_versions_run_key", "artifact_versions", ["run_key"])
    op.create_index(
        "ix_artifact_versions_client_id",
        "artifact_versions",
        ["client_id"],
        sqlite_where=sa.text("client_id <> ''"),
        postgresql_where=sa.text("client_id <> ''"),
    )
    op.create_index(
        "ix_artifact_versions_distributed",
        "artifact_versions",
        ["collection_id", "distributed_id"],
        sqlite_where=sa.text("distributed_id <> '' AND state = 'pending'"),
        postgresql_where=sa.text("distributed_id <> '' AND state = 'pending'"),
    )
    op.create_index(
        "ix_artifact_versions_pending",
        "artifact_versions",
        ["updated_at"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_artifact_versions_expires_at",
        "artifact_versions",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_artifact_versions_deleted_at",
        "artifact_versions",
        ["deleted_at"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ix_artifact_versions_base_id", "artifact_versions", ["base_id"])
    op.create_table(
        "collection_versions",
        sa.Column("collection_id", Id, sa.ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version_index", sa.Integer, primary_key=True),
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index(
        "uq_collection_versions_version_id_collection_id",
        "collection_versions",
        ["version_id", "collection_id"],
        unique=True,
    )
    op.create_table(
        "aliases",
        sa.Column("collection_id", Id, sa.ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("alias", Name, primary_key=True),
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("set_at", sa.Double, nullable=False),
    )
    op.create_index("ix_aliases_collection_id_version_id", "aliases", ["collection_id", "version_id"])
    op.create_index("ix_aliases_version_id", "aliases", ["version_id"])
    op.create_table(
        "alias_moves",
        sa.Column("id", Id, primary_key=True),
        sa.Column("collection_id", Id, sa.ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
        sa.Column("alias", Name, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("from_version_id", sa.BigInteger),
        sa.Column("from_index", sa.Integer),
        sa.Column("version_id", sa.BigInteger),
        sa.Column("version_index", sa.Integer),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alias_moves_collection_id_alias_id", "alias_moves", ["collection_id", "alias", "id"])
    op.create_table(
        "run_artifacts",
        sa.Column("run_key", Id, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("used_as", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_run_artifacts_version_id_role", "run_artifacts", ["version_id", "role"])
    op.create_table(
        "manifest_pages",
        sa.Column("id", Id, primary_key=True),
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("first_path", sa.Text, nullable=False),
        sa.Column("last_path", sa.Text, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_manifest_pages_version_id", "manifest_pages", ["version_id"])
    op.create_table(
        "manifest_parts",
        sa.Column("id", Id, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("put_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_manifest_parts_entity_id_sha256", "manifest_parts", ["entity_id", "sha256"], unique=True
    )
    op.create_table(
        "version_parts",
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("part_id", Id, sa.ForeignKey("manifest_parts.id"), nullable=False),
        sa.Column("first_path", Name, nullable=False),
    )
    op.create_index("ix_version_parts_part_id", "version_parts", ["part_id"])
    op.create_table(
        "part_blobs",
        sa.Column("part_id", Id, sa.ForeignKey("manifest_parts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("blob_id", Id, sa.ForeignKey("blobs.id"), primary_key=True),
    )
    op.create_index("ix_part_blobs_blob_id", "part_blobs", ["blob_id"])
