"""Artifacts made by hand over the wandb wire: each request a client sends, without the client."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import xxhash
from tests.support.wandb_wire import Wire

CREATE_ARTIFACT = """mutation C($i: CreateArtifactInput!) { createArtifact(input: $i) {
  artifact { id state digest artifactSequence { id name latestArtifact { id versionIndex } } } } }"""
CREATE_MANIFEST = """mutation M($i: CreateArtifactManifestInput!) { createArtifactManifest(input: $i) {
  artifactManifest { id file { id name uploadUrl uploadHeaders } } } }"""
UPDATE_MANIFEST = """mutation M($i: UpdateArtifactManifestInput!) { updateArtifactManifest(input: $i) {
  artifactManifest { id file { id uploadUrl } } } }"""
CREATE_ARTIFACT_FILES = """mutation F($i: CreateArtifactFilesInput!) { createArtifactFiles(input: $i) {
  files { edges { node { name storagePath uploadUrl uploadHeaders artifact { id }
    uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } } } }"""
COMMIT = "mutation C($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id digest state } } }"


def b64_md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data).digest()).decode()


def b64_xxh128(data: bytes) -> str:
    return b64encode(xxhash.xxh128(data).digest()).decode()


def digest_of(files: Mapping[str, bytes], *, xxh128: bool = False) -> str:
    """As clients make it of a manifest."""
    told = b64_xxh128 if xxh128 else b64_md5
    lines = "".join(f"{path}:{told(data)}\n" for path, data in sorted(files.items()))
    text = ("wandb-artifact-manifest-v1\n" + lines).encode()
    return xxhash.xxh128(text).hexdigest() if xxh128 else hashlib.md5(text).hexdigest()


def manifest_of(
    files: Mapping[str, bytes], births: Mapping[str, str] | None = None, *, xxh128: bool = False
) -> bytes:
    contents = {
        path: {
            "digest": b64_xxh128(data) if xxh128 else b64_md5(data),
            "size": len(data),
            **({"birthArtifactID": births[path]} if births else {}),
            **({"extra": {"alg": "XXH128"}} if xxh128 else {}),
        }
        for path, data in files.items()
    }
    head = {
        "version": 1,
        "storagePolicy": "wandb-storage-policy-v1",
        "storagePolicyConfig": {"storageLayout": "V2"},
    }
    return json.dumps({**head, "contents": contents}).encode()


class Artifacts:
    """Of one project of the wire's."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def create(self, name: str, digest: str = "", **fields: Any) -> Any:
        given = {
            "entityName": self.wire.entity,
            "projectName": self.wire.project,
            "artifactTypeName": "dataset",
            "artifactCollectionName": name,
            "digest": digest,
            "digestAlgorithm": "MANIFEST_MD5",
            "enableDigestDeduplication": True,
            **fields,
        }
        return self.wire.graphql(CREATE_ARTIFACT, i=given)["createArtifact"]["artifact"]

    def files(
        self, artifact: str, files: Mapping[str, bytes], *, xxh128: bool = False, **fields: Any
    ) -> list[Any]:
        """What the server says of each, in their order."""
        specs = [
            {
                **{"artifactID": artifact, "name": path, "md5": b64_md5(data)},
                **({"digest": b64_xxh128(data)} if xxh128 else {}),
                **fields,
            }
            for path, data in files.items()
        ]
        algorithm = {"digestAlgorithm": "MANIFEST_XXH128"} if xxh128 else {}
        made = self.wire.graphql(
            CREATE_ARTIFACT_FILES, i={"artifactFiles": specs, "storageLayout": "V2", **algorithm}
        )
        return [edge["node"] for edge in made["createArtifactFiles"]["files"]["edges"]]

    def put_files(self, artifact: str, files: Mapping[str, bytes], *, xxh128: bool = False) -> list[Any]:
        nodes = self.files(artifact, files, xxh128=xxh128)
        for node, data in zip(nodes, files.values(), strict=True):
            if node["uploadUrl"]:
                answer = httpx.put(node["uploadUrl"], content=data)
                assert answer.status_code == 200, answer.text
        return nodes

    def manifest(self, artifact: str, body: bytes, *, kind: str = "FULL", base: str | None = None) -> str:
        """The id of the manifest whose bytes were put."""
        given = {
            "artifactID": artifact,
            "baseArtifactID": base,
            "name": "wandb_manifest.json",
            "entityName": self.wire.entity,
            "projectName": self.wire.project,
            "type": kind,
        }
        made = self.wire.graphql(CREATE_MANIFEST, i={**given, "digest": b64_md5(body)})
        manifest = made["createArtifactManifest"]["artifactManifest"]
        answer = httpx.put(manifest["file"]["uploadUrl"], content=body)
        assert answer.status_code == 200, answer.text
        node: str = manifest["id"]
        return node

    def commit(self, artifact: str) -> Any:
        return self.wire.graphql(COMMIT, id=artifact)["commitArtifact"]["artifact"]

    def log(self, name: str, files: Mapping[str, bytes], *, xxh128: bool = False, **fields: Any) -> Any:
        """The whole of it: the created artifact, committed."""
        if xxh128:
            fields = {"digestAlgorithm": "MANIFEST_XXH128", **fields}
        made = self.create(name, digest_of(files, xxh128=xxh128), **fields)
        if made["state"] == "PENDING":
            self.put_files(made["id"], files, xxh128=xxh128)
            self.manifest(made["id"], manifest_of(files, xxh128=xxh128))
            self.commit(made["id"])
        return made

    def project(self, fields: str) -> Any:
        query = f"query Q($p: String, $e: String) {{ project(name: $p, entityName: $e) {{ {fields} }} }}"
        return self.wire.graphql(query, p=self.wire.project, e=self.wire.entity)["project"]

    def paths(self, name: str) -> list[str]:
        files = "files(first: 5000) { edges { node { name } } }"
        found = self.project(f'artifactCollectionMembership(name: "{name}") {{ {files} }}')
        return [edge["node"]["name"] for edge in found["artifactCollectionMembership"]["files"]["edges"]]


def members(wire: Wire, name: str) -> Sequence[Any]:
    """versionIndex and aliases of each version of a collection, the newest first."""
    found = Artifacts(wire).project(
        f'artifactCollection(name: "{name}") {{ artifactMemberships {{ edges {{ node {{ versionIndex '
        "aliases { alias } } } } }"
    )
    edges: Sequence[Any] = found["artifactCollection"]["artifactMemberships"]["edges"]
    return [edge["node"] for edge in edges]
