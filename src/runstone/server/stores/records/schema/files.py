"""Files of runs: a name, and the digest of the bytes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from runstone.server.stores.records.schema.base import Id, Time, metadata

run_files = Table(
    "run_files",
    metadata,
    Column("run_key", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("md5", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mimetype", Text, nullable=False),
    Column("updated_at", Time, nullable=False),
    Index("ix_run_files_sha256", "sha256"),
)
