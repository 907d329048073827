"""Users, teams and organisations as owners of projects."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.account_model import Member as DomainMember
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import EntityId, Permission, Role
from runstone.server.domain.projects import Project
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.projects import project_page
from runstone.server.doors.wandb.resolvers.registries_pages import registry_projects

query = Fields("Query")
mutation = Fields("Mutation")
entity = Fields("Entity")
organization = Fields("Organization")
member = Fields("Member")


@dataclass(frozen=True, slots=True)
class Member:
    entity: str
    member: DomainMember
    user: User | None


@dataclass(frozen=True, slots=True)
class OrgEntity(Entity):
    """An organisation as the owner of registries: clients that list its projects take all of them for
    registries (0.19 to 0.31: `wandb/apis/public/registries`)."""


_NOBODY = EntityId(0)


@query("entity")
def find_entity(_root: None, call: Call, name: str | None = None) -> Entity:
    """For no name the caller's own. For a name that is nobody's, as far as the caller may know: a name
    that is `available`, and owns nothing. Clients take null for a fault (0.29: `Team.load`)."""
    wanted = call.entity_name(name)
    return call.entity(wanted) or Entity(_NOBODY, wanted, "user", "", 0.0)


@query("organization")
def find_organization(_root: None, call: Call, name: str) -> Entity | None:
    found = call.entity(name)
    return found if found is not None and found.kind == "organization" else None


@entity("id")
def entity_id(parent: Entity, _call: Call) -> str:
    if parent.id == _NOBODY:
        return ids.named_id("EntityName", parent.name)
    return ids.numbered_id("Entity", parent.id)


@entity("isTeam")
def is_team(parent: Entity, _call: Call) -> bool:
    return parent.kind == "team"


@entity("readOnly")
def read_only(parent: Entity, call: Call) -> bool:
    return not call.domain.access.allows(call.actor, Permission.WRITE, parent.id)


@entity("available")
def available(parent: Entity, _call: Call) -> bool:
    """As a name for somebody new."""
    return parent.id == _NOBODY


@entity("createdAt")
def created_at(parent: Entity, _call: Call) -> float | None:
    return parent.created_at or None


entity.plain(name="name", entityType="kind")
entity.constant(
    photoUrl=None,
    readOnlyAdmin=False,
    privateOnly=True,
    storageBytes=0,
    codeSavingEnabled=True,
    defaultAccess="PRIVATE",
    isPaid=False,
    limits=None,
    settings=None,
    xxhashDigestsEnabled=True,
)


@entity("members")
def members(parent: Entity, call: Call) -> list[Member]:
    if parent.id == _NOBODY:
        return []
    found = call.domain.entities.members(call.signed_in(), parent.name)
    return [Member(parent.name, one, call.user(one.username)) for one in found]


@entity("memberCount")
def member_count(parent: Entity, call: Call) -> int:
    return len(members(parent, call))


@entity("user")
def user_of(parent: Entity, call: Call) -> User | None:
    return call.user(parent.name) if parent.kind == "user" and parent.id != _NOBODY else None


@entity("organization")
def organization_of(parent: Entity, call: Call) -> Entity | None:
    if parent.kind == "organization":
        return parent
    return call.entity(parent.organization) if parent.organization else None


@entity("projects")
def projects_of(
    parent: Entity,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    filters: str | None = None,
) -> dict[str, Any] | None:
    if parent.id == _NOBODY:
        return None
    if isinstance(parent, OrgEntity):
        return registry_projects(call, parent.name, first, after, order=order, filters=filters)
    return project_page(call, parent.name, first, after, order=order, filters=filters)


@entity("project")
def project_of(parent: Entity, call: Call, name: str | None = None) -> Project | None:
    return None if parent.id == _NOBODY or not name else call.project(parent.name, name)


@entity("projectCount")
def project_count(parent: Entity, call: Call) -> int:
    if parent.id == _NOBODY:
        return 0
    total: int = project_page(call, parent.name, 0, None)["totalCount"]()
    return total


@organization("id")
def organization_id(parent: Entity, _call: Call) -> str:
    return ids.named_id("Organization", str(parent.id))


organization.plain("name")
organization.constant(coreWeaveOrganizationId=None)


@organization("orgEntity")
def org_entity(parent: Entity, _call: Call) -> OrgEntity:
    return OrgEntity(parent.id, parent.name, parent.kind, parent.organization, parent.created_at)


@organization("teams")
def organization_teams(parent: Entity, call: Call) -> list[Entity]:
    found = call.domain.entities.entities_of(call.signed_in())
    return [one for one, _ in found if one.kind == "team" and one.organization == parent.name]


@organization("members")
def organization_members(parent: Entity, call: Call) -> list[Member]:
    return members(parent, call)


@organization("featureFlags")
def feature_flags(_parent: Entity, _call: Call, ramp_id_type: str | None = None) -> list[Any]:
    return []


@member("id")
def member_id(parent: Member, _call: Call) -> str:
    return ids.member_id(parent.entity, parent.member.username)


@member("admin")
def is_admin(parent: Member, _call: Call) -> bool:
    return parent.member.role >= Role.ADMIN


@member("name")
def member_name(parent: Member, _call: Call) -> str:
    return (parent.user.display_name if parent.user else "") or parent.member.username


@member("email")
def member_email(parent: Member, call: Call) -> str | None:
    if parent.user is None or not (call.actor.is_admin or call.actor.user_id == parent.user.id):
        return None
    return parent.user.email


@member("username")
def member_username(parent: Member, _call: Call) -> str:
    return parent.member.username


@member("accountType")
def member_account_type(parent: Member, _call: Call) -> str:
    if parent.user is not None and parent.user.is_service:
        return "SERVICE"
    return "USER"


@member("role")
def member_role(parent: Member, _call: Call) -> str:
    return parent.member.role.name.lower()


member.constant(pending=False, photoUrl=None, apiKey=None)


@mutation("createTeam")
def create_team(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    owner = input.get("team_admin_user_name") or actor.username
    made = call.domain.entities.create_team(
        actor,
        input["team_name"],
        organization=input.get("organization_name") or _own_organization(call),
        owner=owner,
    )
    return {"entity": made, "clientMutationId": input.get("client_mutation_id")}


@mutation("createInvite")
def create_invite(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account here is a member at once: no mail is sent."""
    actor = call.signed_in()
    who = _invited(call, input.get("username"), input.get("email"))
    role = Role.ADMIN if input.get("admin") else Role.MEMBER
    call.domain.entities.set_member(actor, input["entity_name"], who.username, role)
    invite = {
        "id": ids.member_id(input["entity_name"], who.username),
        "name": who.username,
        "email": input.get("email"),
        "createdAt": time.time(),
        "toUser": who,
    }
    return {"invite": invite, "clientMutationId": input.get("client_mutation_id")}


