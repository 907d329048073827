"""What a `RunChange` does to a run's record: pure rules, then one function that applies them.

Whoever has a transaction calls `apply`; everything the change means is written there and nowhere
else, so every door and the ingest agree.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from runstone.server.domain.identity import check_text
from runstone.server.stores.records import codec
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.rows import AnyRow

if TYPE_CHECKING:
    from runstone.server.domain.run_model import RunChange

JSON_CHARS_MAX = 32 * 1024 * 1024  # of one config, one summary, one environment
JSON_DEPTH_MAX = 100
PATH_CHARS_MAX = 1024  # longer ones are kept, and not listed among the columns
TAGS_MAX = 1000
_PROJECT_TOUCH_SECONDS = 5.0
_FEED_VALUES_MAX = 100
_FEED_TEXT_MAX = 200

# What ended by a word of the client stays ended so; what ended for want of one may be corrected.
_ENDED_FOR_CERTAIN = frozenset({"finished", "failed", "killed"})
_ENDED = _ENDED_FOR_CERTAIN | {"crashed", "preempted"}
_STATES = _ENDED | {"pending", "running", "preempting"}

_TEXTS = {
    # field of RunChange: (column, longest)
    "display_name": ("display_name", 1_000),
    "group": ("group_name", 1_000),
    "job_type": ("job_type", 1_000),
    "notes": ("notes", 1_000_000),
    "sweep": ("sweep", 1_000),
    "host": ("host", 1_000),
    "program": ("program", 10_000),
    "fork_of": ("fork_of", 128),
}

Json = Any
Path = Sequence[str]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did. `summary`: changed values by dotted path, short ones, for the feed."""

    key: int
    changed: bool
    state: str
    state_changed: bool = False
    stop_requested: bool = False
    version: int = 0
    summary: Mapping[str, Any] = field(default_factory=dict)


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
        raise _too_deep() from None


def _apply(conn: Connection, row: AnyRow, change: RunChange, now: float, made: Made | None) -> Applied:
    key = int(row.id)
    values = _base_values(row, change, now)
    contents: dict[str, Any] = {}  # columns of the tables beside the run's own row
    counts: Counter[tuple[str, str]] = Counter()
    told: dict[str, Any] = {}

    if change.config is not None or change.config_set or change.config_unset:
        before = {} if made else statements.config(conn, key)
        after, done, undone = _patched(before, change.config, change.config_set, change.config_unset)
        if done or undone:
            contents["config"] = codec.Encoded(_encode(after, "config"))
            statements.add_config_patch(
                conn, key, at=_when(change, now), writer=change.writer, set_values=done, unset_paths=undone
            )
            count_leaves(counts, "config", before, after)

    if change.summary is not None or change.summary_set or change.summary_unset or change.summary_derived:
        before, explicit = ({}, []) if made else statements.summary(conn, key)
        after, explicit_after = _summary_after(before, explicit, change)
        if explicit_after != explicit:
            contents["explicit"] = explicit_after
        if not _same(before, after):
            contents["summary"] = codec.Encoded(_encode(after, "summary"))
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


# -- plain fields and the state


def _base_values(row: AnyRow, change: RunChange, now: float) -> dict[str, Any]:
    """Columns of the run's row that change, and to what."""
    values: dict[str, Any] = {}
    for name, (column, chars_max) in _TEXTS.items():
        given = getattr(change, name)
        if given is not None:
            values[column] = check_text(given, what=name.replace("_", " ").capitalize(), chars_max=chars_max)
    if values.get("display_name") == "":
        del values["display_name"]  # a run always has a name to be called by
    if change.tags is not None:
        values["tags"] = _tags(change.tags)
    if change.command is not None:
        values["command"] = [check_text(word, what="Command", chars_max=1_000_000) for word in change.command]
    if change.fork_step is not None:
        values["fork_step"] = change.fork_step
    if change.ranks is not None:
        values["ranks"] = change.ranks
    if change.stop_requested is not None:
        values["stop_requested"] = change.stop_requested
    if change.started_at is not None and _is_time(change.started_at):
        # The earliest word counts: a run may have begun long before its records came.
        begun = row.started_at
        values["started_at"] = change.started_at if begun is None else min(begun, change.started_at)
    values.update(_state_values(row, change, now))
    return {column: value for column, value in values.items() if getattr(row, column) != value}


