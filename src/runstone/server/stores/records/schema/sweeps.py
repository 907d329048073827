"""Sweeps, their trials, and the agents that run them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Json, Time, metadata

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", Id, primary_key=True),  # SweepKey
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("sweep_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),  # edited by somebody; "" otherwise
    Column("description", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("config_text", Text, nullable=False),  # as it was sent, where it was sent as text
    Column("seed", BigInteger, nullable=False),
    Column("expected", BigInteger),  # trials there will be; NULL without an end
    Column("user_id", Id, ForeignKey("users.id")),
    Column("wire", Json, nullable=False),  # what a foreign wire keeps of its own
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("heartbeat_at", Time),
    Column("finished_at", Time),
    Column("deleted_at", Time),
    Index("uq_sweeps_project_id_sweep_id", "project_id", "sweep_id", unique=True),
    Index("ix_sweeps_project_id_created_at", "project_id", "created_at"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)


def _of_sweep() -> Column[int]:
    return Column("sweep_key", Id, ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)


sweep_trials = Table(
    "sweep_trials",
    metadata,
    _of_sweep(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("params", Json, nullable=False),
    Column("attempt", Integer, nullable=False),  # 0 before it was first handed out
    Column("run_id", Text, nullable=False),  # of this attempt
    Column("agent", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("avoid_host", Text, nullable=False),  # where it failed last: others are asked first
    Column("lease_seconds", Time, nullable=False),
    Column("lease_until", Time),
    Column("failures", Integer, nullable=False),
    Column("losses", Integer, nullable=False),  # times that nobody was heard of it any more
    Column("stop", Text, nullable=False),  # why it is asked to stop; "" while it is not
    Column("settled", Boolean, nullable=False),  # nothing more is to be learned from its run
    Column("objective", Json, nullable=False),  # value or null per objective; [] before any
    Column("excess", Json, nullable=False),
    Column("curve", Json, nullable=False),  # [[x, value], ...]
    Column("memo", Json, nullable=False),
    Column("sampler", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parents", Json, nullable=False),
    Column("verdict", Json),
    Column("exit_code", Integer),
    Column("error", Text, nullable=False),
    Column("past", Json, nullable=False),  # earlier attempts
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("change_seq", BigInteger, nullable=False),
    Index("ix_sweep_trials_sweep_key_state_number", "sweep_key", "state", "number"),
    Index("ix_sweep_trials_sweep_key_change_seq", "sweep_key", "change_seq"),
    Index("ix_sweep_trials_run_id", "run_id"),
    Index(
        "ix_sweep_trials_lease_until",
        "lease_until",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index(
        "ix_sweep_trials_unsettled",
        "sweep_key",
        sqlite_where=text("NOT settled AND attempt > 0"),
        postgresql_where=text("NOT settled AND attempt > 0"),
    ),
)

sweep_agents = Table(
    "sweep_agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sweep_key", Id, ForeignKey("sweeps.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("kind", Text, nullable=False),  # "native", "wandb" or "ask"
    Column("user_id", Id, ForeignKey("users.id")),
    Column("created_at", Time, nullable=False),
    Column("heartbeat_at", Time, nullable=False),
    Column("ended_at", Time),
)

# How trials fare by host: after several failures in a row a host gets none for a while.
sweep_hosts = Table(
    "sweep_hosts",
    metadata,
    _of_sweep(),
    Column("host", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("shut_until", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
)
