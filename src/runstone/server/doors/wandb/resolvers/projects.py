"""Projects; older clients call one a model."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import Permission
from runstone.server.domain.projects import Project, cursor_of
from runstone.server.domain.registry_access import REGISTRY_PREFIX
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb import ids, jsonx
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.selected import Info, selects
from runstone.server.doors.wandb.resolvers.base import connection, page_size, sliced
from runstone.server.doors.wandb.run_query import run_query

query = Fields("Query")
mutation = Fields("Mutation")
project = Fields("Project")

DEFAULT_PROJECT = "uncategorized"  # the client's own name for it
_KEPT = ("framework", "repo", "access", "views", "docker_image", "is_benchmark", "is_published")
_VISIBILITIES = {"PRIVATE": "organization", "RESTRICTED": "restricted"}
_OWN_SETTINGS = "wandb"  # under a project's settings: what only this wire knows of it
_HEAVY = ("config", "summaryMetrics", "wandbConfig")


def find_project(call: Call, entity_name: str | None, name: str | None) -> Project | None:
    return call.project(call.entity_name(entity_name), name or DEFAULT_PROJECT)


@query("project")
def project_by_name(
    _root: None, call: Call, name: str | None = None, entity_name: str | None = None
) -> Project | None:
    return find_project(call, entity_name, name)


@query("model")
def model_by_name(
    _root: None, call: Call, name: str | None = None, entity_name: str | None = None
) -> Project | None:
    return find_project(call, entity_name, name)


@query("models")
def models(
    _root: None,
    call: Call,
    entity_name: str | None = None,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    filters: str | None = None,
) -> dict[str, Any] | None:
    name = call.entity_name(entity_name)
    if call.entity(name) is None:
        return None
    return project_page(call, name, first, after, order=order, filters=filters)


def project_page(
    call: Call,
    entity: str,
    first: int | None,
    after: str | None,
    *,
    order: str | None = None,
    filters: str | None = None,
) -> dict[str, Any]:
    """An entity's projects: last active first, or by `order` (name, created_at; a sign in front).
    `filters` knows `name`: equal, or one of `$in`."""
    size = page_size(first, 50)
    everything = _all_projects(call, entity)
    wanted = jsonx.parse_map(filters, what="filters") or {}
    if "name" in wanted:
        names = wanted["name"]
        allowed = names.get("$in", []) if isinstance(names, dict) else [names]
        everything = [one for one in everything if one.name in allowed]
    if order:
        key = order.lstrip("+-").lower().replace("_", "")
        if key == "name":
            everything.sort(key=lambda one: one.name)
        elif key == "createdat":
            everything.sort(key=lambda one: one.created_at)
        if order.startswith("-") and key in ("name", "createdat"):
            everything.reverse()
    page = sliced(everything, size, after)
    page["totalCount"] = lambda: len(everything)
    return page


def _all_projects(call: Call, entity: str) -> list[Project]:
    found: list[Project] = []
    after = ""
    while True:
        page = call.domain.projects.find(call.signed_in(), entity=entity, after=after, limit=500)
        found += page
        if len(page) < 500:
            return found
        after = cursor_of(page[-1])


@project("id")
def project_id(parent: Project, _call: Call) -> str:
    return ids.project_id(parent.entity, parent.name)


@project("internalId")
def internal_id(parent: Project, _call: Call) -> str:
    return ids.internal_id(parent.id)


project.plain(
    name="name",
    entityName="entity",
    createdAt="created_at",
    updatedAt="updated_at",
    lastActive="updated_at",
    totalRuns="run_count",
)
project.constant(tags=[])


@project("description")
def description(parent: Project, call: Call) -> str | None:
    """None where nobody gave one; clients of registries tell an empty one from none."""
    given = parent.settings.get(_OWN_SETTINGS, {}).get("described", False)
    return call.described(parent.description, given)


@project("entity")
def entity_of(parent: Project, call: Call) -> Entity | None:
    return call.entity(parent.entity)


@project("user")
def user_of(parent: Project, call: Call) -> User | None:
    """Whose the project is, where it stands under a person."""
    found = call.entity(parent.entity)
    return call.user(parent.entity) if found is not None and found.kind == "user" else None


def _setting(name: str, otherwise: Any = None) -> Any:
    return lambda parent, _call: parent.settings.get(_OWN_SETTINGS, {}).get(name, otherwise)


project("repo")(_setting("repo"))
project("dockerImage")(_setting("docker_image"))
project("framework")(_setting("framework"))
project("views")(_setting("views", "{}"))
project("isBenchmark")(_setting("is_benchmark", False))
project("isPublished")(_setting("is_published", False))


@project("readOnly")
def read_only(parent: Project, call: Call) -> bool:
    return call.actor.read_only or not call.domain.access.allows(
        call.actor, Permission.WRITE, parent.entity_id
    )


@project("runCount")
def run_count(parent: Project, call: Call, filters: str | None = None) -> int:
    query = run_query(filters=filters)
    if not query.filter:
        return parent.run_count
    return call.domain.runs.count(call.signed_in(), parent.entity, parent.name, query)


@project.with_info("runs")
def runs(parent: Project, info: Info, **given: Any) -> dict[str, Any]:
    return _run_page(parent, info, **given)


@project.with_info("buckets")
def buckets(parent: Project, info: Info, **given: Any) -> dict[str, Any]:
    return _run_page(parent, info, **given)


def _run_page(
    parent: Project,
    info: Info,
    filters: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> dict[str, Any]:
    call: Call = info.context
    size = page_size(first, 50)
    # Lists ask for names and states far more often than for whole configs.
    light = not selects(info, *_HEAVY)
    query = run_query(filters=filters, order=order, cursor=after or "", limit=max(size, 1), light=light)
    page = call.domain.runs.find(call.signed_in(), parent.entity, parent.name, query)
    nodes, cursors = list(page.runs)[:size], list(page.cursors)[:size]
    call.expect([run.key for run in nodes])
    has_next = bool(page.next_cursor) if size else page.total > 0
    return connection(nodes, cursors, has_next=has_next, total=page.total, has_previous=bool(after))


@project("run")
def run(parent: Project, call: Call, name: str, desc: str | None = None) -> Run | None:
    return find_run(call, parent, name)


@project("bucket")
def bucket(
    parent: Project, call: Call, name: str, missing_ok: bool | None = None, desc: str | None = None
) -> Run | None:
    return find_run(call, parent, name)


def find_run(call: Call, place: Project, name: str) -> Run | None:
    try:
        return call.domain.runs.get(call.signed_in(), place.entity, place.name, name)
    except (NotFound, Invalid):
        return None


@project("fields")
def fields(
    parent: Project, call: Call, first: int | None = None, search: str | None = None
) -> dict[str, Any]:
    size = page_size(first, 1000)
    found = call.domain.history.project_keys(
        call.signed_in(), parent.entity, parent.name, search=search or "", limit=size + 1
    )
    nodes = [{"path": name, "type": _FIELD_TYPES.get(kind, kind)} for name, kind in found[:size]]
    return connection(nodes, [ids.cursor(node["path"]) for node in nodes], has_next=len(found) > size)


_FIELD_TYPES = {"integer": "number", "bool": "boolean"}


@mutation("upsertModel")
def upsert_model(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    registry = upserted_registry(call, input)
    if registry is not None:
        return registry
    if input.get("id"):
        entity, current = ids.project_of(input["id"])
        found, inserted = call.domain.projects.get(actor, entity, current), False
    else:
        entity, name = call.entity_name(input.get("entity_name")), input.get("name") or DEFAULT_PROJECT
        found, inserted = call.domain.projects.ensure(
            actor, entity, name, description=input.get("description") or ""
        )
    kept = {name: input[name] for name in _KEPT if input.get(name) is not None}
    description = input.get("description")
    new_name = input.get("name") if input.get("id") and input.get("name") != found.name else None
    if kept or new_name or (description is not None and description != found.description):
        found = call.domain.projects.update(
            actor,
            found.entity,
            found.name,
            description=description,
            new_name=new_name,
            settings=_own(found, kept) if kept else None,
        )
    call.forget()
    return {
        "project": found,
        "model": found,
        "inserted": inserted,
        "clientMutationId": input.get("client_mutation_id"),
    }


def upserted_registry(call: Call, input: dict[str, Any]) -> dict[str, Any] | None:
    """The answer where a registry of an organisation is meant, by its name or id; else None."""
    actor = call.signed_in()
    if input.get("id"):
        entity, name = ids.project_of(input["id"])
    else:
        entity, name = call.entity_name(input.get("entity_name")), input.get("name") or ""
    owner = call.entity(entity)
    if not name.startswith(REGISTRY_PREFIX) or owner is None or owner.kind != "organization":
        return None
    types = [one["name"] for one in input.get("artifact_types") or ()]
    visibility = _visibility(input.get("access"))
    description = input.get("description")
    inserted = call.project(entity, name) is None
    if inserted:
        call.domain.registry.create(
            actor,
            entity,
            name,
            description=description or "",
            visibility=visibility or "organization",
            artifact_types=types,
        )
    else:
        everything = input.get("allow_all_artifact_types_in_registry")
        known = call.domain.registry.get(actor, entity, name).artifact_types
        call.domain.registry.update(
            actor,
            entity,
            name,
            description=description,
            visibility=visibility,
            artifact_types=[] if everything else [*known, *types] if types else None,
        )
    call.forget()
    found = call.domain.projects.get(actor, entity, name)
    if description == "":
        found = call.domain.projects.update(actor, entity, name, settings=_own(found, {"described": True}))
    return {
        "project": found,
        "model": found,
        "inserted": inserted,
        "clientMutationId": input.get("client_mutation_id"),
    }


def _visibility(access: str | None) -> str | None:
    if not access:
        return None
    if access not in _VISIBILITIES:
        raise Invalid(f"{access[:80]!r} is no access to a registry. One of: {', '.join(_VISIBILITIES)}.")
    return _VISIBILITIES[access]


def _own(found: Project, kept: dict[str, Any]) -> dict[str, Any]:
    """The project's settings with these of this wire's own among them."""
    return {_OWN_SETTINGS: {**found.settings.get(_OWN_SETTINGS, {}), **kept}}


@mutation("deleteModel")
def delete_model(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    entity, name = ids.project_of(input["id"])
    if name.startswith(REGISTRY_PREFIX):
        call.domain.registry.delete(call.signed_in(), entity, name)
    else:
        call.domain.projects.delete(call.signed_in(), entity, name)
    call.forget()
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("renameProject")
def rename_project(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    renamed = call.domain.projects.update(
        call.signed_in(), input["entity_name"], input["old_project_name"], new_name=input["new_project_name"]
    )
    return {"project": renamed, "inserted": False, "clientMutationId": input.get("client_mutation_id")}


FIELDS = [
    query,
    mutation,
    project,
    *maps(
        "ProjectTag",
        "ProjectConnection",
        "ProjectEdge",
        "ProjectFieldConnection",
        "ProjectFieldEdge",
        "ProjectField",
        "UpsertModelPayload",
        "DeleteModelPayload",
        "RenameProjectPayload",
    ),
]
