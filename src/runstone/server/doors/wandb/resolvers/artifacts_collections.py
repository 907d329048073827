"""Collections, as they are read: sequences and portfolios, those of a type, memberships.
What changes them is in `artifacts_collection_changes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runstone.server.domain.artifact_model import Collection, Member, Version
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.projects import Project
from runstone.server.doors.wandb import ids, manifests
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts_files import file_page
from runstone.server.doors.wandb.resolvers.artifacts_labels import Alias, aliases_of, tags_of
from runstone.server.doors.wandb.resolvers.artifacts_pages import (
    VERSION_FIELDS,
    collection_page,
    collections_in,
    filter_of,
    member_page,
    members_in,
)
from runstone.server.doors.wandb.resolvers.artifacts_types import Type, type_of
from runstone.server.doors.wandb.resolvers.base import sliced

query = Fields("Query")
project = Fields("Project")
artifact_type = Fields("ArtifactType")
sequence = Fields("ArtifactSequence")
portfolio = Fields("ArtifactPortfolio")
membership = Fields("ArtifactCollectionMembership")


@artifact_type("artifact")
def type_artifact(parent: Type, call: Call, name: str) -> Version | None:
    place = call.project(parent.entity, parent.project)
    found = None if place is None else find_member(call, place, name)
    return found.version if found is not None and found.collection.type == parent.name else None


@artifact_type("artifactCollection")
def type_collection(parent: Type, call: Call, name: str) -> Collection | None:
    found = find_collection(call, parent.entity, parent.project, name)
    return found if found is not None and found.type == parent.name else None


@artifact_type("artifactSequence")
def type_sequence(parent: Type, call: Call, name: str) -> Collection | None:
    found = type_collection(parent, call, name)
    return found if found is not None and found.kind == "sequence" else None


@artifact_type("artifactCollections")
def type_collections(
    parent: Type,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
    order: str | None = None,
    collection_types: Sequence[str] | None = None,
) -> dict[str, Any]:
    return collection_page(
        call,
        parent.entity,
        parent.project,
        type=parent.name,
        first=first,
        after=after,
        filters=filters,
        order=order,
        collection_types=collection_types,
    )


@artifact_type("artifactSequences")
def type_sequences(
    parent: Type, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    return collection_page(
        call,
        parent.entity,
        parent.project,
        type=parent.name,
        first=first,
        after=after,
        collection_types=["SEQUENCE"],
    )


@artifact_type("artifacts")
def type_artifacts(
    parent: Type,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    filters: str | None = None,
) -> dict[str, Any]:
    """Versions of all sequences of the type, sequence by sequence unless ordered by time."""
    _, test = filter_of(filters, VERSION_FIELDS)
    found: list[Version] = []
    places = collections_in(
        call, parent.entity, parent.project, type=parent.name, kind="sequence", sort="name"
    )
    for place, _ in places:
        for member, _ in members_in(call, place, sort="-version_index"):
            call.budget.check()
            if test(member):
                found.append(member.version)
    if order:
        found.sort(key=lambda version: version.created_at, reverse=order.startswith("-"))
    return sliced(found, first, after)


# -- collections


@query("artifactCollection")
def collection_by_id(_root: None, call: Call, id: str) -> Collection | None:
    try:
        return call.collection(ids.collection_of(id))
    except NotFound:
        return None


@project("artifactCollection")
def project_collection(parent: Project, call: Call, name: str) -> Collection | None:
    return find_collection(call, parent.entity, parent.name, name)


def find_collection(call: Call, entity: str, project: str, name: str) -> Collection | None:
    try:
        return call.domain.collections.get(call.signed_in(), entity, project, name)
    except (NotFound, Invalid):
        return None


@project("artifactCollections")
def project_collections(
    parent: Project,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
    order: str | None = None,
    collection_types: Sequence[str] | None = None,
) -> dict[str, Any]:
    return collection_page(
        call,
        parent.entity,
        parent.name,
        first=first,
        after=after,
        filters=filters,
        order=order,
        collection_types=collection_types,
    )


def _common(fields: Fields) -> None:
    """What sequences and portfolios both answer."""
    fields.plain("name", createdAt="created_at", updatedAt="updated_at")

    @fields("description")
    def description(parent: Collection, call: Call) -> str | None:
        return call.described(parent.description, parent.described)

    @fields("id")
    def collection_id(parent: Collection, _call: Call) -> str:
        return ids.collection_id(parent.id)

    @fields("state")
    def state(parent: Collection, _call: Call) -> str:
        return "READY" if parent.deleted_at is None else "DELETED"

    @fields("project")
    def project_of(parent: Collection, call: Call) -> Project | None:
        return call.project(parent.entity, parent.project)

    @fields("defaultArtifactType")
    def default_type(parent: Collection, call: Call) -> Type:
        return type_of(call, parent.entity, parent.project, parent.type)

    @fields("tags")
    def tags(
        parent: Collection, _call: Call, first: int | None = None, after: str | None = None
    ) -> dict[str, Any]:
        return sliced(tags_of(parent.tags), first, after)

    @fields("aliases")
    def aliases(
        parent: Collection, call: Call, first: int | None = None, after: str | None = None
    ) -> dict[str, Any]:
        """All aliases of the collection; versions' numbers are none of them."""
        found = call.domain.collections.aliases(call.signed_in(), parent)
        names = [Alias(one.alias, parent, one.version_id) for one in found]
        return sliced(names, first, after, otherwise=1000)

    @fields("artifacts")
    def artifacts(
        parent: Collection,
        call: Call,
        first: int | None = None,
        after: str | None = None,
        order: str | None = None,
        filters: str | None = None,
    ) -> dict[str, Any]:
        page = member_page(call, parent, first, after, order, filters)
        for edge in page["edges"]:
            member = edge["node"]
            edge.update(node=member.version, version=f"v{member.index}")
        return page

    @fields("artifactMembership")
    def artifact_membership(parent: Collection, call: Call, alias_name: str) -> Member | None:
        return _member_or_none(call, parent.entity, parent.project, f"{parent.name}:{alias_name}")

    @fields("artifactMemberships")
    def artifact_memberships(
        parent: Collection,
        call: Call,
        first: int | None = None,
        after: str | None = None,
        order: str | None = None,
        filters: str | None = None,
    ) -> dict[str, Any]:
        return member_page(call, parent, first, after, order, filters)


