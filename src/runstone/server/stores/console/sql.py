"""Console lines in SQLite (a file of its own) or PostgreSQL.

A write is one row appended to `console_log`. When enough has gathered it is merged into chunks of
1,000 line numbers each, compressed; so a write costs the same however long the console is, and a
page of a million lines reads one or two chunks. A reader lays the log over the chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from runstone.server.domain.errors import Invalid, Unavailable
from runstone.server.domain.identity import RunKey
from runstone.server.stores.console.chunks import (
    CHUNK_LINES,
    Columns,
    by_chunk,
    columns_of,
    decode,
    encode,
)
from runstone.server.stores.console.contract import ConsoleInfo, ConsoleStore, Line
from runstone.server.stores.records.contract import Records

SCHEMA_VERSION = 1
LINE_NUMBER_MAX = 2**53
MERGE_BATCHES = 32  # a reader never lays more than about this many rows over the chunks
MERGE_LINES = 4 * CHUNK_LINES
_CHUNKS_AT_ONCE = 32
_CACHE_KIB = 1024  # lines are written behind each other and read a screen at a time: little comes back

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)
_Id = BigInteger().with_variant(Integer(), "sqlite")

console_schema = Table("console_schema", metadata, Column("version", Integer, primary_key=True))

console_writers = Table(
    "console_writers",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run_key", BigInteger, nullable=False),
    Column("writer", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("lines", BigInteger, nullable=False),  # the highest number written, plus one
    Column("log_next", BigInteger, nullable=False),
    Column("log_batches", Integer, nullable=False),
    Column("log_lines", Integer, nullable=False),
    Index("uq_console_writers", "run_key", "writer", unique=True),
    sqlite_autoincrement=True,
)

console_log = Table(
    "console_log",
    metadata,
    Column("writer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

console_chunks = Table(
    "console_chunks",
    metadata,
    Column("writer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chunk", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)


# Of each write; made once, since making one costs more than carrying it out.
_insert_log = insert(console_log)
_held_writer = (
    select(console_writers)
    .where(console_writers.c.run_key == bindparam("run"), console_writers.c.writer == bindparam("name"))
    .with_for_update()
)
_update_writer = update(console_writers).where(console_writers.c.id == bindparam("of"))


def open_console(url: str) -> ConsoleStore:
    """The store at `url`: `sqlite:////absolute/console.db`, or `postgresql://…` (which may be the
    database of the records). Makes its tables. Raises Unavailable where it cannot be reached."""
    from runstone.server.stores.records.engine import open_records

    store = SqlConsole(open_records(url, upgrade=False, cache_kib=_CACHE_KIB))
    try:
        store.prepare()
    except BaseException:
        store.close()
        raise
    return store


class SqlConsole:
    """See `ConsoleStore`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def prepare(self) -> None:
        self._records.write(_create)

    def close(self) -> None:
        self._records.close()

    def write(self, run: RunKey, writer: str, lines: Sequence[Line], *, label: str = "") -> None:
        if not lines:
            return
        _check(lines)
        chunks = by_chunk(lines)
        count = sum(map(len, chunks.values()))
        end = max(max(chunk) for chunk in chunks.values()) + 1
        # Encoded here, in the caller's thread: the one that writes has many callers.
        data = None
        if count < MERGE_LINES:
            flat = {number: line for chunk in chunks.values() for number, line in chunk.items()}
            data = encode(columns_of(flat), pack=False)

        def work(conn: Connection) -> None:
            row = _writer(conn, run, writer, label)
            batches, gathered, log_next = row.log_batches, row.log_lines, row.log_next
            if data is not None:
                conn.execute(_insert_log, {"writer_id": row.id, "seq": log_next, "data": data})
                batches, gathered, log_next = batches + 1, gathered + count, log_next + 1
            if data is None or batches >= MERGE_BATCHES or gathered >= MERGE_LINES:
                _merge(conn, row.id, {} if data is not None else chunks)
                batches = gathered = 0
            conn.execute(
                _update_writer,
                {
                    "of": row.id,
                    "label": label or row.label,
                    "lines": max(row.lines, end),
                    "log_next": log_next,
                    "log_batches": batches,
                    "log_lines": gathered,
                },
            )

        self._records.write(work)

    def writers(self, run: RunKey) -> list[ConsoleInfo]:
        table = console_writers.c
        with self._records.read() as conn:
            rows = conn.execute(
                select(table.writer, table.label, table.lines).where(table.run_key == run).order_by(table.id)
            )
            return [ConsoleInfo(*row) for row in rows]

    def read(self, run: RunKey, writer: str, *, start: int, limit: int) -> list[Line]:
        found: list[Line] = []
        with self._records.read() as conn:
            row = _find(conn, run, writer)
            if row is None or limit <= 0 or start >= row.lines:
                return []
            first = max(0, row.lines + start) if start < 0 else start
            for columns in _columns(conn, row.id, first):
                found += [line for line in columns.lines() if line.number >= first]
                if len(found) >= limit:
                    break
        return found[:limit]

    def search(self, run: RunKey, writer: str, text: str, *, start: int = 0, limit: int = 1000) -> list[Line]:
        needle = text.casefold()
        found: list[Line] = []
        with self._records.read() as conn:
            row = _find(conn, run, writer)
            if row is None or limit <= 0 or start >= row.lines:
                return []
            first = max(0, row.lines + start) if start < 0 else start
            for columns in _columns(conn, row.id, first):
                # One look at the whole chunk; most hold nothing that was sought.
                if needle not in "\n".join(columns.texts).casefold():
                    continue
                found += [
                    line
                    for line in columns.lines()
                    if line.number >= first and needle in line.text.casefold()
                ]
                if len(found) >= limit:
                    break
        return found[:limit]

    def delete(self, run: RunKey) -> None:
        def work(conn: Connection) -> None:
            ids = select(console_writers.c.id).where(console_writers.c.run_key == run)
            conn.execute(delete(console_log).where(console_log.c.writer_id.in_(ids)))
            conn.execute(delete(console_chunks).where(console_chunks.c.writer_id.in_(ids)))
            conn.execute(delete(console_writers).where(console_writers.c.run_key == run))

        self._records.write(work)


