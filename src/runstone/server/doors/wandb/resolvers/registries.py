"""Registries: projects of an organisation, named `wandb-registry-NAME`, that hold portfolios; who may
do what in them, and the search over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.artifact_model import Member
from runstone.server.domain.errors import Invalid
from runstone.server.domain.projects import Project
from runstone.server.domain.registry import Registry
from runstone.server.domain.registry_access import REGISTRY_PREFIX
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts_pages import (
    COLLECTION_FIELDS,
    VERSION_FIELDS,
    filled,
    filter_of,
    order_of,
)
from runstone.server.doors.wandb.resolvers.base import connection, page_size, sliced
from runstone.server.doors.wandb.resolvers.registries_pages import (
    collections_of,
    find_registries,
    kind_of,
    members_of,
    registry_of,
    sorted_members,
)

mutation = Fields("Mutation")
entity = Fields("Entity")
organization = Fields("Organization")
project = Fields("Project")
member = Fields("ProjectMember")
team_member = Fields("ProjectTeamMember")
role = Fields("Role")

_ACCESS = {"organization": "PRIVATE", "restricted": "RESTRICTED"}


@dataclass(frozen=True, slots=True)
class Role:
    name: str


@dataclass(frozen=True, slots=True)
class UserMember:
    user: User
    role: Role


@dataclass(frozen=True, slots=True)
class TeamMember:
    team: Entity
    role: Role


# -- a registry as a project


@project("access")
def access(parent: Project, call: Call) -> str:
    found = registry_of(call, parent)
    if found is not None:
        return _ACCESS[found.visibility]
    kept: str = parent.settings.get("wandb", {}).get("access", "PRIVATE")
    return kept


@project("allowAllArtifactTypesInRegistry")
def allow_all_types(parent: Project, call: Call) -> bool:
    found = registry_of(call, parent)
    return found is None or not found.artifact_types


@project("members")
def members(parent: Project, call: Call) -> list[UserMember]:
    found = registry_of(call, parent)
    if found is None:
        people = call.domain.entities.members(call.signed_in(), parent.entity)
        named = [(one.username, one.role.name.lower()) for one in people]
    else:
        listed = call.domain.registry.members(call.signed_in(), parent.entity, parent.name)
        named = [(one.name, one.role) for one in listed if one.kind == "user"]
    users = [(call.user(name), role) for name, role in named]
    return [UserMember(user, Role(role)) for user, role in users if user is not None]


@project("teamMembers")
def teammembers(parent: Project, call: Call) -> list[TeamMember]:
    if registry_of(call, parent) is None:
        return []
    listed = call.domain.registry.members(call.signed_in(), parent.entity, parent.name)
    teams = [(call.entity(one.name), one.role) for one in listed if one.kind == "team"]
    return [TeamMember(team, Role(role)) for team, role in teams if team is not None]


@member("id")
def member_id(parent: UserMember, _call: Call) -> str:
    return ids.numbered_id("User", parent.user.id)


@member("name")
def member_name(parent: UserMember, _call: Call) -> str:
    return parent.user.display_name or parent.user.username


@member("email")
def member_email(parent: UserMember, call: Call) -> str | None:
    """One's own; those of others are for server admins."""
    known = call.actor.is_admin or call.actor.user_id == parent.user.id
    return parent.user.email if known else None


role.plain("name")
member.plain("role", username="user.username")
team_member.plain("team", "role")


# -- changes of members