_common(sequence)
_common(portfolio)


@sequence("digestAlgorithm")
def digest_algorithm(parent: Collection, call: Call) -> str | None:
    """Of its latest version: clients make others by the same, MD5 of a collection that has MD5
    (0.31: `ArtifactSaver.getArtifactDigestAlgorithm`)."""
    found = _member_or_none(call, parent.entity, parent.project, parent.name)
    return None if found is None else manifests.ALGORITHMS.get(found.version.digest_algorithm)


@sequence("latestArtifact")
def latest_artifact(parent: Collection, call: Call) -> Version | None:
    found = _member_or_none(call, parent.entity, parent.project, parent.name)
    return None if found is None else found.version


# -- memberships


@project("artifactCollectionMembership")
def project_membership(parent: Project, call: Call, name: str) -> Member | None:
    return find_member(call, parent, name)


def find_member(call: Call, place: Project, name: str) -> Member | None:
    """What `collection:alias` means in the project; None where it means nothing."""
    return _member_or_none(call, place.entity, place.name, name)


def _member_or_none(call: Call, entity: str, project: str, name: str) -> Member | None:
    try:
        return call.domain.artifacts.get(call.signed_in(), entity, project, name)
    except (NotFound, Invalid, Conflict):
        return None


@membership("id")
def membership_id(parent: Member, _call: Call) -> str:
    return ids.membership_id(parent.collection.id, parent.version.id)


membership.plain(versionIndex="index", artifact="version", artifactCollection="collection")


@membership("createdAt")
def membership_created_at(parent: Member, _call: Call) -> float:
    return parent.added_at


@membership("aliases")
def membership_aliases(parent: Member, _call: Call) -> list[Alias]:
    return aliases_of(parent)


@membership("files")
def membership_files(
    parent: Member,
    call: Call,
    names: Sequence[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    return file_page(call, parent.version, names, first, after)


FIELDS = [
    query,
    project,
    artifact_type,
    sequence,
    portfolio,
    membership,
    *maps(
        "ArtifactCollectionConnection",
        "ArtifactCollectionEdge",
        "ArtifactCollectionMembershipConnection",
        "ArtifactCollectionMembershipEdge",
    ),
]
