"""The record store behind its contract: one file of SQLite, or PostgreSQL.

SQLite has a single writer, so one thread owns the writing connection and puts the works that wait
into one commit, each in a savepoint of its own: hundreds of callers share one flush to disk.
PostgreSQL runs each work in a transaction of its own and again after a passing conflict.
"""

from __future__ import annotations

import contextlib
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from runstone.server.domain.errors import Invalid, ReferenceGone, Unavailable
from runstone.server.stores.records import codec
from runstone.server.stores.records.contract import Records

T = TypeVar("T")
log = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 30.0
GROUP_WORKS_MAX = 256
GROUP_SECONDS_MAX = 0.020
GROUP_WAIT_SECONDS = 0.002  # spent only where the last commit carried several works
WRITE_QUEUE_MAX = 4096
CONFLICT_RETRIES_MAX = 12
# Of each connection of SQLite, filled as a file grows: memory that a server ends up with.
WRITE_CACHE_KIB = 8192
READ_CACHE_KIB = 4096
READ_CONNECTIONS = 8
READ_CONNECTIONS_EXTRA = 24


def open_records(url: str, *, upgrade: bool = True, cache_kib: int | None = None) -> Records:
    """The store at `url`: `sqlite:////absolute/records.db`, or `postgresql://…`.

    cache_kib: of pages that each connection of SQLite keeps, where that is not as usual. With
    `upgrade` the schema is first brought to this release (see `migrations.migrate`). Raises
    Unavailable where the database cannot be reached, Invalid for another kind of URL.
    """
    from runstone.server.stores.records.migrations import migrate

    if upgrade:
        migrate(url)
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteRecords(parsed, cache_kib=cache_kib)
    return PostgresRecords(parsed)


def parse_url(url: str) -> URL:
    """SQLAlchemy's form of the address, with the drivers we use."""
    if "://" not in url:
        return URL.create("sqlite", database=url)
    scheme = url.split("://", 1)[0].split("+")[0]
    if scheme == "sqlite":
        parsed = make_url(url)
        if not parsed.database or parsed.database == ":memory:":
            raise Invalid("The record store needs a file: sqlite:////absolute/path/records.db.", url=url)
        return URL.create("sqlite", database=parsed.database)
    if scheme in ("postgresql", "postgres"):
        return make_url(url).set(drivername="postgresql+psycopg")
    raise Invalid(
        f"The record store knows sqlite:// and postgresql:// addresses, met {scheme}://.", scheme=scheme
    )


class SqliteRecords:
    """WAL, synchronous=FULL: what `write` has returned survives a power cut."""

    dialect = "sqlite"

    def __init__(self, url: URL, *, cache_kib: int | None = None) -> None:
        path = Path(url.database or "")
        self._readers = sqlite_engine(url, read_only=True, cache_kib=cache_kib)
        self._writers = sqlite_engine(url, cache_kib=cache_kib)
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._slots = threading.BoundedSemaphore(WRITE_QUEUE_MAX)
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._run, name=f"runstone-records-writer:{path.name}", daemon=True
        )
        self._thread.start()

    def read(self) -> AbstractContextManager[Connection]:
        return _reading(self._readers)

    def write(self, work: Callable[[Connection], T]) -> T:
        if threading.current_thread() is self._thread:
            raise RuntimeError("A write inside a write: pass the connection on instead.")
        if not self._slots.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise Unavailable("The record store is too busy to take more writes.", retry_after_seconds=5)
        try:
            waiting = _Work(work)
            with self._lock:
                if self._closed:
                    raise Unavailable("The record store is closed.")
                self._queue.put(waiting)
            waiting.done.wait()
        finally:
            self._slots.release()
        if waiting.error is not None:
            raise waiting.error
        result: T = waiting.result
        return result

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._readers.dispose()
        self._writers.dispose()

    # -- the writer thread

    def _run(self) -> None:
        connection: Connection | None = None
        crowded = 0
        while True:
            first = self._queue.get()
            if first is None:
                break
            group = _Group(first)
            try:
                if connection is None:
                    connection = self._writers.connect()
                crowded, stop = self._commit_group(connection, group, crowded)
            except BaseException as error:
                # The connection itself is in doubt: none of the group is known to be kept.
                stop = False
                group.fail_all(_translated(error))
                if connection is not None:
                    with contextlib.suppress(Exception):
                        connection.invalidate()
                    with contextlib.suppress(Exception):
                        connection.close()
                connection = None
            if stop:
                break
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.exec_driver_sql("PRAGMA optimize")
                connection.rollback()
            connection.close()

    def _commit_group(self, connection: Connection, group: _Group, crowded: int) -> tuple[int, bool]:
        """Run works until none waits or the group is full, commit, wake the callers."""
        stop = False
        connection.begin()
        raw = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise RuntimeError("The record store's connection is closed.")
        started = time.monotonic()
        patience = GROUP_WAIT_SECONDS if crowded > 2 else 0.0
        work: _Work | None = group.first
        while work is not None:
            group.members.append(work)
            self._run_one(connection, raw, work)
            if not raw.in_transaction:  # the database undid everything (disk full, I/O error)
                raise work.error or Unavailable("The record store lost its transaction.")
            work = None
            if len(group.members) >= GROUP_WORKS_MAX or time.monotonic() - started > GROUP_SECONDS_MAX:
                break
            try:
                # Waiting is worth it only while fewer have come than last time.
                wait = patience if len(group.members) < crowded else 0.0
                work = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            except Empty:
                break
            if work is None:
                stop = True
        if any(member.error is None for member in group.members):
            connection.commit()
        else:
            connection.rollback()
        group.wake()
        return len(group.members), stop

    @staticmethod
    def _run_one(connection: Connection, raw: sqlite3.Connection, work: _Work) -> None:
        raw.execute("SAVEPOINT work")
        try:
            work.result = work.call(connection)
        except BaseException as error:
            work.error = _translated(error)
            if raw.in_transaction:
                raw.execute("ROLLBACK TO work")
                raw.execute("RELEASE work")
        else:
            raw.execute("RELEASE work")


