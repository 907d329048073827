"""Versions that go by rule: time to live, keep the best and the last, deletion by query.

All of it spares what somebody named (an alias beside `latest`) and what is linked elsewhere, and all
of it goes to the trash first, from where it can be restored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.alias_moves import set_aliases
from runstone.server.domain.artifact_names import LATEST
from runstone.server.domain.collections import Collections
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, Permission, check_text
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import retention as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_AT_ONCE = 20_000  # versions in one transaction: other writers wait for its length
_EXPIRE_AT_ONCE = 200
_COLLECTIONS_AT_ONCE = 100
KEPT_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Trashed:
    dry_run: bool
    versions: int
    logical_bytes: int  # each counted in full; blobs others hold stay


def check_retention(rule: dict[str, Any]) -> dict[str, Any]:
    """{} keeps all; `last`: so many of the newest; `best`: so many by `metric` of the run that made
    them, `goal` max or min. Raises Invalid."""
    if not rule:
        return {}
    unknown = rule.keys() - {"last", "best", "metric", "goal"}
    if unknown:
        raise Invalid(
            f"A retention rule knows last, best, metric and goal, not {', '.join(sorted(unknown))}.",
            unknown=sorted(unknown),
        )
    for name in ("last", "best"):
        value = rule.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= KEPT_MAX:
            raise Invalid(f"{name} is a number of versions, met {value!r}.")
    if rule.get("goal", "max") not in ("max", "min"):
        raise Invalid(f"goal is max or min, met {rule['goal']!r}.")
    if rule.get("best", 0) and not isinstance(rule.get("metric"), str):
        raise Invalid("To keep the best, name the metric of the run's summary they are the best by.")
    if not rule.get("last", 0) and not rule.get("best", 0):
        raise Invalid("Say how many to keep: last, best, or both. {} keeps all.")
    return {
        "last": rule.get("last", 0),
        "best": rule.get("best", 0),
        "metric": rule.get("metric", ""),
        "goal": rule.get("goal", "max"),
    }


class Retention:
    def __init__(self, records: Records, collections: Collections) -> None:
        self._records = records
        self._collections = collections

    def set_rule(self, actor: Actor, entity: str, project: str, name: str, rule: dict[str, Any]) -> None:
        """What is kept of a collection from now on; applied by a job within the hour."""
        checked = check_retention(rule)

        def work(conn: Connection) -> None:
            row = self._collections.resolve(conn, actor, entity, project, name, Permission.WRITE)
            now = time.time()
            collection_statements.change_collection(conn, row.id, retention=checked, updated_at=now)
            self._log(conn, actor, "collection.retention", row, {"rule": checked}, now)

        self._records.write(work)

    def delete_where(
        self,
        actor: Actor,
        entity: str,
        project: str,
        name: str,
        *,
        created_before: float | None = None,
        tag: str = "",
        keep_last: int = 0,
        dry_run: bool = False,
        reason: str = "",
    ) -> Trashed:
        """To the trash: versions of a collection that match all of this, save named and linked ones
        and the newest `keep_last`. Set-based: a million take seconds."""
        said = check_text(reason, what="Reason", chars_max=10_000)
        with self._records.read() as conn:
            row = self._collections.resolve(conn, actor, entity, project, name, Permission.WRITE)
            below = None if keep_last <= 0 else statements.index_to_keep(conn, row.id, keep_last)
            if keep_last > 0 and below is None:
                return Trashed(dry_run, 0, 0)
            conditions = {"created_before": created_before, "tag": tag, "below_index": below}
            versions, size = statements.count_matching(conn, row.id, **conditions)
        if dry_run:
            return Trashed(True, versions, size)
        deleted = 0
        while True:

            def work(conn: Connection, deleted: int = deleted) -> int:
                collection_statements.lock_collection(conn, row.id)
                now = time.time()
                some = statements.trash_matching(conn, row.id, now=now, limit=_AT_ONCE, **conditions)
                if some < _AT_ONCE:
                    self._after(conn, actor, row.id, said, now)
                    detail = {"conditions": conditions, "versions": deleted + some, "reason": said}
                    self._log(conn, actor, "artifact.delete_where", row, detail, now)
                return some

            some = self._records.write(work)
            deleted += some
            if some < _AT_ONCE:
                return Trashed(False, deleted, size)

    def expire(self, actor: Actor, *, now: float, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Versions whose time is over, to the trash; called by a job. Returns how many."""
        gone = 0
        while goes_on():

            def work(conn: Connection) -> int:
                rows = statements.expired(conn, now=now, limit=_EXPIRE_AT_ONCE)
                self._trash(conn, actor, [row.id for row in rows], "its time to live is over", now)
                return len(rows)

            some = self._records.write(work)
            gone += some
            if some < _EXPIRE_AT_ONCE:
                break
        return gone

    def apply(self, actor: Actor, *, now: float, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Every collection's rule; called by a job. Returns how many versions went."""
        gone, after = 0, 0
        while goes_on():
            with self._records.read() as conn:
                rows = statements.with_retention(conn, after=after, limit=_COLLECTIONS_AT_ONCE)
            for row in rows:
                after = row.id
                if not goes_on():
                    return gone
                gone += self._records.write(lambda conn, row=row: self._apply(conn, actor, row, now))  # type: ignore[misc]
            if len(rows) < _COLLECTIONS_AT_ONCE:
                break
        return gone

    # -- inside

    def _apply(self, conn: Connection, actor: Actor, row: AnyRow, now: float) -> int:
        collection_statements.lock_collection(conn, row.id)
        rule = row.retention
        found = statements.unnamed_versions(conn, row.id)
        newest = collection_statements.newest_version(conn, row.id)
        keep = {newest} if newest is not None else set()
        below = statements.index_to_keep(conn, row.id, rule["last"]) if rule["last"] else None
        if rule["last"]:
            keep |= {one.id for one in found if below is None or one.version_index >= below}
        if rule["best"]:
            summaries = statements.summaries(conn, {one.run_key for one in found if one.run_key})
            scored = [
                (value, one.version_index, one.id)
                for one in found
                if (value := _number(summaries.get(one.run_key or 0, {}), rule["metric"])) is not None
            ]
            scored.sort(reverse=rule["goal"] == "max")
            keep |= {number for _, _, number in scored[: rule["best"]]}
        gone = [one.id for one in found if one.id not in keep]
        if gone:
            self._trash(conn, actor, gone, f"retention: {rule}", now)
        return len(gone)

    def _trash(self, conn: Connection, actor: Actor, ids: list[int], reason: str, now: float) -> None:
        if not ids:
            return
        places = statements.places_of(conn, ids)
        for place in places:
            collection_statements.lock_collection(conn, place)
        statements.trash(conn, ids, now=now)
        for place in places:
            self._after(conn, actor, place, reason, now)
        audit.append(
            conn,
            actor,
            "artifact.expire",
            subject="",
            entity_id=None,
            detail={"version_ids": ids[:1000], "count": len(ids), "reason": reason},
            now=now,
        )

    @staticmethod
    def _after(conn: Connection, actor: Actor, collection_id: int, reason: str, now: float) -> None:
        """Counts, aliases and `latest` of a collection from which versions went."""
        by = actor.username or actor.system
        had_latest = collection_statements.alias(conn, collection_id, LATEST) is not None
        statements.clear_names(conn, collection_id, by=by, reason=reason, now=now)
        collection_statements.count_versions(conn, [collection_id])
        newest = collection_statements.newest_version(conn, collection_id)
        lost = had_latest and collection_statements.alias(conn, collection_id, LATEST) is None
        if lost and newest is not None:
            set_aliases(conn, actor, collection_id, newest, [LATEST], act="delete", now=now)

    @staticmethod
    def _log(
        conn: Connection, actor: Actor, action: str, row: AnyRow, detail: dict[str, Any], now: float
    ) -> None:
        audit.append(
            conn,
            actor,
            action,
            subject=f"{row.entity}/{row.project}/{row.name}",
            entity_id=row.entity_id,
            detail=detail,
            now=now,
        )


def _number(summary: dict[str, Any], metric: str) -> float | None:
    value: Any = summary.get(metric)
    if value is None:
        value = summary
        for part in metric.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
