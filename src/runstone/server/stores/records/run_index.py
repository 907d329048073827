"""The runs of projects as columns in memory, for filtering, sorting and grouping by any key.

A column is read from the database when it is first asked for, by one pass over the project's runs;
after that each use reads only the runs that changed since (see `changes`). Nothing here decides
anything, and nothing is lost with it: it is a cache, bounded in bytes, of what the database holds.
`docs/decisions/run-index.md` has the measurements against indexes in the database.
"""

from __future__ import annotations

import functools
import itertools
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, Text, case, cast, func, select

from runstone.server.stores.records import changes, codec
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.run_column import ABSENT, Bools, Column, Positions
from runstone.server.stores.records.run_column import Text as JsonText
from runstone.server.stores.records.schema.accounts import users
from runstone.server.stores.records.schema.runs import run_configs, run_summaries, runs

BYTES_MAX = 256 * 1024 * 1024
_SPLIT_PARTS_MAX = 5
_ROWS_AT_ONCE = 5_000

# Paths that both databases can be asked for; others (quotes, control characters) are looked up here.
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
    horizon = changes.horizon(conn)
    # Where commits come in one order, an unmoved horizon says that nothing changed.
    if table.horizon != horizon or table.dialect != "sqlite":
        _take_changes(conn, table)
        table.horizon = horizon
    missing = [key for key in dict.fromkeys(wanted) if key not in table.columns]
    if missing:
        _load(conn, table, missing)
    for key in wanted:
        table.columns.move_to_end(key)


def _take_changes(conn: Connection, table: Table) -> None:
    """Bring the rows that changed since the horizon, in all columns there are."""
    known = list(table.columns)
    rows = _rows(conn, table, known, since=table.horizon)
    while batch := list(itertools.islice(rows, _ROWS_AT_ONCE)):
        keys = np.fromiter((row[0] for row in batch), np.int64, len(batch))
        _add_keys(table, keys)
        at = np.searchsorted(table.keys, keys)
        table.trashed[at] = [row[1] is not None for row in batch]
        _put(table, known, at, batch)


def _load(conn: Connection, table: Table, missing: Sequence[ColumnKey]) -> None:
    """Columns asked for the first time: all of them in one pass."""
    for key in missing:
        column = Column()
        column.grow(len(table.keys))
        table.columns[key] = column
    rows = _rows(conn, table, missing, since=None)
    start = 0
    while batch := list(itertools.islice(rows, _ROWS_AT_ONCE)):
        at = np.arange(start, start + len(batch))
        start += len(batch)
        _put(table, missing, at, batch)
    if start != len(table.keys):
        raise RuntimeError(f"The index of project {table.project_id} lost step with its runs.")


def _add_keys(table: Table, keys: Positions) -> None:
    new = keys[~np.isin(keys, table.keys)] if len(table.keys) else keys
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


def _put(table: Table, keys: Sequence[ColumnKey], at: Positions, batch: Sequence[Any]) -> None:
    if not keys:
        return
    cells = list(zip(*batch, strict=True))
    next_cell = 2
    for key in keys:
        reader = _reader(key, table.dialect)
        values = reader(*cells[next_cell : next_cell + reader.width])
        next_cell += reader.width
        table.columns[key].put(at, values)


# -- reading columns from the database


def _rows(conn: Connection, table: Table, keys: Sequence[ColumnKey], *, since: int | None) -> Iterator[Any]:
    """id, deleted_at, then the cells of each column; by id."""
    sources = {key.source for key in keys}
    origin: Any = runs
    if any(key == ColumnKey("field", "username") for key in keys):
        origin = origin.outerjoin(users, users.c.id == runs.c.user_id)
    if "config" in sources:
        origin = origin.join(run_configs, run_configs.c.run_key == runs.c.id)
    if "summary" in sources:
        origin = origin.join(run_summaries, run_summaries.c.run_key == runs.c.id)
    cells = [cell for key in keys for cell in _reader(key, table.dialect).cells]
    statement: Select[Any] = (
        select(runs.c.id, runs.c.deleted_at, *cells)
        .select_from(origin)
        .where(runs.c.project_id == table.project_id)
        .order_by(runs.c.id)
    )
    if since is not None:
        statement = statement.where(runs.c.change_seq >= since)
    # Tuples are all that is needed here, so SQLAlchemy's own rows are passed by.
    cursor: Any = conn.execute(statement).cursor
    return iter(cursor.fetchone, None)


