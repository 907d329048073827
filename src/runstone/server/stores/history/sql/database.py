"""The database under the history: connections, snapshots to read in, and taking turns to write.

Statements are written once, with `?` for parameters, and run on SQLite and on PostgreSQL. The
DBAPI is used directly: a chart of 100 runs is a handful of
statements that return blobs, and result objects would cost more than the blobs.

Writes of one process take turns, see `Writer`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

from runstone.server.domain.errors import Invalid, Unavailable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B", contravariant=True)

BUSY_SECONDS = 30.0
GROUP_COUNT_MAX = 512
GROUP_BYTES_MAX = 64 << 20
QUEUE_COUNT_MAX = 20_000
RETRIES_MAX = 8
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


class _Work:
    """Something to be written, and what came of it. `item`: what was added, or else what is to be run."""

    __slots__ = ("done", "error", "grouped", "item", "result", "settled")

    def __init__(self, item: Any, *, grouped: bool, settled: bool = True) -> None:
        self.item = item
        self.grouped = grouped
        self.settled = settled
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False


class Ahead(Protocol[B]):
    """Keeps some of what is added ahead of the database (see `intake`)."""

    def pending(self, part: Collection[Any] | None = None) -> bool: ...
    def take(self, items: Sequence[B], /) -> list[Any] | None: ...
    def write(self, tx: Tx, part: Collection[Any] | None = None) -> None: ...
    def written(self, part: Collection[Any] | None = None) -> None: ...
    def kept(self, items: Sequence[B], results: Sequence[Any], /) -> None: ...
    def forget(self) -> None: ...


class Writer(Generic[A]):
    """One transaction at a time, and many callers' work in it.

    Whoever finds nobody writing writes, for itself and for all who wait by then; the others find
    their work done when their turn comes. So hundreds of callers share one flush to disk, and a
    lone one pays for no thread but its own. Nobody waits for company: while one flushes the others
    gather by themselves, and waiting 2 ms for more of them was measured to cost more than it saves.

    `add`ed items (appends) that wait together share one transaction, in the order they came; where
    that fails each is tried alone, so that one caller's trouble stays its own. `run` takes any other
    piece of work, one transaction each.

    `ahead`, where there is one, is asked first to keep what was added; what it has is written in front
    of anything else.
    """

    def __init__(
        self,
        database: Database,
        group: Callable[[Tx, list[A]], list[Any]],
        size: Callable[[A], int],
        ahead: Ahead[A] | None = None,
    ):
        self._database = database
        self._group = group
        self._size = size
        self._ahead = ahead
        self._waiting: deque[_Work] = deque()
        self._writing = threading.Lock()
        self._closed = False

    def add(self, item: A) -> Any:
        """Hand an item to the group; its result once committed."""
        return self._wait(_Work(item, grouped=True))

    def add_many(self, items: Sequence[A]) -> list[Any]:
        """Several at once, side by side in the group. Raises the first one's error once all are
        done with."""
        works = [_Work(item, grouped=True) for item in items]
        self._hand_over(works)
        for work in works:
            self._see_done(work)
        for work in works:
            if work.error is not None:
                raise work.error
        return [work.result for work in works]

    def run(self, work: Callable[[Tx], T], *, settled: bool = True) -> T:
        """Do `work` in a transaction of its own. It may be called again after a passing conflict.
        Without `settled` what was added before may still be ahead of the database."""
        result: T = self._wait(_Work(work, grouped=False, settled=settled))
        return result

    def settle(self, part: Collection[Any] | None = None) -> None:
        """What was added, or that part of it, is in the database. Raises Unavailable where that cannot
        be now."""
        if self._ahead is not None and self._ahead.pending(part):
            with self._writing:
                if self._ahead.pending(part):
                    self._try(_nothing, settled=True, part=part)

    def _wait(self, work: _Work) -> Any:
        self._hand_over([work])
        self._see_done(work)
        if work.error is not None:
            raise work.error
        return work.result

    def _hand_over(self, works: Sequence[_Work]) -> None:
        if self._closed:
            raise Unavailable("The history store is closing.")
        if len(self._waiting) >= QUEUE_COUNT_MAX:
            raise Unavailable("The history store has too many writes waiting. Try again.")
        self._waiting.extend(works)

    def _see_done(self, work: _Work) -> None:
        while not work.done:
            with self._writing:
                if not work.done:
                    self._write_some()

    def close(self) -> None:
        """Finish what was handed over, take nothing more."""
        self._closed = True
        with self._writing:
            while self._waiting:
                self._write_some()

    def _write_some(self) -> None:
        """What waits first, and with an append the appends behind it. Called by one thread at a time."""
        first = self._waiting.popleft()
        batch = [first]
        if first.grouped:
            size = self._size(first.item)
            while (
                self._waiting
                and self._waiting[0].grouped
                and len(batch) < GROUP_COUNT_MAX
                and size < GROUP_BYTES_MAX
            ):
                size += self._size(self._waiting[0].item)
                batch.append(self._waiting.popleft())
        self._do(batch)

    def _do(self, batch: list[_Work]) -> None:
        try:
            results = self._add([work.item for work in batch]) if batch[0].grouped else [self._run(batch[0])]
        except BaseException as error:
            if len(batch) > 1:
                for work in batch:
                    self._do([work])
                return
            batch[0].error, batch[0].done = error, True
            return
        for work, result in zip(batch, results, strict=True):
            work.result, work.done = result, True

    def _add(self, items: list[A]) -> list[Any]:
        results = None if self._ahead is None else self._ahead.take(items)
        if results is None:
            results = self._try(lambda tx: self._group(tx, items), settled=True)
            if self._ahead is not None:
                self._ahead.kept(items, results)
        return results

    def _run(self, work: _Work) -> Any:
        try:
            return self._try(work.item, settled=work.settled)
        finally:
            if work.settled and self._ahead is not None:
                self._ahead.forget()

    def _try(self, act: Callable[[Tx], T], *, settled: bool, part: Collection[Any] | None = None) -> T:
        ahead = self._ahead if settled and self._ahead is not None and self._ahead.pending(part) else None
        for attempt in range(RETRIES_MAX):
            try:
                with self._database.write() as tx:
                    if ahead is not None:
                        ahead.write(tx, part)
                    result = act(tx)
                if ahead is not None:
                    ahead.written(part)
                return result
            except self._database.errors.retryable as error:
                if attempt + 1 == RETRIES_MAX:
                    raise unavailable(error) from error
                time.sleep(0.005 * 2**attempt)
        raise AssertionError("not reached")


def _nothing(tx: Tx) -> None:
    pass
