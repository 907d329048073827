"""What changes collections: aliases, links, types, names, tags, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runstone.server.domain.artifact_model import Collection, Member
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts import tag_names
from runstone.server.doors.wandb.resolvers.artifacts_labels import tags_of
from runstone.server.doors.wandb.resolvers.artifacts_types import types_in
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT

mutation = Fields("Mutation")

LINK_REASON = "linked by a wandb client"


# -- aliases


@mutation("addAliases")
def add_aliases(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    for member, names in _by_member(call, input):
        call.domain.artifacts.set_aliases(call.signed_in(), member, add=names)
    call.forget()
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("deleteAliases")
def delete_aliases(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    for member, names in _by_member(call, input):
        call.domain.artifacts.set_aliases(call.signed_in(), member, remove=names)
    call.forget()
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


def _by_member(call: Call, input: dict[str, Any]) -> list[tuple[Member, list[str]]]:
    """The version in each collection that is named, and the aliases meant there."""
    version = call.domain.artifacts.by_id(call.signed_in(), ids.artifact_of(input["artifact_id"]))
    wanted: dict[tuple[str, str, str], list[str]] = {}
    for one in input["aliases"]:
        place = (
            one.get("entity_name") or version.entity,
            one.get("project_name") or version.project,
            one["artifact_collection_name"],
        )
        wanted.setdefault(place, []).append(one["alias"])
    members = {
        (member.collection.entity, member.collection.project, member.collection.name): member
        for member in call.members(version)
    }
    for entity, project, name in wanted:
        if (entity, project, name) not in members:
            raise NotFound(
                f"{version.name} is not in the collection {entity}/{project}/{name}. Link it first."
            )
    return [(members[place], names) for place, names in wanted.items()]


# -- links


@mutation("linkArtifact")
def link_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Into a portfolio, which is made where it is not there."""
    actor = call.signed_in()
    if input.get("artifact_id"):
        version = call.domain.artifacts.by_id(actor, ids.artifact_of(input["artifact_id"]))
    elif input.get("client_id"):
        found = call.domain.artifacts.by_client_id(actor, input["client_id"])
        if found is None:
            raise NotFound("No artifact was made under that client id.", client_id=input["client_id"][:200])
        version = found
    else:
        raise Invalid("Name the artifact to link: artifactID or clientID.")
    if input.get("artifact_portfolio_id"):
        place = call.domain.collections.by_id(actor, ids.collection_of(input["artifact_portfolio_id"]))
        entity, project, name = place.entity, place.project, place.name
    elif input.get("artifact_portfolio_name"):
        entity = call.entity_name(input.get("entity_name"))
        project = input.get("project_name") or DEFAULT_PROJECT
        name = input["artifact_portfolio_name"]
    else:
        raise Invalid("Name the portfolio to link to: artifactPortfolioName or artifactPortfolioID.")
    aliases = [one["alias"] for one in input.get("aliases") or ()]
    # Clients of this wire give no reason, and know nothing of a past that a model should have.
    member = call.domain.artifacts.link(
        actor, version.id, entity, project, name, aliases=aliases, reason=LINK_REASON, force=True
    )
    call.forget()
    return {
        "versionIndex": member.index,
        "artifactMembership": member,
        "clientMutationId": input.get("client_mutation_id"),
    }


@mutation("unlinkArtifact")
def unlink_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    place = _collection(call, input["artifact_portfolio_id"], "portfolio")
    call.domain.artifacts.unlink(call.signed_in(), ids.artifact_of(input["artifact_id"]), place.id)
    call.forget()
    return {
        "artifactID": input["artifact_id"],
        "success": True,
        "clientMutationId": input.get("client_mutation_id"),
    }


# -- collections


