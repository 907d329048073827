"""Journal writers, files of runs, alerts, and the rows by which background jobs share work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_run(*, primary: bool) -> sa.Column[int]:
    reference = sa.ForeignKey("runs.id", ondelete="CASCADE")
    return sa.Column("run_key", Id, reference, primary_key=primary, nullable=False)


def upgrade() -> None:
    op.create_table(
        "run_writers",
        _of_run(primary=True),
        sa.Column("writer", sa.Text, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer),
        sa.Column("is_primary", sa.Boolean, nullable=False),
        sa.Column("stats", sa.LargeBinary, nullable=False),
        sa.Column("summary_keys", sa.LargeBinary, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("end_state", sa.Text),
        sa.Column("exit_code", sa.Integer),
    )
    op.create_index("ix_run_writers_writer", "run_writers", ["writer"])
    op.create_table(
        "run_files",
        _of_run(primary=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mimetype", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_run_files_sha256", "run_files", ["sha256"])
    op.create_table(
        "alerts",
        sa.Column("id", Id, primary_key=True),
        _of_run(primary=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_run_key_title_at", "alerts", ["run_key", "title", "at"])
    op.create_index("ix_alerts_at", "alerts", ["at"])
    op.create_table(
        "job_leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("last_run_at", sa.Double, nullable=False),
    )
    op.create_table(
        "run_seals",
        _of_run(primary=True),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
