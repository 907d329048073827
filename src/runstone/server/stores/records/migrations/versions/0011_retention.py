"""Retention policies of types, projects and entities, deletions of many versions; runs by their sweep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Time = sa.Double


def upgrade() -> None:
    op.create_table(
        "retention_policies",
        sa.Column("id", Id, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id", ondelete="CASCADE")),
        sa.Column("type_name", Name, nullable=False),
        sa.Column("rule", Json, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("updated_at", Time, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_retention_policies_entity_id_type_name",
        "retention_policies",
        ["entity_id", "type_name"],
        unique=True,
        sqlite_where=sa.text("project_id IS NULL"),
        postgresql_where=sa.text("project_id IS NULL"),
    )
    op.create_index(
        "uq_retention_policies_project_id_type_name",
        "retention_policies",
        ["project_id", "type_name"],
        unique=True,
        sqlite_where=sa.text("project_id IS NOT NULL"),
        postgresql_where=sa.text("project_id IS NOT NULL"),
    )
    op.create_table(
        "version_deletions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("query", Json, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("version_index", sa.BigInteger, nullable=False),
        sa.Column("scanned", sa.BigInteger, nullable=False),
        sa.Column("to_scan", sa.BigInteger, nullable=False),
        sa.Column("versions", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("lease_until", Time, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("ended_at", Time),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_version_deletions_project_id_id", "version_deletions", ["project_id", "id"])
    op.create_index(
        "ix_version_deletions_running",
        "version_deletions",
        ["id"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_runs_project_id_sweep",
        "runs",
        ["project_id", "sweep"],
        sqlite_where=sa.text("sweep <> ''"),
        postgresql_where=sa.text("sweep <> ''"),
    )
