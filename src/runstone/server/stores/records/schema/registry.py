"""Registries of organisations: projects with rules and roles of their own; approvals."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Json, Name, Time, metadata

registries = Table(
    "registries",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("visibility", Text, nullable=False),  # organization: its members may see it; restricted
    Column("default_role", Integer, nullable=False),  # of the organisation's members, registry_roles
    Column("artifact_types", Json, nullable=False),  # allowed ones; []: any
    Column("protected_aliases", Json, nullable=False),  # moved by admins of the registry, or by approval
    Column("approvals_needed", Integer, nullable=False),  # for a protected alias; 0: none
    Column("user_id", Id, ForeignKey("users.id")),
    Column("created_at", Time, nullable=False),
)

registry_members = Table(
    "registry_members",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", Id, ForeignKey("entities.id"), primary_key=True),  # a user's own entity, or a team
    Column("role", Integer, nullable=False),
    Index("ix_registry_members_member_id", "member_id"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("alias", Name, nullable=False),
    Column("version_id", Id, ForeignKey("artifact_versions.id", ondelete="CASCADE"), nullable=False),
    Column("sha256", Text, nullable=False),  # of the manifest that was approved, and of nothing else
    Column("state", Text, nullable=False),  # open, done, rejected
    Column("needed", Integer, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("reason", Text, nullable=False),
    Column("evidence", Json, nullable=False, server_default="{}"),  # what speaks for it
    Column("at", Time, nullable=False),
    Column("closed_at", Time),
    Index("ix_approvals_collection_id_id", "collection_id", "id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

approval_votes = Table(
    "approval_votes",
    metadata,
    Column("approval_id", Id, ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("approves", Integer, nullable=False),  # 1 or 0
    Column("comment", Text, nullable=False),
    Column("at", Time, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False),
    Column("site", Name, nullable=False),
    Column("name", Name, nullable=False),  # what is deployed there: one of each name at a time
    Column("version_id", Id, ForeignKey("artifact_versions.id"), nullable=False),
    Column("collection_id", BigInteger),  # through which it was named
    Column("alias", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("started_at", Time, nullable=False),
    Column("ended_at", Time),
    Index("ix_deployments_entity_id_id", "entity_id", "id"),
    Index("ix_deployments_version_id", "version_id"),
    Index(
        "uq_deployments_entity_id_site_name",
        "entity_id",
        "site",
        "name",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

predictions = Table(
    "predictions",
    metadata,
    Column("entity_id", Id, ForeignKey("entities.id"), primary_key=True),
    Column("prediction_id", Name, primary_key=True),
    Column("version_id", Id, ForeignKey("artifact_versions.id"), nullable=False),
    Column("deployment_id", Id, ForeignKey("deployments.id")),
    Column("metadata", Json, nullable=False),
    Column("at", Time, nullable=False),
    Index("ix_predictions_version_id", "version_id"),
    Index("ix_predictions_deployment_id", "deployment_id"),
)