def _state_values(row: AnyRow, change: RunChange, now: float) -> dict[str, Any]:
    """The state machine.

    A run that ended for certain keeps its end and its exit code until it runs again. One that
    crashed or was preempted is corrected by any later word. Running again clears what ending set.
    """
    new = change.state
    if new is None:
        return {} if change.exit_code is None else {"exit_code": change.exit_code}
    if new not in _STATES:
        raise Invalid(f"{new!r} is not a run state. One of: {', '.join(sorted(_STATES))}.", state=new)
    if new in _ENDED:
        if row.state in _ENDED_FOR_CERTAIN or (row.state in _ENDED and new not in _ENDED_FOR_CERTAIN):
            return {}
        return {"state": new, "exit_code": change.exit_code, "finished_at": _when(change, now)}
    if new == "preempting" and row.state in _ENDED:
        return {}
    if row.state in _ENDED:
        return {
            "state": new,
            "exit_code": None,
            "finished_at": None,
            "heartbeat_at": now,
            # A run that was stopped in an earlier life must not stop itself on its return.
            "stop_requested": False if change.stop_requested is None else change.stop_requested,
        }
    return {"state": new}


def _tags(tags: Sequence[str]) -> list[str]:
    if len(tags) > TAGS_MAX:
        raise Invalid(f"A run has at most {TAGS_MAX} tags, met {len(tags)}.")
    kept = (check_text(tag, what="Tag", chars_max=1_000) for tag in tags)
    return list(dict.fromkeys(tag for tag in kept if tag))


def _when(change: RunChange, now: float) -> float:
    """Of a clock that says nonsense nothing is believed."""
    return change.at if change.at and _is_time(change.at) else now


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds < 1e11


# -- config, summary, details


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
        done = [([key], value) for key, value in whole.items() if not _same(before.get(key, _ABSENT), value)]
        undone = [[key] for key in before if key not in whole]
    edited = _Edited(before if whole is None else whole)
    for path, value in set_values:
        if not _same(edited.at(path), value):
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
    edited = _Edited(before if change.summary is None else change.summary)
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
            if not _same(after, before):
                details[name] = codec.Encoded(_encode(after, name))
    if change.metrics is not None:
        by_name = {metric.get("name"): dict(metric) for metric in row.metrics}
        by_name.update({metric.get("name"): dict(metric) for metric in change.metrics})
        merged = list(by_name.values())
        if not _same(merged, row.metrics):
            details["metrics"] = codec.Encoded(_encode(merged, "metrics"))
    return details


_ABSENT: Any = object()


_NO_DETAILS = SimpleNamespace(environment={}, metrics=[], wire={})