class _Work:
    __slots__ = ("call", "done", "error", "result")

    def __init__(self, call: Callable[[Connection], Any]) -> None:
        self.call = call
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class _Group:
    """Works that share one commit. None is told of success before that commit."""

    def __init__(self, first: _Work) -> None:
        self.first = first
        self.members: list[_Work] = []

    def wake(self) -> None:
        for member in self.members:
            member.done.set()

    def fail_all(self, error: BaseException) -> None:
        for member in self.members or [self.first]:
            if member.error is None:
                member.error = error
            member.done.set()


class PostgresRecords:
    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._engine = postgres_engine(url)
        self._readers = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._closed = False

    def read(self) -> AbstractContextManager[Connection]:
        return _reading(self._readers)

    def write(self, work: Callable[[Connection], T]) -> T:
        """READ COMMITTED: work that reads a row in order to change it reads it `FOR UPDATE`."""
        if self._closed:
            raise Unavailable("The record store is closed.")
        for attempt in range(1, CONFLICT_RETRIES_MAX + 1):
            committing = False
            try:
                with self._engine.connect() as connection:
                    transaction = connection.begin()
                    result = work(connection)
                    committing = True
                    transaction.commit()
                    return result
            except DBAPIError as error:
                passing = _sqlstate(error) in _CONFLICTS or (error.connection_invalidated and not committing)
                if not passing or attempt == CONFLICT_RETRIES_MAX:
                    raise _translated(error) from error
                time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))  # noqa: S311 (jitter)
            except UnicodeEncodeError as error:
                raise _translated(error) from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()


# serialization_failure, deadlock_detected, lock_not_available, and a unique clash that a
# concurrent transaction won: the next attempt sees its row.
_CONFLICTS = {"40001", "40P01", "55P03"}


def _sqlstate(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise _translated(error) from error
    try:
        yield connection
    except (DBAPIError, UnicodeEncodeError) as error:
        raise _translated(error) from error
    finally:
        connection.close()  # rolls back: reads leave nothing behind


def _translated(error: BaseException) -> BaseException:
    """Passing trouble of the database as Unavailable, text that no database takes as Invalid, a row
    that points to one that is gone as ReferenceGone; anything else as it is (it is a bug)."""
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, DataError) and "NUL" in str(error.orig)):
        return Invalid("A name or text holds NUL or half a surrogate pair, which cannot be kept or found.")
    if isinstance(error, IntegrityError) and _points_nowhere(error):
        return ReferenceGone(
            "Something that this refers to was removed meanwhile, or is referred to again. Try again."
        )
    if isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        return _unavailable(error.orig or error)
    if isinstance(error, sqlite3.OperationalError):
        return _unavailable(error)
    return error


def _points_nowhere(error: IntegrityError) -> bool:
    return _sqlstate(error) == "23503" or str(error.orig).startswith("FOREIGN KEY constraint failed")


def _unavailable(error: BaseException) -> BaseException:
    if isinstance(error, sqlite3.OperationalError):
        text = str(error)
        if not any(
            sign in text
            for sign in ("disk", "locked", "busy", "unable to open", "readonly", "full", "interrupted")
        ):
            return error  # a wrong statement, not a passing trouble
        if "full" in text:
            return Unavailable(
                "The disk of the record store is full; nothing was lost. Free some space.",
                retry_after_seconds=10,
            )
    return Unavailable(
        f"The record store cannot be used now: {str(error).splitlines()[0] if str(error) else error!r}.",
        retry_after_seconds=2,
    )


def sqlite_engine(
    url: URL, *, read_only: bool = False, foreign_keys: bool = True, cache_kib: int | None = None
) -> Engine:
    cache_kib = cache_kib or (READ_CACHE_KIB if read_only else WRITE_CACHE_KIB)
    engine = create_engine(
        url,
        poolclass=QueuePool if read_only else NullPool,
        # isolation_level=None: the driver begins nothing by itself, the `begin` hook below does.
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": BUSY_TIMEOUT_SECONDS},
        json_serializer=codec.dumps,
        json_deserializer=codec.loads,
        query_cache_size=1000,
        **({"pool_size": READ_CONNECTIONS, "max_overflow": READ_CONNECTIONS_EXTRA} if read_only else {}),
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        run = connection.execute
        run(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_SECONDS * 1000)}")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        run(f"PRAGMA cache_size=-{cache_kib}")
        run("PRAGMA temp_store=MEMORY")
        run("PRAGMA journal_size_limit=67108864")
        if read_only:
            run("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def postgres_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=READ_CONNECTIONS,
        max_overflow=READ_CONNECTIONS_EXTRA,
        pool_pre_ping=True,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        connect_args={"connect_timeout": 10, "application_name": "runstone"},
        json_serializer=codec.dumps,
        json_deserializer=codec.loads,
        query_cache_size=1000,
    )
