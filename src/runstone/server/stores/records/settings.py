"""Values that the server keeps under a name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from runstone.server.stores.records.rows import upsert
from runstone.server.stores.records.schema.accounts import server_settings


def setting(conn: Connection, name: str) -> Any:
    """None where it was never set."""
    return conn.execute(select(server_settings.c.value).where(server_settings.c.name == name)).scalar()


def set_setting(conn: Connection, name: str, value: Any) -> None:
    statement = upsert(conn, server_settings).values(name=name, value=value)
    conn.execute(
        statement.on_conflict_do_update(index_elements=[server_settings.c.name], set_={"value": value})
    )
