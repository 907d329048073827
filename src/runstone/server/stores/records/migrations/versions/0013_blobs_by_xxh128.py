"""Blobs told by XXH128 too, where the published wandb client asks for it (0.29 on)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("blob_owners", sa.Column("xxh128", sa.Text))
    op.create_index(
        "ix_blob_owners_entity_id_xxh128",
        "blob_owners",
        ["entity_id", "xxh128"],
        sqlite_where=sa.text("xxh128 IS NOT NULL"),
        postgresql_where=sa.text("xxh128 IS NOT NULL"),
    )
