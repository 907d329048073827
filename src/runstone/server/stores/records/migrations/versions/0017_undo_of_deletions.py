"""Deletions that can be undone whole: each version in the trash knows which deletion took it, each deletion
how many came back and how many are gone for good; collections in the trash know who put them there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from runstone.server.stores.records.schema.base import Id

revision = "0017"
down_revision = "0016"

_TAKEN = sa.text("deletion_id IS NOT NULL")
_DELETE = sa.text("act = 'delete'")
_BUSY = sa.text("state IN ('running', 'undoing')")


def upgrade() -> None:
    op.add_column("artifact_versions", sa.Column("deletion_id", sa.BigInteger))
    op.create_index(
        "ix_artifact_versions_deletion",
        "artifact_versions",
        ["deletion_id", "collection_id", "version_index"],
        sqlite_where=_TAKEN,
        postgresql_where=_TAKEN,
    )
    op.create_index(
        "ix_alias_moves_deleted",
        "alias_moves",
        ["from_version_id"],
        sqlite_where=_DELETE,
        postgresql_where=_DELETE,
    )
    op.add_column("collections", sa.Column("deleted_by", sa.Text, nullable=False, server_default=""))
    for name in ("restored", "purged"):
        op.add_column("version_deletions", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("version_deletions", sa.Column("undo_by", sa.Text, nullable=False, server_default=""))
    op.add_column("version_deletions", sa.Column("undo_user_id", Id))
    op.add_column("version_deletions", sa.Column("undo_at", sa.Double))
    op.drop_index("ix_version_deletions_running", "version_deletions")
    op.create_index(
        "ix_version_deletions_running",
        "version_deletions",
        ["id"],
        sqlite_where=_BUSY,
        postgresql_where=_BUSY,
    )
