"""Saved views of a project: a name and a JSON spec, of one person or of the team."""

from __future__ import annotations

import secrets
import string
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access, check_key
from runstone.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from runstone.server.domain.identity import Actor, EntityId, Permission, UserId, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.rights import Right, right
from runstone.server.stores.records import codec
from runstone.server.stores.records import views as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

_ID_CHARS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class View:
    id: str
    entity: str
    project: str
    kind: str  # one of KINDS
    name: str
    owner: str
    shared: bool
    spec: dict[str, Any]
    version: int
    created_at: float
    updated_at: float
    change: Right  # of whoever asked: to save over it, rename it, delete it


# wandb: views of that client, whose spec we keep as it came and do not draw from.
KINDS = frozenset({"workspace", "runs", "report", "wandb"})
NAME_CHARS_MAX = 200
SPEC_CHARS_MAX = 8 * 1024 * 1024


class Views:
    """A view is its owner's; shared, everyone who may read the project sees it, and everyone who may
    write to it may change it. All raise NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, access: Access, projects: Projects) -> None:
        self._records = records
        self._access = access
        self._projects = projects

    def find(self, actor: Actor, entity: str, project: str, *, kind: str) -> list[View]:
        """One's own and the shared ones of that kind, last changed first."""
        _check_kind(kind)
        with self._records.read() as conn:
            owner = self._projects.resolve(conn, actor, entity, project, Permission.READ)
            rows = statements.find_views(conn, owner.id, kind=kind, seen_by=self._seen_by(actor))
            return [self._view(conn, actor, row) for row in rows]

    def get(self, actor: Actor, view_id: str) -> View:
        with self._records.read() as conn:
            return self._view(conn, actor, self._visible(conn, actor, view_id))

    def save(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        kind: str,
        name: str,
        spec: dict[str, Any],
        shared: bool = False,
        view_id: str | None = None,
        if_version: int | None = None,
    ) -> View:
        """A new view, or with `view_id` that one changed (entity and project are then its own and not
        looked at). Conflict where `if_version` is not the kept one: it carries the kept version."""
        _check_kind(kind)
        name = check_text(name.strip(), what="View name", chars_max=NAME_CHARS_MAX)
        if not name:
            raise Invalid("A view needs a name.")
        encoded = _encoded(spec)
        now = time.time()

        def work(conn: Connection) -> View:
            if view_id is None:
                owner = self._projects.resolve(
                    conn, actor, entity, project, Permission.WRITE if shared else Permission.READ
                )
                check_key(actor)
                made = "".join(secrets.choice(_ID_CHARS) for _ in range(12))
                statements.add_view(
                    conn,
                    made,
                    project_id=owner.id,
                    kind=kind,
                    name=name,
                    owner_id=actor.user_id,
                    shared=shared,
                    spec=encoded,
                    now=now,
                )
                return self._view(conn, actor, statements.view(conn, made))
            found = self._changeable(conn, actor, view_id)
            if if_version is not None and if_version != found.version:
                raise Conflict(
                    f"The view {found.name!r} was changed meanwhile: it is at version {found.version}, your "
                    f"change is to version {if_version}. Load it again, or save under another name.",
                    view=view_id,
                    version=found.version,
                )
            if shared and not found.shared:
                self._access.check(actor, Permission.WRITE, EntityId(found.entity_id), conn=conn)
            statements.change_view(
                conn, view_id, name=name, spec=encoded, shared=shared, version=found.version + 1, now=now
            )
            return self._view(conn, actor, statements.view(conn, view_id))

        return self._records.write(work)

    def delete(self, actor: Actor, view_id: str) -> None:
        def work(conn: Connection) -> None:
            self._changeable(conn, actor, view_id)
            statements.drop_view(conn, view_id)

        self._records.write(work)

    # -- inside

    def _visible(self, conn: Connection, actor: Actor, view_id: str, *, hold: bool = False) -> AnyRow:
        self._access.check_signed_in(actor)
        row = statements.view(conn, view_id, hold=hold)
        if (
            row is None
            or row.project_deleted_at is not None
            or not self._access.allows(actor, Permission.READ, EntityId(row.entity_id), conn=conn)
            or not (row.shared or self._seen_by(actor) is None or row.owner_id == actor.user_id)
        ):
            raise NotFound(f"There is no view {view_id!r} that you may see.", view=view_id)
        return row

    def _changeable(self, conn: Connection, actor: Actor, view_id: str) -> AnyRow:
        row = self._visible(conn, actor, view_id, hold=True)
        self._check_change(conn, actor, row)
        return row

    def _check_change(self, conn: Connection, actor: Actor, row: AnyRow) -> None:
        """One's own, or the team's where one may write to the project."""
        check_key(actor)
        if row.owner_id is None or row.owner_id != actor.user_id:
            self._access.check(actor, Permission.WRITE, EntityId(row.entity_id), conn=conn)

    def _view(self, conn: Connection, actor: Actor, row: AnyRow) -> View:
        return _view(row, right(partial(self._check_change, conn, actor, row)))

    @staticmethod
    def _seen_by(actor: Actor) -> UserId | None:
        """Whose private views are seen; None for everybody's."""
        return None if actor.is_admin or actor.system else actor.user_id


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise Invalid(f"{kind!r} is not a kind of view. One of: {', '.join(sorted(KINDS))}.", kind=kind)


def _encoded(spec: dict[str, Any]) -> codec.Encoded:
    if not isinstance(spec, dict):
        raise Invalid(f"A view's spec is a JSON object, met {type(spec).__name__}.")
    try:
        text = codec.dumps(spec)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"The view's spec is not JSON that can be kept: {error}.") from None
    if len(text) > SPEC_CHARS_MAX:
        raise TooLarge(
            f"The view's spec would be {len(text):,} characters of JSON; the most is {SPEC_CHARS_MAX:,}.",
            size=len(text),
        )
    return codec.Encoded(text)


def _view(row: AnyRow, change: Right) -> View:
    return View(
        id=row.id,
        entity=row.entity,
        project=row.project,
        kind=row.kind,
        name=row.name,
        owner=row.owner or "",
        shared=row.shared,
        spec=row.spec,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        change=change,
    )
