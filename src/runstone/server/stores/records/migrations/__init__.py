"""Bringing a database to this release's schema. Alembic's revisions lie in `versions/`.

All pending revisions run in one transaction: a database is at one release's schema or at
another's, never in between. A SQLite file is copied to `backups/` beside it first.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from runstone.server.domain.errors import Unavailable

HEAD = "0018"
BACKUPS_KEPT = 5

log = logging.getLogger(__name__)


def migrate(url: str, *, to: str = HEAD) -> list[Path]:
    """Bring the database at `url` to revision `to`; make it where there is none.

    Safe to call from several processes at once: one does it, the others wait. Returns the backup
    that was made, if any. Raises Unavailable for a database of a newer release, or one that cannot
    be reached.
    """
    from sqlalchemy.exc import DBAPIError

    from runstone.server.stores.records.engine import parse_url, postgres_engine, sqlite_engine

    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        file.parent.mkdir(parents=True, exist_ok=True)
        # Tables are rebuilt while revisions run, so references are checked once, at the end.
        engine = sqlite_engine(parsed, foreign_keys=False)
    else:
        file = None
        engine = postgres_engine(parsed)
    try:
        return _migrate(engine, file, to)
    except DBAPIError as error:
        raise Unavailable(f"The record store cannot be opened: {error.orig}.") from error
    finally:
        engine.dispose()


def _migrate(engine: Engine, file: Path | None, to: str) -> list[Path]:
    with engine.connect() as conn:
        if _revision(conn) == to:
            return []
        conn.rollback()
        backups = []
        with conn.begin():  # on SQLite this takes the write lock
            if file is None:
                conn.execute(text("SELECT pg_advisory_xact_lock(7283649105)"))
            at = _revision(conn)
            if at == to:
                return []
            _refuse_newer(at)
            if at is not None:
                if file is not None:
                    backups.append(_backup(file, at))
                log.info("upgrading the record store from schema %s to %s", at, to)
            _upgrade(conn, to)
            if file is not None:
                broken = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"The upgrade to schema {to} left broken references: {broken[:5]}")
        return backups


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _refuse_newer(at: str | None) -> None:
    if at is not None and at not in _known():
        raise Unavailable(
            f"The record store has schema {at!r}; this release knows up to {HEAD!r}. "
            "It was opened by a newer release: upgrade runstone, or restore the backup made before.",
            schema=at,
        )


def _known() -> set[str]:
    return {path.name.split("_")[0] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py")}


def _upgrade(conn: Connection, to: str) -> None:
    from alembic import command  # 10 MB that a server at its own schema never loads
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, to)


def _backup(file: Path, revision: str) -> Path:
    """A whole copy by SQLite's own backup, renamed into place when it is complete and on disk."""
    folder = file.parent / "backups"
    folder.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = folder / f"{file.stem}-schema-{revision}-{stamp}.db"
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    source = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(partial)
    try:
        copy.execute("PRAGMA synchronous=FULL")
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    partial.replace(target)
    log.info("backed the record store up to %s", target)
    for old in sorted(folder.glob(f"{file.stem}-schema-*.db"))[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target