class _Edited:
    """A map being changed: what is touched is copied first, once, so the original stays."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value: dict[str, Any] = dict(value)
        self._own: dict[int, dict[str, Any]] = {id(self.value): self.value}

    def at(self, path: Path) -> Json:
        value: Json = self.value
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return _ABSENT
            value = value[key]
        return value

    def set(self, path: Path, new: Json) -> None:
        """What is in the way and no map is replaced by one. An empty path merges a map into the whole."""
        if not path:
            if not isinstance(new, Mapping):
                raise Invalid(f"The whole can only be set to a map, met {type(new).__name__}.")
            self.value.update(new)
            return
        node = self.value
        for key in path[:-1]:
            node = self._owned(node, key)
        node[path[-1]] = new

    def unset(self, path: Path) -> bool:
        """Whether there was something under the path."""
        if not path or self.at(path) is _ABSENT:
            return False
        node = self.value
        for key in path[:-1]:
            node = self._owned(node, key)
        del node[path[-1]]
        return True

    def _owned(self, node: dict[str, Any], key: str) -> dict[str, Any]:
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = {}
        elif id(inner) in self._own:
            return inner
        else:
            inner = dict(inner)
        self._own[id(inner)] = inner  # kept alive, so that its id stays its own
        node[key] = inner
        return inner


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON: true is not 1, 1 is not 1.0, NaN is NaN, and the order of keys says nothing."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and one != one:
        return bool(other != other)
    return bool(one == other)


def _encode(value: Json, what: str) -> str:
    try:
        text = codec.dumps(value)
    except RecursionError:
        raise _too_deep() from None
    except (TypeError, ValueError) as error:
        raise Invalid(f"The {what} holds what JSON cannot: {error}.") from None
    if len(text) > JSON_CHARS_MAX:
        raise TooLarge(
            f"The {what} would be {len(text):,} characters of JSON; the most is {JSON_CHARS_MAX:,}. "
            "Log large values as files.",
            size=len(text),
        )
    # Databases refuse to read JSON that is nested very deep; counting brackets is enough to tell.
    if text.count("[") + text.count("{") > JSON_DEPTH_MAX and depth_of(value) > JSON_DEPTH_MAX:
        raise _too_deep()
    return text


def depth_of(value: Json) -> int:
    """How deep maps and lists are nested in a value: 0 for a number, beyond JSON_DEPTH_MAX not told apart."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        inner, depth = waiting.pop()
        if isinstance(inner, dict):
            inner = list(inner.values())
        if isinstance(inner, list | tuple):
            deepest = max(deepest, depth)
            if depth > JSON_DEPTH_MAX:
                break
            waiting += [(item, depth + 1) for item in inner if isinstance(item, dict | list | tuple)]
    return deepest


def _too_deep() -> Invalid:
    return Invalid(f"Values may be nested up to {JSON_DEPTH_MAX} deep. Flatten them, or log a file.")


# -- the catalogue of columns


def count_leaves(counts: Counter[tuple[str, str]], prefix: str, before: Json, after: Json) -> None:
    """Add to `counts` by how much the runs under each (path, kind) rise when a run's value under
    `prefix` goes from one to the other; `_ABSENT` for a run that had or has none."""
    old_map, new_map = _is_map(before, prefix), _is_map(after, prefix)
    if old_map and new_map:
        for key in before.keys() | after.keys():
            inner_before, inner_after = before.get(key, _ABSENT), after.get(key, _ABSENT)
            # Most values change within their kind, which changes no count.
            if type(inner_before) is not type(inner_after) or type(inner_after) not in _PLAIN:
                count_leaves(counts, f"{prefix}.{key}", inner_before, inner_after)
        return
    if old_map:
        count_leaves(counts, prefix, before, _EMPTY)
    elif before is not _ABSENT:
        _count(counts, prefix, before, -1)
    if new_map:
        count_leaves(counts, prefix, _EMPTY, after)
    elif after is not _ABSENT:
        _count(counts, prefix, after, 1)


class _Empty(dict[str, Any]):
    """A map's side that has no keys, and is still no leaf."""


_EMPTY = _Empty()
_ROOTS = ("config", "summary")
_PLAIN = frozenset({bool, int, float, str, type(None)})


def _is_map(value: Json, prefix: str) -> bool:
    """Maps are descended into, save empty ones and media (`_type`), which are values."""
    if isinstance(value, _Empty) or prefix in _ROOTS:
        return True
    return isinstance(value, dict) and bool(value) and "_type" not in value


def _count(counts: Counter[tuple[str, str]], path: str, value: Json, by: int) -> None:
    if len(path) <= PATH_CHARS_MAX:
        counts[codec.escape(path), kind_of(value)] += by


def kind_of(value: Json) -> str:
    """number, string, bool, null or json."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"


def _changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Short values of the summary that changed, at most a hundred."""
    told: dict[str, Any] = {}
    waiting = [(key, before.get(key, _ABSENT), value) for key, value in after.items()]
    while waiting and len(told) < _FEED_VALUES_MAX:
        path, old, new = waiting.pop()
        if isinstance(new, dict):
            inner = old if isinstance(old, dict) else {}
            waiting += [(f"{path}.{key}", inner.get(key, _ABSENT), value) for key, value in new.items()]
        elif _is_short(new) and not _same(old, new):
            told[path] = new
    return told


def _is_short(value: Json) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _FEED_TEXT_MAX)
