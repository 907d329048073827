"""Artifacts over the records of a `World`: the domain as the house builds it, with blobs in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.world import World

from runstone.server.domain.artifact_model import Entry, Member, VersionWanted
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.audit import Audit
from runstone.server.domain.collection_trash import CollectionTrash
from runstone.server.domain.collections import Collections
from runstone.server.domain.deletions import Deletions
from runstone.server.domain.deployments import Deployments
from runstone.server.domain.files import Files
from runstone.server.domain.identity import Actor
from runstone.server.domain.lineage import Lineage
from runstone.server.domain.registry import Registries
from runstone.server.domain.retention import Retention
from runstone.server.domain.retention_policies import RetentionPolicies
from runstone.server.domain.storage_use import Storage
from runstone.server.domain.uploads import Uploads
from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.blobs.local import LocalBlobs


@dataclass
class ArtifactWorld:
    world: World
    blobs: BlobStore
    collections: Collections
    trash: CollectionTrash
    uploads: Uploads
    artifacts: Artifacts
    registry: Registries
    deployments: Deployments
    lineage: Lineage
    storage: Storage
    retention: Retention
    policies: RetentionPolicies
    deletions: Deletions
    audit: Audit

    def log(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        actor: Actor | None = None,
        entity: str = "ml",
        project: str = "p",
        type: str = "dataset",
        **wanted: Any,
    ) -> Member:
        """A committed version, by ada where nobody else is named."""
        who = actor or self.world.ada
        self.uploads.put_many(who, entity, list(files.values()))
        made = self.artifacts.create(who, entity, project, VersionWanted(type, name, **wanted))
        self.artifacts.add_entries(who, made.version.id, [entry(path, files[path]) for path in files])
        return self.artifacts.commit(who, made.version.id)

    def stored(self) -> int:
        """Bytes that lie in the blob store."""
        return sum(size for _, size in self.blobs.all())


def entry(path: str, data: bytes) -> Entry:
    return Entry(path, len(data), sha256=hashlib.sha256(data).hexdigest())


def open_artifacts(world: World, folder: Path) -> ArtifactWorld:
    blobs = LocalBlobs(folder)
    records, access, projects = world.records, world.access, world.projects
    collections = Collections(records, access, projects)
    uploads = Uploads(records, blobs, access)
    artifacts = Artifacts(records, access, projects, collections, uploads, world.feed)
    deployments = Deployments(records, access, artifacts)
    deletions = Deletions(records, projects)
    files = Files(records, blobs, access, world.feed)
    return ArtifactWorld(
        world,
        blobs,
        collections,
        CollectionTrash(records, access, projects, collections, world.feed),
        uploads,
        artifacts,
        Registries(records, access, projects),
        deployments,
        Lineage(records, access, artifacts, deployments, lambda _actor, _sweep: ()),
        Storage(records, blobs, access, projects, uploads, files),
        Retention(records, projects),
        RetentionPolicies(records, access, projects, collections),
        deletions,
        Audit(records, access),
    )
