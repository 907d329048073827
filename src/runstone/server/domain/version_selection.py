"""Which versions of a collection go, found in windows of their numbers: by a query, or by a rule.

Nothing here grows with the number of versions but the numbers of the best, which are as many as the
rule keeps.
"""

from __future__ import annotations

import fnmatch
import heapq
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.artifact_names import check_tags, check_type_name
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import NAME_CHARS_MAX
from runstone.server.domain.retention_rules import KEPT_MAX, Rule, number_in
from runstone.server.stores.records import retention as statements
from runstone.server.stores.records.rows import AnyRow

CONDITIONS_MAX = 20
IDS_MAX = 1_000
_RANK_WINDOW = 5_000
_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPS = ("=", "!=", *_OPS, "exists", "absent")


@dataclass(frozen=True, slots=True)
class Condition:
    """On one value of the metadata, by its path: `eval.loss`. Orders compare numbers with numbers and text
    with text; a value that is absent satisfies `!=` and `absent` only."""

    path: str
    op: str = "="
    value: Any = None

    def holds(self, metadata: dict[str, Any]) -> bool:
        found, is_there = _at(metadata, self.path)
        if self.op in ("exists", "absent"):
            return is_there == (self.op == "exists")
        if self.op == "=":
            return is_there and _same(found, self.value)
        if self.op == "!=":
            return not is_there or not _same(found, self.value)
        if not is_there or _kind(found) != _kind(self.value) or _kind(found) is None:
            return False
        return _OPS[self.op](found, self.value)


@dataclass(frozen=True, slots=True)
class VersionQuery:
    """Versions of a project that match all of it."""

    type: str = ""
    collection: str = ""  # a name, or a pattern with * and ?; "": every one
    created_before: float | None = None
    tag: str = ""
    unaliased: bool = False  # not even `latest` points to it
    metadata: tuple[Condition, ...] = ()
    keep_last: int = 0  # of each collection
    keep_used: bool = False
    ids: tuple[int, ...] = ()  # only these; (): whichever match

    def covers(self, collection: AnyRow) -> bool:
        if self.type and collection.type != self.type:
            return False
        return not self.collection or fnmatch.fnmatchcase(collection.name, self.collection)

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "type": self.type,
            "collection": self.collection,
            "created_before": self.created_before,
            "tag": self.tag,
            "unaliased": self.unaliased,
            "metadata": [{"path": one.path, "op": one.op, "value": one.value} for one in self.metadata],
            "keep_last": self.keep_last,
            "keep_used": self.keep_used,
        }
        if self.ids:
            out["ids"] = list(self.ids)
        return out


def check_query(query: VersionQuery) -> VersionQuery:
    """Raises Invalid."""
    if query.type:
        check_type_name(query.type)
    if query.tag:
        check_tags([query.tag])
    if len(query.collection) > NAME_CHARS_MAX:
        raise Invalid(f"A pattern of collections has at most {NAME_CHARS_MAX} characters.")
    if not 0 <= query.keep_last <= KEPT_MAX:
        raise Invalid(f"keep_last is a number of versions, 0 to {KEPT_MAX:,}, met {query.keep_last}.")
    if len(query.ids) > IDS_MAX:
        raise Invalid(f"At most {IDS_MAX:,} versions by their ids at once, met {len(query.ids):,}.")
    if len(query.metadata) > CONDITIONS_MAX:
        raise Invalid(f"At most {CONDITIONS_MAX} conditions on metadata, met {len(query.metadata)}.")
    for one in query.metadata:
        if one.op not in OPS:
            raise Invalid(f"{one.op[:20]!r} compares nothing. One of: {' '.join(OPS)}.", op=one.op[:20])
        if not one.path or len(one.path) > 1024:
            raise Invalid("A condition on metadata names the path of a value: eval.loss.")
        if one.op in _OPS and _kind(one.value) is None:
            raise Invalid(f"{one.path} {one.op} takes a number or a text, met {str(one.value)[:80]!r}.")
    return query


