"""Sweeps: a space, a method, and the trials that came of it. Trials are handed out by `trials`, ranked
by `sweep_results`."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.search.config import SweepConfig
from runstone.search.config_reading import parse
from runstone.search.problems import ConfigError
from runstone.search.records import Proposal
from runstone.search.search import Search
from runstone.search.space import NoCombination
from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import (
    Actor,
    EntityId,
    Permission,
    SweepKey,
    check_run_id,
    check_text,
)
from runstone.server.domain.projects import Projects
from runstone.server.domain.sweep_model import OVER, Sweep, SweepPage, SweepState, sweep_of
from runstone.server.domain.warm_start import WarmStarts
from runstone.server.stores.records import codec
from runstone.server.stores.records import sweeps as statements
from runstone.server.stores.records import trials as trial_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

CONFIG_CHARS_MAX = 4 * 1024 * 1024
PREVIEW_MAX = 1_000
LIMIT_MAX = 1_000
_ID_CHARS = string.ascii_lowercase + string.digits
_STATES: frozenset[SweepState] = frozenset({"pending", "running", "paused", "finished", "cancelled"})


class Sweeps:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self, records: Records, access: Access, projects: Projects, feed: Feed, warm_starts: WarmStarts
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._feed = feed
        self._warm_starts = warm_starts

    # -- what they are

    def preview(self, config: Mapping[str, Any], count: int = 5) -> tuple[SweepConfig, list[Proposal]]:
        """The first combinations that would be tried, with nothing kept. Raises Invalid with every
        problem of the configuration."""
        checked = parsed(config)
        try:
            return checked, Search(checked).preview(max(0, min(count, PREVIEW_MAX)))
        except NoCombination as error:
            raise Invalid(str(error)) from None

    def create(
        self,
        actor: Actor,
        entity: str,
        project: str,
        config: Mapping[str, Any],
        *,
        config_text: str = "",
        sweep_id: str = "",
        display_name: str = "",
        description: str | None = None,
        wire: Mapping[str, Any] | None = None,
        prior_runs: Mapping[str, Any] | None = None,
        strict: bool = True,
    ) -> Sweep:
        """A pending sweep; its project is made if absent. Safe to send again with an id of one's own
        choice: Conflict where that id is taken. prior_runs: a filter over runs whose results the
        search begins with, beside what `warm_start` in the configuration says."""
        checked = parsed(config, strict=strict)
        if sweep_id:
            check_run_id(sweep_id)
        kept = _encoded(checked.raw)
        values: dict[str, Any] = {
            "name": check_text(checked.name, what="Sweep name", chars_max=1_000),
            "display_name": check_text(display_name, what="Sweep name", chars_max=1_000),
            "description": _description(description if description is not None else checked.description),
            "state": "pending",
            "method": checked.method,
            "config": kept,
            "config_text": config_text,
            "seed": checked.seed if checked.seed is not None else secrets.randbits(31),
            "expected": checked.trials_expected,
            "user_id": actor.user_id,
            "wire": dict(wire or {}),
        }
        now = time.time()

        def work(conn: Connection) -> Sweep:
            owner, _ = self._projects.ensure_in(conn, actor, entity, project)
            key = None
            for _ in range(8):
                own_id = sweep_id or "".join(secrets.choice(_ID_CHARS) for _ in range(8))
                key = statements.add_sweep(
                    conn, project_id=owner.id, sweep_id=own_id, created_at=now, updated_at=now, **values
                )
                if key is not None or sweep_id:
                    break
            if key is None:
                raise Conflict(
                    f"{owner.entity}/{owner.name} has or had a sweep {sweep_id!r}. Choose another id.",
                    sweep=sweep_id,
                )
            return sweep_of(statements.sweep_by_key(conn, key))

        sweep = self._records.write(work)
        if checked.warm_start is not None or prior_runs:
            self._warm_starts.load(actor, sweep, checked, prior_runs=prior_runs)
        self._feed.publish(sweep.event(state=sweep.state))
        return self._with_counts(sweep)

    def get(self, actor: Actor, entity: str, project: str, sweep_id: str) -> Sweep:
        with self._records.read() as conn:
            row = self._row(conn, actor, entity, project, sweep_id, Permission.READ)
            return sweep_of(row, trial_statements.counts(conn, [row.id])[row.id])

    def get_by_key(self, actor: Actor, key: SweepKey, permission: Permission = Permission.READ) -> Sweep:
        """Raises NotFound for a deleted one."""
        with self._records.read() as conn:
            row = self.checked_row(conn, actor, key, permission)
            return sweep_of(row, trial_statements.counts(conn, [row.id])[row.id])

    def find(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        search: str = "",
        states: Sequence[str] = (),
        ids: Sequence[str] = (),
        cursor: str = "",
        limit: int = 50,
    ) -> SweepPage:
        """Last made first."""
        limit = max(1, min(limit, LIMIT_MAX))
        before = _parse_cursor(cursor)
        with self._records.read() as conn:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = statements.find_sweeps(
                conn, owner.id, search=search, states=states, ids=ids, before=before, limit=limit + 1
            )
            counts = trial_statements.counts(conn, [row.id for row in rows[:limit]])
            total = statements.count_sweeps(conn, owner.id, search=search, states=states, ids=ids)
        page = [sweep_of(row, counts[row.id]) for row in rows[:limit]]
        return SweepPage(page, cursor_of(page[-1]) if len(rows) > limit else "", total)

    def run_count(self, sweep: Sweep) -> int:
        """Runs that name the sweep, whoever began them."""
        with self._records.read() as conn:
            return statements.count_runs_of_sweep(conn, sweep.project_id, sweep.id)

    # -- what changes them

    def update(
        self,
        actor: Actor,
        key: SweepKey,
        *,
        display_name: str | None = None,
        description: str | None = None,
        config: Mapping[str, Any] | None = None,
        config_text: str | None = None,
        wire: Mapping[str, Any] | None = None,
        strict: bool = True,
    ) -> Sweep:
        """None leaves a thing as it is; `wire` is merged, top-level keys replace. A configuration can
        be changed while the sweep runs: trials that were proposed stay as they are."""
        values: dict[str, Any] = {}
        if display_name is not None:
            values["display_name"] = check_text(display_name, what="Sweep name", chars_max=1_000)
        if description is not None:
            values["description"] = _description(description)
        if config is not None:
            checked = parsed(config, strict=strict)
            values |= {
                "config": _encoded(checked.raw),
                "config_text": config_text or "",
                "method": checked.method,
                "name": check_text(checked.name, what="Sweep name", chars_max=1_000),
                "expected": checked.trials_expected,
            }

        def work(conn: Connection) -> Sweep:
            row = self.checked_row(conn, actor, key, Permission.WRITE, hold=True)
            if wire is not None:
                values["wire"] = {**row.wire, **wire}
            if values:
                statements.change_sweep(conn, key, updated_at=time.time(), **values)
            return sweep_of(statements.sweep_by_key(conn, key))

        sweep = self._records.write(work)
        self._feed.publish(sweep.event())
        return self._with_counts(sweep)

    def set_state(self, actor: Actor, key: SweepKey, state: SweepState) -> Sweep:
        """running: resume. paused: hand out no more, what runs goes on. finished: the same, for good.
        cancelled: what runs is stopped too. Raises Conflict where the sweep is over, save for
        running: a finished sweep may go on."""
        if state not in _STATES or state == "pending":
            raise Invalid(
                f"A sweep cannot be set to {state!r:.60}. One of running, paused, finished, cancelled.",
                state=state,
            )
        now = time.time()

        def work(conn: Connection) -> Sweep:
            row = self.checked_row(conn, actor, key, Permission.WRITE, hold=True)
            if row.state == state:
                return sweep_of(row)
            if row.state == "cancelled" or (row.state in OVER and state == "paused"):
                raise Conflict(
                    f"Sweep {row.sweep_id!r} is {row.state}, and cannot be {_DONE_TO[state]}. "
                    "Make another one with `warm_start` to go on from its results.",
                    sweep=row.sweep_id,
                    state=row.state,
                )
            over = state in OVER
            statements.change_sweep(conn, key, state=state, updated_at=now, finished_at=now if over else None)
            if over:
                trial_statements.drop_queued(conn, key, now=now)
            elif row.state in OVER:  # what was dropped when it ended is to be done after all
                trial_statements.requeue(conn, key, states=["stopped"], untried_only=True)
            if state == "cancelled":
                trial_statements.stop_running(conn, key, why="the sweep was cancelled")
            return sweep_of(statements.sweep_by_key(conn, key))

        sweep = self._records.write(work)
        self._feed.publish(sweep.event(state=sweep.state))
        return self._with_counts(sweep)

    def delete(self, actor: Actor, key: SweepKey) -> None:
        """The sweep and its trials' records; its runs stay. Agents are told at their next word."""

        def work(conn: Connection) -> Sweep:
            row = self.checked_row(conn, actor, key, Permission.WRITE, hold=True)
            now = time.time()
            trial_statements.drop_queued(conn, key, now=now)
            trial_statements.stop_running(conn, key, why="the sweep was deleted")
            statements.change_sweep(conn, key, deleted_at=now, updated_at=now, state="cancelled")
            return sweep_of(row)

        self._feed.publish(self._records.write(work).event(deleted=True))

    # -- for those beside

    def checked_row(
        self, conn: Connection, actor: Actor, key: SweepKey, permission: Permission, *, hold: bool = False
    ) -> AnyRow:
        """The sweep's row; NotFound where it is not there, deleted, or not for the actor to see."""
        row = statements.sweep_by_key(conn, key, hold=hold)
        if row is None or row.deleted_at is not None or row.project_deleted_at is not None:
            raise NotFound("The sweep does not exist any more.", key=key)
        try:
            self._access.check(actor, permission, EntityId(row.entity_id), conn=conn)
        except NotFound:
            raise _no_sweep(row.entity, row.project, row.sweep_id) from None
        return row

    def key_in(
        self, conn: Connection, actor: Actor, entity: str, project: str, sweep_id: str, permission: Permission
    ) -> SweepKey:
        return SweepKey(self._row(conn, actor, entity, project, sweep_id, permission).id)

    def _row(
        self,
        conn: Connection,
        actor: Actor,
        entity: str,
        project: str,
        sweep_id: str,
        permission: Permission,
    ) -> AnyRow:
        try:
            owner = self._projects.resolve(conn, actor, entity, project, permission)
        except NotFound as error:
            raise _no_sweep(
                error.fields.get("entity", entity), error.fields.get("project", project), sweep_id
            ) from None
        row = statements.sweep(conn, owner.id, sweep_id)
        if row is None:
            raise _no_sweep(owner.entity, owner.name, sweep_id)
        return row

    def _with_counts(self, sweep: Sweep) -> Sweep:
        with self._records.read() as conn:
            row = statements.sweep_by_key(conn, sweep.key)
            return sweep_of(row, trial_statements.counts(conn, [sweep.key])[sweep.key]) if row else sweep


