"""Runs: one experiment each. Live changes come through here whatever door they enter by."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

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
from runstone.server.domain.run_changes import Applied
from runstone.server.domain.run_names import default_name
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

State = Literal["pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted"]
ENDED: frozenset[State] = frozenset({"finished", "failed", "crashed", "killed", "preempted"})


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands; a frozen copy. Times are Unix seconds. config and summary are plain
    nested JSON (no `{"value": …}` wrapping: that is a habit of one wire)."""

    key: RunKey
    project_id: ProjectId
    entity: str
    project: str
    id: str
    display_name: str
    state: State
    username: str
    group: str = ""
    job_type: str = ""
    notes: str = ""
    sweep: str = ""
    tags: tuple[str, ...] = ()
    host: str = ""
    program: str = ""
    command: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()  # metric definitions, as journal MetricDefinition maps
    wire: Mapping[str, Any] = field(default_factory=dict)  # what a foreign wire keeps of its own
    created_at: float = 0.0
    started_at: float | None = None
    updated_at: float = 0.0
    heartbeat_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    stop_requested: bool = False
    colour: int = 0  # slot in the project's palette, given once
    fork_of: str = ""
    fork_step: int | None = None
    version: int = 0  # rises with each change of the record
    deleted_at: float | None = None
    ranks: int = 0  # > 0: that many labelled writers log this run together


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """Fields to set; None leaves a field as it is. config_set and summary_set are (path, value)
    pairs; `config` and `summary` replace the whole. `tags` replaces the list."""

    display_name: str | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: Sequence[str] | None = None
    sweep: str | None = None
    host: str | None = None
    program: str | None = None
    command: Sequence[str] | None = None
    started_at: float | None = None
    state: State | None = None
    exit_code: int | None = None
    config: Mapping[str, Any] | None = None
    config_set: Sequence[tuple[Sequence[str], Any]] = ()
    config_unset: Sequence[Sequence[str]] = ()
    summary: Mapping[str, Any] | None = None
    summary_set: Sequence[tuple[Sequence[str], Any]] = ()
    summary_unset: Sequence[Sequence[str]] = ()
    # (path, value) pairs that the server worked out from rows: they give way to explicit values.
    summary_derived: Sequence[tuple[Sequence[str], Any]] = ()
    environment: Mapping[str, Any] | None = None  # merged, top-level keys replace
    metrics: Sequence[Mapping[str, Any]] | None = None  # merged by name
    wire: Mapping[str, Any] | None = None  # merged, top-level keys replace
    fork_of: str | None = None
    fork_step: int | None = None
    stop_requested: bool | None = None
    ranks: int | None = None
    writer: str = ""  # who patched, for the record of config changes
    at: float | None = None  # when it happened there: of the end, of a config change; None is now


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs, in which order.

    filter: the Mongo-like language (see run_filter), as parsed JSON. search: text in the name or
    id. order: keys with a sign, `-created_at`, `+config.lr`, `-summary.val.acc`; nulls last.
    Column keys: name, id, state, created_at, updated_at, started_at, heartbeat_at, finished_at,
    duration, username, group, job_type, tags, notes, host, sweep, colour; config.PATH, summary.PATH
    (longest literal key first: keys may hold dots), with_key: runs that logged this metric.
    """

    filter: Mapping[str, Any] = field(default_factory=dict)
    search: str = ""
    order: Sequence[str] = ("-created_at",)
    cursor: str = ""
    limit: int = 50
    trash: bool = False
    select: Sequence[str] | None = None  # config./summary. keys to bring; None: all of them


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: Sequence[Run]
    cursors: Sequence[str]  # of each run
    next_cursor: str  # "" at the end
    total: int  # runs that match, exact


@dataclass(frozen=True, slots=True)
class Statistics:
    """Over the group's runs that hold a number under the key; exact."""

    count: int
    mean: float | None
    std: float | None  # sample standard deviation
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Group:
    values: Sequence[Any]  # one per grouping key
    count: int
    filter: Mapping[str, Any]  # finds exactly its runs
    statistics: Mapping[str, Statistics]
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A config or summary path that occurs in the project."""

    path: str  # "config.lr"
    kinds: Sequence[str]
    runs: int


class RunRef(NamedTuple):
    """What other stores and charts need to know of a run, without its record."""

    key: RunKey
    id: str
    ranks: int
    state: State
    version: int
    display_name: str
    colour: int


class Upserted(NamedTuple):
    """What `upsert_in` did. `event` is for the feed, once the transaction is committed."""

    key: RunKey
    entity: str
    project: str
    made: bool
    applied: Applied
    event: Event | None


_BULK = 500  # runs changed in one transaction, so that other writers are let in between


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
    ) -> None:
        """on_purge: called with runs that are about to go for good, to drop what other stores hold
        of them; called again where the first time failed."""
        self._records = records
        self._access = access
        self._projects = projects
        self._feed = feed
        self._on_purge = list(on_purge)

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
        made = False
        if key is None:
            if not create:
                raise _no_run(owner.entity, owner.name, run_id)
            self._refuse_live_trash(conn, owner, run_id, now)
            key = statements.insert_run(conn, owner.id, run_id, user_id=actor.user_id, now=now)
            made = key is not None
            if key is None:  # somebody else made it just now
                key = statements.key_of(conn, owner.id, run_id)
                if key is None:
                    raise Conflict(f"Run {run_id!r} was made and deleted meanwhile. Try again.", run=run_id)
        if made:
            number = project_statements.take_number(conn, owner.id, now=now)
            statements.write_base(
                conn,
                key,
                {
                    "display_name": default_name(owner.id, number),
                    "colour": number - 1,
                    "heartbeat_at": now,
                    "started_at": None if change.started_at is not None else now,
                },
            )
        applied = run_changes.apply(conn, key, change, now=now, made=made)
        event = _event(owner, run_id, applied) if applied.changed else None
        return Upserted(RunKey(key), owner.entity, owner.name, made, applied, event)

    def get(self, actor: Actor, entity: str, project: str, run_id: str, *, trash: bool = False) -> Run:
        """With `trash`, one that lies there too, if no living run has that id."""
        with self._records.read() as conn:
            return self._whole(conn, self._key(conn, actor, entity, project, run_id, Permission.READ, trash))

    def get_by_key(self, actor: Actor, key: RunKey) -> Run:
        with self._records.read() as conn:
            row = self._checked(conn, actor, key, Permission.READ)
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
            return {
                row.run_id: RunRef(
                    RunKey(row.id),
                    row.run_id,
                    row.ranks,
                    cast(State, row.state),
                    row.version,
                    row.display_name,
                    row.colour,
                )
                for row in statements.keys_of(conn, owner.id, run_ids)
            }

    def check(self, actor: Actor, key: RunKey, permission: Permission) -> None:
        """Raises what `get_by_key` would, or NotAllowed, for other stores' calls on a run."""
        with self._records.read() as conn:
            self._checked(conn, actor, key, permission)

    def update(self, actor: Actor, key: RunKey, change: RunChange) -> Run:
        def work(conn: Connection) -> tuple[Run, Event | None]:
            row = self._checked(conn, actor, key, Permission.WRITE)
            applied = run_changes.apply(conn, key, change)
            return self._whole(conn, key), self._event_of(row, applied) if applied.changed else None

        run, event = self._records.write(work)
        if event is not None:
            self._feed.publish(event)
        return run

    def stop(self, actor: Actor, key: RunKey) -> None:
        """Ask the run to end itself; its client hears of it with its next request."""
        self.update(actor, key, RunChange(stop_requested=True))

    def tag(
        self, actor: Actor, keys: Sequence[RunKey], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> int:
        """Returns how many runs changed."""
        changed = 0
        dropped = set(remove)

        def work(conn: Connection, some: Sequence[RunKey]) -> list[Event]:
            events = []
            for row in self._checked_many(conn, actor, some, Permission.WRITE):
                held = statements.lock(conn, row.id)
                if held is None or held.deleted_at is not None:
                    continue
                tags = [tag for tag in held.tags if tag not in dropped]
                tags += [tag for tag in add if tag not in tags]
                applied = run_changes.apply(conn, row.id, RunChange(tags=tags))
                if applied.changed:
                    events.append(self._event_of(row, applied))
            return events

        for some in _parts(keys):
            events = self._records.write(lambda conn, some=some: work(conn, some))  # type: ignore[misc]
            changed += len(events)
            for event in events:
                self._feed.publish(event)
        return changed

    def config_history(self, actor: Actor, key: RunKey) -> Sequence[Mapping[str, Any]]:
        """Patches of the config: {at, writer, set, unset}, oldest first."""
        with self._records.read() as conn:
            self._checked(conn, actor, key, Permission.READ)
            return [
                {"at": row.at, "writer": row.writer, "set": row.set_values, "unset": row.unset_paths}
                for row in statements.config_patches_of(conn, key)
            ]

    # -- trash

    def delete(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """To the trash, restorable for 30 days. Returns how many went."""
        now = time.time()

        def work(conn: Connection, some: Sequence[RunKey]) -> list[AnyRow]:
            rows = self._checked_many(conn, actor, some, Permission.WRITE)
            going = self._still(conn, rows, in_trash=False)
            statements.write_bases(conn, [row.id for row in going], {"deleted_at": now})
            self._recount(conn, going, -1, now)
            return going

        return self._in_parts(keys, work)

    def restore(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """Out of the trash. Conflict where a living run has taken the id meanwhile."""
        now = time.time()

        def work(conn: Connection, some: Sequence[RunKey]) -> list[AnyRow]:
            rows = self._checked_many(conn, actor, some, Permission.WRITE)
            coming = self._still(conn, rows, in_trash=True)
            self._refuse_taken(conn, coming, {row.project_id for row in coming})
            statements.write_bases(conn, [row.id for row in coming], {"deleted_at": None})
            self._recount(conn, coming, 1, now)
            return coming

        return self._in_parts(keys, work)

    def purge(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """For good, history, console and file entries too (MANAGE)."""
        with self._records.read() as conn:
            self._checked_many(conn, actor, keys, Permission.MANAGE)
        # First out of sight, then what other stores hold, the record last: whatever breaks off in
        # between is still in the trash, and purging it again ends the work.
        self.delete(actor, keys)
        return self._drop(keys)

    def purge_expired(self, *, now: float, limit: int = 1000) -> int:
        """For good what lay in the trash for 30 days, alone or with its project. Returns how many
        runs; below `limit`, there are no more. Called by a job."""
        before = now - TRASH_SECONDS
        with self._records.read() as conn:
            keys = [RunKey(key) for key in statements.expired_trash(conn, before=before, limit=limit)]
        dropped = self._drop(keys)
        if len(keys) < limit:

            def work(conn: Connection) -> None:
                for project in project_statements.expired_projects(conn, before=before, limit=limit):
                    project_statements.drop_empty_project(conn, project)

            self._records.write(work)
        return dropped

    def _drop(self, keys: Sequence[RunKey]) -> int:
        dropped = 0
        for some in _parts(keys):
            for hook in self._on_purge:
                hook(some)

            def work(conn: Connection, some: Sequence[RunKey] = some) -> int:
                rows = statements.lock_many(conn, some)
                for project in {row.project_id for row in rows}:
                    project_statements.start_index_over(conn, project)
                return statements.drop_runs(conn, [row.id for row in rows])

            dropped += self._records.write(work)
        return dropped

    def move(self, actor: Actor, keys: Sequence[RunKey], entity: str, project: str) -> int:
        """To another project, made if absent (WRITE on both). Conflict for an id in use there."""
        now = time.time()

        def work(conn: Connection, some: Sequence[RunKey]) -> list[AnyRow]:
            target, _ = self._projects.ensure_in(conn, actor, entity, project)
            rows = self._checked_many(conn, actor, some, Permission.WRITE)
            moving = [row for row in self._still(conn, rows, in_trash=False) if row.project_id != target.id]
            self._refuse_taken(conn, moving, {target.id})
            self._recount(conn, moving, -1, now)
            for source in {row.project_id for row in moving}:
                project_statements.start_index_over(conn, source)
            keys_moving = [row.id for row in moving]
            statements.write_bases(conn, keys_moving, {"project_id": target.id})
            moved = statements.bases(conn, keys_moving)
            self._recount(conn, moved, 1, now)
            return [*moving, *moved]  # both projects hear of it

        return self._in_parts(keys, work) // 2

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

    def _checked(self, conn: Connection, actor: Actor, key: RunKey, permission: Permission) -> AnyRow:
        row = statements.base(conn, key)
        self._access.check_signed_in(actor)
        if row is None or not self._access.allows(actor, Permission.READ, EntityId(row.entity_id), conn=conn):
            raise NotFound("There is no such run, or you may not see it.", key=key)
        self._access.check(actor, permission, EntityId(row.entity_id), conn=conn)
        return row

    def _checked_many(
        self, conn: Connection, actor: Actor, keys: Sequence[RunKey], permission: Permission
    ) -> list[AnyRow]:
        """Rows of all the keys; none is touched unless all may be."""
        rows = statements.bases(conn, list(dict.fromkeys(keys)))
        self._access.check_signed_in(actor)
        seen = {
            entity: self._access.allows(actor, Permission.READ, EntityId(entity), conn=conn)
            for entity in {row.entity_id for row in rows}
        }
        found = {row.id for row in rows if seen[row.entity_id]}
        missing = [key for key in keys if key not in found]
        if missing:
            raise NotFound(
                f"{len(missing)} of these runs do not exist, or you may not see them.", keys=missing
            )
        for entity in seen:
            self._access.check(actor, permission, EntityId(entity), conn=conn)
        return rows

    def _still(self, conn: Connection, rows: Sequence[AnyRow], *, in_trash: bool) -> list[AnyRow]:
        """Those that are (not) in the trash, with their rows held until the transaction ends."""
        held = {
            row.id
            for row in statements.lock_many(conn, [row.id for row in rows])
            if (row.deleted_at is not None) == in_trash
        }
        return [row for row in rows if row.id in held]

    def _recount(self, conn: Connection, rows: Sequence[AnyRow], sign: int, now: float) -> None:
        """Projects count these runs in (1) or out (-1), in number and in their columns."""
        project_of = {row.id: row.project_id for row in rows}
        counts: dict[int, Counter[tuple[str, str]]] = {p: Counter() for p in sorted(set(project_of.values()))}
        for row in statements.configs_and_summaries(conn, list(project_of)):
            counter = counts[project_of[row.run_key]]
            before, after = ({}, row.config) if sign > 0 else (row.config, {})
            run_changes.count_leaves(counter, "config", before, after)
            before, after = ({}, row.summary) if sign > 0 else (row.summary, {})
            run_changes.count_leaves(counter, "summary", before, after)
        for project, counter in counts.items():
            number = sum(1 for owner in project_of.values() if owner == project)
            project_statements.count_runs(conn, project, sign * number, now=now)
            project_statements.count_columns(conn, project, counter)

    def _refuse_taken(self, conn: Connection, rows: Sequence[AnyRow], projects: Collection[int]) -> None:
        ids = [row.run_id for row in rows]
        taken = {row.run_id for project in projects for row in statements.keys_of(conn, project, ids)}
        taken |= {run_id for run_id, count in Counter(ids).items() if count > 1}
        if taken:
            raise Conflict(
                f"There is a run {min(taken)!r} in that project already"
                + (f" (and {len(taken) - 1} more such)" if len(taken) > 1 else "")
                + ". Delete it first, or leave this one where it is.",
                runs=sorted(taken),
            )

    def _refuse_live_trash(self, conn: Connection, owner: AnyRow, run_id: str, now: float) -> None:
        """Data of a live run that somebody deleted must not make it appear again by itself."""
        trashed = statements.trashed_key(conn, owner.id, run_id)
        if trashed is not None and trashed.state not in ENDED and trashed.deleted_at > now - TRASH_SECONDS:
            raise Conflict(
                f"Run {run_id!r} of {owner.entity}/{owner.name} was deleted while it was {trashed.state}. "
                "Restore it from the trash, or log under another id.",
                run=run_id,
            )

    def _in_parts(
        self, keys: Sequence[RunKey], work: Callable[[Connection, Sequence[RunKey]], list[AnyRow]]
    ) -> int:
        done = 0
        for some in _parts(keys):
            rows = self._records.write(lambda conn, some=some: work(conn, some))  # type: ignore[misc]
            done += len(rows)
            for row in rows:
                self._feed.publish(self._event_of(row, None))
        return done

    def _event_of(self, row: AnyRow, applied: Applied | None) -> Event:
        return Event(
            "run",
            EntityId(row.entity_id),
            ProjectId(row.project_id),
            row.entity,
            row.project,
            row.run_id,
            _detail(applied),
        )


def run_of(
    row: AnyRow,
    *,
    config: Mapping[str, Any],
    summary: Mapping[str, Any],
    environment: Mapping[str, Any] | None = None,
) -> Run:
    """A row of `statements.whole` or `statements.listed` as the domain's record."""
    return Run(
        key=RunKey(row.id),
        project_id=ProjectId(row.project_id),
        entity=row.entity,
        project=row.project,
        id=row.run_id,
        display_name=row.display_name,
        state=cast(State, row.state),
        username=row.username or "",
        group=row.group_name,
        job_type=row.job_type,
        notes=row.notes,
        sweep=row.sweep,
        tags=tuple(row.tags),
        host=row.host,
        program=row.program,
        command=tuple(row.command),
        config=config,
        summary=summary,
        environment=environment or {},
        metrics=row.metrics,
        wire=row.wire,
        created_at=row.created_at,
        started_at=row.started_at,
        updated_at=row.updated_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
        exit_code=row.exit_code,
        stop_requested=row.stop_requested,
        colour=row.colour,
        fork_of=row.fork_of,
        fork_step=row.fork_step,
        version=row.version,
        deleted_at=row.deleted_at if row.deleted_at is not None else row.project_deleted_at,
        ranks=row.ranks,
    )


def _event(owner: AnyRow, run_id: str, applied: Applied) -> Event:
    return Event(
        "run",
        EntityId(owner.entity_id),
        ProjectId(owner.id),
        owner.entity,
        owner.name,
        run_id,
        _detail(applied),
    )


def _detail(applied: Applied | None) -> dict[str, Any]:
    if applied is None:
        return {}
    detail: dict[str, Any] = {"version": applied.version}
    if applied.state_changed:
        detail["state"] = applied.state
    if applied.summary:
        detail["summary"] = dict(applied.summary)
    return detail


def _parts(keys: Sequence[RunKey]) -> Iterable[Sequence[RunKey]]:
    unique = list(dict.fromkeys(keys))
    return (unique[start : start + _BULK] for start in range(0, len(unique), _BULK))


def _no_run(entity: str, project: str, run_id: str) -> NotFound:
    return NotFound(
        f"Run {entity}/{project}/{run_id} does not exist, or you may not see it.",
        entity=entity,
        project=project,
        run=run_id,
    )
