"""Versions that several runs make together under one id: who adds what, and who comes too late.

Parts are added to the pending version of that id until somebody commits it. The id may then be used again,
for the next version: so says the field's interface, and so do groups of runs that make a version an epoch.
A run that has no part in the version just committed, and was there before, is taken for one that is late
for it: its part would begin a version that nobody will commit. It is refused, and nothing is lost unsaid.

A part may come in several calls. It says each time how many of its entries went before, and with the last
that it is whole: until then none of them count, so that a maker who is killed in between leaves nothing in
the version, and begins again from the first. A part that is whole is not changed by coming again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, VersionClosed
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import contributions, manifests
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Part:
    """name: the same each time the part is sent. run: whose it is. at: how many of its entries went before
    those of this call, None where the caller does not say: then what came before is in the version already.
    more: others follow."""

    name: str
    run: str = ""
    at: int | None = None
    more: bool = False


def goes_on(conn: Connection, version_id: int, part: Part, entries: int, *, run_key: int | None) -> bool:
    """Whether these entries are to be added now; noted as whole where no others follow. False where they are
    there already. Raises Conflict where others are wanted before them."""
    if part.at is not None:
        if contributions.has(conn, version_id, part.name):
            return False
        if part.at == 0:  # or anew, by one who was killed in between or heard no answer
            manifests.drop_part(conn, version_id, part.name)
        there = manifests.part_entries(conn, version_id, part.name)
        if part.at + entries <= there and entries:
            return False
        if part.at != there:
            raise Conflict(
                f"Of this part {there:,} entries have come, and these begin behind {part.at:,}. Send the "
                "part again from its first entry.",
                next_entry=there,
            )
    if not part.more:
        contributions.add(conn, version_id, part.name, run_key=run_key, now=time.time())
    return True


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


def maker(conn: Connection, row: AnyRow) -> tuple[int | None, str]:
    """The run that a version counts as made by, and its name: who began it, or, where that one's part never
    became whole, one whose part did."""
    runs = contributions.runs_of(conn, row.id) if row.distributed_id else []
    known = [key for key in runs if key is not None]
    if not known or row.run_key in known:
        return row.run_key, row.run_name
    run = run_statements.base(conn, known[0])
    assert run is not None  # its key would be none
    return known[0], f"{run.entity}/{run.project}/{run.run_id}"


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
