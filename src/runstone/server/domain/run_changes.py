"""What a `RunChange` does to a run's record, and the one function that applies it.

Whoever has a transaction calls `apply`; everything the change means is written there and nowhere
else, so every door and the ingest agree.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.run_columns import count_leaves
from runstone.server.domain.run_fields import base_values, when
from runstone.server.domain.run_model import Applied, RunChange
from runstone.server.domain.run_values import ABSENT, Edited, Json, Path, encode, same, too_deep
from runstone.server.stores.records import codec
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.rows import AnyRow

_PROJECT_TOUCH_SECONDS = 5.0
_FEED_VALUES_MAX = 100
_FEED_TEXT_MAX = 200
_NO_DETAILS = SimpleNamespace(environment={}, metrics=[], wire={})


@dataclass(frozen=True, slots=True)
class Made:
    """A run that was made in this transaction: its row, and what gives it its place in the project,
    which is asked for last because all others who make runs there then wait for this transaction."""

    row: AnyRow
    place: Callable[[], Mapping[str, Any]]


def apply(
    conn: Connection, key: int, change: RunChange, *, now: float | None = None, made: Made | None = None
) -> Applied:
    """Make the change to the run, whose row is held until the transaction ends. Writes nothing where
    nothing differs. Raises Invalid, TooLarge; NotFound for a run that is gone."""
    now = time.time() if now is None else now
    row = statements.lock(conn, key) if made is None else made.row
    if row is None:
        raise NotFound("The run does not exist any more.", key=key)
    if row.deleted_at is not None:
        raise Conflict(f"Run {row.run_id!r} is in the trash. Restore it to change it.", run=row.run_id)
    try:
        return _apply(conn, row, change, now, made)
    except RecursionError:
        raise too_deep() from None


def _apply(conn: Connection, row: AnyRow, change: RunChange, now: float, made: Made | None) -> Applied:
    key = int(row.id)
    values = base_values(row, change, now)
    contents: dict[str, Any] = {}  # columns of the tables beside the run's own row
    counts: Counter[tuple[str, str]] = Counter()
    told: dict[str, Any] = {}

    if change.config is not None or change.config_set or change.config_unset:
        before = {} if made else statements.config(conn, key)
        after, done, undone = _patched(before, change.config, change.config_set, change.config_unset)
        if done or undone:
            contents["config"] = codec.Encoded(encode(after, "config"))
            statements.add_config_patch(
                conn, key, at=when(change, now), writer=change.writer, set_values=done, unset_paths=undone
            )
            count_leaves(counts, "config", before, after)

    if change.summary is not None or change.summary_set or change.summary_unset or change.summary_derived:
        before, explicit = ({}, []) if made else statements.summary(conn, key)
        after, explicit_after = _summary_after(before, explicit, change)
        if explicit_after != explicit:
            contents["explicit"] = explicit_after
        if not same(before, after):
            contents["summary"] = codec.Encoded(encode(after, "summary"))
            count_leaves(counts, "summary", before, after)
            told = _changed_values(before, after)

    if change.environment is not None or change.metrics is not None or change.wire is not None:
        contents.update(_details_after(_NO_DETAILS if made else statements.details(conn, key), change))

    if not (values or contents or made):
        return Applied(key, False, row.state, False, bool(row.stop_requested), row.version)
    # Rows that others wait for come last, and in one order: run, project, columns.
    if made is not None:
        statements.insert_contents(conn, key, contents)
        values = {**made.place(), **values}
    else:
        statements.write_contents(conn, key, contents)
        project_statements.touch_project(conn, row.project_id, now=now, coarse_seconds=_PROJECT_TOUCH_SECONDS)
    values |= {"version": row.version + 1, "updated_at": now}
    statements.write_base(conn, key, values)
    project_statements.count_columns(conn, row.project_id, counts)
    state = values.get("state", row.state)
    return Applied(
        key,
        True,
        state,
        made is not None or state != row.state,
        bool(values.get("stop_requested", row.stop_requested)),
        values["version"],
        told,
    )


def _patched(
    before: dict[str, Any],
    whole: Mapping[str, Any] | None,
    set_values: Sequence[tuple[Path, Json]],
    unset_paths: Sequence[Path],
) -> tuple[dict[str, Any], list[tuple[Path, Json]], list[Path]]:
    """The value after a change, and the patch that leads there: what was set and what was unset."""
    done: list[tuple[Path, Json]] = []
    undone: list[Path] = []
    if whole is not None:
        done = [([key], value) for key, value in whole.items() if not same(before.get(key, ABSENT), value)]
        undone = [[key] for key in before if key not in whole]
    edited = Edited(before if whole is None else whole)
    for path, value in set_values:
        if not same(edited.at(path), value):
            edited.set(path, value)
            done.append((path, value))
    for path in unset_paths:
        if edited.unset(path):
            undone.append(path)
    return edited.value, done, undone


def _summary_after(
    before: dict[str, Any], explicit: list[list[str]], change: RunChange
) -> tuple[dict[str, Any], list[list[str]]]:
    """Explicit values win: a derived one never replaces, contains or lies in what somebody set."""
    claimed = dict.fromkeys(tuple(path) for path in explicit)
    if change.summary is not None:
        claimed = dict.fromkeys((key,) for key in change.summary)
    edited = Edited(before if change.summary is None else change.summary)
    for path, value in change.summary_set:
        edited.set(path, value)
        claimed[tuple(path)] = None
    for path in change.summary_unset:
        edited.unset(path)
        for kept in [kept for kept in claimed if kept[: len(path)] == tuple(path)]:
            del claimed[kept]
    if change.summary_derived:
        depth_max = max((len(kept) for kept in claimed), default=0)
        outer = {kept[:n] for kept in claimed for n in range(1, len(kept))}
        for path, value in change.summary_derived:
            own = tuple(path)
            if own not in outer and not any(
                own[:n] in claimed for n in range(1, min(len(own), depth_max) + 1)
            ):
                edited.set(path, value)
    return edited.value, [list(path) for path in claimed]


def _details_after(row: AnyRow, change: RunChange) -> dict[str, codec.Encoded]:
    details: dict[str, codec.Encoded] = {}
    for name, before, new in (
        ("environment", row.environment, change.environment),
        ("wire", row.wire, change.wire),
    ):
        if new is not None:
            after = {**before, **new}
            if not same(after, before):
                details[name] = codec.Encoded(encode(after, name))
    if change.metrics is not None:
        by_name = {metric.get("name"): dict(metric) for metric in row.metrics}
        by_name.update({metric.get("name"): dict(metric) for metric in change.metrics})
        merged = list(by_name.values())
        if not same(merged, row.metrics):
            details["metrics"] = codec.Encoded(encode(merged, "metrics"))
    return details


def _changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Short values of the summary that changed, at most a hundred."""
    told: dict[str, Any] = {}
    waiting = [(key, before.get(key, ABSENT), value) for key, value in after.items()]
    while waiting and len(told) < _FEED_VALUES_MAX:
        path, old, new = waiting.pop()
        if isinstance(new, dict):
            inner = old if isinstance(old, dict) else {}
            waiting += [(f"{path}.{key}", inner.get(key, ABSENT), value) for key, value in new.items()]
        elif _is_short(new) and not same(old, new):
            told[path] = new
    return told


def _is_short(value: Json) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _FEED_TEXT_MAX)