@mutation("createArtifactType")
def create_artifact_type(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    entity = call.entity_name(input.get("entity_name"))
    project = input.get("project_name") or DEFAULT_PROJECT
    call.domain.collections.ensure_type(
        actor, entity, project, input["name"], description=input.get("description")
    )
    call.forget()
    made = next(one for one in types_in(call, entity, project) if one.name == input["name"])
    return {"artifactType": made, "clientMutationId": input.get("client_mutation_id")}


@mutation("updateArtifactSequence")
def update_artifact_sequence(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    return _update(call, input, _collection(call, input["artifact_sequence_id"], "sequence"))


@mutation("updateArtifactPortfolio")
def update_artifact_portfolio(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    return _update(call, input, _collection(call, input["artifact_portfolio_id"], "portfolio"))


def _update(call: Call, input: dict[str, Any], place: Collection) -> dict[str, Any]:
    changed = call.domain.collections.update(
        call.signed_in(),
        place.entity,
        place.project,
        place.name,
        new_name=input.get("name"),
        description=input.get("description"),
    )
    call.forget()
    return {"artifactCollection": changed, "clientMutationId": input.get("client_mutation_id")}


@mutation("moveArtifactSequence")
def move_artifact_sequence(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    place = _collection(call, input["artifact_sequence_id"], "sequence")
    moved = call.domain.collections.update(
        call.signed_in(),
        place.entity,
        place.project,
        place.name,
        type=input["destination_artifact_type_name"],
    )
    call.forget()
    return {"artifactCollection": moved, "clientMutationId": input.get("client_mutation_id")}


@mutation("deleteArtifactSequence")
def delete_artifact_sequence(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    return _delete(call, input, _collection(call, input["artifact_sequence_id"], "sequence"))


@mutation("deleteArtifactPortfolio")
def delete_artifact_portfolio(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    return _delete(call, input, _collection(call, input["artifact_portfolio_id"], "portfolio"))


def _delete(call: Call, input: dict[str, Any], place: Collection) -> dict[str, Any]:
    call.domain.collection_trash.delete(call.signed_in(), place.entity, place.project, place.name)
    call.forget()
    return {
        "artifactCollection": call.domain.collections.by_id(call.signed_in(), place.id),
        "clientMutationId": input.get("client_mutation_id"),
    }


def _collection(call: Call, node: str, kind: str) -> Collection:
    """A living collection of that kind."""
    place = call.domain.collections.by_id(call.signed_in(), ids.collection_of(node))
    if place.deleted_at is not None:
        raise NotFound(f"The collection {place.name!r} was deleted.", collection=place.name)
    if place.kind != kind:
        raise Invalid(f"{place.name!r} is a {place.kind}, not a {kind}.", kind=place.kind)
    return place


# -- tags of collections


@mutation("createArtifactCollectionTagAssignments")
def create_tags(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    place = _tagged(call, input)
    wanted = tag_names(input["tags"])
    changed = _set_tags(call, place, [*place.tags, *(name for name in wanted if name not in place.tags)])
    tags = [name for name in changed.tags if name in wanted]
    return {"tags": tags_of(tags), "clientMutationID": input.get("client_mutation_id")}


@mutation("deleteArtifactCollectionTagAssignments")
def delete_tags(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    place = _tagged(call, input)
    gone = set(tag_names(input["tags"]))
    _set_tags(call, place, [name for name in place.tags if name not in gone])
    return {"success": True, "clientMutationID": input.get("client_mutation_id")}


def _tagged(call: Call, input: dict[str, Any]) -> Collection:
    return call.domain.collections.get(
        call.signed_in(),
        call.entity_name(input["entity_name"]),
        input["project_name"],
        input["artifact_collection_name"],
    )


def _set_tags(call: Call, place: Collection, tags: Sequence[str]) -> Collection:
    changed = call.domain.collections.update(
        call.signed_in(), place.entity, place.project, place.name, tags=list(tags)
    )
    call.forget()
    return changed


FIELDS = [
    mutation,
    *maps(
        "AddAliasesPayload",
        "DeleteAliasesPayload",
        "LinkArtifactPayload",
        "UnlinkArtifactPayload",
        "CreateArtifactTypePayload",
        "UpdateArtifactSequencePayload",
        "UpdateArtifactPortfolioPayload",
        "DeleteArtifactSequencePayload",
        "DeleteArtifactPortfolioPayload",
        "MoveArtifactSequencePayload",
        "CreateArtifactCollectionTagAssignmentsPayload",
        "DeleteArtifactCollectionTagAssignmentsPayload",
    ),
]
