"""Sweeps, trials, agents, and how hosts fare."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")


def _of_sweep(*, primary: bool) -> sa.Column[int]:
    reference = sa.ForeignKey("sweeps.id", ondelete="CASCADE")
    return sa.Column("sweep_key", Id, reference, primary_key=primary, nullable=False)


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", Id, primary_key=True),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sweep_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("config", Json, nullable=False),
        sa.Column("config_text", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("expected", sa.BigInteger),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("wire", Json, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("heartbeat_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("deleted_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_sweeps_project_id_sweep_id", "sweeps", ["project_id", "sweep_id"], unique=True)
    op.create_index("ix_sweeps_project_id_created_at", "sweeps", ["project_id", "created_at"])
    op.create_table(
        "sweep_trials",
        _of_sweep(primary=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("avoid_host", sa.Text, nullable=False),
        sa.Column("lease_seconds", sa.Double, nullable=False),
        sa.Column("lease_until", sa.Double),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("losses", sa.Integer, nullable=False),
        sa.Column("stop", sa.Text, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("objective", Json, nullable=False),
        sa.Column("excess", Json, nullable=False),
        sa.Column("curve", Json, nullable=False),
        sa.Column("memo", Json, nullable=False),
        sa.Column("sampler", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parents", Json, nullable=False),
        sa.Column("verdict", Json),
        sa.Column("exit_code", sa.Integer),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("past", Json, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("change_seq", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_sweep_trials_sweep_key_state_number", "sweep_trials", ["sweep_key", "state", "number"]
    )
    op.create_index("ix_sweep_trials_sweep_key_change_seq", "sweep_trials", ["sweep_key", "change_seq"])
    op.create_index("ix_sweep_trials_run_id", "sweep_trials", ["run_id"])
    running, unsettled = sa.text("state = 'running'"), sa.text("NOT settled AND attempt > 0")
    op.create_index(
        "ix_sweep_trials_lease_until",
        "sweep_trials",
        ["lease_until"],
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index(
        "ix_sweep_trials_unsettled",
        "sweep_trials",
        ["sweep_key"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "sweep_agents",
        sa.Column("id", sa.Text, primary_key=True),
        _of_sweep(primary=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("heartbeat_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
    )
    op.create_index("ix_sweep_agents_sweep_key", "sweep_agents", ["sweep_key"])
    op.create_table(
        "sweep_hosts",
        _of_sweep(primary=True),
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("shut_until", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
