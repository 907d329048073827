"""Statements about versions that several processes make together, each its part."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, select, update

from runstone.server.stores.records.rows import upsert
from runstone.server.stores.records.schema.artifacts import artifact_contributions as parts
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.runs import runs


def add(conn: Connection, version_id: int, part: str, *, run_key: int | None, now: float) -> None:
    """Known already: nothing changes."""
    statement = upsert(conn, parts).values(version_id=version_id, part=part, run_key=run_key, at=now)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[parts.c.version_id, parts.c.part]))


def has(conn: Connection, version_id: int, part: str) -> bool:
    return bool(
        conn.execute(select(exists().where(parts.c.version_id == version_id, parts.c.part == part))).scalar()
    )


def committed_with(conn: Connection, collection_id: int, part: str) -> int | None:
    """The committed version of the collection that has this part."""
    found: int | None = conn.execute(
        select(artifact_versions.c.id)
        .join(parts, parts.c.version_id == artifact_versions.c.id)
        .where(
            parts.c.part == part,
            artifact_versions.c.collection_id == collection_id,
            artifact_versions.c.state == "committed",
        )
        .limit(1)
    ).scalar()
    return found


def last_committed(conn: Connection, collection_id: int, distributed_id: str) -> int | None:
    """The latest version that was made together under this id."""
    found: int | None = conn.execute(
        select(artifact_versions.c.id)
        .where(
            artifact_versions.c.collection_id == collection_id,
            artifact_versions.c.distributed_id == distributed_id,
            artifact_versions.c.distributed_id != "",
            artifact_versions.c.state == "committed",
        )
        .order_by(artifact_versions.c.id.desc())
        .limit(1)
    ).scalar()
    return found


def runs_of(conn: Connection, version_id: int) -> Sequence[int | None]:
    """The run of each part, None for one that is gone or was not said."""
    return conn.execute(select(parts.c.run_key).where(parts.c.version_id == version_id)).scalars().all()


def began_before(conn: Connection, run_key: int, at: float) -> bool:
    """Whether a run was there at that time."""
    return bool(conn.execute(select(exists().where(runs.c.id == run_key, runs.c.created_at < at))).scalar())


def move(conn: Connection, version_id: int, to: int) -> None:
    """The parts of a version that turned out to be another one."""
    conn.execute(update(parts).where(parts.c.version_id == version_id).values(version_id=to))