@mutation("createProjectMembers")
def createmembers(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Each with the role that members of the organisation have, unless they have one already."""
    found = _registry(call, input)
    there = {
        one.name for one in call.domain.registry.members(call.signed_in(), found.organization, found.name)
    }
    for name in _names(call, input):
        if name not in there:
            call.domain.registry.set_member(
                call.signed_in(), found.organization, found.name, name, found.default_role
            )
    return _done(call, input)


@mutation("deleteProjectMembers")
def deletemembers(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    found = _registry(call, input)
    for name in _names(call, input):
        call.domain.registry.remove_member(call.signed_in(), found.organization, found.name, name)
    return _done(call, input)


@mutation("updateProjectMember")
def update_member(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    found = _registry(call, input)
    call.domain.registry.set_member(
        call.signed_in(),
        found.organization,
        found.name,
        _username(call, input["user_id"]),
        input["user_project_role"],
    )
    return _done(call, input)


@mutation("updateProjectTeamMember")
def update_team_member(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    found = _registry(call, input)
    call.domain.registry.set_member(
        call.signed_in(),
        found.organization,
        found.name,
        _team_name(call, input["team_id"]),
        input["team_project_role"],
    )
    return _done(call, input)


def _registry(call: Call, input: dict[str, Any]) -> Registry:
    place = ids.project_of(input["project_id"])
    if not place.project.startswith(REGISTRY_PREFIX):
        raise Invalid(
            f"{place.project!r} is no registry: only registries have members of their own. Members of the "
            "team see its projects.",
            project=place.project,
        )
    return call.domain.registry.get(call.signed_in(), place.entity, place.project)


def _names(call: Call, input: dict[str, Any]) -> list[str]:
    people = [_username(call, node) for node in input.get("user_ids") or ()]
    return people + [_team_name(call, node) for node in input.get("team_ids") or ()]


def _username(call: Call, node: str) -> str:
    number = ids.numbered_of("User", node)
    return call.domain.accounts.user_by_number(call.signed_in(), number).username


def _team_name(call: Call, node: str) -> str:
    number = ids.numbered_of("Entity", node)
    return call.domain.entities.entity_by_number(call.signed_in(), number).name


def _done(call: Call, input: dict[str, Any]) -> dict[str, Any]:
    call.forget()
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


# -- the search over an organisation's registries


@organization("advancedRegistryFeatures")
def advanced_features(_parent: Entity, _call: Call) -> dict[str, Any]:
    return {"advancedSearch": True}


@entity("artifactCollections")
def artifactcollections_of(
    parent: Entity,
    call: Call,
    project_filters: str | None = None,
    filters: str | None = None,
    collection_types: Sequence[str] | None = None,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
) -> dict[str, Any]:
    _, test = filter_of(filters, COLLECTION_FIELDS)
    kind = kind_of(collection_types)
    registries = find_registries(call, parent.name, project_filters, None)
    if order:
        found = [one for one, _ in collections_of(call, registries, kind, "") if test(one)]
        sort = order_of(order, "name")
        name = sort.lstrip("-")
        if name not in ("name", "created_at", "updated_at"):
            raise Invalid(f"{order!r:.100} is no order of collections. One of: name, created_at, updated_at.")
        found.sort(key=lambda one: (getattr(one, name), one.id), reverse=sort.startswith("-"))
        return sliced(found, first, after)
    size = page_size(first, 50)
    nodes, cursors, more = filled(
        call, collections_of(call, registries, kind, ids.cursor_text(after)), test, size
    )

    def total() -> int:
        return sum(1 for one, _ in collections_of(call, registries, kind, "") if test(one))

    return connection(nodes, cursors, has_next=more, total=total)


@entity("artifactMemberships")
def artifact_memberships(
    parent: Entity,
    call: Call,
    project_filters: str | None = None,
    collection_filters: str | None = None,
    filters: str | None = None,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
) -> dict[str, Any]:
    _, in_collection = filter_of(collection_filters, COLLECTION_FIELDS)
    _, test = filter_of(filters, VERSION_FIELDS)
    registries = find_registries(call, parent.name, project_filters, None)

    def matching(after: str) -> Iterator[tuple[Member, str]]:
        return members_of(call, registries, in_collection, after)

    if order:
        return sliced(
            sorted_members(call, (one for one, _ in matching("") if test(one)), order), first, after
        )
    nodes, cursors, more = filled(call, matching(ids.cursor_text(after)), test, page_size(first, 50))
    return connection(
        nodes, cursors, has_next=more, total=lambda: sum(1 for one, _ in matching("") if test(one))
    )


FIELDS = [
    mutation,
    entity,
    organization,
    project,
    member,
    team_member,
    role,
    *maps(
        "AdvancedRegistryFeatures",
        "CreateProjectMembersPayload",
        "DeleteProjectMembersPayload",
        "UpdateProjectMemberPayload",
        "UpdateProjectTeamMemberPayload",
    ),
]
