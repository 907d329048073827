"""Saved views of a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from runstone.server.domain import views as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.view_links import LINKS
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.views import View, ViewChange, Views, ViewWanted
from runstone.server.doors.rest.rights import right_out
from runstone.server.doors.rest.routing import CallDep, EntityPath, P, ProjectPath, Routes, entity_of

routes = Routes("views")
ViewPath = Annotated[str, Path(max_length=64)]


@routes.typed("GET", P + "/views", needs=Permission.READ, answers=Views)
async def list_views(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    kind: Annotated[str, Query(max_length=32)] = "workspace",
) -> Response:
    """The caller's own and the shared ones."""
    return await call.answer(
        lambda: {
            "views": [
                view_out(view)
                for view in call.domain.views.find(call.actor, entity_of(entity), project, kind=kind)
            ]
        }
    )


@routes.typed("POST", P + "/views", needs=Permission.READ, answers=View, status=201)
async def create_view(call: CallDep, entity: EntityPath, project: ProjectPath, body: ViewWanted) -> Response:
    """Save a view: of one's own, or (with WRITE on the entity) shared."""
    return await call.answer(
        lambda: view_out(
            call.domain.views.save(
                call.actor,
                entity_of(entity),
                project,
                kind=body.kind,
                name=body.name,
                spec=_spec(body.spec, {}),
                shared=body.shared,
            )
        ),
        status=201,
    )


@routes.typed("GET", "/views/{view_id}", needs=Permission.READ, answers=View)
async def get_view(call: CallDep, view_id: ViewPath) -> Response:
    return await call.answer(lambda: view_out(call.domain.views.get(call.actor, view_id)))


@routes.typed("PUT", "/views/{view_id}", needs=Permission.READ, answers=View)
async def update_view(call: CallDep, view_id: ViewPath, body: ViewChange) -> Response:
    """Save over a view; 409 where somebody saved it meanwhile."""

    def work() -> dict[str, Any]:
        view = call.domain.views.get(call.actor, view_id)
        return view_out(
            call.domain.views.save(
                call.actor,
                view.entity,
                view.project,
                kind=view.kind,
                name=body.name,
                spec=_spec(body.spec, view.spec),
                shared=body.shared,
                view_id=view_id,
                if_version=body.version,
            )
        )

    return await call.answer(work)


@routes.typed("DELETE", "/views/{view_id}", needs=Permission.READ, status=204)
async def delete_view(call: CallDep, view_id: ViewPath) -> Response:
    return await call.done(lambda: call.domain.views.delete(call.actor, view_id))


@routes.typed("GET", "/shared-views/{token}", needs=Permission.NOBODY, answers=View)
async def open_shared_view(call: CallDep, token: Annotated[str, Path(max_length=1000)]) -> Response:
    """The view that a share link shows: the link itself is the authority."""
    return await call.answer(lambda: view_out(call.domain.view_links.open(token)))


def _spec(sent: dict[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """As it is kept: share links are no part of what is saved here, and stay."""
    links = {LINKS: kept[LINKS]} if LINKS in kept else {}
    return {key: value for key, value in sent.items() if key != LINKS} | links


def view_out(view: domain.View) -> dict[str, Any]:
    return {
        "id": view.id,
        "entity": view.entity,
        "project": view.project,
        "kind": view.kind,
        "name": view.name,
        "owner": view.owner,
        "shared": view.shared,
        "spec": plain({key: value for key, value in view.spec.items() if key != LINKS}),
        "version": view.version,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
        "may": {"write": right_out(view.change)},
    }
