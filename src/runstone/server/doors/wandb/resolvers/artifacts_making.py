"""How a version is made: the artifact, its manifest, its files, then the commit.

Manifests are kept as their entries come (`storage_artifacts`), so a manifest's id says only whose
it is and how it is laid over what is there; making it again replaces it.
"""

from __future__ import annotations

from typing import Any

from runstone.server.domain.artifact_model import Version, VersionWanted
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.manifests import MANIFEST_XXH128
from runstone.server.domain.uploads import Blob
from runstone.server.doors.wandb import ids, jsonx, manifests
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.budget import Budget
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.ids import ManifestRef
from runstone.server.doors.wandb.resolvers.artifacts import TTL_INHERITED, tag_names
from runstone.server.doors.wandb.resolvers.artifacts_files import Manifest, Upload, digests_in
from runstone.server.doors.wandb.resolvers.base import connection
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT

mutation = Fields("Mutation")

FILES_MAX = 10_000  # specs in one request
PARTS_MAX = 10_000
DEFAULT_REGION = "default"
_KINDS = {"FULL": "full", "PATCH": "patch", "INCREMENTAL": "incremental"}
_XXH128 = manifests.ALGORITHMS[MANIFEST_XXH128]
_ALGORITHMS = {told: kept for kept, told in manifests.ALGORITHMS.items()}


@mutation("createArtifact")
def create_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    algorithm = input.get("digest_algorithm") or "MANIFEST_MD5"
    if input.get("storage_region") not in (None, "", DEFAULT_REGION):
        raise Invalid(
            f"There is no storage region {input['storage_region']!r:.100} here: everything lies in one "
            "store. Leave storage_region out.",
            storage_region=input["storage_region"][:100],
        )
    names = [input["artifact_collection_name"]] if input.get("artifact_collection_name") else []
    names += [name for name in input.get("artifact_collection_names") or () if name not in names]
    if len(names) != 1:
        raise Invalid(f"An artifact is made in one collection, {len(names)} are named. Link it to others.")
    aliases = [one["alias"] for one in input.get("aliases") or ()]
    distributed = input.get("distributed_id") or ""
    ttl = input.get("ttl_duration_seconds")
    wanted = VersionWanted(
        type=input["artifact_type_name"],
        collection=names[0],
        description=input.get("description") or "",
        metadata=jsonx.parse_map(input.get("metadata"), what="metadata") or {},
        aliases=tuple(aliases),
        tags=tuple(tag_names(input.get("tags"))),
        ttl_seconds=None if ttl in (TTL_INHERITED, 0) else ttl,
        # One writer of several knows the digest of its own part only.
        digest="" if distributed else input["digest"],
        digest_algorithm=_ALGORITHMS[algorithm],
        run=input.get("run_name") or "",
        client_id=input.get("client_id") or "",
        sequence_client_id=input.get("sequence_client_id") or "",
        distributed_id=distributed,
        history_step=input.get("history_step"),
        dedupe=bool(input.get("enable_digest_deduplication")) and not distributed,
    )
    made = call.domain.artifacts.create(
        actor,
        call.entity_name(input.get("entity_name")),
        input.get("project_name") or DEFAULT_PROJECT,
        wanted,
    )
    call.forget()
    return {"artifact": made.version, "clientMutationId": input.get("client_mutation_id")}


