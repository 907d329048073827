"""Background work: which process does it, and what was done to which run."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from runstone.server.stores.records.schema.base import Id, Time, metadata

# A job runs in the process that holds its row; a process that dies lets go when the time is over.
job_leases = Table(
    "job_leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Time, nullable=False),
    Column("last_run_at", Time, nullable=False),
)

# The history of an ended run is sealed; again if the run changed since, for rows may have come.
run_seals = Table(
    "run_seals",
    metadata,
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("updated_at", Time, nullable=False),  # the run's, when it was sealed
)
