"""Aliases of versions, and tags of versions and collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runstone.server.domain.artifact_model import Collection, Member, Version
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts_pages import alias_names

alias = Fields("ArtifactAlias")
tag = Fields("Tag")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a version in a collection."""

    alias: str
    collection: Collection
    version: int


@dataclass(frozen=True, slots=True)
class Tag:
    name: str


def tags_of(names: Sequence[str]) -> list[Tag]:
    return [Tag(name) for name in names]


def aliases_of(member: Member) -> list[Alias]:
    return [Alias(name, member.collection, member.version.id) for name in alias_names(member)]


@alias("id")
def alias_id(parent: Alias, _call: Call) -> str:
    return ids.named_id("ArtifactAlias", f"{parent.collection.id}:{parent.alias}")


alias.plain("alias", artifactCollection="collection")


@alias("artifact")
def alias_artifact(parent: Alias, call: Call) -> Version | None:
    return call.version(parent.version)


@alias("artifactCollectionName")
def alias_collection_name(parent: Alias, _call: Call) -> str:
    return parent.collection.name


@tag("id")
def tag_id(parent: Tag, _call: Call) -> str:
    return ids.named_id("Tag", parent.name)


tag.plain("name")
tag.constant(tagCategoryName=None, attributes=None)


FIELDS = [
    alias,
    tag,
    *maps("ArtifactAliasConnection", "ArtifactAliasEdge", "TagConnection", "TagEdge"),
]
