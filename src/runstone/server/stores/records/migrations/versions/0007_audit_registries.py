"""The audit log; registries with members and approvals; deployments and predictions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("username", Name, nullable=False),
        sa.Column("action", Name, nullable=False),
        sa.Column("entity_id", sa.BigInteger),
        sa.Column("subject", Name, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_log_entity_id_seq", "audit_log", ["entity_id", "seq"])
    op.create_index("ix_audit_log_subject_seq", "audit_log", ["subject", "seq"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "registries",
        sa.Column("project_id", Id, sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("default_role", sa.Integer, nullable=False),
        sa.Column("artifact_types", Json, nullable=False),
        sa.Column("protected_aliases", Json, nullable=False),
        sa.Column("approvals_needed", sa.Integer, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "registry_members",
        sa.Column("project_id", Id, sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("member_id", Id, sa.ForeignKey("entities.id"), primary_key=True),
        sa.Column("role", sa.Integer, nullable=False),
    )
    op.create_index("ix_registry_members_member_id", "registry_members", ["member_id"])
    op.create_table(
        "approvals",
        sa.Column("id", Id, primary_key=True),
        sa.Column("collection_id", Id, sa.ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
        sa.Column("alias", Name, nullable=False),
        sa.Column(
            "version_id", Id, sa.ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approvals_collection_id_id", "approvals", ["collection_id", "id"])
    op.create_table(
        "approval_votes",
        sa.Column("approval_id", Id, sa.ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("approves", sa.Integer, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_table(
        "deployments",
        sa.Column("id", Id, primary_key=True),
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), nullable=False),
        sa.Column("site", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("version_id", Id, sa.ForeignKey("artifact_versions.id"), nullable=False),
        sa.Column("collection_id", sa.BigInteger),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deployments_entity_id_id", "deployments", ["entity_id", "id"])
    op.create_index("ix_deployments_version_id", "deployments", ["version_id"])
    op.create_index(
        "uq_deployments_entity_id_site_name",
        "deployments",
        ["entity_id", "site", "name"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "predictions",
        sa.Column("entity_id", Id, sa.ForeignKey("entities.id"), primary_key=True),
        sa.Column("prediction_id", Name, primary_key=True),
        sa.Column("version_id", Id, sa.ForeignKey("artifact_versions.id"), nullable=False),
        sa.Column("deployment_id", Id, sa.ForeignKey("deployments.id")),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_predictions_version_id", "predictions", ["version_id"])
    op.create_index("ix_predictions_deployment_id", "predictions", ["deployment_id"])