def _check(lines: Sequence[Line]) -> None:
    for line in lines:
        if not 0 <= line.number <= LINE_NUMBER_MAX:
            raise Invalid(f"Console line {line.number}: line numbers go from 0 to {LINE_NUMBER_MAX}.")
        if not 0 <= line.stream <= 255:
            raise Invalid(f"Console stream {line.stream} of line {line.number}: 0 is output, 1 is error.")


def _create(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(7283649117)"))
    metadata.create_all(conn)
    version = conn.execute(select(func.max(console_schema.c.version))).scalar()
    if version is None:
        conn.execute(insert(console_schema), {"version": SCHEMA_VERSION})
    elif version > SCHEMA_VERSION:
        raise Unavailable(
            f"The console store has schema {version}, of a newer release; this one knows up to "
            f"{SCHEMA_VERSION}. Upgrade runstone."
        )


def _find(conn: Connection, run: RunKey, writer: str) -> Row[Any] | None:
    table = console_writers
    return conn.execute(select(table).where(table.c.run_key == run, table.c.writer == writer)).first()


def _writer(conn: Connection, run: RunKey, writer: str, label: str) -> Row[Any]:
    """The writer's row, made if absent, held until the end of the transaction."""
    wanted = {"run": run, "name": writer}
    row = conn.execute(_held_writer, wanted).first()
    if row is None:
        made = {"run_key": run, "writer": writer, "label": label}
        made |= {"lines": 0, "log_next": 0, "log_batches": 0, "log_lines": 0}
        dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
        conn.execute(dialect.insert(console_writers).on_conflict_do_nothing(), made)
        row = conn.execute(_held_writer, wanted).one()
    return row


def _merge(conn: Connection, writer_id: int, newest: dict[int, dict[int, Line]]) -> None:
    """Lay the log, then `newest`, over the chunks; empty the log."""
    touched = _log(conn, writer_id)
    for number, lines in newest.items():
        touched.setdefault(number, {}).update(lines)
    for at in range(0, len(numbers := sorted(touched)), _CHUNKS_AT_ONCE):
        some = numbers[at : at + _CHUNKS_AT_ONCE]
        rows = []
        kept = {row.chunk: row.data for row in conn.execute(_chunks_where(writer_id, some))}
        for number in some:
            lines = touched[number]
            if number in kept:
                lines = {line.number: line for line in decode(kept[number]).lines()} | lines
            data = encode(columns_of(lines), pack=True)
            rows.append({"writer_id": writer_id, "chunk": number, "data": data})
        dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(console_chunks)
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=["writer_id", "chunk"], set_={"data": statement.excluded.data}
            ),
            rows,
        )
    conn.execute(delete(console_log).where(console_log.c.writer_id == writer_id))


def _log(conn: Connection, writer_id: int) -> dict[int, dict[int, Line]]:
    rows = conn.execute(
        select(console_log.c.data).where(console_log.c.writer_id == writer_id).order_by(console_log.c.seq)
    )
    return by_chunk(line for row in rows for line in decode(row.data).lines())


def _columns(conn: Connection, writer_id: int, first: int) -> Iterator[Columns]:
    """All chunks from the one that holds line `first`, the log laid over them, by rising number."""
    table = console_chunks.c
    log = {n: lines for n, lines in _log(conn, writer_id).items() if n >= first // CHUNK_LINES}
    log_numbers = sorted(log, reverse=True)
    at, page = first // CHUNK_LINES, 2  # the first page is small: most readers want one screen
    while True:
        rows = conn.execute(
            select(table.chunk, table.data)
            .where(table.writer_id == writer_id, table.chunk >= at)
            .order_by(table.chunk)
            .limit(page)
        ).all()
        for row in rows:
            while log_numbers and log_numbers[-1] < row.chunk:
                yield columns_of(log[log_numbers.pop()])
            columns = decode(row.data)
            if log_numbers and log_numbers[-1] == row.chunk:
                over = log[log_numbers.pop()]
                columns = columns_of({line.number: line for line in columns.lines()} | over)
            yield columns
        if len(rows) < page:
            break
        at, page = rows[-1].chunk + 1, _CHUNKS_AT_ONCE
    while log_numbers:
        yield columns_of(log[log_numbers.pop()])


def _chunks_where(writer_id: int, numbers: Sequence[int]) -> Any:
    table = console_chunks.c
    return select(table.chunk, table.data).where(table.writer_id == writer_id, table.chunk.in_(numbers))
