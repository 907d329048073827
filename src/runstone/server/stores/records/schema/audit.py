"""The audit log: a chain in which every row carries the hash of the one before."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from runstone.server.stores.records.schema.base import Name, Time, metadata

# Rows are added and never changed; they refer to nothing, so that nothing takes them along.
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3, … without gaps
    Column("at", Time, nullable=False),
    Column("user_id", BigInteger),
    Column("username", Name, nullable=False),
    Column("action", Name, nullable=False),
    Column("entity_id", BigInteger),
    Column("subject", Name, nullable=False),
    Column("detail", Text, nullable=False),  # JSON text, exactly as it was hashed
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ix_audit_log_entity_id_seq", "entity_id", "seq"),
    Index("ix_audit_log_subject_seq", "subject", "seq"),
)

# Where the chain ends: a tail that was cut off is missed here.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
