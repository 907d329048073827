"""Runs: one experiment each. Live changes come through here whatever door they enter by.

The shapes lie in `run_model`, what a change means in `run_changes`, what is done to many runs in
`run_bulk`, how they are found in `run_queries`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import run_changes
from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import (
    Actor,
    EntityId,
    Permission,
    ProjectId,
    RunKey,
    check_run_id,
)
from runstone.server.domain.projects import TRASH_SECONDS, Projects
from runstone.server.domain.run_bulk import RunBulk
from runstone.server.domain.run_changes import Made
from runstone.server.domain.run_checks import checked, checked_many, detail_of, event_of
from runstone.server.domain.run_model import (
    ENDED,
    Applied,
    ColumnInfo,
    Group,
    Run,
    RunChange,
    RunPage,
    RunQuery,
    RunRef,
    State,
    Statistics,
    Upserted,
    run_of,
)
from runstone.server.domain.run_names import default_name
from runstone.server.domain.run_pareto import ParetoWanted, RunPareto
from runstone.server.domain.run_queries import RunQueries
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.run_index import RunIndex

__all__ = [
    "ENDED",
    "ColumnInfo",
    "Group",
    "Run",
    "RunChange",
    "RunPage",
    "RunQuery",
    "RunRef",
    "Runs",
    "State",
    "Statistics",
    "Upserted",
]


class Runs:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid. A run that may not be seen is not found."""

    def __init__(
        self,
        records: Records,
        access: Access,
        projects: Projects,
        feed: Feed,
        *,
        on_purge: Iterable[Callable[[Sequence[RunKey]], None]] = (),
        index: RunIndex | None = None,
    ) -> None:
        """on_purge: called with runs that are about to go for good, to drop what other stores hold
        of them; called again where the first time failed."""
        self._records = records
        self._access = access
        self._projects = projects
        self._feed = feed
        self._bulk = RunBulk(records, access, projects, feed, on_purge)
        self._queries = RunQueries(records, projects, index or RunIndex(records))

    # -- one run

    def upsert(
        self, actor: Actor, entity: str, project: str, run_id: str, change: RunChange, *, create: bool = True
    ) -> tuple[Run, bool]:
        """The run with the change made; created with its project if absent (True then). A made run
        is `running`, has a display name of its own, and the next colour. Safe under races. Conflict
        for the id of a run that is in the trash and had not ended."""

        def work(conn: Connection) -> tuple[Run, Upserted]:
            done = self.upsert_in(conn, actor, entity, project, run_id, change, create=create)
            return self._whole(conn, done.key), done

        run, done = self._records.write(work)
        if done.event is not None:
            self._feed.publish(done.event)
        return run, done.made

    def upsert_in(
        self,
        conn: Connection,
        actor: Actor,
        entity: str,
        project: str,
        run_id: str,
        change: RunChange,
        *,
        create: bool = True,
        now: float | None = None,
    ) -> Upserted:
        """`upsert` as a part of a transaction. Publish `event` once it is committed."""
        check_run_id(run_id)
        now = time.time() if now is None else now
        if create:
            owner, _ = self._projects.ensure_in(conn, actor, entity, project)
        else:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
        key = statements.key_of(conn, owner.id, run_id)
        made: Made | None = None
        if key is None:
            if not create:
                raise _no_run(owner.entity, owner.name, run_id)
            self._refuse_live_trash(conn, owner, run_id, now)
            row = statements.insert_run(conn, owner.id, run_id, user_id=actor.user_id, now=now)
            if row is not None:
                key, made = row.id, Made(row, lambda: _place(conn, owner.id, now))
            else:  # somebody else made it just now
                key = statements.key_of(conn, owner.id, run_id)
                if key is None:
                    raise Conflict(f"Run {run_id!r} was made and deleted meanwhile. Try again.", run=run_id)
        applied = run_changes.apply(conn, key, change, now=now, made=made)
        event = _event(owner, run_id, applied) if applied.changed else None
        return Upserted(RunKey(key), owner.entity, owner.name, made is not None, applied, event)

    def get(self, actor: Actor, entity: str, project: str, run_id: str, *, trash: bool = False) -> Run:
        """With `trash`, one that lies there too, if no living run has that id."""
        with self._records.read() as conn:
            return self._whole(conn, self._key(conn, actor, entity, project, run_id, Permission.READ, trash))

    def get_by_key(self, actor: Actor, key: RunKey) -> Run:
        with self._records.read() as conn:
            row = checked(self._access, conn, actor, key, Permission.READ)
            return self._whole(conn, row.id)

    def key_of(
        self,
        actor: Actor,
        entity: str,
        project: str,
        run_id: str,
        *,
        permission: Permission = Permission.READ,
    ) -> RunKey:
        """The run's number in the stores, checked for that permission; cheap."""
        with self._records.read() as conn:
            return RunKey(self._key(conn, actor, entity, project, run_id, permission, False))

    def keys_of(self, actor: Actor, entity: str, project: str, run_ids: Sequence[str]) -> dict[str, RunRef]:
        """By run id, for those there are outside the trash; the rest is left out."""
        with self._records.read() as conn:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            found = map(RunRef._make, statements.keys_of(conn, owner.id, run_ids))
            return {ref.id: ref for ref in found}

    def check(self, actor: Actor, key: RunKey, permission: Permission) -> None:
        """Raises what `get_by_key` would, or NotAllowed, for other stores' calls on a run."""
        with self._records.read() as conn:
            checked(self._access, conn, actor, key, permission)

    def check_many(self, actor: Actor, keys: Sequence[RunKey], permission: Permission) -> None:
        """`check` of all of them."""
        with self._records.read() as conn:
            checked_many(self._access, conn, actor, keys, permission)

    def update(self, actor: Actor, key: RunKey, change: RunChange) -> Run:
        def work(conn: Connection) -> tuple[Run, Event | None]:
            row = checked(self._access, conn, actor, key, Permission.WRITE)
            applied = run_changes.apply(conn, key, change)
            return self._whole(conn, key), event_of(row, applied) if applied.changed else None

        run, event = self._records.write(work)
        if event is not None:
            self._feed.publish(event)
        return run

    def stop(self, actor: Actor, key: RunKey) -> None:
        """Ask the run to end itself; its client hears of it with its next request."""
        self.update(actor, key, RunChange(stop_requested=True))

    def config_history(self, actor: Actor, key: RunKey) -> Sequence[Mapping[str, Any]]:
        """Patches of the config: {at, writer, set, unset}, oldest first."""
        with self._records.read() as conn:
            checked(self._access, conn, actor, key, Permission.READ)
            return [
                {"at": row.at, "writer": row.writer, "set": row.set_values, "unset": row.unset_paths}
                for row in statements.config_patches_of(conn, key)
            ]

    # -- finding

    def find(self, actor: Actor, entity: str, project: str, query: RunQuery) -> RunPage:
        """A page of runs that match, with the exact number of all that do."""
        return self._queries.find(actor, entity, project, query)

    def find_keys(self, actor: Actor, entity: str, project: str, query: RunQuery) -> list[RunKey]:
        """Keys of all runs that match, in order, whatever the query's limit and cursor."""
        return self._queries.find_keys(actor, entity, project, query)

    def count(self, actor: Actor, entity: str, project: str, query: RunQuery) -> int:
        return self._queries.count(actor, entity, project, query)

    def pareto(
        self, actor: Actor, entity: str, project: str, query: RunQuery, wanted: ParetoWanted
    ) -> RunPareto:
        """The runs that match and that no other beats in every objective; limit and cursor of the query
        are left aside."""
        return self._queries.pareto(actor, entity, project, query, wanted)

    def group(
        self,
        actor: Actor,
        entity: str,
        project: str,
        query: RunQuery,
        *,
        by: Sequence[str],
        statistics: Sequence[str] = (),
        limit: int = 100,
    ) -> Sequence[Group]:
        """The largest groups by the values of some keys; statistics over all runs of each."""
        return self._queries.group(actor, entity, project, query, by=by, statistics=statistics, limit=limit)

    def columns(
        self, actor: Actor, entity: str, project: str, *, search: str = "", after: str = "", limit: int = 100
    ) -> Sequence[ColumnInfo]:
        """Config and summary paths that runs outside the trash hold, by path, after `after`."""
        return self._queries.columns(actor, entity, project, search=search, after=after, limit=limit)

    # -- many runs

    def tag(
        self, actor: Actor, keys: Sequence[RunKey], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> int:
        """Returns how many runs changed."""
        return self._bulk.tag(actor, keys, add=add, remove=remove)

    def delete(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """To the trash, restorable for 30 days. Returns how many went."""
        return self._bulk.delete(actor, keys)

    def restore(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """Out of the trash. Conflict where a living run has taken the id meanwhile."""
        return self._bulk.restore(actor, keys)

    def purge(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """For good, history, console and file entries too (MANAGE)."""
        return self._bulk.purge(actor, keys)

    def purge_expired(self, *, now: float, limit: int = 1000) -> int:
        """For good what lay in the trash for 30 days. Called by a job; below `limit`, all is done."""
        return self._bulk.purge_expired(now=now, limit=limit)

    def move(self, actor: Actor, keys: Sequence[RunKey], entity: str, project: str) -> int:
        """To another project, made if absent (WRITE on both). Conflict for an id in use there."""
        return self._bulk.move(actor, keys, entity, project)

    # -- inside

    def _key(
        self,
        conn: Connection,
        actor: Actor,
        entity: str,
        project: str,
        run_id: str,
        permission: Permission,
        trash: bool,
    ) -> int:
        try:
            owner = self._projects.resolve(conn, actor, entity, project, permission)
        except NotFound as error:
            raise _no_run(
                error.fields.get("entity", entity), error.fields.get("project", project), run_id
            ) from None
        key = statements.key_of(conn, owner.id, run_id)
        if key is None and trash:
            row = statements.trashed_key(conn, owner.id, run_id)
            key = None if row is None else row.id
        if key is None:
            raise _no_run(owner.entity, owner.name, run_id)
        return key

    def _whole(self, conn: Connection, key: int) -> Run:
        row = statements.whole(conn, key)
        if row is None:
            raise NotFound("The run does not exist any more.", key=key)
        return run_of(row, config=row.config, summary=row.summary, environment=row.environment)

    def _refuse_live_trash(self, conn: Connection, owner: AnyRow, run_id: str, now: float) -> None:
        """Data of a live run that somebody deleted must not make it appear again by itself."""
        trashed = statements.trashed_key(conn, owner.id, run_id)
        if trashed is not None and trashed.state not in ENDED and trashed.deleted_at > now - TRASH_SECONDS:
            raise Conflict(
                f"Run {run_id!r} of {owner.entity}/{owner.name} was deleted while it was {trashed.state}. "
                "Restore it from the trash, or log under another id.",
                run=run_id,
            )


def _place(conn: Connection, project_id: int, now: float) -> dict[str, Any]:
    """What a run is given when it is made: the project's next number says its name and colour."""
    number = project_statements.take_number(conn, project_id, now=now)
    return {
        "display_name": default_name(project_id, number),
        "colour": number - 1,
        "heartbeat_at": now,
        "started_at": now,
    }


def _event(owner: AnyRow, run_id: str, applied: Applied) -> Event:
    return Event(
        "run",
        EntityId(owner.entity_id),
        ProjectId(owner.id),
        owner.entity,
        owner.name,
        run_id,
        detail_of(applied),
    )


def _no_run(entity: str, project: str, run_id: str) -> NotFound:
    return NotFound(
        f"Run {entity}/{project}/{run_id} does not exist, or you may not see it.",
        entity=entity,
        project=project,
        run=run_id,
    )
