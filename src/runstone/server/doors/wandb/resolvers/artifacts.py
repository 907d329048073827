"""Versions of artifacts, as they are read; how one is made is in `artifacts_making`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runstone.server.domain.account_model import User
from runstone.server.domain.artifact_model import TTL_NEVER, Collection, Version
from runstone.server.domain.errors import NotAllowed, NotFound
from runstone.server.domain.projects import Project
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb import ids, jsonx, manifests
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts_collections import find_member
from runstone.server.doors.wandb.resolvers.artifacts_files import Manifest, file_page, files_by_entries
from runstone.server.doors.wandb.resolvers.artifacts_labels import Alias, Tag, aliases_of, tags_of
from runstone.server.doors.wandb.resolvers.artifacts_types import Type, type_of
from runstone.server.doors.wandb.resolvers.base import connection, page_size, sliced
from runstone.server.doors.wandb.resolvers.projects import find_run

query = Fields("Query")
mutation = Fields("Mutation")
project = Fields("Project")
run = Fields("Run")
artifact = Fields("Artifact")

TTL_INHERITED = -1  # in inputs: as the collection says
_COMMIT_HASH_CHARS = 20


@query("artifact")
def artifact_by_id(_root: None, call: Call, id: str) -> Version | None:
    try:
        return call.version(ids.artifact_of(id))
    except NotFound:
        return None


@query("clientIDMapping")
def client_id_mapping(_root: None, call: Call, client_id: str) -> dict[str, Any] | None:
    found = call.domain.artifacts.by_client_id(call.signed_in(), client_id)
    return None if found is None else {"serverID": ids.artifact_id(found.id)}


@project("artifact")
def artifact_by_name(
    parent: Project, call: Call, name: str, enable_tracking: bool | None = None
) -> Version | None:
    found = find_member(call, parent, name)
    return None if found is None else found.version


@run("inputArtifacts")
def input_artifacts(
    parent: Run, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    return _of_run(parent, call, "input", first, after)


@run("outputArtifacts")
def output_artifacts(
    parent: Run, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    return _of_run(parent, call, "output", first, after)


def _of_run(parent: Run, call: Call, role: Any, first: int | None, after: str | None) -> dict[str, Any]:
    size = page_size(first, 50)
    actor = call.signed_in()
    page = call.domain.artifacts.of_run(
        actor, parent.key, role, after=ids.cursor_text(after), limit=max(size, 1)
    )
    nodes = [usage.version for usage in page.items][:size]
    # A page goes on behind its last; what lies between has no place to begin at.
    cursors = [ids.cursor(page.next or "end")] * len(nodes)
    return connection(
        nodes,
        cursors,
        has_next=bool(page.next),
        total=lambda: call.domain.artifacts.count_of_run(parent.key, role),
    )


# -- what a version is


@artifact("id")
def artifact_id(parent: Version, _call: Call) -> str:
    return ids.artifact_id(parent.id)


artifact.plain(
    "digest",
    "size",
    versionIndex="index",
    fileCount="file_count",
    historyStep="history_step",
    createdAt="created_at",
    updatedAt="updated_at",
)
artifact.constant(labels=None)


@artifact("state")
def state(parent: Version, _call: Call) -> str:
    return parent.state.upper()


@artifact("description")
def description(parent: Version, _call: Call) -> str | None:
    return parent.description or None


@artifact("digestAlgorithm")
def digest_algorithm(parent: Version, _call: Call) -> str | None:
    return manifests.ALGORITHMS.get(parent.digest_algorithm)


@artifact("commitHash")
def commit_hash(parent: Version, _call: Call) -> str | None:
    return parent.sha256[:_COMMIT_HASH_CHARS] or None


@artifact("metadata")
def metadata(parent: Version, _call: Call) -> str:
    return jsonx.dumps(parent.metadata)


@artifact("ttlDurationSeconds")
def ttl_duration_seconds(parent: Version, call: Call) -> int:
    if parent.ttl_seconds is not None:
        return parent.ttl_seconds
    source = call.collection(parent.collection_id)
    if source is None:
        return TTL_NEVER
    inherited = call.keep(
        "inherited-ttl", str(source.id), "", lambda: call.domain.retention_policies.inherited_ttl(source)
    )
    return TTL_NEVER if inherited is None else inherited


@artifact("ttlIsInherited")
def ttl_is_inherited(parent: Version, _call: Call) -> bool:
    return parent.ttl_seconds is None


@artifact("artifactType")
def artifact_type(parent: Version, call: Call) -> Type:
    return type_of(call, parent.entity, parent.project, parent.type)


@artifact("artifactSequence")
def artifact_sequence(parent: Version, call: Call) -> Collection:
    found = call.collection(parent.collection_id)
    return found if found is not None else _hidden_source(parent)


def _hidden_source(version: Version) -> Collection:
    """The name of a source that the caller may not look into: the version was linked to where they may."""
    return Collection(
        id=version.collection_id,
        entity_id=version.entity_id,
        entity=version.entity,
        project_id=version.project_id,
        project=version.project,
        type=version.type,
        kind="sequence",
        name=version.collection,
        description="",
        described=False,
        tags=(),
        metadata={},
        version_count=0,
        ttl_seconds=None,
        retention={},
        created_by="",
        created_at=version.created_at,
        updated_at=version.created_at,
        deleted_at=None,
    )


@artifact("project")
def project_of(parent: Version, call: Call) -> Project | None:
    return call.project(parent.entity, parent.project)


@artifact("aliases")
def aliases(parent: Version, call: Call) -> list[Alias]:
    return [alias for member in call.members(parent) for alias in aliases_of(member)]


@artifact("tags")
def tags(parent: Version, _call: Call) -> list[Tag]:
    return tags_of(parent.tags)


@artifact("artifactMemberships")
def artifact_memberships(
    parent: Version, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    return sliced(call.members(parent), first, after, otherwise=1000)


@artifact("artifactCollections")
def artifact_collections(
    parent: Version, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    return sliced([member.collection for member in call.members(parent)], first, after, otherwise=1000)


# -- who made and used it


@artifact("createdBy")
def created_by(parent: Version, call: Call) -> Run | User | None:
    if parent.run:
        entity, project, name = parent.run.split("/", 2)
        place = call.project(entity, project)
        return None if place is None else find_run(call, place, name)
    return call.user(parent.created_by)


@artifact("usedBy")
def used_by(
    parent: Version, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    actor = call.signed_in()
    size = page_size(first, 1000)
    page = call.domain.artifacts.runs_of(
        actor, parent.id, "input", after=ids.cursor_text(after), limit=max(size, 1)
    )
    nodes = [found for key in page.items if (found := _run_or_none(call, key)) is not None]
    cursors = [ids.cursor(page.next or "end")] * len(nodes)
    return connection(nodes, cursors, has_next=bool(page.next), total=len(nodes))


def _run_or_none(call: Call, key: Any) -> Run | None:
    try:
        return call.domain.runs.get_by_key(call.signed_in(), key)
    except (NotFound, NotAllowed):
        return None


# -- what lies in it


@artifact("currentManifest")
def current_manifest(parent: Version, _call: Call) -> Manifest | None:
    if parent.state != "committed":
        return None
    return Manifest(parent, ids.ManifestRef(parent.id, "full"))


@artifact("files")
def files(
    parent: Version,
    call: Call,
    names: Sequence[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    return file_page(call, parent, names, first, after)


@artifact("filesByManifestEntries")
def files_by_manifest_entries(
    parent: Version, call: Call, entries: Sequence[dict[str, Any]] | None = None, **_given: Any
) -> dict[str, Any]:
    return files_by_entries(call, parent, entries or ())


# -- changes


@mutation("updateArtifact")
def update_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    number = ids.artifact_of(input["artifact_id"])
    given = jsonx.parse_map(input.get("metadata"), what="metadata")
    ttl = input.get("ttl_duration_seconds")
    version = call.domain.artifacts.update(
        actor,
        number,
        description=input.get("description"),
        metadata=given,
        add_tags=tag_names(input.get("tags_to_add")),
        remove_tags=tag_names(input.get("tags_to_delete")),
        ttl_seconds=None if ttl == TTL_INHERITED else ttl,
        inherit_ttl=ttl == TTL_INHERITED,
    )
    call.forget()
    if input.get("aliases") is not None:
        _set_all_aliases(call, version, input["aliases"])
    return {"artifact": version, "clientMutationId": input.get("client_mutation_id")}


def _set_all_aliases(call: Call, version: Version, wanted: Sequence[dict[str, Any]]) -> None:
    """In the collections that are named (its source where none is) it has these aliases from now on and
    no others; `vN` is told among them and means nothing (up to 0.18: `Artifact.save`)."""
    by_name: dict[str, list[str]] = {}
    for one in wanted:
        by_name.setdefault(one["artifact_collection_name"], []).append(one["alias"])
    by_name = by_name or {version.collection: []}
    for member in call.members(version):
        if member.collection.name in by_name and member.collection.project_id == version.project_id:
            keep = {name for name in by_name[member.collection.name] if not _is_index(name)}
            have = {alias.alias for alias in member.aliases}
            call.domain.artifacts.set_aliases(
                call.signed_in(), member, add=sorted(keep - have), remove=sorted(have - keep)
            )
    call.forget()


def _is_index(alias: str) -> bool:
    return alias[:1] == "v" and alias[1:].isdecimal()


def tag_names(given: Sequence[dict[str, Any]] | None) -> list[str]:
    return [one["tag_name"] for one in given or ()]


@mutation("deleteArtifact")
def delete_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    version = call.domain.artifacts.by_id(call.signed_in(), ids.artifact_of(input["artifact_id"]))
    call.domain.artifacts.delete(
        call.signed_in(), version.id, delete_aliases=bool(input.get("delete_aliases"))
    )
    call.forget()
    return {"artifact": version, "clientMutationId": input.get("client_mutation_id")}


@mutation("useArtifact")
def use_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    version = call.domain.artifacts.use(
        call.signed_in(),
        call.entity_name(input["entity_name"]),
        input["project_name"],
        input["run_name"],
        ids.artifact_of(input["artifact_id"]),
        used_as=input.get("used_as") or "",
    )
    return {"artifact": version, "clientMutationId": input.get("client_mutation_id")}


FIELDS = [
    query,
    mutation,
    project,
    run,
    artifact,
    *maps(
        "ArtifactConnection",
        "ArtifactEdge",
        "InputArtifactConnection",
        "InputArtifactEdge",
        "VersionedArtifactConnection",
        "VersionedArtifactEdge",
        "ClientIDMapping",
        "UpdateArtifactPayload",
        "DeleteArtifactPayload",
        "UseArtifactPayload",
    ),
]
