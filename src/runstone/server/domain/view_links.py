"""Share links of saved views: whoever has one may read that view without an account.

A link is a signed token that names the view and a number kept with the view. Only the number is kept, so
that what the store holds opens nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from runstone.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from runstone.server.domain.identity import Actor
from runstone.server.domain.rights import Right
from runstone.server.domain.signing import Signer
from runstone.server.domain.views import View, Views

LINKS_MAX = 100  # of one view, revoked ones counted
PROJECTS_MAX = 100
LINKS = "share_links"  # where a view's spec keeps them
_READER = Actor(None, "", system="shared view")
_ATTEMPTS = 5

ProjectName = tuple[str, str]  # (entity, project)


@dataclass(frozen=True, slots=True)
class ViewLink:
    token: str
    projects: Sequence[ProjectName]  # whose runs the view draws from, as its maker said
    made_at: float
    revoked_at: float | None


class ViewLinks:
    """All raise NotFound, NotAllowed, Invalid."""

    def __init__(self, views: Views, signer: Signer) -> None:
        self._views = views
        self._signer = signer

    def find(self, view: View) -> list[ViewLink]:
        return [self._link(view.id, kept) for kept in view.spec.get(LINKS) or ()]

    def create(self, actor: Actor, view_id: str, projects: Sequence[ProjectName]) -> ViewLink:
        """Whoever may change the view may share it."""
        made = {
            "number": secrets.token_hex(8),
            "projects": _checked(projects),
            "made_at": time.time(),
            "revoked_at": None,
        }

        def add(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if len(kept) >= LINKS_MAX:
                raise Invalid(f"A view has at most {LINKS_MAX} share links, revoked ones counted.")
            return [*kept, made]

        self._change(actor, view_id, add)
        return self._link(view_id, made)

    def set_projects(self, actor: Actor, token: str, projects: Sequence[ProjectName]) -> None:
        self._change_one(actor, token, {"projects": _checked(projects)})

    def revoke(self, actor: Actor, token: str) -> None:
        """One that was revoked before stays so."""
        self._change_one(actor, token, {"revoked_at": time.time()})

    def open(self, token: str) -> View:
        """The view that a link shows, to anybody."""
        view_id, number = self._claim(token)
        view = self._views.get(_READER, view_id)
        kept = _numbered(view.spec.get(LINKS) or [], number)
        if kept is None or kept["revoked_at"] is not None:
            raise NotFound("This share link was revoked. Ask whoever shared the view for a new one.")
        # The link reads as the server itself, which may do everything: whoever holds it may not.
        return replace(view, change=Right(False, "A share link shows the view. Sign in to change it."))

    # -- inside

    def _claim(self, token: str) -> tuple[str, str]:
        claim = self._signer.verify(token)
        if claim.get("do") != "view":
            raise NotAllowed("This signed address is no share link of a view.")
        return claim["view"], claim["number"]

    def _link(self, view_id: str, kept: dict[str, Any]) -> ViewLink:
        token = self._signer.sign({"do": "view", "view": view_id, "number": kept["number"]}, seconds=None)
        projects = [(entity, project) for entity, project in kept["projects"]]
        return ViewLink(token, projects, kept["made_at"], kept["revoked_at"])

    def _change_one(self, actor: Actor, token: str, values: dict[str, Any]) -> None:
        view_id, number = self._claim(token)

        def change(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
            found = _numbered(kept, number)
            if found is None:
                raise NotFound("The view has no such share link.")
            if found["revoked_at"] is not None:
                return kept
            return [{**one, **values} if one is found else one for one in kept]

        self._change(actor, view_id, change)

    def _change(self, actor: Actor, view_id: str, change: Any) -> None:
        """Read, changed and written, again where somebody saved the view meanwhile."""
        for attempt in range(_ATTEMPTS):
            view = self._views.get(actor, view_id)
            try:
                self._views.save(
                    actor,
                    view.entity,
                    view.project,
                    kind=view.kind,
                    name=view.name,
                    spec={**view.spec, LINKS: change(list(view.spec.get(LINKS) or []))},
                    shared=view.shared,
                    view_id=view_id,
                    if_version=view.version,
                )
                return
            except Conflict:
                if attempt == _ATTEMPTS - 1:
                    raise


def _numbered(kept: Sequence[dict[str, Any]], number: str) -> dict[str, Any] | None:
    return next((one for one in kept if one["number"] == number), None)


def _checked(projects: Sequence[ProjectName]) -> list[list[str]]:
    if len(projects) > PROJECTS_MAX:
        raise Invalid(f"A share link names at most {PROJECTS_MAX} projects, met {len(projects)}.")
    return [[entity[:200], project[:200]] for entity, project in projects]
