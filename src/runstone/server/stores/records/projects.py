"""Statements about projects and their catalogue of columns."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, or_, select, update

from runstone.server.stores.records.rows import AnyRow, like, upsert
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.projects import projects, run_columns
from runstone.server.stores.records.schema.runs import runs

_project = select(
    projects.c.id,
    projects.c.entity_id,
    entities.c.name.label("entity"),
    projects.c.name,
    projects.c.description,
    projects.c.created_at,
    projects.c.updated_at,
    projects.c.deleted_at,
    projects.c.settings,
    projects.c.run_count,
    projects.c.index_epoch,
).join(entities, entities.c.id == projects.c.entity_id)
_live = _project.where(projects.c.deleted_at.is_(None))


def project(conn: Connection, entity_id: int, name: str) -> AnyRow | None:
    return conn.execute(_by_name, {"entity_id": entity_id, "name": name}).first()


_by_name = _live.where(projects.c.entity_id == bindparam("entity_id"), projects.c.name == bindparam("name"))


def project_by_id(conn: Connection, project_id: int) -> AnyRow | None:
    """In the trash or not: `deleted_at` says."""
    return conn.execute(_project.where(projects.c.id == project_id)).first()


def add_project(conn: Connection, entity_id: int, name: str, *, description: str, now: float) -> bool:
    """False where there is one of that name."""
    statement = (
        upsert(conn, projects)
        .values(
            entity_id=entity_id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
            settings={},
            run_count=0,
            runs_made=0,
        )
        .on_conflict_do_nothing(
            index_elements=[projects.c.entity_id, projects.c.name],
            index_where=projects.c.deleted_at.is_(None),
        )
        .returning(projects.c.id)
    )
    return conn.execute(statement).first() is not None


def find_projects(
    conn: Connection,
    *,
    entity_ids: Collection[int] | None,
    search: str,
    after: tuple[float, int] | None,
    limit: int,
    trash: bool = False,
) -> Sequence[AnyRow]:
    """By last change, newest first. `after`: updated_at and id of the last one seen."""
    statement: Select[Any] = _project if trash else _live
    if trash:
        statement = statement.where(projects.c.deleted_at.is_not(None))
    if entity_ids is not None:
        statement = statement.where(projects.c.entity_id.in_(entity_ids))
    if search:
        statement = statement.where(func.lower(projects.c.name).like(like(search.lower()), escape="\\"))
    if after is not None:
        at, project_id = after
        statement = statement.where(
            or_(
                projects.c.updated_at < at,
                and_(projects.c.updated_at == at, projects.c.id < project_id),
            )
        )
    statement = statement.order_by(projects.c.updated_at.desc(), projects.c.id.desc()).limit(limit)
    return conn.execute(statement).all()


def change_project(conn: Connection, project_id: int, **values: Any) -> None:
    conn.execute(update(projects).where(projects.c.id == project_id).values(**values))


def touch_project(conn: Connection, project_id: int, *, now: float, coarse_seconds: float) -> None:
    """Runs of it changed. At most one write per `coarse_seconds`: every run's writer passes here."""
    conn.execute(_touch, {"project": project_id, "now": now, "before": now - coarse_seconds})


_touch = (
    update(projects)
    .where(projects.c.id == bindparam("project"), projects.c.updated_at < bindparam("before"))
    .values(updated_at=bindparam("now"))
)


def take_number(conn: Connection, project_id: int, *, now: float) -> int:
    """Count a new run in; its number in the project, from 1."""
    return int(conn.execute(_take_number, {"project": project_id, "now": now}).scalar_one())


_take_number = (
    update(projects)
    .where(projects.c.id == bindparam("project"))
    .values(
        runs_made=projects.c.runs_made + 1,
        run_count=projects.c.run_count + 1,
        updated_at=bindparam("now"),
    )
    .returning(projects.c.runs_made)
)


def count_runs(conn: Connection, project_id: int, difference: int, *, now: float) -> None:
    conn.execute(
        update(projects)
        .where(projects.c.id == project_id)
        .values(run_count=projects.c.run_count + difference, updated_at=now)
    )


def start_index_over(conn: Connection, project_id: int) -> None:
    """A run has left the project: indexes over its list of runs begin again."""
    conn.execute(
        update(projects).where(projects.c.id == project_id).values(index_epoch=projects.c.index_epoch + 1)
    )


def index_epoch(conn: Connection, project_id: int) -> int:
    return int(conn.execute(_epoch, {"project": project_id}).scalar() or 0)


_epoch = select(projects.c.index_epoch).where(projects.c.id == bindparam("project"))


def expired_projects(conn: Connection, *, before: float, limit: int) -> list[int]:
    statement = select(projects.c.id).where(projects.c.deleted_at < before).order_by(projects.c.deleted_at)
    return list(conn.execute(statement.limit(limit)).scalars())


def drop_empty_project(conn: Connection, project_id: int) -> bool:
    """For good; only one without any run left."""
    from runstone.server.stores.records.schema.views import views

    if conn.execute(select(runs.c.id).where(runs.c.project_id == project_id).limit(1)).first():
        return False
    conn.execute(delete(run_columns).where(run_columns.c.project_id == project_id))
    conn.execute(delete(views).where(views.c.project_id == project_id))
    conn.execute(delete(projects).where(projects.c.id == project_id))
    return True


# -- the catalogue


@functools.cache
def _count_columns(dialect: str) -> Any:
    statement = upsert(dialect, run_columns)
    return statement.on_conflict_do_update(
        index_elements=[run_columns.c.project_id, run_columns.c.path, run_columns.c.kind],
        set_={"runs": run_columns.c.runs + statement.excluded.runs},
    )


def count_columns(conn: Connection, project_id: int, differences: Mapping[tuple[str, str], int]) -> None:
    """Add to the number of runs under each (path, kind)."""
    changed = [(path, kind, by) for (path, kind), by in sorted(differences.items()) if by]
    if not changed:
        return
    statement = _count_columns(conn.dialect.name)
    # One order for all (they are sorted): two transactions never wait for each other in a circle.
    conn.execute(
        statement,
        [{"project_id": project_id, "path": path, "kind": kind, "runs": by} for path, kind, by in changed],
    )
    if any(by < 0 for _, _, by in changed):
        conn.execute(
            delete(run_columns).where(run_columns.c.project_id == project_id, run_columns.c.runs <= 0)
        )


def columns(
    conn: Connection, project_id: int, *, search: str, after: str, limit: int
) -> list[tuple[str, list[tuple[str, int]]]]:
    """(path, [(kind, runs), ...]) by path, after `after`; those whose path contains `search`."""
    paths = (
        select(run_columns.c.path)
        .where(run_columns.c.project_id == project_id, run_columns.c.path > after, run_columns.c.runs > 0)
        .distinct()
        .order_by(run_columns.c.path)
        .limit(limit)
    )
    if search:
        paths = paths.where(func.lower(run_columns.c.path).like(like(search.lower()), escape="\\"))
    wanted = list(conn.execute(paths).scalars())
    return list(_kinds(conn, project_id, wanted).items())


def _kinds(conn: Connection, project_id: int, paths: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {path: [] for path in paths}
    names = list(found)
    for start in range(0, len(names), 500):
        statement = select(run_columns.c.path, run_columns.c.kind, run_columns.c.runs).where(
            run_columns.c.project_id == project_id,
            run_columns.c.path.in_(names[start : start + 500]),
            run_columns.c.runs > 0,
        )
        for path, kind, count in conn.execute(statement.order_by(run_columns.c.kind)):
            found[path].append((kind, count))
    return found
