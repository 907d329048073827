"""What is done to many runs at once: tags, the trash and back, moving, and going for good."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import Connection

from runstone.server.domain import run_changes
from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.projects import TRASH_SECONDS, Projects
from runstone.server.domain.run_checks import checked_many, event_of
from runstone.server.domain.run_columns import count_leaves
from runstone.server.domain.run_model import RunChange
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_AT_ONCE = 500  # runs changed in one transaction, so that other writers are let in between


class RunBulk:
    """All or nothing in what the actor may: NotFound or NotAllowed for one run leaves all untouched.
    The work itself is done in parts, each a transaction."""

    def __init__(
        self,
        records: Records,
        access: Access,
        projects: Projects,
        feed: Feed,
        on_purge: Iterable[Callable[[Sequence[RunKey]], None]],
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._feed = feed
        self._on_purge = list(on_purge)

    def tag(
        self, actor: Actor, keys: Sequence[RunKey], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> int:
        """Returns how many runs changed."""
        self._check_all(actor, keys, Permission.WRITE)
        changed = 0
        dropped = set(remove)

        def work(conn: Connection, some: Sequence[RunKey]) -> list[Event]:
            events = []
            for row in checked_many(self._access, conn, actor, some, Permission.WRITE):
                held = statements.lock(conn, row.id)
                if held is None or held.deleted_at is not None:
                    continue
                tags = [tag for tag in held.tags if tag not in dropped]
                tags += [tag for tag in add if tag not in tags]
                applied = run_changes.apply(conn, row.id, RunChange(tags=tags))
                if applied.changed:
                    events.append(event_of(row, applied))
            return events

        for some in _parts(keys):
            events = self._records.write(lambda conn, some=some: work(conn, some))  # type: ignore[misc]
            changed += len(events)
            for event in events:
                self._feed.publish(event)
        return changed

    def delete(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """To the trash, restorable for 30 days. Returns how many went."""
        now = time.time()

        def work(conn: Connection, some: Sequence[RunKey]) -> list[AnyRow]:
            rows = checked_many(self._access, conn, actor, some, Permission.WRITE)
            going = self._still(conn, rows, in_trash=False)
            statements.write_bases(conn, [row.id for row in going], {"deleted_at": now})
            self._recount(conn, going, -1, now)
            return going

        self._check_all(actor, keys, Permission.WRITE)
        return self._in_parts(keys, work)

    def restore(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """Out of the trash. Conflict where a living run has taken the id meanwhile."""
        now = time.time()

        def work(conn: Connection, some: Sequence[RunKey]) -> list[AnyRow]:
            rows = checked_many(self._access, conn, actor, some, Permission.WRITE)
            coming = self._still(conn, rows, in_trash=True)
            self._refuse_taken(conn, coming, {row.project_id for row in coming})
            statements.write_bases(conn, [row.id for row in coming], {"deleted_at": None})
            self._recount(conn, coming, 1, now)
            return coming

        self._check_all(actor, keys, Permission.WRITE)
        return self._in_parts(keys, work)

    def purge(self, actor: Actor, keys: Sequence[RunKey]) -> int:
        """For good, history, console and file entries too (MANAGE)."""
        self._check_all(actor, keys, Permission.MANAGE)
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
            rows = checked_many(self._access, conn, actor, some, Permission.WRITE)
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

        self._check_all(actor, keys, Permission.WRITE)
        return self._in_parts(keys, work) // 2

    # -- inside

    def _check_all(self, actor: Actor, keys: Sequence[RunKey], permission: Permission) -> None:
        with self._records.read() as conn:
            checked_many(self._access, conn, actor, keys, permission)

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
            count_leaves(counter, "config", before, after)
            before, after = ({}, row.summary) if sign > 0 else (row.summary, {})
            count_leaves(counter, "summary", before, after)
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

    def _in_parts(
        self, keys: Sequence[RunKey], work: Callable[[Connection, Sequence[RunKey]], list[AnyRow]]
    ) -> int:
        done = 0
        for some in _parts(keys):
            rows = self._records.write(lambda conn, some=some: work(conn, some))  # type: ignore[misc]
            done += len(rows)
            for row in rows:
                self._feed.publish(event_of(row, None))
        return done


def _parts(keys: Sequence[RunKey]) -> Iterable[Sequence[RunKey]]:
    unique = list(dict.fromkeys(keys))
    return (unique[start : start + _AT_ONCE] for start in range(0, len(unique), _AT_ONCE))
