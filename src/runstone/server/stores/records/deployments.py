"""Statements about deployments and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.registry import deployments, predictions

_deployment = (
    select(*deployments.c, entities.c.name.label("entity"), users.c.username)
    .select_from(deployments)
    .join(entities, entities.c.id == deployments.c.entity_id)
    .outerjoin(users, users.c.id == deployments.c.user_id)
)


def deployment(conn: Connection, deployment_id: int) -> AnyRow | None:
    return conn.execute(_deployment.where(deployments.c.id == deployment_id)).first()


def add_deployment(conn: Connection, **values: Any) -> int:
    made: int = conn.execute(insert(deployments).values(**values).returning(deployments.c.id)).scalar_one()
    return made


def end_deployment(conn: Connection, entity_id: int, site: str, name: str, *, now: float) -> None:
    conn.execute(
        update(deployments)
        .where(
            deployments.c.entity_id == entity_id,
            deployments.c.site == site,
            deployments.c.name == name,
            deployments.c.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


def find_deployments(
    conn: Connection,
    entity_id: int,
    *,
    site: str = "",
    name: str = "",
    live: bool | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[AnyRow]:
    """The newest first."""
    statement = _deployment.where(deployments.c.entity_id == entity_id)
    if site:
        statement = statement.where(deployments.c.site == site)
    if name:
        statement = statement.where(deployments.c.name == name)
    if live is not None:
        ended = deployments.c.ended_at
        statement = statement.where(ended.is_(None) if live else ended.is_not(None))
    if before is not None:
        statement = statement.where(deployments.c.id < before)
    return conn.execute(statement.order_by(deployments.c.id.desc()).limit(limit)).all()


def add_prediction(conn: Connection, **values: Any) -> None:
    conn.execute(
        upsert(conn, predictions)
        .values(**values)
        .on_conflict_do_nothing(index_elements=[predictions.c.entity_id, predictions.c.prediction_id])
    )


def prediction(conn: Connection, entity_id: int, prediction_id: str) -> AnyRow | None:
    return conn.execute(
        select(*predictions.c, entities.c.name.label("entity"))
        .join(entities, entities.c.id == predictions.c.entity_id)
        .where(predictions.c.entity_id == entity_id, predictions.c.prediction_id == prediction_id)
    ).first()