@mutation("deleteInvite")
def delete_invite(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    username, _, team = ids.named_of("Member", input.get("id") or "").partition(":")
    call.domain.entities.remove_member(call.signed_in(), input.get("entity_name") or team, username)
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("createServiceAccount")
def create_service_account(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", input["description"]).strip("-.")[:60] or "service"
    username = f"{stem}-{secrets.token_hex(4)}"
    made, _ = call.domain.accounts.create_user(actor, username, service=True)
    call.domain.entities.set_member(actor, input["entity_name"], username, Role.MEMBER)
    return {"user": made, "clientMutationId": input.get("client_mutation_id")}


def _own_organization(call: Call) -> str:
    """The one organisation the caller is in. Raises Invalid where there is none, or more than one."""
    found = [
        e.name for e, _ in call.domain.entities.entities_of(call.signed_in()) if e.kind == "organization"
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Invalid(
            "You are in no organisation that the team could belong to. Ask an administrator for one."
        )
    raise Invalid(
        f"You are in {len(found)} organisations ({', '.join(found[:5])}). Name one as organizationName.",
        organizations=found,
    )


def _invited(call: Call, username: str | None, email: str | None) -> User:
    if username:
        return call.domain.accounts.user(call.signed_in(), username)
    for one in call.domain.accounts.users(call.signed_in(), search=email or "", limit=100):
        if email and email.lower() in (one.email.lower(), one.username.lower()):
            return one
    raise NotFound(f"Nobody here has the address {email!r}. Ask an administrator to make the account first.")


FIELDS = [
    query,
    mutation,
    entity,
    organization,
    member,
    *maps(
        "EntityConnection",
        "EntityEdge",
        "FeatureFlag",
        "CreateTeamPayload",
        "CreateInvitePayload",
        "Invite",
        "DeleteInvitePayload",
        "CreateServiceAccountPayload",
    ),
]
