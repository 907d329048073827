"""Statements about custom charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.charts import custom_charts

_chart = (
    select(*custom_charts.c, entities.c.name.label("entity"), users.c.username.label("owner"))
    .select_from(custom_charts)
    .join(entities, entities.c.id == custom_charts.c.entity_id)
    .outerjoin(users, users.c.id == custom_charts.c.owner_id)
)


def chart(conn: Connection, entity: str, name: str) -> AnyRow | None:
    statement = _chart.where(entities.c.name == entity, entities.c.deleted_at.is_(None))
    return conn.execute(statement.where(custom_charts.c.name == name)).first()


def find_charts(conn: Connection, entity_id: int, *, limit: int) -> Sequence[AnyRow]:
    """By name."""
    statement = _chart.where(custom_charts.c.entity_id == entity_id)
    return conn.execute(statement.order_by(custom_charts.c.name).limit(limit)).all()


def put_chart(
    conn: Connection, entity_id: int, name: str, *, owner_id: int | None, now: float, **values: Any
) -> None:
    """A new one, or that of this name changed; its first owner stays."""
    here = (custom_charts.c.entity_id == entity_id) & (custom_charts.c.name == name)
    changed = conn.execute(update(custom_charts).where(here).values(updated_at=now, **values))
    if changed.rowcount == 0:
        conn.execute(
            insert(custom_charts).values(
                entity_id=entity_id, name=name, owner_id=owner_id, created_at=now, updated_at=now, **values
            )
        )
