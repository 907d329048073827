"""Versions that go by rule: what would go, and what does, by its time to live or a policy.

All of it spares what somebody named (an alias beside `latest`), what is linked elsewhere or deployed, and
all of it goes to the trash first, from where it can be restored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.projects import Projects
from runstone.server.domain.reclaim import Bits, freed_bytes
from runstone.server.domain.retention_rules import check_retention, parse_rule, rule_for
from runstone.server.domain.version_selection import Selection, VersionQuery, by_query, by_rule, check_query
from runstone.server.domain.version_trash import trash_versions
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import retention as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_EXPIRE_AT_ONCE = 200
_COLLECTIONS_AT_ONCE = 100
_WINDOW = 1_000
SHOWN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go now, and `freed_bytes` a garbage collection would give back once it left the trash.
    collections: {name, type, rule_from, versions, bytes}; shown: the first of the versions {id, name, size,
    created_at}."""

    versions: int
    bytes: int
    freed_bytes: int
    collections: list[dict[str, Any]]
    shown: list[dict[str, Any]]


class Retention:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self,
        records: Records,
        projects: Projects,
    ) -> None:
        self._records = records
        self._projects = projects

    # -- what would go

    def preview(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        rule: dict[str, Any] | None = None,
        type_name: str = "",
        collection: str = "",
        shown: int = 100,
    ) -> Preview:
        """By the policies as they are; with `rule`: as if that were the policy of the collection, of the
        type, or the project's default. type_name, collection: only of these."""
        checked = None if rule is None else check_retention(rule)
        now = time.time()
        with self._records.read() as conn:
            place = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            policies = list(statements.policies(conn, place.entity_id, place.id))
            if collection and collection_statements.collection(conn, place.id, collection) is None:
                raise NotFound(
                    f"{place.entity}/{place.name} has no artifact {collection[:200]!r}.",
                    collection=collection[:200],
                )
            if checked is not None and not collection:
                policies = [_Said(place.id, type_name, checked)] + [
                    row for row in policies if (row.project_id, row.type_name) != (place.id, type_name)
                ]
                policies = [row for row in policies if row.rule]

            def chosen() -> Iterator[tuple[AnyRow, str, Selection]]:
                for row in _all_of(conn, place.id, type_name):
                    if collection and row.name != collection:
                        continue
                    said, where = rule_for(row, policies)
                    if checked is not None and collection:
                        said, where = checked, "collection"
                    selection = by_rule(conn, row, parse_rule(said), now=now)
                    if selection is not None:
                        yield row, where, selection

            return self._look(conn, chosen(), shown)

    def preview_query(
        self, actor: Actor, entity: str, project: str, query: VersionQuery, *, shown: int = 100
    ) -> Preview:
        """What a deletion would move to the trash."""
        check_query(query)
        with self._records.read() as conn:
            place = self._projects.resolve(conn, actor, entity, project, Permission.READ)

            def chosen() -> Iterator[tuple[AnyRow, str, Selection]]:
                for row in _all_of(conn, place.id, query.type):
                    selection = by_query(conn, row, query)
                    if selection is not None:
                        yield row, "query", selection

            return self._look(conn, chosen(), shown)

    # -- jobs

    def expire(self, actor: Actor, *, now: float, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Versions whose time is over, to the trash. Returns how many."""
        gone = 0
        which = statements.has_expired(now)
        while goes_on():

            def work(conn: Connection) -> int:
                rows = statements.expired(conn, now=now, limit=_EXPIRE_AT_ONCE)
                reason = "its time to live is over"
                ids = [row.id for row in rows]
                trash_versions(
                    conn, actor, ids, which=which, action="artifact.expire", reason=reason, detail={}, now=now
                )
                return len(rows)

            some = self._records.write(work)
            gone += some
            if some < _EXPIRE_AT_ONCE:
                break
        return gone

    def apply(self, actor: Actor, *, now: float, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Every policy, to every collection it holds for. Returns how many versions went."""
        gone, after = 0, 0
        while goes_on():
            with self._records.read() as conn:
                rows = statements.governed(conn, after=after, limit=_COLLECTIONS_AT_ONCE)
            for row in rows:
                after = row.id
                gone += self._apply(actor, row, now, goes_on)
                if not goes_on():
                    return gone
            if len(rows) < _COLLECTIONS_AT_ONCE:
                break
        return gone

    # -- inside

    def _apply(self, actor: Actor, row: AnyRow, now: float, goes_on: Callable[[], bool]) -> int:
        with self._records.read() as conn:
            rule, where = rule_for(row, statements.policies(conn, row.entity_id, row.project_id))
            selection = by_rule(conn, row, parse_rule(rule), now=now)
        if selection is None:
            return 0
        gone = 0
        for after in range(-1, row.next_index, _WINDOW):
            if not goes_on():
                break
            with self._records.read() as conn:
                found = selection.window(conn, row.id, after=after, upto=after + _WINDOW)
            ids = [version.id for version in found]
            if not ids:
                continue
            done = self._records.write(
                lambda conn, ids=ids: trash_versions(  # type: ignore[misc]
                    conn,
                    actor,
                    ids,
                    which=selection.which,
                    action="retention.apply",
                    reason=f"the retention policy of its {where}",
                    detail={"rule": rule},
                    now=now,
                )
            )
            gone += done.versions
        return gone

    @staticmethod
    def _look(conn: Connection, chosen: Iterator[tuple[AnyRow, str, Selection]], shown: int) -> Preview:
        """In one view of the store; a million versions take bits."""
        gone, found = Bits(), Preview(0, 0, 0, [], [])
        shown = max(0, min(shown, SHOWN_MAX))
        for row, where, selection in chosen:
            versions = size = 0
            for after in range(-1, row.next_index, _WINDOW):
                for version in selection.window(conn, row.id, after=after, upto=after + _WINDOW):
                    gone.add(version.id)
                    versions += 1
                    size += int(version.size)
                    if len(found.shown) < shown:
                        found.shown.append(
                            {
                                "id": version.id,
                                "name": f"{row.name}:v{version.version_index}",
                                "type": row.type,
                                "size": version.size,
                                "created_at": version.created_at,
                            }
                        )
            if versions:
                found.collections.append(
                    {
                        "name": row.name,
                        "type": row.type,
                        "rule_from": where,
                        "versions": versions,
                        "bytes": size,
                    }
                )
                found = replace(found, versions=found.versions + versions, bytes=found.bytes + size)
        return replace(found, freed_bytes=freed_bytes(conn, gone))


@dataclass(frozen=True, slots=True)
class _Said:
    """A policy that is only looked at."""

    project_id: int
    type_name: str
    rule: dict[str, Any]


def _all_of(conn: Connection, project_id: int, type_name: str) -> Iterator[AnyRow]:
    after = 0
    while True:
        rows = statements.collections_after(
            conn, project_id, after=after, limit=_COLLECTIONS_AT_ONCE, type_name=type_name
        )
        yield from rows
        if len(rows) < _COLLECTIONS_AT_ONCE:
            return
        after = rows[-1].id
