"""Statements about alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, insert, select

from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.alerts import alerts
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.runs import runs


def add_alert(
    conn: Connection, run_key: int, *, title: str, text: str, level: str, at: float, wait_seconds: float
) -> bool:
    """False where the run has one of the same title less than `wait_seconds` away."""
    if wait_seconds > 0:
        near = (
            select(alerts.c.id)
            .where(
                alerts.c.run_key == run_key,
                alerts.c.title == title,
                alerts.c.at > at - wait_seconds,
                alerts.c.at < at + wait_seconds,
            )
            .limit(1)
        )
        if conn.execute(near).first() is not None:
            return False
    conn.execute(insert(alerts), {"run_key": run_key, "title": title, "text": text, "level": level, "at": at})
    return True


def find_alerts(
    conn: Connection, *, run_key: int | None, entity_ids: Collection[int] | None, limit: int
) -> Sequence[AnyRow]:
    """Newest first; without the alerts of runs and projects in the trash."""
    wanted = (
        select(
            alerts.c.title,
            alerts.c.text,
            alerts.c.level,
            alerts.c.at,
            runs.c.run_id,
            projects.c.name.label("project"),
            entities.c.name.label("entity"),
        )
        .join(runs, runs.c.id == alerts.c.run_key)
        .join(projects, projects.c.id == runs.c.project_id)
        .join(entities, entities.c.id == projects.c.entity_id)
        .order_by(alerts.c.at.desc(), alerts.c.id.desc())
        .limit(limit)
    )
    if run_key is not None:
        wanted = wanted.where(alerts.c.run_key == run_key)
    else:
        wanted = wanted.where(runs.c.deleted_at.is_(None), projects.c.deleted_at.is_(None))
    if entity_ids is not None:
        wanted = wanted.where(projects.c.entity_id.in_(entity_ids))
    return conn.execute(wanted).all()
