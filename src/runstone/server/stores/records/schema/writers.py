"""Who writes into a run, and how far each writer's journal was taken in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from runstone.server.stores.records.schema.base import Bytes, Id, Time, metadata

run_writers = Table(
    "run_writers",
    metadata,
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("writer", Text, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),  # all records below it are applied
    Column("label", Text, nullable=False),  # series of labelled writers are kept apart
    Column("rank", Integer),
    Column("is_primary", Boolean, nullable=False),  # its end is the run's end
    Column("stats", Bytes, nullable=False),  # what the derived summary must remember: domain/summary
    Column("summary_keys", Bytes, nullable=False),  # of a labelled primary: the keys that are its own
    Column("made_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("end_state", Text),
    Column("exit_code", Integer),
    # A run that was moved or renamed is found again by who writes it.
    Index("ix_run_writers_writer", "writer"),
)
