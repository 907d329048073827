"""What the native API answers about lineage and storage, as frozen values."""

from __future__ import annotations

from typing import Any

import msgspec

from runstone.client.artifact_models import ArtifactRecord


class LineageNode(msgspec.Struct, frozen=True, kw_only=True):
    """kind: sweep, run, artifact, registry, deployment, prediction. depth: steps from where the walk began,
    negative upstream. A locked one is there and may not be seen."""

    key: str
    kind: str = ""
    id: str = ""
    name: str = ""
    label: str = ""
    type: str = ""
    state: str = ""
    sha256: str = ""
    created_at: float = 0.0
    depth: int = 0
    locked: bool = False


class LineageEdge(msgspec.Struct, frozen=True, kw_only=True):
    """From where data come to where they go. kind: tried, best (of what a sweep tried), used,
    made, base, linked, deployed, predicted."""

    source: str
    target: str
    kind: str = ""


class LineageGraph(msgspec.Struct, frozen=True, kw_only=True):
    """truncated: there is more than the depth or number of nodes asked for."""

    nodes: list[LineageNode] = []
    edges: list[LineageEdge] = []
    truncated: bool = False


class PredictionTrace(msgspec.Struct, frozen=True, kw_only=True):
    prediction: dict[str, Any]
    artifact: ArtifactRecord
    run: str = ""
    sweep: str = ""
    commit: str = ""
    inputs: list[LineageNode] = []
    graph: LineageGraph = LineageGraph()


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """versions: those that hold the row asked for, or may (`certain` False)."""

    versions: list[LineageNode] = []
    certain: bool = True
    graph: LineageGraph = LineageGraph()


class CollectionUse(msgspec.Struct, frozen=True, kw_only=True):
    """stored_bytes: each blob once, the trash too. alone_bytes: of these, what no other collection of the
    project holds. deleted: it is in the trash itself."""

    name: str
    type: str = ""
    deleted: bool = False
    versions: int = 0
    logical_bytes: int = 0
    stored_bytes: int = 0
    alone_bytes: int = 0
    trash_versions: int = 0
    trash_logical_bytes: int = 0


class StorageUse(msgspec.Struct, frozen=True, kw_only=True):
    """logical_bytes: each version in full. stored_bytes: each blob once. trash_bytes: what only versions
    in the trash hold."""

    versions: int = 0
    logical_bytes: int = 0
    stored_bytes: int = 0
    blobs: int = 0
    trash_versions: int = 0
    trash_bytes: int = 0
    collections: list[CollectionUse] = []


class ProjectUse(msgspec.Struct, frozen=True, kw_only=True):
    """alone_bytes: of what is stored, what no other project of the entity holds."""

    name: str
    versions: int = 0
    logical_bytes: int = 0
    stored_bytes: int = 0
    alone_bytes: int = 0
    trash_versions: int = 0


class EntityUse(msgspec.Struct, frozen=True, kw_only=True):
    """Of all projects of an entity. stored_bytes: each blob once, whichever projects hold it."""

    versions: int = 0
    logical_bytes: int = 0
    stored_bytes: int = 0
    blobs: int = 0
    projects: list[ProjectUse] = []


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    dry_run: bool
    versions: int = 0
    parts: int = 0
    blobs: int = 0
    bytes: int = 0
    packs_rewritten: int = 0
    uploads: int = 0
    digests: list[dict[str, Any]] = []
