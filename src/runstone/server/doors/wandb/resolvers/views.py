"""Saved views: what other clients save is kept text for text."""

from __future__ import annotations

import secrets
from typing import Any

from runstone.server.domain.account_model import User
from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Permission
from runstone.server.domain.projects import Project
from runstone.server.domain.view_links import ViewLink
from runstone.server.domain.views import NAME_CHARS_MAX, View
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import sliced

query = Fields("Query")
mutation = Fields("Mutation")
project = Fields("Project")
view = Fields("View")

KIND = "wandb"
REPORT = "runs"  # this wire's type of a report; runs/draft and project-view are others

_TEXTS = (
    "name",
    "display_name",
    "description",
    "type",
    "spec",
    "parent_id",
    "preview_url",
    "cover_url",
    "locked",
    "showcased_at",
    "created_using",
)


@query("view")
def find_view(_root: None, call: Call, id: str) -> View | None:
    try:
        return call.domain.views.get(call.signed_in(), ids.named_of("View", id))
    except NotFound:
        return None


@project("allViews")
def all_views(
    parent: Project,
    call: Call,
    view_type: str | None = None,
    view_name: str | None = None,
    user_name: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    kept = call.domain.views.find(call.signed_in(), parent.entity, parent.name, kind=KIND)
    found = [one for one in kept if type_of(one) == (view_type or REPORT)]
    if view_name:
        found = [one for one in found if view_name in (one.spec.get("name"), one.spec.get("display_name"))]
    if user_name:
        found = [one for one in found if one.owner == user_name]
    return sliced(found, first, after)


@view("id")
def view_id(parent: View, _call: Call) -> str:
    return ids.named_id("View", parent.id)


view.plain(createdAt="created_at", updatedAt="updated_at", entityName="entity")
view.constant(starCount=0)


def _kept(field: str, otherwise: Any = None) -> Any:
    return lambda parent, _call: parent.spec.get(field, otherwise)


view("description")(_kept("description"))
view("spec")(_kept("spec", "{}"))
view("previewUrl")(_kept("preview_url"))
view("coverUrl")(_kept("cover_url"))
view("locked")(_kept("locked", False))
view("showcasedAt")(_kept("showcased_at"))
view("createdUsing")(_kept("created_using"))


@view("name")
def name(parent: View, _call: Call) -> str:
    return parent.spec.get("name") or parent.name


@view("displayName")
def display_name(parent: View, _call: Call) -> str:
    return parent.spec.get("display_name") or parent.name


@view("type")
def view_type(parent: View, _call: Call) -> str:
    return type_of(parent)


def type_of(parent: View) -> str:
    found: str = parent.spec.get("type") or REPORT
    return found


@view("user")
def user(parent: View, call: Call) -> User | None:
    return call.user(parent.owner)


@view("updatedBy")
def updated_by(parent: View, call: Call) -> User | None:
    return call.user(parent.spec.get("updated_by") or parent.owner)


@view("project")
def project_of(parent: View, call: Call) -> Project | None:
    return call.project(parent.entity, parent.project)


@mutation("upsertView")
def upsert_view(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Null leaves a field as it is."""
    actor = call.signed_in()
    before = call.domain.views.get(actor, ids.named_of("View", input["id"])) if input.get("id") else None
    spec: dict[str, Any] = dict(before.spec) if before else {}
    spec |= {field: input[field] for field in _TEXTS if input.get(field) is not None}
    spec.setdefault("name", secrets.token_hex(6))
    spec["updated_by"] = actor.username
    name = (spec.get("display_name") or spec["name"]).strip() or spec["name"]
    saved = call.domain.views.save(
        actor,
        call.entity_name(input.get("entity_name")),
        input.get("project_name") or "",
        kind=KIND,
        name=name[:NAME_CHARS_MAX],
        spec=spec,
        shared=True,
        view_id=before.id if before else None,
    )
    return {"view": saved, "inserted": before is None, "clientMutationId": input.get("client_mutation_id")}


@mutation("deleteView")
def delete_view(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """With `deleteDrafts` its drafts go too."""
    actor = call.signed_in()
    gone = call.domain.views.get(actor, ids.named_of("View", input["id"]))
    kept = call.domain.views.find(actor, gone.entity, gone.project, kind=KIND)
    drafts = [one for one in kept if one.spec.get("parent_id") == input["id"]]
    if input.get("delete_drafts"):
        for draft in drafts:
            call.domain.views.delete(actor, draft.id)
        drafts = []
    call.domain.views.delete(actor, gone.id)
    return {
        "success": True,
        "pendingDrafts": len(drafts),
        "clientMutationId": input.get("client_mutation_id"),
    }


# -- share links


@view("accessTokens")
def access_tokens(parent: View, call: Call) -> list[dict[str, Any]]:
    if not _may_change(parent, call):
        return []
    return [_token(link, call) for link in call.domain.view_links.find(parent)]


@mutation("createAccessToken")
def create_access_token(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    made = call.domain.view_links.create(
        call.signed_in(), ids.named_of("View", input["view_id"]), _projects(input)
    )
    return {"accessToken": _token(made, call), "clientMutationId": input.get("client_mutation_id")}


@mutation("updateAccessTokenProjects")
def update_access_token_projects(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    call.domain.view_links.set_projects(call.signed_in(), input["token"], _projects(input))
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("revokeAccessToken")
def revoke_access_token(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    call.domain.view_links.revoke(call.signed_in(), input["token"])
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


def _projects(given: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["entity_name"], one["project_name"]) for one in given["projects"]]


def _may_change(parent: View, call: Call) -> bool:
    place = call.project(parent.entity, parent.project)
    return place is not None and call.domain.access.allows(call.actor, Permission.WRITE, place.entity_id)


def _token(link: ViewLink, call: Call) -> dict[str, Any]:
    found = (call.project(entity, name) for entity, name in link.projects)
    return {
        "token": link.token,
        "type": "PUBLIC",
        "createdAt": link.made_at,
        "revokedAt": link.revoked_at,
        "projects": [one for one in found if one is not None],
    }


FIELDS = [
    query,
    mutation,
    project,
    view,
    *maps(
        "ViewConnection",
        "ViewEdge",
        "AccessToken",
        "UpsertViewPayload",
        "DeleteViewPayload",
        "CreateAccessTokenPayload",
        "UpdateAccessTokenProjectsPayload",
        "RevokeAccessTokenPayload",
    ),
]
