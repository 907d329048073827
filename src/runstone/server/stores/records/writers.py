"""Statements about where a run lies and who writes into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from runstone.server.stores.records.rows import AnyRow, locked
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.writers import run_writers

_place = (
    select(
        runs.c.id.label("run_key"),
        runs.c.run_id,
        runs.c.state,
        runs.c.stop_requested,
        runs.c.ranks,
        runs.c.deleted_at,
        projects.c.id.label("project_id"),
        projects.c.name.label("project"),
        projects.c.deleted_at.label("project_deleted_at"),
        entities.c.id.label("entity_id"),
        entities.c.name.label("entity"),
    )
    .join(projects, projects.c.id == runs.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
)


def place(conn: Connection, run_key: int) -> AnyRow | None:
    """Where a run lies, in the trash or not: ids and names."""
    return conn.execute(_place.where(runs.c.id == run_key)).first()


def place_by_name(conn: Connection, project_id: int, run_id: str) -> AnyRow | None:
    """The run of that id outside the trash."""
    wanted = _place.where(
        runs.c.project_id == project_id, runs.c.run_id == run_id, runs.c.deleted_at.is_(None)
    )
    return conn.execute(wanted).first()


def places_by_writer(conn: Connection, writer: str) -> Sequence[AnyRow]:
    """The runs that this writer wrote into, the newest first."""
    wanted = (
        _place.join(run_writers, run_writers.c.run_key == runs.c.id)
        .where(run_writers.c.writer == writer)
        .order_by(runs.c.id.desc())
    )
    return conn.execute(wanted).all()


def writer(conn: Connection, run_key: int, name: str, *, lock: bool = False) -> AnyRow | None:
    wanted: Select[Any] = select(run_writers).where(
        run_writers.c.run_key == run_key, run_writers.c.writer == name
    )
    return conn.execute(locked(wanted) if lock else wanted).first()


def writers(conn: Connection, run_key: int) -> Sequence[AnyRow]:
    """In the order they came."""
    wanted = select(run_writers).where(run_writers.c.run_key == run_key)
    return conn.execute(wanted.order_by(run_writers.c.made_at, run_writers.c.writer)).all()


def add_writer(conn: Connection, run_key: int, name: str, **fields: Any) -> None:
    """One never seen. label, rank, is_primary, next_offset, made_at."""
    conn.execute(
        insert(run_writers), {"run_key": run_key, "writer": name, "stats": b"", "summary_keys": b""} | fields
    )


def move_writer(conn: Connection, run_key: int, name: str, *, from_offset: int, **fields: Any) -> bool:
    """Advance a writer; False where it no longer stands at `from_offset`: somebody else did."""
    done = conn.execute(
        update(run_writers)
        .where(
            run_writers.c.run_key == run_key,
            run_writers.c.writer == name,
            run_writers.c.next_offset == from_offset,
        )
        .values(**fields)
    )
    return done.rowcount == 1


def primary_summary_keys(conn: Connection, run_key: int) -> list[bytes]:
    """What primaries say are their keys; see `domain/ingest`."""
    wanted = select(run_writers.c.summary_keys).where(
        run_writers.c.run_key == run_key, run_writers.c.is_primary, run_writers.c.summary_keys != b""
    )
    return list(conn.execute(wanted).scalars())
