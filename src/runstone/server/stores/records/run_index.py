"""The runs of projects as columns in memory, for filtering, sorting and grouping by any key.

A column is read from the database when it is first asked for, by one pass over the project's runs;
after that each use reads only the runs that changed since (see `changes`). Nothing here decides
anything, and nothing is lost with it: it is a cache, bounded in bytes, of what the database holds.
`docs/decisions/0050-runs-are-found-in-columns.md` has the measurements against indexes in the database.
"""

from __future__ import annotations

import operator
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, select

from runstone.server.stores.records import changes, codec
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.run_column import ABSENT, Bools, Column, Positions
from runstone.server.stores.records.schema.accounts import users
from runstone.server.stores.records.schema.runs import run_configs, run_summaries, runs

BYTES_MAX = 256 * 1024 * 1024
_SPLIT_PARTS_MAX = 5
_ROWS_AT_ONCE = 5_000

# Keys that are the same in JSON text, and so can be looked for while it is read.
_PLAIN_KEY = re.compile(r'[^"\\\x00-\x1f]+')


class ColumnKey(NamedTuple):
    """source: "field" (name is one of FIELDS), "config" or "summary" (name is a path as written)."""

    source: str
    name: str


_FIELDS: dict[str, Any] = {
    "name": runs.c.display_name,
    "id": runs.c.run_id,
    "state": runs.c.state,
    "created_at": runs.c.created_at,
    "updated_at": runs.c.updated_at,
    "started_at": runs.c.started_at,
    "heartbeat_at": runs.c.heartbeat_at,
    "finished_at": runs.c.finished_at,
    "username": users.c.username,
    "group": runs.c.group_name,
    "job_type": runs.c.job_type,
    "tags": cast(runs.c.tags, Text),
    "notes": runs.c.notes,
    "host": runs.c.host,
    "program": runs.c.program,
    "sweep": runs.c.sweep,
    "colour": runs.c.colour,
    "exit_code": runs.c.exit_code,
    "fork_of": runs.c.fork_of,
    # From start to end; of a live run, to its last sign of life.
    "duration": func.coalesce(runs.c.finished_at, runs.c.heartbeat_at, runs.c.updated_at)
    - func.coalesce(runs.c.started_at, runs.c.created_at),
}
FIELDS = frozenset(_FIELDS)


class Table:
    """The runs of one project. `keys` rise; the other arrays stand in the same order."""

    def __init__(self, project_id: int, dialect: str) -> None:
        self.project_id = project_id
        self.dialect = dialect
        self.lock = threading.Lock()
        self.epoch = -1
        self.horizon = 0
        self.keys: Positions = np.zeros(0, np.int64)
        self.trashed: Bools = np.zeros(0, bool)
        self.columns: OrderedDict[ColumnKey, Column] = OrderedDict()  # least used first

    def column(self, source: str, name: str) -> Column:
        return self.columns[ColumnKey(source, name)]

    @property
    def bytes(self) -> int:
        return self.keys.nbytes + sum(column.bytes for column in list(self.columns.values()))


class RunIndex:
    def __init__(self, records: Records, *, bytes_max: int = BYTES_MAX) -> None:
        self._records = records
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._tables: OrderedDict[int, Table] = OrderedDict()  # least used first

    @contextmanager
    def table(self, project_id: int, wanted: Collection[ColumnKey]) -> Iterator[tuple[Table, Connection]]:
        """The project's runs with the wanted columns, as of now, and the connection whose view of the
        database is the same. Others wait for the same project meanwhile: compute, and leave."""
        with self._lock:
            table = self._tables.get(project_id)
            if table is None:
                table = self._tables[project_id] = Table(project_id, self._records.dialect)
            self._tables.move_to_end(project_id)
        # The lock first, the view of the database after it: a table never goes back in time.
        with table.lock, self._records.read() as conn:
            try:
                _refresh(conn, table, wanted)
            except BaseException:
                _reset(table)  # half refreshed is worse than empty
                raise
            yield table, conn
        self._shrink(table)

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(table.bytes for table in self._tables.values())

    def _shrink(self, used: Table) -> None:
        """Forget what was not used for longest until the rest fits."""
        with self._lock:
            total = sum(table.bytes for table in self._tables.values())
            while total > self._bytes_max and len(self._tables) > 1:
                _, oldest = self._tables.popitem(last=False)
                total -= oldest.bytes
        if total > self._bytes_max:
            with used.lock:
                while used.columns and used.bytes > self._bytes_max:
                    used.columns.popitem(last=False)


def _reset(table: Table) -> None:
    table.epoch, table.horizon = -1, 0
    table.keys, table.trashed = np.zeros(0, np.int64), np.zeros(0, bool)
    table.columns.clear()


