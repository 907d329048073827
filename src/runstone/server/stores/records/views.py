"""Statements about saved views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.views import views

_view = (
    select(
        *views.c,
        projects.c.entity_id,
        entities.c.name.label("entity"),
        projects.c.name.label("project"),
        projects.c.deleted_at.label("project_deleted_at"),
        users.c.username.label("owner"),
    )
    .select_from(views)
    .join(projects, projects.c.id == views.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .outerjoin(users, users.c.id == views.c.owner_id)
)


def view(conn: Connection, view_id: str, *, hold: bool = False) -> AnyRow | None:
    """hold: until the transaction ends, so that versions are compared and raised by one at a time."""
    statement = _view.where(views.c.id == view_id)
    return conn.execute(statement.with_for_update(of=views) if hold else statement).first()


def find_views(conn: Connection, project_id: int, *, kind: str, seen_by: int | None) -> Sequence[AnyRow]:
    """Last changed first; with `seen_by` only that user's and the shared ones."""
    statement = _view.where(views.c.project_id == project_id, views.c.kind == kind)
    if seen_by is not None:
        statement = statement.where(or_(views.c.shared, views.c.owner_id == seen_by))
    return conn.execute(statement.order_by(views.c.updated_at.desc(), views.c.id).limit(1000)).all()


def add_view(conn: Connection, view_id: str, *, now: float, **values: Any) -> None:
    conn.execute(insert(views).values(id=view_id, version=1, created_at=now, updated_at=now, **values))


def change_view(conn: Connection, view_id: str, *, now: float, **values: Any) -> None:
    conn.execute(update(views).where(views.c.id == view_id).values(updated_at=now, **values))


def drop_view(conn: Connection, view_id: str) -> None:
    conn.execute(delete(views).where(views.c.id == view_id))
