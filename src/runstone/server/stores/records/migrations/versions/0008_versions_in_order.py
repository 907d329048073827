"""Versions of a collection by time and by size are read from an index."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for name, column in (("created", "created_at"), ("size", "size")):
        op.create_index(
            f"ix_artifact_versions_{name}", "artifact_versions", ["collection_id", column, "version_index"]
        )
