"""Lists of the collections of projects: one page of any place, and how many there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from runstone.server.stores.records.collections import collection_query
from runstone.server.stores.records.rows import AnyRow, like
from runstone.server.stores.records.schema.collections import aliases, artifact_types, collections


def page(
    conn: Connection,
    project_ids: Collection[int],
    *,
    type_name: str = "",
    kind: str = "",
    search: str = "",
    tag: str = "",
    alias: str = "",
    sort: str = "-updated_at",
    after: tuple[Any, int] | None = None,
    skip: int = 0,
    limit: int = 100,
    trash: bool = False,
) -> Sequence[AnyRow]:
    """`sort`: updated_at, created_at, version_count or name, `-` in front for descending; `after`: the
    value sorted by and the number of the last one seen; `skip`: so many more are left out. alias: one of
    its versions goes by it."""
    statement = _matching(
        conn, project_ids, type_name=type_name, kind=kind, search=search, tag=tag, alias=alias, trash=trash
    )
    return conn.execute(_paged(statement, collections, sort, after).offset(skip or None).limit(limit)).all()


def count(
    conn: Connection,
    project_ids: Collection[int],
    *,
    type_name: str = "",
    kind: str = "",
    search: str = "",
    tag: str = "",
    alias: str = "",
    trash: bool = False,
) -> int:
    """How many `page` would give without a limit."""
    found = _matching(
        conn, project_ids, type_name=type_name, kind=kind, search=search, tag=tag, alias=alias, trash=trash
    )
    return int(conn.execute(found.with_only_columns(func.count())).scalar_one())


def _matching(
    conn: Connection,
    project_ids: Collection[int],
    *,
    type_name: str,
    kind: str,
    search: str,
    tag: str,
    alias: str,
    trash: bool,
) -> Select[Any]:
    statement = collection_query(trash=trash).where(collections.c.project_id.in_(list(project_ids)))
    if trash:
        statement = statement.where(collections.c.deleted_at.is_not(None))
    if type_name:
        statement = statement.where(artifact_types.c.name == type_name)
    if kind:
        statement = statement.where(collections.c.kind == kind)
    if search:
        text = like(search.lower())
        statement = statement.where(
            or_(
                func.lower(collections.c.name).like(text, escape="\\"),
                func.lower(collections.c.description).like(text, escape="\\"),
            )
        )
    if tag:
        statement = statement.where(has_tag(conn, collections.c.tags, tag))
    if alias:
        named = select(1).where(aliases.c.collection_id == collections.c.id, aliases.c.alias == alias)
        statement = statement.where(named.exists())
    return statement


def has_tag(conn: Connection, column: Any, tag: str) -> Any:
    """Whether a JSON list of names holds this one."""
    if conn.dialect.name == "postgresql":
        return column.op("@>")(func.jsonb_build_array(tag))
    each = func.json_each(column).table_valued("value")
    return select(1).select_from(each).where(each.c.value == tag).exists()


def _paged(statement: Select[Any], table: Any, sort: str, after: tuple[Any, int] | None) -> Select[Any]:
    column = table.c[sort.lstrip("-")]
    if sort.startswith("-"):
        if after is not None:
            statement = statement.where(
                or_(column < after[0], and_(column == after[0], table.c.id < after[1]))
            )
        return statement.order_by(column.desc(), table.c.id.desc())
    if after is not None:
        statement = statement.where(or_(column > after[0], and_(column == after[0], table.c.id > after[1])))
    return statement.order_by(column, table.c.id)
