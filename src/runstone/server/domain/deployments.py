"""What runs where: deployments of versions at sites, and predictions they made."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Member, Page
from runstone.server.domain.artifact_names import check_metadata
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import NAME_CHARS_MAX, Actor, Permission, check_text
from runstone.server.stores.records import deployments as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

AHEAD_SECONDS_MAX = 86_400

FIND_MAX = 1000


@dataclass(frozen=True, slots=True)
class Deployment:
    id: int
    entity: str
    site: str
    name: str
    version_id: int
    alias: str  # under which it was named; "" if by number
    sha256: str  # of the content that was deployed
    metadata: dict[str, Any]
    by: str
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Prediction:
    entity: str
    id: str
    version_id: int
    deployment_id: int | None
    metadata: dict[str, Any]
    at: float


class Deployments:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, access: Access, artifacts: Artifacts) -> None:
        self._records = records
        self._access = access
        self._artifacts = artifacts

    def record(
        self,
        actor: Actor,
        entity: str,
        *,
        site: str,
        name: str,
        member: Member,
        alias: str = "",
        metadata: dict[str, Any] | None = None,
        at: float | None = None,
    ) -> Deployment:
        """`member` runs at `site` under `name` from now (or `at`) on; what ran there under that name
        before has ended."""
        for what, text in (("Site", site), ("Deployment name", name)):
            check_text(text, what=what, chars_max=NAME_CHARS_MAX)
            if not text.strip():
                raise Invalid(f"{what}: give a name.")
        kept = check_metadata(metadata or {})
        _check_time(at, "A deployment")

        def work(conn: Connection) -> AnyRow:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            now = time.time() if at is None else at
            statements.end_deployment(conn, owner.id, site, name, now=now)
            made = statements.add_deployment(
                conn,
                entity_id=owner.id,
                site=site,
                name=name,
                version_id=member.version.id,
                collection_id=member.collection.id,
                alias=alias,
                sha256=member.version.sha256,
                metadata=kept,
                user_id=actor.user_id,
                started_at=now,
            )
            audit.append(
                conn,
                actor,
                "deployment.record",
                subject=f"{owner.name}/{site}/{name}",
                entity_id=owner.id,
                detail={
                    "deployment": made,
                    "version_id": member.version.id,
                    "name": f"{member.collection.entity}/{member.collection.project}/{member.name}",
                    "sha256": member.version.sha256,
                },
                now=time.time(),
            )
            return statements.deployment(conn, made)

        return _deployment(self._records.write(work))

    def end(self, actor: Actor, entity: str, deployment_id: int) -> Deployment:
        """It does not run any more. Ending twice is no error."""

        def work(conn: Connection) -> AnyRow:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            row = statements.deployment(conn, deployment_id) if 0 < deployment_id < 2**63 else None
            if row is None or row.entity_id != owner.id:
                raise NotFound(f"{owner.name} has no deployment {deployment_id}.", id=deployment_id)
            if row.ended_at is None:
                now = time.time()
                statements.end_deployment(conn, owner.id, row.site, row.name, now=now)
                audit.append(
                    conn,
                    actor,
                    "deployment.end",
                    subject=f"{owner.name}/{row.site}/{row.name}",
                    entity_id=owner.id,
                    detail={"deployment": row.id},
                    now=now,
                )
            return statements.deployment(conn, deployment_id)

        return _deployment(self._records.write(work))

    def find(
        self,
        actor: Actor,
        entity: str,
        *,
        site: str = "",
        name: str = "",
        live: bool | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Page:
        """The newest first."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.READ)
            rows = statements.find_deployments(
                conn,
                owner.id,
                site=site,
                name=name,
                live=live,
                before=None if cursor is None else cursor[1],
                limit=limit,
            )
        return Page(
            [_deployment(row) for row in rows], cursor_of(0, rows[-1].id) if len(rows) == limit else ""
        )

    def add_prediction(
        self,
        actor: Actor,
        entity: str,
        *,
        prediction_id: str = "",
        deployment_id: int | None = None,
        version_id: int | None = None,
        metadata: dict[str, Any] | None = None,
        at: float | None = None,
    ) -> Prediction:
        """A prediction made by a deployment, or by a version without one. Sent twice it is kept once;
        Conflict where the id stands for another version."""
        name = prediction_id or secrets.token_hex(16)
        check_text(name, what="Prediction id", chars_max=NAME_CHARS_MAX)
        if "/" in name or name in (".", ".."):
            raise Invalid(
                f"The prediction id {name!r} could not be asked for by an address: use one without '/', and "
                "not '.' or '..'.",
                id=name,
            )
        kept = check_metadata(metadata or {})
        _check_time(at, "A prediction")
        if version_id is not None:
            self._artifacts.by_id(actor, version_id)

        def work(conn: Connection) -> AnyRow:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            version = version_id
            if deployment_id is not None:
                row = statements.deployment(conn, deployment_id) if 0 < deployment_id < 2**63 else None
                if row is None or row.entity_id != owner.id:
                    raise NotFound(f"{owner.name} has no deployment {deployment_id}.", id=deployment_id)
                version = row.version_id
            if version is None:
                raise Invalid("Say which deployment, or which version, made the prediction.")
            statements.add_prediction(
                conn,
                entity_id=owner.id,
                prediction_id=name,
                version_id=version,
                deployment_id=deployment_id,
                metadata=kept,
                at=time.time() if at is None else at,
            )
            found = statements.prediction(conn, owner.id, name)
            assert found is not None
            if found.version_id != version:
                raise Conflict(
                    f"The prediction {name!r} is one of version @{found.version_id} already.", id=name
                )
            return found

        return _prediction(self._records.write(work))

    def prediction(self, actor: Actor, entity: str, prediction_id: str) -> Prediction:
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.READ)
            row = statements.prediction(conn, owner.id, prediction_id)
        if row is None:
            raise NotFound(f"{owner.name} has no prediction {prediction_id[:200]!r}.", id=prediction_id[:200])
        return _prediction(row)


def _check_time(at: float | None, what: str) -> None:
    """Milliseconds for seconds is the usual mistake; a clock that is a little ahead is none."""
    if at is not None and not 0 <= at <= time.time() + AHEAD_SECONDS_MAX:
        raise Invalid(
            f"{what} cannot be of the time {at:g}: give Unix seconds that are not in the future, or leave it "
            "out.",
            at=at,
        )


def _deployment(row: AnyRow) -> Deployment:
    return Deployment(
        row.id,
        row.entity,
        row.site,
        row.name,
        row.version_id,
        row.alias,
        row.sha256,
        row.metadata,
        row.username or "",
        row.started_at,
        row.ended_at,
    )


def _prediction(row: AnyRow) -> Prediction:
    return Prediction(row.entity, row.prediction_id, row.version_id, row.deployment_id, row.metadata, row.at)
