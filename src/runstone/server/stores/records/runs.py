"""Statements about runs. A run's record is changed by whoever holds its row (see `lock`)."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    null,
    select,
    update,
)

from runstone.server.stores.records.changes import next_change
from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.runs import (
    config_patches,
    run_configs,
    run_details,
    run_summaries,
    runs,
)

LIVE_STATES = ("running", "preempting")
_KEYS_AT_ONCE = 500

# -- finding


def key_of(conn: Connection, project_id: int, run_id: str) -> int | None:
    """The key of a run outside the trash."""
    found = conn.execute(_key, {"project": project_id, "run": run_id}).scalar()
    return None if found is None else int(found)


_key = select(runs.c.id).where(
    runs.c.project_id == bindparam("project"),
    runs.c.run_id == bindparam("run"),
    runs.c.deleted_at.is_(None),
)


def keys_of(conn: Connection, project_id: int, run_ids: Sequence[str]) -> list[AnyRow]:
    """id, run_id, ranks, state, version, display_name, colour, fork_of, fork_step of those outside the
    trash."""
    found: list[AnyRow] = []
    for start in range(0, len(run_ids), _KEYS_AT_ONCE):
        asked = {"project": project_id, "runs": run_ids[start : start + _KEYS_AT_ONCE]}
        found += conn.execute(_keys, asked).all()
    return found


_keys = select(
    runs.c.id,
    runs.c.run_id,
    runs.c.ranks,
    runs.c.state,
    runs.c.version,
    runs.c.display_name,
    runs.c.colour,
    runs.c.fork_of,
    runs.c.fork_step,
).where(
    runs.c.project_id == bindparam("project"),
    runs.c.run_id.in_(bindparam("runs", expanding=True)),
    runs.c.deleted_at.is_(None),
)


def trashed_key(conn: Connection, project_id: int, run_id: str) -> AnyRow | None:
    """id, state, deleted_at of the last run of that id that went to the trash."""
    statement = (
        select(runs.c.id, runs.c.state, runs.c.deleted_at)
        .where(runs.c.project_id == project_id, runs.c.run_id == run_id, runs.c.deleted_at.is_not(None))
        .order_by(runs.c.deleted_at.desc())
        .limit(1)
    )
    return conn.execute(statement).first()


_owners = (
    runs.join(projects, projects.c.id == runs.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .outerjoin(users, users.c.id == runs.c.user_id)
)
_names = [
    projects.c.entity_id,
    entities.c.name.label("entity"),
    projects.c.name.label("project"),
    projects.c.deleted_at.label("project_deleted_at"),
    users.c.username,
]
_base: Select[Any] = select(*runs.c, *_names).select_from(_owners)
_listed: Select[Any] = select(
    *runs.c,
    *_names,
    run_configs.c.config,
    run_summaries.c.summary,
    run_details.c.metrics,
    run_details.c.wire,
).select_from(
    _owners.join(run_configs, run_configs.c.run_key == runs.c.id)
    .join(run_summaries, run_summaries.c.run_key == runs.c.id)
    .join(run_details, run_details.c.run_key == runs.c.id)
)
_whole: Select[Any] = _listed.add_columns(run_details.c.environment).where(runs.c.id == bindparam("key"))
_briefly_by_key: Select[Any] = (
    select(
        *runs.c,
        *_names,
        cast(run_configs.c.config, Text).label("config"),
        cast(run_summaries.c.summary, Text).label("summary"),
        null().label("metrics"),
        null().label("wire"),
    )
    .select_from(
        _owners.join(run_configs, run_configs.c.run_key == runs.c.id).join(
            run_summaries, run_summaries.c.run_key == runs.c.id
        )
    )
    .where(runs.c.id.in_(bindparam("keys", expanding=True)))
)
_listed_by_key: Select[Any] = _listed.where(runs.c.id.in_(bindparam("keys", expanding=True)))
_base_by_key: Select[Any] = _base.where(runs.c.id == bindparam("key"))


def whole(conn: Connection, key: int) -> AnyRow | None:
    """Everything a run's record holds."""
    return conn.execute(_whole, {"key": key}).first()


def base(conn: Connection, key: int) -> AnyRow | None:
    """The record without config, summary and details."""
    return conn.execute(_base_by_key, {"key": key}).first()


