"""People, service accounts and their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.account_model import ApiKey, Entity, User
from runstone.server.domain.errors import Conflict, NotAllowed, NotFound
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import page_size, sliced
from runstone.server.doors.wandb.resolvers.projects import project_page

query = Fields("Query")
mutation = Fields("Mutation")
user = Fields("User")
api_key = Fields("ApiKey")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner sees it; `secret` only in the answer that makes it."""

    key: ApiKey
    secret: str = ""


@query("viewer")
def viewer(_root: None, call: Call) -> User | None:
    if call.actor.user_id is None:
        return None
    return call.user(call.actor.username)


@query("users")
def users(
    _root: None, call: Call, query: str | None = None, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    size = page_size(first, 100)
    actor = call.signed_in()
    seen = ids.cursor_text(after)
    found = call.domain.accounts.users(actor, search=(query or "").strip(), after=seen, limit=size + 1)
    page = found[:size]
    return {
        "edges": [{"node": one, "cursor": ids.cursor(one.username)} for one in page],
        "pageInfo": {
            "endCursor": ids.cursor(page[-1].username) if page else "",
            "startCursor": "",
            "hasNextPage": len(found) > size,
            "hasPreviousPage": bool(seen),
        },
    }


@user("id")
def user_id(parent: User, _call: Call) -> str:
    return ids.numbered_id("User", parent.id)


@user("name")
def name(parent: User, _call: Call) -> str:
    return parent.display_name or parent.username


user.plain(username="username", admin="is_admin", createdAt="created_at", deletedAt="deleted_at")
user.constant(photoUrl=None, flags="{}")


@user("email")
def email(parent: User, call: Call) -> str | None:
    """One's own; those of others are for server admins."""
    return parent.email if _may_see(parent, call) else None


@user("accountType")
def account_type(parent: User, _call: Call) -> str:
    return "SERVICE" if parent.is_service else "USER"


@user("entity")
def default_entity_name(parent: User, _call: Call) -> str:
    return parent.default_entity or parent.username


@user("userEntity")
def user_entity(parent: User, call: Call) -> Entity | None:
    return call.entity(parent.username)


@user("defaultEntity")
def default_entity(parent: User, call: Call) -> Entity | None:
    return call.entity(parent.default_entity or parent.username)


@user("apiKeys")
def api_keys(parent: User, call: Call) -> dict[str, Any] | None:
    if not _may_see(parent, call):
        return None
    keys = call.domain.accounts.keys(call.actor, username=parent.username)
    return {"edges": [{"node": Key(key)} for key in keys]}


@user("teams")
def teams(
    parent: User, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any] | None:
    """The entities whose runs the user may see, the user's own among them, as clients expect."""
    if not _may_see(parent, call):
        return {"edges": [], "pageInfo": {"endCursor": "", "hasNextPage": False, "hasPreviousPage": False}}
    found = call.domain.entities.entities_of(call.actor, username=parent.username)
    return sliced(
        [entity for entity, _ in found if entity.kind != "organization"], first, after, otherwise=1000
    )


@user("organizations")
def organizations(parent: User, call: Call) -> list[Entity]:
    if not _may_see(parent, call):
        return []
    found = call.domain.entities.entities_of(call.actor, username=parent.username)
    return [entity for entity, _ in found if entity.kind == "organization"]


@user("projects")
def projects(
    parent: User, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any] | None:
    if call.entity(parent.username) is None:
        return None
    return project_page(call, parent.username, first, after)


@api_key("id")
def key_id(parent: Key, _call: Call) -> str:
    return ids.named_id("ApiKey", str(parent.key.id))


@api_key("name")
def key_name(parent: Key, _call: Call) -> str:
    return parent.secret or parent.key.prefix or f"…{parent.key.hint}"


api_key.plain(
    description="key.name",
    createdAt="key.created_at",
    lastUsedAt="key.last_used_at",
    expiresAt="key.expires_at",
)


@mutation("createUser")
def create_user(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    address = input["email"].strip()
    username = input.get("username") or _free_username(call, address)
    made, _ = call.domain.accounts.create_user(
        call.signed_in(), username, email=address, admin=bool(input.get("admin"))
    )
    return {"user": made, "clientMutationId": input.get("client_mutation_id")}


@mutation("updateUser")
def update_user(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    changed = call.domain.accounts.update_me(
        call.signed_in(), default_entity=input.get("default_entity"), email=input.get("email")
    )
    call.forget()
    return {"user": changed, "clientMutationId": input.get("client_mutation_id")}


@mutation("generateApiKey")
def generate_api_key(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    key, secret = call.domain.accounts.create_key(call.signed_in(), name=input.get("description") or "")
    return {"apiKey": Key(key, secret), "clientMutationId": input.get("client_mutation_id")}


@mutation("createAnonymousEntity")
def create_anonymous_entity(_root: None, _call: Call, input: dict[str, Any]) -> None:
    """Clients up to 0.22 ask for one where no key is set and anonymous mode is on."""
    raise NotAllowed(
        "This server has no anonymous accounts. Ask its administrator for one, then run `wandb login`."
    )


@mutation("deleteApiKey")
def delete_api_key(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    number = ids.number_of(ids.named_of("ApiKey", input["id"]))
    if number is None:
        raise NotFound(f"No key has the id {input['id'][:200]!r}.", id=input["id"][:200])
    call.domain.accounts.delete_key(call.signed_in(), number)
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


def _may_see(who: User, call: Call) -> bool:
    return call.actor.is_admin or call.actor.user_id == who.id


def _free_username(call: Call, address: str) -> str:
    """From the address's first part; numbered where that is taken."""
    base = re.sub(r"[^A-Za-z0-9_.-]+", "-", address.partition("@")[0]).strip("-.") or "user"
    for number in range(1, 1000):
        username = base if number == 1 else f"{base}-{number}"
        try:
            call.domain.accounts.user(call.signed_in(), username)
        except (NotFound, NotAllowed):
            return username
    raise Conflict(f"Every user name like {base!r} is taken. Give one as `username`.", name=base)


FIELDS = [
    query,
    mutation,
    user,
    api_key,
    *maps(
        "UserConnection",
        "UserEdge",
        "ApiKeyConnection",
        "ApiKeyEdge",
        "CreateUserPayload",
        "UpdateUserPayload",
        "CreateAnonymousEntityPayload",
        "GenerateApiKeyPayload",
        "DeleteApiKeyPayload",
    ),
]
