"""The tables, as SQLAlchemy Core metadata: one module per noun, all on `base.metadata`.

To add tables: write `schema/NOUN.py` with `Table(..., base.metadata, ...)`, import it below, and add
the migration `migrations/versions/NNNN_what.py` whose `down_revision` is the highest there is
(`HEAD` in `migrations/__init__.py` then names yours). A test compares what the migrations build
with this metadata on both databases, so neither can be forgotten.
"""

from runstone.server.stores.records.schema import (
    accounts,
    alerts,
    artifacts,
    audit,
    blobs,
    charts,
    collections,
    files,
    projects,
    registry,
    retention,
    runs,
    sweeps,
    upkeep,
    views,
    writers,
)
from runstone.server.stores.records.schema.base import metadata

__all__ = [
    "accounts",
    "alerts",
    "artifacts",
    "audit",
    "blobs",
    "charts",
    "collections",
    "files",
    "metadata",
    "projects",
    "registry",
    "retention",
    "runs",
    "sweeps",
    "upkeep",
    "views",
    "writers",
]