def _refresh(conn: Connection, table: Table, wanted: Collection[ColumnKey]) -> None:
    epoch = project_statements.index_epoch(conn, table.project_id)
    if epoch != table.epoch:
        _reset(table)
        table.epoch = epoch
    missing = [key for key in dict.fromkeys(wanted) if key not in table.columns]
    horizon = changes.horizon(conn)
    if table.horizon == 0:
        _add_columns(table, missing)
        _read(conn, table, missing, since=None)
    else:
        # Where commits come in one order, an unmoved horizon says that nothing changed.
        if table.horizon != horizon or table.dialect != "sqlite":
            _read(conn, table, list(table.columns), since=table.horizon)
        if missing:
            _add_columns(table, missing)
            _read(conn, table, missing, since=None)
    table.horizon = horizon
    for key in wanted:
        table.columns.move_to_end(key)


def _add_columns(table: Table, keys: Sequence[ColumnKey]) -> None:
    for key in keys:
        table.columns[key] = column = Column()
        column.grow(len(table.keys))


def _read(conn: Connection, table: Table, columns: Sequence[ColumnKey], *, since: int | None) -> None:
    """Cells of those columns, of all runs or of those that changed since the horizon."""
    readers = _readers(columns, table.dialect)
    cursor = _rows(conn, table, readers, since=since)
    while batch := cursor.fetchmany(_ROWS_AT_ONCE):
        keys = np.fromiter((row[0] for row in batch), np.int64, len(batch))
        _add_keys(table, keys)
        at = np.searchsorted(table.keys, keys)
        table.trashed[at] = [row[1] is not None for row in batch]
        _put(table, columns, readers, at, batch)


def _add_keys(table: Table, keys: Positions) -> None:
    new = np.sort(keys[~np.isin(keys, table.keys)] if len(table.keys) else keys)
    if not len(new):
        return
    if not len(table.keys) or new[0] > table.keys[-1]:
        table.keys = np.concatenate([table.keys, new])
        table.trashed = np.concatenate([table.trashed, np.zeros(len(new), bool)])
        for column in table.columns.values():
            column.grow(len(table.keys))
        return
    # Runs of another project came, or (PostgreSQL) a lower number was committed later.
    at = np.searchsorted(table.keys, new)
    table.keys = np.insert(table.keys, at, new)
    table.trashed = np.insert(table.trashed, at, False)
    for column in table.columns.values():
        column.make_room(at)


def _put(
    table: Table,
    columns: Sequence[ColumnKey],
    readers: Sequence[_Reader],
    at: Positions,
    batch: Sequence[Any],
) -> None:
    cells = list(zip(*batch, strict=True))[2:]
    values = {
        key: column for reader, cell in zip(readers, cells, strict=True) for key, column in reader(cell)
    }
    for key in columns:
        table.columns[key].put(at, values[key])


# -- reading columns from the database


def _rows(conn: Connection, table: Table, readers: Sequence[_Reader], *, since: int | None) -> Any:
    """A cursor: id, deleted_at, then the cell of each reader."""
    origin: Any = runs
    for joined in dict.fromkeys(reader.joined for reader in readers):
        if joined == "users":
            origin = origin.outerjoin(users, users.c.id == runs.c.user_id)
        elif joined == "config":
            origin = origin.join(run_configs, run_configs.c.run_key == runs.c.id)
        elif joined == "summary":
            origin = origin.join(run_summaries, run_summaries.c.run_key == runs.c.id)
    statement: Select[Any] = (
        select(runs.c.id, runs.c.deleted_at, *(reader.cell for reader in readers))
        .select_from(origin)
        .where(runs.c.project_id == table.project_id)
    )
    # In order, whole tables are read from one end to the other. A few changes are better found by
    # their numbers, and an order asked for would tempt the planner away from that.
    statement = (
        statement.order_by(runs.c.id) if since is None else statement.where(runs.c.change_seq >= since)
    )
    # Tuples are all that is needed here, so SQLAlchemy's own rows are passed by.
    return conn.execute(statement).cursor


def _readers(columns: Sequence[ColumnKey], dialect: str) -> list[_Reader]:
    readers: list[_Reader] = [_Field(key) for key in columns if key.source == "field"]
    for source in ("config", "summary"):
        keys = [key for key in columns if key.source == source]
        if not keys:
            continue
        if dialect == "sqlite":
            readers.append(_WholeJson(source, keys))
        else:
            readers += [_PostgresValue(key) for key in keys]
    return readers


