"""What versions are kept by: the rule of their collection, its type, its project, its entity; the nearest
one counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Collection
from runstone.server.domain.artifact_names import check_type_name
from runstone.server.domain.collections import Collections
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.projects import Projects
from runstone.server.domain.retention_rules import check_retention, parse_rule, rule_for
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import retention as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

COLLECTIONS_SHOWN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """type: "" for every one. A default of an entity holds for its projects that say nothing else."""

    type: str
    rule: dict[str, Any]
    by: str
    updated_at: float


@dataclass(frozen=True, slots=True)
class Policies:
    """What is kept in a project, by whom it was said: of the project and its types, of its entity, and of
    single collections ({name, type, rule})."""

    project: Sequence[Policy]
    entity: Sequence[Policy]
    collections: Sequence[dict[str, Any]]


class RetentionPolicies:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self, records: Records, access: Access, projects: Projects, collections: Collections
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._collections = collections

    def policies(self, actor: Actor, entity: str, project: str) -> Policies:
        with self._records.read() as conn:
            place = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = statements.policies(conn, place.entity_id, place.id)
            own = collection_statements.with_rule(conn, place.id, limit=COLLECTIONS_SHOWN_MAX)
        return Policies(
            [_policy(row) for row in rows if row.project_id is not None],
            [_policy(row) for row in rows if row.project_id is None],
            [{"name": row.name, "type": row.type, "rule": row.retention} for row in own],
        )

    def entity_policies(self, actor: Actor, entity: str) -> list[Policy]:
        with self._records.read() as conn:
            found = self._access.resolve(conn, actor, entity, Permission.READ)
            return [_policy(row) for row in statements.policies(conn, found.id, None)]

    def set_policy(
        self, actor: Actor, entity: str, project: str, rule: dict[str, Any], *, type_name: str = ""
    ) -> None:
        """Of a project, or of a type in it (its admins); {} takes it away."""
        checked = check_retention(rule)
        if type_name:
            check_type_name(type_name)

        def work(conn: Connection) -> None:
            place = self._projects.resolve(conn, actor, entity, project, Permission.MANAGE)
            self._set(conn, actor, place.entity_id, place.id, type_name, checked)
            _log(
                conn,
                actor,
                "retention.policy",
                f"{place.entity}/{place.name}",
                place.entity_id,
                {"type": type_name, "rule": checked},
            )

        self._records.write(work)

    def set_entity_policy(
        self, actor: Actor, entity: str, rule: dict[str, Any], *, type_name: str = ""
    ) -> None:
        """Of all projects of an entity that say nothing else (its admins); {} takes it away."""
        checked = check_retention(rule)
        if type_name:
            check_type_name(type_name)

        def work(conn: Connection) -> None:
            found = self._access.resolve(conn, actor, entity, Permission.MANAGE)
            self._set(conn, actor, found.id, None, type_name, checked)
            _log(
                conn,
                actor,
                "retention.policy",
                found.name,
                found.id,
                {"type": type_name, "rule": checked},
            )

        self._records.write(work)

    def set_rule(self, actor: Actor, entity: str, project: str, name: str, rule: dict[str, Any]) -> None:
        """Of one collection; {}: as its type and project say."""
        checked = check_retention(rule)

        def work(conn: Connection) -> None:
            row = self._collections.resolve(conn, actor, entity, project, name, Permission.WRITE)
            now = time.time()
            collection_statements.change_collection(conn, row.id, retention=checked, updated_at=now)
            subject = f"{row.entity}/{row.project}/{row.name}"
            _log(conn, actor, "collection.retention", subject, row.entity_id, {"rule": checked})

        self._records.write(work)

    def inherited_ttl(self, collection: Collection) -> int | None:
        """Seconds that a version of the collection without a time to live of its own stays; None: for
        ever, or as counts go. Of a collection that the caller may see."""
        if collection.ttl_seconds is not None:
            return collection.ttl_seconds
        with self._records.read() as conn:
            policies = statements.policies(conn, collection.entity_id, collection.project_id)
        rule = parse_rule(rule_for(collection, policies)[0])
        return None if rule is None or rule.counts else rule.ttl_seconds

    def _set(
        self,
        conn: Connection,
        actor: Actor,
        entity_id: int,
        project_id: int | None,
        type_name: str,
        rule: dict[str, Any],
    ) -> None:
        statements.set_policy(
            conn, entity_id, project_id, type_name, rule=rule, user_id=actor.user_id, now=time.time()
        )


def _policy(row: AnyRow) -> Policy:
    return Policy(row.type_name, row.rule, row.username or "", row.updated_at)


def _log(
    conn: Connection, actor: Actor, action: str, subject: str, entity_id: int, detail: dict[str, Any]
) -> None:
    audit.append(conn, actor, action, subject=subject, entity_id=entity_id, detail=detail, now=time.time())
