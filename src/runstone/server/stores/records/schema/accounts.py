"""Users, keys, sessions, entities and who is a member of which."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from runstone.server.stores.records.schema.base import Bytes, Id, Json, Name, Time, metadata

# Users, teams and organisations share one space of names. A deleted one keeps its row under a name
# that no living one can have, so that what refers to it stays readable.
entities = Table(
    "entities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # user, team, organization
    Column("organization_id", Id, ForeignKey("entities.id")),
    Column("created_at", Time, nullable=False),
    Column("deleted_at", Time),
    Index("ix_entities_organization_id", "organization_id"),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, ForeignKey("entities.id"), nullable=False, unique=True),
    Column("username", Name, nullable=False, unique=True),
    Column("email", Text, nullable=False, server_default=""),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("is_admin", Boolean, nullable=False),
    Column("is_service", Boolean, nullable=False),
    Column("default_entity_id", Id, ForeignKey("entities.id")),  # null: the user's own
    Column("created_at", Time, nullable=False),
    Column("deleted_at", Time),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("sha256", Bytes, nullable=False, unique=True),  # of the key; the key itself is kept nowhere
    Column("name", Text, nullable=False, server_default=""),
    Column("hint", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time),
    Column("expires_at", Time),
    Column("read_only", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,  # numbers of deleted rows are not given again
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", Bytes, primary_key=True),  # of the token
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("key_id", Id),  # of the key it was opened with, and ends with; null: by a link
    Column("read_only", Boolean, nullable=False, server_default=false()),  # as that key
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("sha256", Bytes, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("expires_at", Time, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("entity_id", Id, ForeignKey("entities.id"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("role", Integer, nullable=False),  # identity.Role
    Index("ix_memberships_user_id", "user_id"),
)

# What the server keeps for itself: signing secrets, choices made once.
server_settings = Table(
    "server_settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
)