class _Field:
    def __init__(self, key: ColumnKey) -> None:
        self._key = key
        self.joined = "users" if key.name == "username" else ""
        self.cell: ColumnElement[Any] = _FIELDS[key.name]

    def __call__(self, values: Sequence[Any]) -> list[tuple[ColumnKey, Sequence[Any]]]:
        return [(self._key, self._values(values))]

    def _values(self, values: Sequence[Any]) -> Sequence[Any]:
        if self._key.name == "tags":
            return [ABSENT if value == "[]" else codec.loads_kept(value) for value in values]
        return [
            ABSENT
            if value is None or value == ""
            else codec.escape(value)
            if value.__class__ is str and codec.MARK in value
            else value
            for value in values
        ]


class _PostgresValue:
    """One value, found by the database."""

    def __init__(self, key: ColumnKey) -> None:
        self._key = key
        self.joined = key.source
        json = _json(key.source)
        values = [
            func.jsonb_extract_path(json, *(codec.escape(step) for step in path))
            for path in paths_of(key.name)
        ]
        value = values[0] if len(values) == 1 else func.coalesce(*values)
        self.cell: ColumnElement[Any] = cast(value, Text)

    def __call__(self, texts: Sequence[Any]) -> list[tuple[ColumnKey, Sequence[Any]]]:
        return [(self._key, [ABSENT if text is None else codec.loads_kept(text) for text in texts])]


class _WholeJson:
    """All wanted values of one JSON column. Half the time of SQLite's own JSON functions: the text is
    read once whatever the number of keys, and what is not wanted is skipped, not built."""

    def __init__(self, source: str, keys: Sequence[ColumnKey]) -> None:
        self.joined = source
        self.cell: ColumnElement[Any] = cast(_json(source), Text)
        self._paths = {key: _kept_paths(key.name) for key in keys}
        heads = dict.fromkeys(path[0] for paths in self._paths.values() for path in paths)
        self._places = {head: f"f{n}" for n, head in enumerate(heads)}
        self._decode: Callable[[Any], Any] | None = None
        if all(_PLAIN_KEY.fullmatch(head) for head in heads):
            shape = msgspec.defstruct(
                "Wanted",
                [(place, Any, ABSENT) for place in self._places.values()],
                rename={place: head for head, place in self._places.items()},
                gc=False,
            )
            self._decode = msgspec.json.Decoder(shape).decode

    def __call__(self, texts: Sequence[Any]) -> Iterator[tuple[ColumnKey, Sequence[Any]]]:
        if self._decode is not None:
            found = [self._decode(text) for text in texts]
            by_head = {
                head: list(map(operator.attrgetter(place), found)) for head, place in self._places.items()
            }
        else:
            wholes = [codec.loads_kept(text) for text in texts]
            by_head = {head: [whole.get(head, ABSENT) for whole in wholes] for head in self._places}
        for key, paths in self._paths.items():
            if len(paths) == 1 and len(paths[0]) == 1:
                yield key, by_head[paths[0][0]]
            else:
                yield key, [self._seek(by_head, paths, i) for i in range(len(texts))]

    @staticmethod
    def _seek(by_head: dict[str, list[Any]], paths: Sequence[Sequence[str]], i: int) -> Any:
        for path in paths:
            value = by_head[path[0]][i]
            for step in path[1:]:
                value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
            if value is not ABSENT:
                return value
        return ABSENT


def _json(source: str) -> Any:
    return run_configs.c.config if source == "config" else run_summaries.c.summary


def _kept_paths(name: str) -> list[list[str]]:
    return [[codec.escape(step) for step in path] for path in paths_of(name)]


_Reader: TypeAlias = "_Field | _PostgresValue | _WholeJson"


def paths_of(name: str) -> list[list[str]]:
    """The places that a dotted name may mean, the longest literal key first: keys may hold dots
    themselves. A last `.value` may also be left off, as one wire writes it."""
    parts = name.split(".")
    places = list(_splits(parts))
    if len(parts) > 1 and parts[-1] == "value":
        places += _splits(parts[:-1])
    return places


def _splits(parts: Sequence[str]) -> Iterator[list[str]]:
    if len(parts) > _SPLIT_PARTS_MAX:
        # All splits would be thousands: the whole, each literal head over plain steps, and back.
        for head in range(len(parts), 0, -1):
            yield [".".join(parts[:head]), *parts[head:]]
        for head in range(1, len(parts) - 1):
            yield [*parts[:head], ".".join(parts[head:])]
        return
    for head in range(len(parts), 0, -1):
        key = ".".join(parts[:head])
        if head == len(parts):
            yield [key]
        else:
            for rest in _splits(parts[head:]):
                yield [key, *rest]
