"""Statements about lineage: one step from many nodes at once, each by an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.artifacts import artifact_versions, run_artifacts
from runstone.server.stores.records.schema.collections import (
    artifact_types,
    collection_versions,
    collections,
)
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.registry import deployments, predictions
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.sweeps import sweep_trials, sweeps

_AT_ONCE = 1000  # numbers in one statement

Pairs = Sequence[tuple[int, int]]


def _pairs(
    conn: Connection, make: Callable[[list[int]], Select[Any]], ids: Collection[int], limit: int
) -> list[tuple[int, int]]:
    """At most `limit` pairs (from, to) of a step from these nodes."""
    found: list[tuple[int, int]] = []
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        left = limit - len(found)
        if left <= 0:
            break
        rows = conn.execute(make(listed[at : at + _AT_ONCE]).limit(left))
        found += [(row[0], row[1]) for row in rows]
    return found


def runs_of_versions(conn: Connection, ids: Collection[int], role: str, limit: int) -> Pairs:
    """(version, run): runs that used (input) or made (output) them."""
    return _pairs(
        conn,
        lambda some: select(run_artifacts.c.version_id, run_artifacts.c.run_key).where(
            run_artifacts.c.version_id.in_(some), run_artifacts.c.role == role
        ),
        ids,
        limit,
    )


def versions_of_runs(conn: Connection, keys: Collection[int], role: str, limit: int) -> Pairs:
    """(run, version): what they used or made."""
    return _pairs(
        conn,
        lambda some: select(run_artifacts.c.run_key, run_artifacts.c.version_id).where(
            run_artifacts.c.run_key.in_(some), run_artifacts.c.role == role
        ),
        keys,
        limit,
    )


def bases_of(conn: Connection, ids: Collection[int], limit: int) -> Pairs:
    """(version, the version it was laid over)."""
    return _pairs(
        conn,
        lambda some: select(artifact_versions.c.id, artifact_versions.c.base_id).where(
            artifact_versions.c.id.in_(some), artifact_versions.c.base_id.is_not(None)
        ),
        ids,
        limit,
    )


def laid_over(conn: Connection, ids: Collection[int], limit: int) -> Pairs:
    """(version, a version that was laid over it)."""
    return _pairs(
        conn,
        lambda some: select(artifact_versions.c.base_id, artifact_versions.c.id).where(
            artifact_versions.c.base_id.in_(some), artifact_versions.c.state != "pending"
        ),
        ids,
        limit,
    )


def sweeps_of_runs(conn: Connection, keys: Collection[int], limit: int) -> Pairs:
    """(run, the sweep it is a trial of): as the run says, or as the sweep does."""
    said = _pairs(
        conn,
        lambda some: (
            select(runs.c.id, sweeps.c.id)
            .join(sweeps, and_(sweeps.c.project_id == runs.c.project_id, sweeps.c.sweep_id == runs.c.sweep))
            .where(runs.c.id.in_(some), runs.c.sweep != "")
        ),
        keys,
        limit,
    )
    tried = _pairs(
        conn,
        lambda some: _trials().with_only_columns(runs.c.id, sweeps.c.id).where(runs.c.id.in_(some)),
        set(keys) - {run for run, _ in said},
        limit,
    )
    return [*said, *tried][:limit]


def runs_of_sweeps(conn: Connection, keys: Collection[int], limit: int) -> Pairs:
    """(sweep, a run of it); those in the trash not."""
    said = _pairs(
        conn,
        lambda some: (
            select(sweeps.c.id, runs.c.id)
            .join(runs, and_(runs.c.project_id == sweeps.c.project_id, runs.c.sweep == sweeps.c.sweep_id))
            .where(sweeps.c.id.in_(some), runs.c.sweep != "", runs.c.deleted_at.is_(None))
        ),
        keys,
        limit,
    )
    tried = _pairs(
        conn,
        lambda some: (
            _trials()
            .with_only_columns(sweeps.c.id, runs.c.id)
            .where(sweeps.c.id.in_(some), runs.c.deleted_at.is_(None))
        ),
        keys,
        limit,
    )
    return list(dict.fromkeys([*said, *tried]))[:limit]


def _trials() -> Select[Any]:
    """Runs with the sweep of which they are the last attempt of a trial."""
    return (
        select(runs.c.id)
        .select_from(sweep_trials)
        .join(sweeps, sweeps.c.id == sweep_trials.c.sweep_key)
        .join(runs, and_(runs.c.project_id == sweeps.c.project_id, runs.c.run_id == sweep_trials.c.run_id))
        .where(sweep_trials.c.run_id != "")
    )


def deployments_of(conn: Connection, ids: Collection[int], limit: int) -> Pairs:
    return _pairs(
        conn,
        lambda some: select(deployments.c.version_id, deployments.c.id).where(
            deployments.c.version_id.in_(some)
        ),
        ids,
        limit,
    )


def deployed_versions(conn: Connection, ids: Collection[int], limit: int) -> Pairs:
    return _pairs(
        conn,
        lambda some: select(deployments.c.id, deployments.c.version_id).where(deployments.c.id.in_(some)),
        ids,
        limit,
    )


def links_of(conn: Connection, ids: Collection[int], limit: int) -> Sequence[AnyRow]:
    """Portfolios that versions are linked into: version_id, collection_id, version_index, and where."""
    found: list[AnyRow] = []
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(
            select(
                collection_versions.c.version_id,
                collection_versions.c.collection_id,
                collection_versions.c.version_index,
                collections.c.name,
                collections.c.project_id,
                projects.c.name.label("project"),
                projects.c.entity_id,
                entities.c.name.label("entity"),
                artifact_types.c.name.label("type"),
            )
            .join(collections, collections.c.id == collection_versions.c.collection_id)
            .join(artifact_types, artifact_types.c.id == collections.c.type_id)
            .join(projects, projects.c.id == collections.c.project_id)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(
                collection_versions.c.version_id.in_(listed[at : at + _AT_ONCE]),
                collections.c.kind == "portfolio",
                collections.c.deleted_at.is_(None),
            )
            .limit(limit)
        )
    return found[:limit]


# Where a run or a sweep is: what decides who may see it.
_PLACE = (
    projects.c.name.label("project"),
    projects.c.deleted_at.label("project_deleted_at"),
    projects.c.entity_id,
    entities.c.name.label("entity"),
)


def versions(conn: Connection, ids: Collection[int]) -> list[AnyRow]:
    """What a graph says of versions."""
    return _rows(
        conn,
        lambda some: (
            select(
                artifact_versions.c.id,
                artifact_versions.c.version_index,
                artifact_versions.c.state,
                artifact_versions.c.sha256,
                artifact_versions.c.digest,
                artifact_versions.c.size,
                artifact_versions.c.created_at,
                collections.c.name,
                artifact_types.c.name.label("type"),
                *_PLACE,
            )
            .join(collections, collections.c.id == artifact_versions.c.collection_id)
            .join(artifact_types, artifact_types.c.id == collections.c.type_id)
            .join(projects, projects.c.id == collections.c.project_id)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(artifact_versions.c.id.in_(some))
        ),
        ids,
    )


def run_rows(conn: Connection, keys: Collection[int]) -> list[AnyRow]:
    return _rows(
        conn,
        lambda some: (
            select(
                runs.c.id,
                runs.c.run_id,
                runs.c.display_name,
                runs.c.state,
                runs.c.job_type,
                runs.c.created_at,
                runs.c.deleted_at,
                *_PLACE,
            )
            .join(projects, projects.c.id == runs.c.project_id)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(runs.c.id.in_(some))
        ),
        keys,
    )


def sweep_rows(conn: Connection, keys: Collection[int]) -> list[AnyRow]:
    return _rows(
        conn,
        lambda some: (
            select(
                sweeps.c.id,
                sweeps.c.sweep_id,
                sweeps.c.name,
                sweeps.c.display_name,
                sweeps.c.method,
                sweeps.c.state,
                sweeps.c.created_at,
                sweeps.c.deleted_at,
                *_PLACE,
            )
            .join(projects, projects.c.id == sweeps.c.project_id)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(sweeps.c.id.in_(some))
        ),
        keys,
    )


def deployment_rows(conn: Connection, ids: Collection[int]) -> list[AnyRow]:
    return _rows(
        conn,
        lambda some: (
            select(*deployments.c, entities.c.name.label("entity"))
            .join(entities, entities.c.id == deployments.c.entity_id)
            .where(deployments.c.id.in_(some))
        ),
        ids,
    )


def predictions_of(conn: Connection, deployment_ids: Collection[int], limit: int) -> list[AnyRow]:
    """The latest predictions of deployments: entity_id, prediction_id, deployment_id, at."""
    found: list[AnyRow] = []
    listed = sorted(deployment_ids)
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(
            select(predictions)
            .where(predictions.c.deployment_id.in_(listed[at : at + _AT_ONCE]))
            .order_by(predictions.c.at.desc())
            .limit(limit)
        )
    return found[:limit]


def _rows(conn: Connection, make: Callable[[list[int]], Select[Any]], ids: Collection[int]) -> list[AnyRow]:
    found: list[AnyRow] = []
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(make(listed[at : at + _AT_ONCE]))
    return found
