"""Numbers for changes, so that a reader can ask for what changed since it last looked.

`next_change` numbers what the running transaction changes. `horizon`, asked for in the same
transaction as a read, is a number such that every change not seen by that read will carry it or a
higher one. A change may be met twice that way, and never missed.

SQLite commits in one order, so a counter does. PostgreSQL commits in any order: there the number is
the transaction's own, and the horizon the oldest transaction that was still open.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text, update

from runstone.server.stores.records.schema.runs import change_counter, runs


def next_change(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        return int(conn.execute(_COUNT_UP).scalar_one())
    return int(conn.execute(_OWN_TRANSACTION).scalar_one())


def horizon(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        return int(conn.execute(_COUNTER).scalar_one()) + 1
    return int(conn.execute(_OLDEST_OPEN).scalar_one())


def heal_after_restore(conn: Connection) -> None:
    """PostgreSQL restored into another cluster counts transactions anew: bring numbers down to it."""
    if conn.dialect.name == "postgresql":
        newest = conn.execute(select(func.max(runs.c.change_seq))).scalar()
        if newest is not None and newest > conn.execute(_OWN_TRANSACTION).scalar_one():
            conn.execute(update(runs).values(change_seq=0))


_COUNT_UP = (
    update(change_counter)
    .where(change_counter.c.id == 1)
    .values(value=change_counter.c.value + 1)
    .returning(change_counter.c.value)
)
_COUNTER = select(change_counter.c.value).where(change_counter.c.id == 1)
_OWN_TRANSACTION = text("SELECT txid_current()")
_OLDEST_OPEN = text("SELECT txid_snapshot_xmin(txid_current_snapshot())")
