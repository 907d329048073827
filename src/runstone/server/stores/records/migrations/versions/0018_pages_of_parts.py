"""Entries know the part of a version that they belong to: of a part that never became whole none is in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("manifest_pages", sa.Column("part", sa.Text, nullable=False, server_default=""))
