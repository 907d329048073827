"""The database under the history: connections, snapshots to read in, and the one writer thread.

Statements are written once, with `?` for parameters, and run on SQLite and on PostgreSQL. The
DBAPI is used directly, through SQLAlchemy's pool and URLs: a chart of 100 runs is a handful of
statements that return blobs, and result objects would cost more than the blobs.

Writes go through one thread per process: it takes what waits, runs it in one transaction and
answers after the commit, so that hundreds of writers share one flush to disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from runstone.server.domain.errors import Invalid, RunstoneError, Unavailable

T = TypeVar("T")
A = TypeVar("A")

BUSY_SECONDS = 30.0
GROUP_COUNT_MAX = 512
GROUP_BYTES_MAX = 64 << 20
QUEUE_COUNT_MAX = 20_000
RETRIES_MAX = 8
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
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            self.dialect = "sqlite"
            if not parsed.database or parsed.database == ":memory:":
                raise Invalid("The history store needs a file: sqlite:////absolute/path/history.db.", url=url)
            self._path = str(Path(parsed.database).absolute())
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                "sqlite://", creator=self._open_sqlite, poolclass=QueuePool, pool_size=8, max_overflow=56,
                pool_reset_on_return=None,
            )  # fmt: skip
            self._begin_read, self._begin_write = "BEGIN", "BEGIN IMMEDIATE"
        elif backend == "postgresql":
            self.dialect = "postgresql"
            self.engine = create_engine(
                parsed.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT",
                pool_size=8, max_overflow=56, pool_pre_ping=True, pool_reset_on_return=None,
            )  # fmt: skip
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
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False,
            cached_statements=256,
        )  # fmt: skip
        for pragma in (
            "page_size=8192",
            "journal_mode=WAL",
            "synchronous=FULL",
            "cache_size=-8192",
            "journal_size_limit=67108864",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One consistent view of the store, held until the end of the block."""
        with self._transaction(self._begin_read, end="ROLLBACK") as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is committed at the end of the block, or undone where it raises."""
        with self._transaction(self._begin_write, end="COMMIT") as tx:
            yield tx

    @contextmanager
    def _transaction(self, begin: str, *, end: str) -> Iterator[Tx]:
        try:
            connection = self.engine.raw_connection()
        except Exception as error:
            raise unavailable(error) from error
        try:
            raw: Any = connection.driver_connection
            cursor = raw.cursor(binary=True) if self.dialect == "postgresql" else raw.cursor()
            cursor.execute(begin)
            try:
                yield Tx(raw, cursor, self.dialect)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute(end)
            cursor.close()
        except RunstoneError:
            raise
        except self.errors.every as error:
            if _broken(error, connection):
                with contextlib.suppress(Exception):
                    connection.invalidate()
            if isinstance(error, self.errors.retryable):
                raise
            if isinstance(error, self.errors.passing):
                raise unavailable(error) from error
            raise
        finally:
            connection.close()

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
        self.engine.dispose()


def _broken(error: Exception, connection: Any) -> bool:
    if not isinstance(error, sqlite3.Error):
        raw = connection.driver_connection
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


class Writer(Generic[A]):
    """The thread that writes.

    `grouped` items (appends) that wait together share one transaction, in the order they came;
    where that fails each is tried alone, so that one caller's trouble stays its own. `run` takes
    any other piece of work, one transaction each.
    """

    def __init__(
        self, database: Database, group: Callable[[Tx, list[A]], list[Any]], size: Callable[[A], int]
    ):
        self._database = database
        self._group = group
        self._size = size
        self._waiting: deque[tuple[A | Callable[[Tx], Any], bool, Future[Any]]] = deque()
        self._ready = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="history-writer", daemon=True)
        self._thread.start()

    def add(self, item: A) -> Any:
        """Hand an item to the group; its result once committed."""
        return self._submit(item, grouped=True).result()

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do `work` in a transaction of its own. It may be called again after a passing conflict."""
        result: T = self._submit(work, grouped=False).result()
        return result

    def _submit(self, item: Any, *, grouped: bool) -> Future[Any]:
        future: Future[Any] = Future()
        with self._ready:
            if self._closed:
                raise Unavailable("The history store is closing.")
            if len(self._waiting) >= QUEUE_COUNT_MAX:
                raise Unavailable("The history store has too many writes waiting. Try again.")
            self._waiting.append((item, grouped, future))
            self._ready.notify()
        return future

    def close(self) -> None:
        """Finish what was handed over, then stop."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._ready:
                while not self._waiting:
                    if self._closed:
                        return
                    self._ready.wait()
                item, grouped, future = self._waiting.popleft()
                batch = [(item, future)]
                if grouped:
                    size = self._size(item)  # type: ignore[arg-type]
                    while (
                        self._waiting
                        and self._waiting[0][1]
                        and len(batch) < GROUP_COUNT_MAX
                        and size < GROUP_BYTES_MAX
                    ):
                        item, _, future = self._waiting.popleft()
                        size += self._size(item)  # type: ignore[arg-type]
                        batch.append((item, future))
            if grouped:
                self._commit(batch)
            else:
                self._settle([future], lambda tx, work=item: [work(tx)])  # type: ignore[misc]

    def _commit(self, batch: list[tuple[Any, Future[Any]]]) -> None:
        items = [item for item, _ in batch]
        try:
            results = self._try(lambda tx: self._group(tx, items))
        except BaseException as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for item, future in batch:
                self._settle([future], lambda tx, item=item: self._group(tx, [item]))  # type: ignore[misc]
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _settle(self, futures: list[Future[Any]], work: Callable[[Tx], list[Any]]) -> None:
        try:
            results = self._try(work)
        except BaseException as error:
            for future in futures:
                future.set_exception(error)
            return
        for future, result in zip(futures, results, strict=True):
            future.set_result(result)

    def _try(self, work: Callable[[Tx], list[Any]]) -> list[Any]:
        for attempt in range(RETRIES_MAX):
            try:
                with self._database.write() as tx:
                    return work(tx)
            except self._database.errors.retryable as error:
                if attempt + 1 == RETRIES_MAX:
                    raise unavailable(error) from error
                time.sleep(0.005 * 2**attempt)
        raise AssertionError("not reached")


def engine_of(database: Database) -> Engine:
    return database.engine
