"""Keys that may only read; sessions know the key they were opened with, and end with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from runstone.server.stores.records.schema.base import Id

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    for table in ("api_keys", "sessions"):
        column = sa.Column("read_only", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, column)
    op.add_column("sessions", sa.Column("key_id", Id))
