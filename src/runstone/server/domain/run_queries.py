"""How runs are found: filtered, searched, ordered, paged and grouped by any key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sqlalchemy import Connection

from runstone.server.domain import run_groups, run_matching, run_order, run_pareto
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.projects import Projects
from runstone.server.domain.run_filter import Column, OrderKey, column, columns_of, parse, parse_order
from runstone.server.domain.run_model import ColumnInfo, Group, Run, RunPage, RunQuery, Statistics, run_of
from runstone.server.stores.records import codec
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.run_column import Bools
from runstone.server.stores.records.run_index import RunIndex, Table, paths_of

LIMIT_MAX = 1000
SEARCH_CHARS_MAX = 1000
GROUP_KEYS_MAX = 8
STATISTICS_MAX = 100
GROUPS_MAX = 10_000

_STATE = Column("field", "state")


class RunQueries:
    def __init__(self, records: Records, projects: Projects, index: RunIndex) -> None:
        self._records = records
        self._projects = projects
        self._index = index

    def find(self, actor: Actor, entity: str, project: str, query: RunQuery) -> RunPage:
        limit = max(1, min(query.limit, LIMIT_MAX))
        order = parse_order(query.order)
        select = None if query.select is None else [column(name) for name in query.select]
        with self._matching(actor, entity, project, query, order) as (table, conn, found):
            keys, cursors, more = run_order.page(table, found, order, query.cursor, limit)
            total = int(np.count_nonzero(found))
            rows = statements.listed(conn, keys, brief=query.brief)
        make = _briefly if query.brief else _listed
        runs = [make(rows[key], select) for key in keys]
        return RunPage(runs, cursors, cursors[-1] if more else "", total)

    def find_keys(self, actor: Actor, entity: str, project: str, query: RunQuery) -> list[RunKey]:
        """Keys of all that match, in order; the query's limit and cursor are left aside."""
        order = parse_order(query.order)
        with self._matching(actor, entity, project, query, order) as (table, _, found):
            keys, _, _ = run_order.page(table, found, order, "", max(1, len(table.keys)))
        return [RunKey(key) for key in keys]

    def count(self, actor: Actor, entity: str, project: str, query: RunQuery) -> int:
        with self._matching(actor, entity, project, query, ()) as (_, _, found):
            return int(np.count_nonzero(found))

    def group(
        self,
        actor: Actor,
        entity: str,
        project: str,
        query: RunQuery,
        *,
        by: Sequence[str],
        statistics: Sequence[str],
        limit: int,
    ) -> list[Group]:
        if not 1 <= len(by) <= GROUP_KEYS_MAX:
            raise Invalid(f"Runs are grouped by 1 to {GROUP_KEYS_MAX} keys, met {len(by)}.")
        if len(statistics) > STATISTICS_MAX:
            raise Invalid(f"Up to {STATISTICS_MAX} keys have statistics at once, met {len(statistics)}.")
        by_columns = [column(name) for name in by]
        measured = {name: column(name) for name in statistics}
        wanted = [OrderKey(one, False) for one in (*by_columns, *measured.values(), _STATE)]
        with self._matching(actor, entity, project, query, wanted) as (table, _, found):
            groups = run_groups.Groups(table, found, by_columns)
            largest = groups.largest(max(1, min(limit, GROUPS_MAX)))
            states = groups.tallies(_STATE)
            numbers = {name: groups.numbers(one) for name, one in measured.items()}
            return [
                Group(
                    values=groups.values(group),
                    count=int(groups.counts[group]),
                    filter=_both(query.filter, groups.conditions(group, by)),
                    statistics={name: _statistics(found, group) for name, found in numbers.items()},
                    states=states[group],
                )
                for group in largest
            ]

    def pareto(
        self, actor: Actor, entity: str, project: str, query: RunQuery, wanted: run_pareto.ParetoWanted
    ) -> run_pareto.RunPareto:
        with self._matching(actor, entity, project, query, wanted.columns) as (table, _, found):
            return run_pareto.pareto(table, found, wanted)

    def columns(
        self, actor: Actor, entity: str, project: str, *, search: str, after: str, limit: int
    ) -> list[ColumnInfo]:
        with self._records.read() as conn:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            found = project_statements.columns(
                conn,
                owner.id,
                search=codec.escape(search),
                after=codec.escape(after),
                limit=max(1, min(limit, LIMIT_MAX)),
            )
        return [
            ColumnInfo(
                path=codec.unescape_key(path),
                kinds=[kind for kind, _ in kinds],
                # A run holds one kind under a path, save where two spellings of a path meet.
                runs=sum(count for _, count in kinds),
            )
            for path, kinds in found
        ]

    @contextmanager
    def _matching(
        self, actor: Actor, entity: str, project: str, query: RunQuery, order: Sequence[OrderKey]
    ) -> Iterator[tuple[Table, Connection, Bools]]:
        """The project's table with all columns that filter and order need, and what matches in it."""
        tree = parse(query.filter)
        if len(query.search) > SEARCH_CHARS_MAX:
            raise Invalid(f"A search has up to {SEARCH_CHARS_MAX} characters.")
        with self._records.read() as conn:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.READ)
        wanted = run_matching.wanted_columns(columns_of(tree), order, search=bool(query.search))
        with self._index.table(owner.id, wanted) as (table, conn):
            found = run_matching.matches(table, tree)
            found &= table.trashed if query.trash else ~table.trashed
            if query.search:
                found &= run_matching.holds_text(table, query.search)
            yield table, conn, found


def _listed(row: AnyRow, select: Sequence[Column] | None) -> Run:
    if select is None:
        return run_of(row, config=row.config, summary=row.summary)
    return run_of(
        row,
        config=_chosen(row.config, "config", select),
        summary=_chosen(row.summary, "summary", select),
    )


def _briefly(row: AnyRow, select: Sequence[Column] | None) -> Run:
    """What is kept as plain JSON stays as it is: most of what lists bring is only handed on."""
    config, summary = row.config, row.summary
    if select is None and codec.is_plain(config) and codec.is_plain(summary):
        return run_of(row, config={}, summary={}, config_json=config, summary_json=summary)
    config, summary = codec.loads(config), codec.loads(summary)
    if select is not None:
        config = _chosen(config, "config", select)
        summary = _chosen(summary, "summary", select)
    return run_of(row, config=config, summary=summary)


def _chosen(whole: Mapping[str, Any], source: str, select: Sequence[Column]) -> dict[str, Any]:
    """Only what was asked for, in its own place."""
    chosen: dict[str, Any] = {}
    for wanted in select:
        if wanted.source != source:
            continue
        for path in paths_of(wanted.name):
            value: Any = whole
            for key in path:
                if not isinstance(value, Mapping) or key not in value:
                    break
                value = value[key]
            else:
                _put(chosen, path, value)
                break
    return chosen


def _put(into: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        inner = into.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        into = inner
    if not isinstance(into.get(path[-1]), dict):
        into[path[-1]] = dict(value) if isinstance(value, dict) else value


def _both(given: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    parts = [*([dict(given)] if given else []), *(dict(condition) for condition in conditions)]
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _statistics(found: Mapping[str, Any], group: int) -> Statistics:
    count = int(found["count"][group])
    if count == 0:
        return Statistics(0, None, None, None, None)
    return Statistics(
        count=count,
        mean=float(found["mean"][group]),
        std=math.sqrt(float(found["m2"][group]) / (count - 1)) if count > 1 else None,
        min=float(found["min"][group]),
        max=float(found["max"][group]),
    )
