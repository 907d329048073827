"""Small helpers shared by the statement modules."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

# A result row, its columns as attributes. SQLAlchemy 2.0 and 2.1 type rows differently.
AnyRow: TypeAlias = Any


def upsert(where: Connection | str, table: Table) -> Any:
    """The INSERT of a connection's dialect, or of that name, which has `on_conflict_do_nothing` and
    `on_conflict_do_update`."""
    name = where if isinstance(where, str) else where.dialect.name
    return sqlite.insert(table) if name == "sqlite" else postgresql.insert(table)


def locked(statement: Select[Any]) -> Select[Any]:
    """Rows read in order to be changed. SQLite's single writer needs no lock and ignores this."""
    return statement.with_for_update()


def like(text: str) -> str:
    """`text` anywhere, as a LIKE pattern with `\\` as the escape."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