_DONE_TO = {"running": "resumed", "paused": "paused", "finished": "stopped", "cancelled": "cancelled"}


def parsed(config: Mapping[str, Any], *, strict: bool = True) -> SweepConfig:
    """Raises Invalid: one line per problem; the field `problems` holds them by key."""
    try:
        return parse(config, strict=strict)
    except ConfigError as error:
        problems: dict[str, str] = {}
        for problem in error.problems:
            problems.setdefault(problem.path or "config", problem.message)
        raise Invalid(str(error), problems=problems) from None


def cursor_of(sweep: Sweep) -> str:
    return f"{sweep.created_at!r}:{sweep.key}"


def _parse_cursor(cursor: str) -> tuple[float, int] | None:
    if not cursor:
        return None
    at, _, key = cursor.partition(":")
    try:
        return float(at), int(key)
    except ValueError:
        raise Invalid(f"{cursor!r:.100} is no cursor of sweeps. Take `next` of the page before.") from None


def _description(text: str) -> str:
    return check_text(text, what="Sweep description", chars_max=1_000_000)


def _encoded(config: Mapping[str, Any]) -> codec.Encoded:
    try:
        text = codec.dumps(dict(config))
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"The sweep's configuration is not JSON that can be kept: {error}.") from None
    if len(text) > CONFIG_CHARS_MAX:
        raise TooLarge(
            f"The sweep's configuration would be {len(text):,} characters of JSON; the most is "
            f"{CONFIG_CHARS_MAX:,}.",
            size=len(text),
        )
    return codec.Encoded(text)


def _no_sweep(entity: str, project: str, sweep_id: str) -> NotFound:
    return NotFound(
        f"Sweep {entity}/{project}/{sweep_id} does not exist, or you may not see it.",
        entity=entity,
        project=project,
        sweep=sweep_id,
    )