@mutation("createArtifactManifest")
def create_artifact_manifest(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    version = _version(call, input["artifact_id"])
    ref = ManifestRef(version.id, _KINDS[input.get("type") or "FULL"])
    if ref.kind == "incremental" and input.get("base_artifact_id"):
        call.domain.artifacts.set_base(
            call.signed_in(), version.id, ids.artifact_of(input["base_artifact_id"])
        )
    return _manifest(version, ref, input)


@mutation("updateArtifactManifest")
def update_artifact_manifest(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    ref = ids.manifest_of(input["artifact_manifest_id"])
    version = call.version(ref.version)
    if version is None:
        raise NotFound(f"No manifest has the id {input['artifact_manifest_id'][:200]!r}.")
    return _manifest(version, ref, input)


def _manifest(version: Version, ref: ManifestRef, input: dict[str, Any]) -> dict[str, Any]:
    digest = input.get("digest") or ""
    md5 = manifests.hex_of(digest, what="the manifest") if digest else ""
    return {
        "artifactManifest": Manifest(version, ref, md5),
        "clientMutationId": input.get("client_mutation_id"),
    }


@mutation("createArtifactFiles")
def create_artifact_files(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Where to put each file, in the order asked: clients match by place. What the entity has sent
    before, under whatever name, need not come again; of what is told by XXH128 we must have computed
    that too."""
    specs = input["artifact_files"]
    if len(specs) > FILES_MAX:
        raise Invalid(f"{len(specs)} files at once; the most is {FILES_MAX}. Ask for some at a time.")
    actor = call.signed_in()
    versions = {node: _version(call, node) for node in {spec["artifact_id"] for spec in specs}}
    digests = [manifests.hex_of(spec["md5"], what=spec["name"]) for spec in specs]
    # The MD5 is sent in any case (wandb-core 0.31).
    told = [_xxh128(spec) if input.get("digest_algorithm") == _XXH128 else "" for spec in specs]
    known: dict[str, dict[str, Blob]] = {}
    for entity in {version.entity for version in versions.values()}:
        wanted = {
            md5
            for spec, md5 in zip(specs, digests, strict=True)
            if versions[spec["artifact_id"]].entity == entity
        }
        known[entity] = call.domain.uploads.find(actor, entity, md5=wanted)
    nodes = []
    for spec, md5, xxh128 in zip(specs, digests, told, strict=True):
        version = versions[spec["artifact_id"]]
        kept = known[version.entity].get(md5)
        if kept is not None and xxh128 not in ("", kept.xxh128):
            kept = None
        parts = spec.get("upload_parts_input") or ()
        if len(parts) > PARTS_MAX:
            raise Invalid(f"{spec['name']!r:.300} in {len(parts)} parts; the most is {PARTS_MAX}.")
        numbered = tuple((part["part_number"], part["hex_md5"].lower()) for part in parts)
        nodes.append(Upload(version, spec["name"], md5, xxh128, kept, numbered))
    cursors = [ids.cursor(str(place)) for place in range(1, len(nodes) + 1)]
    page = connection(nodes, cursors, has_next=False, total=len(nodes))
    return {
        "files": {**page, "uploadHeaders": []},
        "clientMutationId": input.get("client_mutation_id"),
    }


@mutation("completeMultipartUploadArtifact")
def complete_multipart_upload(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Put the parts, which came as blobs of their own, together. Doing it again is no error."""
    actor = call.signed_in()
    version = _version(call, input["artifact_id"])
    parts = sorted(input["completed_parts"], key=lambda part: part["part_number"])
    md5, xxh128 = digests_in(input["storage_path"])
    # Each is told by the ETag that its upload was answered with.
    etags = [part["hex_md5"].strip().strip('"').lower() for part in parts]
    call.domain.uploads.join(actor, version.entity, etags, md5=md5, xxh128=xxh128, birth=version.id)
    call.budget = Budget()
    return {"digest": manifests.b64_of(xxh128 or md5), "clientMutationId": input.get("client_mutation_id")}


@mutation("commitArtifact")
def commit_artifact(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    # Clients go on with the id they were given, whatever the answer says (0.16 to 0.31: `saver.go`);
    # content that was there before they began was found by `createArtifact`.
    member = call.domain.artifacts.commit(
        call.signed_in(), ids.artifact_of(input["artifact_id"]), merge=False
    )
    call.forget()
    call.budget = Budget()  # reading a manifest of a million files is work the request was let in for
    return {"artifact": member.version, "clientMutationId": input.get("client_mutation_id")}


def _xxh128(spec: dict[str, Any]) -> str:
    if not spec.get("digest"):
        raise Invalid(f"The XXH128 of {spec['name']!r:.300} is announced and not said: give its digest.")
    return manifests.hex_of(spec["digest"], what=spec["name"])


def _version(call: Call, node: str) -> Version:
    return call.domain.artifacts.by_id(call.signed_in(), ids.artifact_of(node))


FIELDS = [
    mutation,
    *maps(
        "CreateArtifactPayload",
        "CreateArtifactManifestPayload",
        "UpdateArtifactManifestPayload",
        "CreateArtifactFilesPayload",
        "CompleteMultipartUploadArtifactPayload",
        "CommitArtifactPayload",
    ),
]
