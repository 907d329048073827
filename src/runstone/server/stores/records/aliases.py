"""Statements about aliases of a collection, and every move of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, text

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.accounts import users
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import (
    alias_moves,
    aliases,
    collection_versions,
)

_AT_ONCE = 500

_alias = select(*aliases.c, users.c.username).outerjoin(users, users.c.id == aliases.c.user_id)


def aliases_of(
    conn: Connection, version_ids: Iterable[int], *, collection_id: int | None = None
) -> Sequence[AnyRow]:
    """By name; of all collections, or of one."""
    found: list[AnyRow] = []
    listed = sorted(set(version_ids))
    for at in range(0, len(listed), _AT_ONCE):
        statement = _alias.where(aliases.c.version_id.in_(listed[at : at + _AT_ONCE]))
        if collection_id is not None:
            statement = statement.where(aliases.c.collection_id == collection_id)
        found += conn.execute(statement.order_by(aliases.c.alias))
    return found


def aliases_in(conn: Connection, collection_ids: Iterable[int], *, limit: int = 10_000) -> Sequence[AnyRow]:
    """All aliases of collections, by name, with `version_index`."""
    found: list[AnyRow] = []
    listed = sorted(set(collection_ids))
    statement = _alias.add_columns(collection_versions.c.version_index).join(
        collection_versions,
        and_(
            collection_versions.c.collection_id == aliases.c.collection_id,
            collection_versions.c.version_id == aliases.c.version_id,
        ),
    )
    for at in range(0, len(listed), _AT_ONCE):
        some = aliases.c.collection_id.in_(listed[at : at + _AT_ONCE])
        found += conn.execute(statement.where(some).order_by(aliases.c.alias).limit(limit))
    return found


def standing(conn: Connection, collection_id: int, *, limit: int) -> Sequence[AnyRow]:
    """Aliases of a collection by name, with `version_index`, `digest` and `sha256` of where they point."""
    statement = (
        _alias.add_columns(
            collection_versions.c.version_index, artifact_versions.c.digest, artifact_versions.c.sha256
        )
        .join(artifact_versions, artifact_versions.c.id == aliases.c.version_id)
        .join(
            collection_versions,
            and_(
                collection_versions.c.collection_id == aliases.c.collection_id,
                collection_versions.c.version_id == aliases.c.version_id,
            ),
        )
        .where(aliases.c.collection_id == collection_id)
    )
    return conn.execute(statement.order_by(aliases.c.alias).limit(limit)).all()


def alias(conn: Connection, collection_id: int, name: str) -> AnyRow | None:
    return conn.execute(
        _alias.where(aliases.c.collection_id == collection_id, aliases.c.alias == name)
    ).first()


def version_of_alias(conn: Connection, collection_id: int, alias: str) -> int | None:
    return conn.execute(
        select(aliases.c.version_id).where(aliases.c.collection_id == collection_id, aliases.c.alias == alias)
    ).scalar()


def set_alias(
    conn: Connection,
    collection_id: int,
    name: str,
    version_id: int,
    *,
    user_id: int | None,
    reason: str,
    now: float,
) -> None:
    values = {"version_id": version_id, "user_id": user_id, "reason": reason, "set_at": now}
    conn.execute(
        upsert(conn, aliases)
        .values(collection_id=collection_id, alias=name, **values)
        .on_conflict_do_update(index_elements=[aliases.c.collection_id, aliases.c.alias], set_=values)
    )


def drop_alias(conn: Connection, collection_id: int, name: str) -> None:
    conn.execute(delete(aliases).where(aliases.c.collection_id == collection_id, aliases.c.alias == name))


def add_move(conn: Connection, **values: Any) -> int:
    made: int = conn.execute(insert(alias_moves).values(**values).returning(alias_moves.c.id)).scalar_one()
    return made


def removed_with(conn: Connection, version_ids: Iterable[int]) -> list[tuple[int, str]]:
    """(collection, alias) that were ever taken off because one of these versions went to the trash."""
    found: set[tuple[int, str]] = set()
    listed = sorted(set(version_ids))
    for at in range(0, len(listed), _AT_ONCE):
        rows = conn.execute(
            select(alias_moves.c.collection_id, alias_moves.c.alias)
            .where(
                # As its index says it, so that it is read from there.
                text("alias_moves.act = 'delete'"),
                alias_moves.c.from_version_id.in_(listed[at : at + _AT_ONCE]),
            )
            .distinct()
        )
        found |= {(row.collection_id, row.alias) for row in rows}
    return sorted(found)


def moves(
    conn: Connection,
    collection_id: int,
    *,
    alias: str = "",
    without: str = "",
    before: int | None = None,
    skip: int = 0,
    limit: int = 100,
) -> Sequence[AnyRow]:
    """The newest first, of all aliases, of one, or `without` one; `before`: the last number seen, or
    after so many (`skip`)."""
    # Put in order by what the index holds: whole rows are read only of those that are asked for.
    numbers = select(alias_moves.c.id).where(_moves_of(collection_id, alias=alias, without=without))
    if before is not None:
        numbers = numbers.where(alias_moves.c.id < before)
    numbers = numbers.order_by(alias_moves.c.id.desc()).offset(skip).limit(limit)
    statement = select(alias_moves).where(alias_moves.c.id.in_(numbers))
    return conn.execute(statement.order_by(alias_moves.c.id.desc())).all()


def count_moves(conn: Connection, collection_id: int, *, alias: str = "", without: str = "") -> int:
    """How many `moves` would give without a limit."""
    wanted = _moves_of(collection_id, alias=alias, without=without)
    return int(conn.execute(select(func.count()).select_from(alias_moves).where(wanted)).scalar_one())


def _moves_of(collection_id: int, *, alias: str, without: str) -> ColumnElement[bool]:
    wanted = [alias_moves.c.collection_id == collection_id]
    if alias:
        wanted.append(alias_moves.c.alias == alias)
    if without:
        wanted.append(alias_moves.c.alias != without)
    return and_(*wanted)
