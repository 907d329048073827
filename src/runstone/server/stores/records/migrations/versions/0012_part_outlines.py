"""What parts of manifests hold by folder. Parts from before get theirs when they are first listed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from runstone.server.stores.records.schema.base import Bytes, Id

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "part_outlines",
        sa.Column("part_id", Id, sa.ForeignKey("manifest_parts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("folders", Bytes, nullable=False),
    )
