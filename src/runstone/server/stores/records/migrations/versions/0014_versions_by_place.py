"""Versions of a collection by number, time and size are read from indexes of the living ones alone, so that
any place of a list is reached by skipping in an index; those in the trash have one of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

INDEXES = (
    ("numbered", "committed", ("version_index",)),
    ("created", "committed", ("created_at", "version_index")),
    ("size", "committed", ("size", "version_index")),
    ("trash", "deleted", ("version_index",)),
)


def upgrade() -> None:
    for name in ("created", "size"):
        op.drop_index(f"ix_artifact_versions_{name}", "artifact_versions")
    for name, state, columns in INDEXES:
        op.create_index(
            f"ix_artifact_versions_{name}",
            "artifact_versions",
            ["collection_id", *columns],
            sqlite_where=sa.text(f"state = '{state}'"),
            postgresql_where=sa.text(f"state = '{state}'"),
        )