def bases(conn: Connection, keys: Sequence[int]) -> list[AnyRow]:
    found: list[AnyRow] = []
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        found += conn.execute(_base.where(runs.c.id.in_(keys[start : start + _KEYS_AT_ONCE]))).all()
    return found


def listed(conn: Connection, keys: Sequence[int], *, brief: bool = False) -> dict[int, Any]:
    """By key: the record without the environment. `brief`: without metrics and wire, config and
    summary as they are kept, as text. Named tuples: a field of SQLAlchemy's own rows takes ten times
    as long to look up, and there are 37 of a thousand rows."""
    found: dict[int, Any] = {}
    statement = _briefly_by_key if brief else _listed_by_key
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        asked = {"keys": keys[start : start + _KEYS_AT_ONCE]}
        result = conn.execute(statement, asked)
        make = _row_type(tuple(result.keys()))._make
        found.update({row.id: row for row in map(make, result)})
    return found


@functools.lru_cache(maxsize=8)
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Listed", names)


# -- changing


def insert_run(
    conn: Connection, project_id: int, run_id: str, *, user_id: int | None, now: float
) -> AnyRow | None:
    """A bare row, held and to be filled in the same transaction (`insert_contents`, `write_base`);
    None where there is one of that id."""
    values = {
        "project_id": project_id,
        "run_id": run_id,
        "display_name": "",
        "state": "running",
        "user_id": user_id,
        "tags": [],
        "command": [],
        "created_at": now,
        "updated_at": now,
        "stop_requested": False,
        "colour": 0,
        "version": 0,
        "change_seq": 0,
    }
    return conn.execute(_insert_run(conn.dialect.name), values).first()


@functools.cache
def _insert_run(dialect: str) -> Any:
    return (
        upsert(dialect, runs)
        .on_conflict_do_nothing(
            index_elements=[runs.c.project_id, runs.c.run_id], index_where=runs.c.deleted_at.is_(None)
        )
        .returning(*runs.c)
    )


# The columns beside the run's own row, by the table they lie in, as a new run has them.
_CONTENTS: list[tuple[Table, dict[str, Any]]] = [
    (run_configs, {"config": {}}),
    (run_summaries, {"summary": {}, "explicit": []}),
    (run_details, {"environment": {}, "metrics": [], "wire": {}}),
]
_INSERTS = {table.name: insert(table) for table, _ in _CONTENTS}
_UPDATES = {table.name: update(table).where(table.c.run_key == bindparam("key")) for table, _ in _CONTENTS}


def insert_contents(conn: Connection, key: int, contents: Mapping[str, Any]) -> None:
    """Of a new run: config, summary, explicit (paths in it that somebody set), environment, metrics,
    wire, each as a value or as `codec.Encoded` text; what is not given is empty."""
    for table, empty in _CONTENTS:
        values = {name: contents.get(name, value) for name, value in empty.items()}
        conn.execute(_INSERTS[table.name], {"run_key": key, **values})


def write_contents(conn: Connection, key: int, contents: Mapping[str, Any]) -> None:
    """Replace some of them."""
    for table, names in _CONTENTS:
        values = {name: contents[name] for name in names if name in contents}
        if values:
            conn.execute(_UPDATES[table.name], {"key": key, **values})


def lock(conn: Connection, key: int) -> AnyRow | None:
    """The run's own row, held until the transaction ends."""
    return conn.execute(_own_row, {"key": key}).first()


_own_row = locked(select(runs).where(runs.c.id == bindparam("key")))


def config(conn: Connection, key: int) -> dict[str, Any]:
    return dict(conn.execute(_config, {"key": key}).scalar_one())


def summary(conn: Connection, key: int) -> tuple[dict[str, Any], list[list[str]]]:
    """The summary and the paths in it that somebody set explicitly."""
    row = conn.execute(_summary, {"key": key}).one()
    return dict(row.summary), list(row.explicit)


def details(conn: Connection, key: int) -> AnyRow:
    """environment, metrics, wire."""
    return conn.execute(_details, {"key": key}).one()


_config = select(run_configs.c.config).where(run_configs.c.run_key == bindparam("key"))
_summary = select(run_summaries.c.summary, run_summaries.c.explicit).where(
    run_summaries.c.run_key == bindparam("key")
)
_details = select(run_details.c.environment, run_details.c.metrics, run_details.c.wire).where(
    run_details.c.run_key == bindparam("key")
)


