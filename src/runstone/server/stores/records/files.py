"""Statements about files of runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, Select, delete, func, select

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.files import run_files

_AT_ONCE = 500  # names or digests in one statement: below the limits of every SQLite


def file(conn: Connection, run_key: int, name: str) -> AnyRow | None:
    return conn.execute(
        select(run_files).where(run_files.c.run_key == run_key, run_files.c.name == name)
    ).first()


def set_file(
    conn: Connection,
    run_key: int,
    name: str,
    *,
    sha256: str,
    md5: str,
    size: int,
    mimetype: str,
    updated_at: float,
) -> None:
    values = {"sha256": sha256, "md5": md5, "size": size, "mimetype": mimetype, "updated_at": updated_at}
    conn.execute(
        upsert(conn, run_files)
        .values(run_key=run_key, name=name, **values)
        .on_conflict_do_update(index_elements=[run_files.c.run_key, run_files.c.name], set_=values)
    )


def find_files(
    conn: Connection,
    run_key: int,
    *,
    prefix: str = "",
    pattern: str = "",
    names: Collection[str] | None = None,
    after: str = "",
    limit: int,
) -> Sequence[AnyRow]:
    """By name, in the order of code points. `pattern` is SQL LIKE, case told apart."""
    wanted: Select[tuple[object, ...]] = select(run_files).where(run_files.c.run_key == run_key)
    order = run_files.c.name if conn.dialect.name == "sqlite" else run_files.c.name.collate("C")
    if prefix:
        wanted = wanted.where(func.substr(run_files.c.name, 1, len(prefix)) == prefix)
    if pattern:
        # SQLite's own LIKE folds the case of ASCII letters; GLOB does not, and takes other signs.
        wanted = (
            wanted.where(run_files.c.name.op("GLOB")(glob_of(pattern)))
            if conn.dialect.name == "sqlite"
            else wanted.where(run_files.c.name.like(pattern))
        )
    if after:
        wanted = wanted.where(order > after)
    if names is None:
        return conn.execute(wanted.order_by(order).limit(limit)).all()
    found: list[AnyRow] = []
    listed = sorted(set(names))
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(wanted.where(run_files.c.name.in_(listed[at : at + _AT_ONCE])).order_by(order))
    return sorted(found, key=lambda row: str(row.name))[:limit]


def glob_of(like: str) -> str:
    """A LIKE pattern (`%`, `_`, `\\` escapes) as SQLite's GLOB."""
    out, at = [], 0
    while at < len(like):
        sign = like[at]
        if sign == "\\" and at + 1 < len(like):
            at += 1
            out.append(_literal(like[at]))
        else:
            out.append("*" if sign == "%" else "?" if sign == "_" else _literal(sign))
        at += 1
    return "".join(out)


def _literal(sign: str) -> str:
    return f"[{sign}]" if sign in "*?[" else sign


def count_files(conn: Connection, run_key: int) -> int:
    return conn.execute(select(func.count()).where(run_files.c.run_key == run_key)).scalar_one()


def delete_files(conn: Connection, run_key: int, names: Iterable[str]) -> int:
    listed, deleted = sorted(set(names)), 0
    for at in range(0, len(listed), _AT_ONCE):
        some = run_files.c.name.in_(listed[at : at + _AT_ONCE])
        deleted += conn.execute(delete(run_files).where(run_files.c.run_key == run_key, some)).rowcount
    return deleted


def referred_digests(conn: Connection, digests: Iterable[str]) -> set[str]:
    """Those of `digests` that some run's file is."""
    listed, found = sorted(set(digests)), set[str]()
    for at in range(0, len(listed), _AT_ONCE):
        some = run_files.c.sha256.in_(listed[at : at + _AT_ONCE])
        found |= set(conn.execute(select(run_files.c.sha256).where(some).distinct()).scalars())
    return found
