"""Blobs that artifacts refer to: where each lies, and which entity has shown to have its bytes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, text

from runstone.server.stores.records.schema.base import Id, Time, metadata

# Many small blobs as one object of the blob store: their bytes one after another, nothing between.
packs = Table(
    "packs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),  # of the whole: its address
    Column("size", BigInteger, nullable=False),
    Column("made_at", Time, nullable=False),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

blobs = Table(
    "blobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("md5", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("pack_id", Id, ForeignKey("packs.id")),  # null: an object of its own
    Column("pack_offset", BigInteger),
    Column("put_at", Time, nullable=False),  # last put or asked for: younger ones are not collected
    Index("ix_blobs_pack_id", "pack_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

# Knowing a digest proves nothing: an entity may refer to a blob once it has sent the bytes itself.
blob_owners = Table(
    "blob_owners",
    metadata,
    Column("entity_id", Id, ForeignKey("entities.id"), primary_key=True),
    Column("blob_id", Id, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True),
    Column("md5", Text, nullable=False),
    Column("birth", BigInteger, nullable=False),  # the first artifact version it came for, or 0
    Column("at", Time, nullable=False),
    Column("xxh128", Text),  # null where the entity never told the bytes by it
    Index("ix_blob_owners_entity_id_md5", "entity_id", "md5"),
    Index(
        "ix_blob_owners_entity_id_xxh128",
        "entity_id",
        "xxh128",
        sqlite_where=text("xxh128 IS NOT NULL"),
        postgresql_where=text("xxh128 IS NOT NULL"),
    ),
    Index("ix_blob_owners_blob_id", "blob_id"),
)

# Large uploads under way; the bytes that have come lie in the blob store's spool.
uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("size", BigInteger),  # as announced
    Column("sha256", Text, nullable=False),  # as announced, or ""
    Column("md5", Text, nullable=False),
    Column("made_at", Time, nullable=False),
    Column("touched_at", Time, nullable=False),
    Index("ix_uploads_touched_at", "touched_at"),
)
