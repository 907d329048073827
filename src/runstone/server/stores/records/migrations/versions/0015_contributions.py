"""The parts of a version that several processes make are known, each with its run: a part that comes when the
version was committed is told, and one that comes twice is not added twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from runstone.server.stores.records.schema.base import Id, Time

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    version = sa.ForeignKey("artifact_versions.id", ondelete="CASCADE")
    op.create_table(
        "artifact_contributions",
        sa.Column("version_id", Id, version, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("run_key", Id, sa.ForeignKey("runs.id", ondelete="SET NULL")),
        sa.Column("at", Time, nullable=False),
    )
    for name in ("part", "run_key"):
        op.create_index(f"ix_artifact_contributions_{name}", "artifact_contributions", [name])
    op.create_index(
        "ix_artifact_versions_distributed_done",
        "artifact_versions",
        ["collection_id", "distributed_id"],
        sqlite_where=sa.text("distributed_id <> '' AND state = 'committed'"),
        postgresql_where=sa.text("distributed_id <> '' AND state = 'committed'"),
    )
