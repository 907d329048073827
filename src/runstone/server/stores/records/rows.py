"""Small helpers shared by the statement modules."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

# A result row, its columns as attributes. SQLAlchemy 2.0 and 2.1 type rows differently.
AnyRow: TypeAlias = Any


def upsert(conn: Connection, table: Table) -> Any:
    """The dialect's INSERT, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if conn.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def locked(statement: Select[Any]) -> Select[Any]:
    """Rows read in order to be changed. SQLite's single writer needs no lock and ignores this."""
    return statement.with_for_update()


def like(text: str) -> str:
    """`text` anywhere, as a LIKE pattern with `\\` as the escape."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
