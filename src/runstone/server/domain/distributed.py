"""Versions that several runs make together under one id: who adds what, and who comes too late.

Parts are added to the pending version of that id until somebody commits it. The id may then be used again,
for the next version: so says the field's interface, and so do groups of runs that make a version an epoch.
A run that has no part in the version just committed, and was there before, is taken for one that is late
for it: its part would begin a version that nobody will commit. It is refused, and nothing is lost unsaid.
"""

from __future__ import annotations

from sqlalchemy import Connection

from runstone.server.domain.errors import VersionClosed
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import contributions
from runstone.server.stores.records.rows import AnyRow


def joined(
    conn: Connection, collection_id: int, distributed_id: str, *, part: str, run_key: int | None
) -> AnyRow | None:
    """The version that a part goes to: the pending one, or a committed one that has this part already; None
    where a new one is to be made. Raises VersionClosed for a part that comes too late."""
    if part:
        done = contributions.committed_with(conn, collection_id, part)
        if done is not None:
            return statements.version(conn, done)
    found = statements.pending_distributed(conn, collection_id, distributed_id)
    if found is not None:
        return found
    last = contributions.last_committed(conn, collection_id, distributed_id)
    if last is None or run_key is None:
        return None
    runs = contributions.runs_of(conn, last)
    row = statements.version(conn, last)
    # Without parts it is of before they were kept, or of clients that do not name theirs.
    late = bool(runs) and run_key not in runs
    if row is not None and late and contributions.began_before(conn, run_key, row.committed_at):
        raise too_late(row)
    return None


def too_late(row: AnyRow) -> VersionClosed:
    """Of a part for a committed version."""
    return VersionClosed(
        f"{row.collection}:v{row.version_index}, which runs make together as {row.distributed_id!r}, was "
        "committed before this part of it came: the part is not in it, and it stays as it is. Log the part "
        "again under another distributed_id or as a version of its own, and finish the next one when all "
        "parts are there.",
        version=f"v{row.version_index}",
        version_id=row.id,
        distributed_id=row.distributed_id,
    )