def write_base(conn: Connection, key: int, values: Mapping[str, Any]) -> None:
    """Change the row, and number the change for those who look for changes."""
    if conn.dialect.name == "sqlite":
        conn.execute(_set_base, {"key": key, **values, "change_seq": next_change(conn)})
    else:  # the number is known to the database: one way there and back less
        conn.execute(_set_base_numbered, {"key": key, **values})


_set_base = update(runs).where(runs.c.id == bindparam("key"))
_set_base_numbered = _set_base.values(change_seq=func.txid_current())


def write_bases(conn: Connection, keys: Sequence[int], values: Mapping[str, Any]) -> None:
    """The same change to many runs; each one's version rises."""
    seq = next_change(conn)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        conn.execute(
            update(runs)
            .where(runs.c.id.in_(keys[start : start + _KEYS_AT_ONCE]))
            .values(**values, version=runs.c.version + 1, change_seq=seq)
        )


def touch_heartbeat(conn: Connection, keys: Sequence[int], *, now: float) -> None:
    """The clients of those runs are there. Not a change of the record: the version stays."""
    seq = next_change(conn)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        conn.execute(
            update(runs)
            .where(runs.c.id.in_(keys[start : start + _KEYS_AT_ONCE]))
            .values(heartbeat_at=now, change_seq=seq)
        )


def add_config_patch(
    conn: Connection,
    key: int,
    *,
    at: float,
    writer: str,
    set_values: Sequence[tuple[Sequence[str], Any]],
    unset_paths: Sequence[Sequence[str]],
) -> None:
    conn.execute(
        insert(config_patches).values(
            run_key=key,
            at=at,
            writer=writer,
            set_values=[[list(path), value] for path, value in set_values],
            unset_paths=[list(path) for path in unset_paths],
        )
    )


def config_patches_of(conn: Connection, key: int) -> Sequence[AnyRow]:
    """at, writer, set_values, unset_paths; oldest first."""
    statement = select(config_patches).where(config_patches.c.run_key == key).order_by(config_patches.c.id)
    return conn.execute(statement).all()


def configs_and_summaries(conn: Connection, keys: Sequence[int]) -> Iterable[AnyRow]:
    """run_key, config, summary."""
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield from conn.execute(
            select(run_configs.c.run_key, run_configs.c.config, run_summaries.c.summary)
            .join(run_summaries, run_summaries.c.run_key == run_configs.c.run_key)
            .where(run_configs.c.run_key.in_(keys[start : start + _KEYS_AT_ONCE]))
        )


# -- going away


def lock_many(conn: Connection, keys: Sequence[int]) -> list[AnyRow]:
    """id, project_id, run_id, deleted_at, state of those there are, held until the transaction ends."""
    found: list[AnyRow] = []
    ordered = sorted(set(keys))  # one order for all: no two transactions wait for each other
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        statement = (
            select(runs.c.id, runs.c.project_id, runs.c.run_id, runs.c.deleted_at, runs.c.state)
            .where(runs.c.id.in_(ordered[start : start + _KEYS_AT_ONCE]))
            .order_by(runs.c.id)
        )
        found += conn.execute(locked(statement)).all()
    return found


def drop_runs(conn: Connection, keys: Sequence[int]) -> int:
    """For good, with all rows of the record store that refer to them by cascade."""
    dropped = 0
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        statement = delete(runs).where(runs.c.id.in_(keys[start : start + _KEYS_AT_ONCE]))
        dropped += conn.execute(statement).rowcount
    return dropped


def expired_trash(conn: Connection, *, before: float, limit: int) -> list[int]:
    """Runs that went to the trash before that time, or whose project did; oldest first."""
    alone = select(runs.c.id).where(runs.c.deleted_at < before).order_by(runs.c.deleted_at).limit(limit)
    found = list(conn.execute(alone).scalars())
    if len(found) < limit:
        with_project = (
            select(runs.c.id)
            .join(projects, projects.c.id == runs.c.project_id)
            .where(projects.c.deleted_at < before, runs.c.deleted_at.is_(None))
            .limit(limit - len(found))
        )
        found += conn.execute(with_project).scalars()
    return found