class _Field:
    width = 1

    def __init__(self, name: str) -> None:
        self._name = name
        self.cells: list[ColumnElement[Any]] = [_FIELDS[name]]

    def __call__(self, values: Sequence[Any]) -> Sequence[Any]:
        if self._name == "tags":
            return [ABSENT if value == "[]" else JsonText(value) for value in values]
        return [
            ABSENT
            if value is None or value == ""
            else codec.escape(value)
            if value.__class__ is str and codec.MARK in value
            else value
            for value in values
        ]


class _SqliteValue:
    """json_type and json_extract, the latter decoded by the former."""

    width = 2

    def __init__(self, json: Any, paths: Sequence[Sequence[str]]) -> None:
        places = ["$" + "".join(f'."{key}"' for key in path) for path in paths]
        if len(places) == 1:
            self.cells: list[ColumnElement[Any]] = [
                func.json_type(json, places[0]),
                func.json_extract(json, places[0]),
            ]
        else:
            self.cells = [
                func.coalesce(*(func.json_type(json, place) for place in places)),
                case(
                    *(
                        (func.json_type(json, place).is_not(None), func.json_extract(json, place))
                        for place in places
                    )
                ),
            ]

    def __call__(self, types: Sequence[Any], values: Sequence[Any]) -> Sequence[Any]:
        # Numbers and strings come as they are; only the rest needs its type.
        found = list(values)
        for i, kind in enumerate(types):
            if kind in _NOT_AS_IT_IS:
                found[i] = _NOT_AS_IT_IS[kind](found[i])
        return found


_NOT_AS_IT_IS = {
    None: lambda _value: ABSENT,
    "null": lambda _value: None,
    "true": lambda _value: True,
    "false": lambda _value: False,
    "array": JsonText,
    "object": JsonText,
}


class _PostgresValue:
    """The value's JSON as text."""

    width = 1

    def __init__(self, json: Any, paths: Sequence[Sequence[str]]) -> None:
        values = [func.jsonb_extract_path(json, *(codec.escape(key) for key in path)) for path in paths]
        value = values[0] if len(values) == 1 else func.coalesce(*values)
        self.cells: list[ColumnElement[Any]] = [cast(value, Text)]

    def __call__(self, values: Sequence[Any]) -> Sequence[Any]:
        return [ABSENT if text is None else _kept_value(text) for text in values]


class _SoughtValue:
    """For keys that SQLite cannot be asked for: the whole JSON comes, and is looked through here."""

    width = 1

    def __init__(self, json: Any, paths: Sequence[Sequence[str]]) -> None:
        self.cells: list[ColumnElement[Any]] = [cast(json, Text)]
        self._paths = [[codec.escape(key) for key in path] for path in paths]

    def __call__(self, texts: Sequence[Any]) -> Sequence[Any]:
        return [self._seek(text) for text in texts]

    def _seek(self, text: str) -> Any:
        whole = codec.loads_kept(text)
        for path in self._paths:
            value = whole
            for key in path:
                if not isinstance(value, dict) or key not in value:
                    break
                value = value[key]
            else:
                if isinstance(value, list | dict):
                    return JsonText(codec.dumps_kept(value))
                return value
        return ABSENT


def _kept_value(text: str) -> Any:
    value = codec.loads_kept(text)
    return JsonText(text) if isinstance(value, list | dict) else value


_Reader: TypeAlias = "_Field | _SqliteValue | _PostgresValue | _SoughtValue"


@functools.lru_cache(maxsize=4096)
def _reader(key: ColumnKey, dialect: str) -> _Reader:
    if key.source == "field":
        return _Field(key.name)
    json = run_configs.c.config if key.source == "config" else run_summaries.c.summary
    paths = paths_of(key.name)
    if dialect != "sqlite":
        return _PostgresValue(json, paths)
    plain = all(_PLAIN_KEY.fullmatch(part) for path in paths for part in path)
    return _SqliteValue(json, paths) if plain else _SoughtValue(json, paths)


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