def query_of(kept: dict[str, Any]) -> VersionQuery:
    """As `as_json` gave it."""
    conditions = tuple(Condition(one["path"], one["op"], one["value"]) for one in kept["metadata"])
    return VersionQuery(**{**kept, "metadata": conditions, "ids": tuple(kept.get("ids", ()))})


@dataclass(slots=True)
class Selection:
    """What goes of one collection."""

    which: Any  # in SQL, and asked again when they go
    below: int | None = None  # only numbers below this
    spared: set[int] = field(default_factory=set)  # numbers of versions
    metadata: tuple[Condition, ...] = ()

    def window(self, conn: Connection, collection_id: int, *, after: int, upto: int) -> list[AnyRow]:
        """Those with numbers after < n ≤ upto: id, version_index, size, run_key, created_at."""
        rows = statements.window(
            conn,
            collection_id,
            after=after,
            upto=upto,
            which=self.which,
            below=self.below,
            metadata=bool(self.metadata),
        )
        return [
            row
            for row in rows
            if row.version_index not in self.spared
            and all(condition.holds(row.metadata) for condition in self.metadata)
        ]


def by_query(conn: Connection, collection: AnyRow, query: VersionQuery) -> Selection | None:
    """None where nothing of the collection goes."""
    if not query.covers(collection):
        return None
    below = None
    if query.keep_last:
        below = statements.index_to_keep(conn, collection.id, query.keep_last)
        if below is None:
            return None
    which = statements.may_go(
        conn,
        created_before=query.created_before,
        tag=query.tag,
        unaliased=query.unaliased,
        keep_used=query.keep_used,
        ids=query.ids,
    )
    return Selection(which, below, set(), query.metadata)


def by_rule(conn: Connection, collection: AnyRow, rule: Rule | None, *, now: float) -> Selection | None:
    """None where nothing of the collection goes. Its own time to live stands in for the rule's where the
    rule says nothing else: those versions expire by themselves."""
    if rule is None or (not rule.counts and collection.ttl_seconds is not None):
        return None
    below = None
    if rule.counts:  # the newest stays in any case: `latest` is there
        below = statements.index_to_keep(conn, collection.id, rule.last or 1)
        if below is None:
            return None
    spared = _best(conn, collection, rule) if rule.best else set()
    which = statements.may_go(
        conn,
        committed_before=None if rule.ttl_seconds is None else now - rule.ttl_seconds,
        inherits_ttl=rule.ttl_seconds is not None,
        keep_used=rule.keep_used,
    )
    return Selection(which, below, spared)


def _best(conn: Connection, collection: AnyRow, rule: Rule) -> set[int]:
    """Numbers of the best committed versions; of equal ones the later."""
    sign = 1.0 if rule.goal == "max" else -1.0
    heap: list[tuple[float, int]] = []
    for after in range(-1, collection.next_index, _RANK_WINDOW):
        rows = statements.window(
            conn,
            collection.id,
            after=after,
            upto=after + _RANK_WINDOW,
            which=statements.committed(),
            metadata=rule.of == "metadata",
        )
        if rule.of == "metadata":
            values = [(row, row.metadata) for row in rows]
        else:
            known = statements.summaries(conn, {row.run_key for row in rows if row.run_key})
            values = [(row, known.get(row.run_key or 0, {})) for row in rows]
        for row, numbers in values:
            value = number_in(numbers, rule.metric)
            if value is None:
                continue
            item = (sign * value, row.version_index)
            if len(heap) < rule.best:
                heapq.heappush(heap, item)
            else:
                heapq.heappushpop(heap, item)
    return {index for _, index in heap}


def _at(metadata: dict[str, Any], path: str) -> tuple[Any, bool]:
    if path in metadata:
        return metadata[path], True
    value: Any = metadata
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None, False
        value = value[part]
    return value, True


def _kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else None


def _same(one: Any, other: Any) -> bool:
    """True is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
