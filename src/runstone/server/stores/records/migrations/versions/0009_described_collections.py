"""Whether a collection was ever described: an empty description is told from none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "collections", sa.Column("described", sa.Boolean, nullable=False, server_default=sa.false())
    )
