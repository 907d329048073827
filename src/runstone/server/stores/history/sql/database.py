"""The database under the history: connections, statements, and snapshots to read in.

Statements are written once, with `?` for parameters, and run on SQLite and on PostgreSQL. The
DBAPI is used directly: a chart of 100 runs is a handful of statements that return blobs, and result
objects would cost more than the blobs.

Writes of one process take turns, see `writer`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

from runstone.server.domain.errors import Invalid, Unavailable

BUSY_SECONDS = 30.0
IDLE_CONNECTIONS_MAX = 16
IN_LIST_MAX = 900  # parameters of one IN list: below every driver's limit


class _Errors:
    """What the driver raises, by what is to be done. Each kind of database brings its own, so that
    a server on SQLite never loads the other's driver (7 MB)."""

    def __init__(self, dialect: str) -> None:
        self.every: tuple[type[Exception], ...] = (sqlite3.Error,)
        self.passing: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
        self.retryable: tuple[type[Exception], ...] = ()
        if dialect == "postgresql":
            import psycopg

            self.every += (psycopg.Error,)
            self.passing += (psycopg.OperationalError,)
            self.retryable = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class Tx:
    """One transaction's statements. `dialect` is "sqlite" or "postgresql"."""

    __slots__ = ("_connection", "_cursor", "dialect")

    def __init__(self, connection: Any, cursor: Any, dialect: str) -> None:
        self._connection = connection
        self._cursor = cursor
        self.dialect = dialect

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Execute; returns the rows touched."""
        self._cursor.execute(_spelled(sql, self.dialect), params)
        return int(self._cursor.rowcount)

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self._cursor.executemany(_spelled(sql, self.dialect), rows)

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(_spelled(sql, self.dialect), params)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        self._cursor.execute(_spelled(sql, self.dialect), params)
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def stream(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows one by one: what was read of a row may be freed before the next one comes."""
        cursor = (
            self._connection.cursor(binary=True)
            if self.dialect == "postgresql"
            else self._connection.cursor()
        )
        try:
            cursor.execute(_spelled(sql, self.dialect), params)
            yield from cursor
        finally:
            cursor.close()

    def stream_in(self, sql: str, values: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """As `all_in`, row by row."""
        per_call = max(1, IN_LIST_MAX // len(values[0])) if values else 1
        for at in range(0, len(values), per_call):
            piece = values[at : at + per_call]
            yield from self.stream(sql.format(values=_marks(piece)), [item for row in piece for item in row])

    def all_in(
        self, sql: str, values: Sequence[Sequence[Any]], params: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """`sql` holds `{values}` where a list of value tuples belongs; long lists are cut in pieces."""
        if not values:
            return []
        width = len(values[0])
        found: list[tuple[Any, ...]] = []
        per_call = max(1, IN_LIST_MAX // width)
        for at in range(0, len(values), per_call):
            piece = values[at : at + per_call]
            found += self.all(
                sql.format(values=_marks(piece)), [item for row in piece for item in row] + list(params)
            )
        return found

    @property
    def lock(self) -> str:
        """What ends a SELECT that must hold its rows until the commit."""
        return " FOR UPDATE" if self.dialect == "postgresql" else ""


def _marks(rows: Sequence[Sequence[Any]]) -> str:
    return ",".join(["(" + ",".join("?" * len(rows[0])) + ")"] * len(rows))


_spellings: dict[str, str] = {}


def _spelled(sql: str, dialect: str) -> str:
    if dialect == "sqlite":
        return sql
    found = _spellings.get(sql)
    if found is None:
        found = sql.replace("?", "%s")
        if len(_spellings) < 2000:
            _spellings[sql] = found
    return found


class Database:
    """Engine, dialect and how transactions begin there."""

    def __init__(self, url: str) -> None:
        self.path: Path | None = None  # of SQLite's file
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            self.dialect = "sqlite"
            if not parsed.database or parsed.database == ":memory:":
                raise Invalid("The history store needs a file: sqlite:////absolute/path/history.db.", url=url)
            self.path = Path(parsed.database).absolute()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lender: _Lender = _SqliteConnections(self._open_sqlite)
            self._begin_read, self._begin_write = "BEGIN", "BEGIN IMMEDIATE"
        elif backend == "postgresql":
            self.dialect = "postgresql"
            self._lender = _PooledConnections(parsed.set(drivername="postgresql+psycopg"))
            self._begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            self._begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        else:
            raise Invalid(
                f"A history store of kind {backend!r} is not known. Use sqlite:///PATH or postgresql://…",
                url=parsed.render_as_string(hide_password=True),
            )

        self.errors = _Errors(self.dialect)

    def _open_sqlite(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            str(self.path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False,
            cached_statements=256,
        )  # fmt: skip
        for pragma in (
            "page_size=4096",
            "journal_mode=WAL",
            "synchronous=FULL",
            "cache_size=-2048",  # blobs pass through once: more of it would only be pages to be faulted in
            "journal_size_limit=67108864",
            "temp_store=MEMORY",
            "secure_delete=FAST",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def read(self) -> _Transaction:
        """One consistent view of the store, held until the end of the block."""
        return _Transaction(self, self._begin_read, "ROLLBACK")

    def write(self) -> _Transaction:
        """A transaction that is committed at the end of the block, or undone where it raises."""
        return _Transaction(self, self._begin_write, "COMMIT")

    def bytes_used(self) -> int:
        with self.read() as tx:
            if self.dialect == "sqlite":
                (pages,) = tx.one("PRAGMA page_count") or (0,)
                (free,) = tx.one("PRAGMA freelist_count") or (0,)
                (size,) = tx.one("PRAGMA page_size") or (0,)
                return (int(pages) - int(free)) * int(size)
            row = tx.one(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
                "WHERE c.relkind = 'r' AND c.relname IN ('hist_set','hist_branch','hist_stream','hist_log',"
                "'hist_key','hist_bucket','hist_pack','hist_seg','hist_group_key')"
            )
            return int(row[0]) if row else 0

    def close(self) -> None:
        self._lender.close()


class _Transaction:
    """`with database.write() as tx:`. A class, for a body of rows is a transaction: a generator in
    its place would cost as much as two of its statements."""

    __slots__ = ("_begin", "_cursor", "_database", "_end", "_raw")

    def __init__(self, database: Database, begin: str, end: str) -> None:
        self._database = database
        self._begin = begin
        self._end = end

    def __enter__(self) -> Tx:
        database = self._database
        try:
            raw = self._raw = database._lender.take()
        except Exception as error:
            raise unavailable(error) from error
        try:
            cursor = raw.cursor(binary=True) if database.dialect == "postgresql" else raw.cursor()
            self._cursor = cursor
            cursor.execute(self._begin)
        except BaseException as error:
            self._give_back(error)
            self._raise_in_our_words(error)
            raise
        return Tx(raw, cursor, database.dialect)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._cursor.execute(self._end)
                self._cursor.close()
            except BaseException as failed:
                self._undo(failed)
                self._raise_in_our_words(failed)
                raise
            self._give_back(None)
            return
        self._undo(error)
        self._raise_in_our_words(error)

    def _undo(self, error: BaseException) -> None:
        # A full disk, or a connection that broke, has undone it already.
        with contextlib.suppress(*self._database.errors.every):
            self._cursor.execute("ROLLBACK")
        self._give_back(error)

    def _give_back(self, error: BaseException | None) -> None:
        broken = isinstance(error, self._database.errors.every) and _broken(error, self._raw)
        self._database._lender.give(self._raw, broken=broken)

    def _raise_in_our_words(self, error: BaseException) -> None:
        """Only passing trouble; what may be tried again, and bugs, are told as they are."""
        errors = self._database.errors
        if isinstance(error, errors.passing) and not isinstance(error, errors.retryable):
            raise unavailable(error) from error


class _Lender(Protocol):
    """Hands out connections of the driver's own kind, each to one thread at a time."""

    def take(self) -> Any: ...
    def give(self, raw: Any, *, broken: bool) -> None: ...
    def close(self) -> None: ...


class _SqliteConnections:
    """Connections that nobody uses lie in a pile; the last one used, whose cache is warm, goes
    first. Opening one more costs less than waiting for one."""

    def __init__(self, make: Callable[[], sqlite3.Connection]) -> None:
        self._make = make
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()

    def give(self, raw: sqlite3.Connection, *, broken: bool) -> None:
        if broken or self._closed or len(self._idle) >= IDLE_CONNECTIONS_MAX:
            with contextlib.suppress(sqlite3.Error):
                raw.close()
            return
        self._idle.append(raw)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class _PooledConnections:
    """PostgreSQL's, by SQLAlchemy's pool: it looks whether one still lives, and bounds them."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=56, pool_pre_ping=True,
            pool_reset_on_return=None,
        )  # fmt: skip
        self._lent: dict[int, Any] = {}

    def take(self) -> Any:
        connection = self._engine.raw_connection()
        raw = connection.driver_connection
        self._lent[id(raw)] = connection
        return raw

    def give(self, raw: Any, *, broken: bool) -> None:
        connection = self._lent.pop(id(raw))
        if broken:
            with contextlib.suppress(Exception):
                connection.invalidate()
        connection.close()

    def close(self) -> None:
        self._engine.dispose()


def _broken(error: BaseException, raw: Any) -> bool:
    if not isinstance(error, sqlite3.Error):
        return raw is None or raw.closed or raw.broken
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, (sqlite3.IntegrityError, sqlite3.OperationalError, sqlite3.ProgrammingError)
    )


def unavailable(error: Exception) -> Unavailable:
    """In words that say what to do: a full disk, a locked file, a server that is away."""
    text = str(error).strip() or type(error).__name__
    if "disk is full" in text or "No space left" in text:
        return Unavailable(
            "The history store's disk is full. Free space there; nothing acknowledged was lost."
        )
    return Unavailable(f"The history store does not answer: {text}. Try again.")
