"""Lineage, and what artifacts take up."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.artifacts import ArtifactVersion
from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.registry import Prediction


class LineageNode(Model):
    """A locked node is one the caller may not see: it says nothing else."""

    key: str
    kind: Literal["sweep", "run", "artifact", "registry", "deployment", "prediction"]
    id: str
    name: str
    label: str
    type: str
    state: str
    sha256: str
    created_at: float
    depth: int = Field(description="Steps from where the walk began; negative upstream.")
    locked: bool


class LineageEdge(Model):
    source: str = Field(description="The node data come from.")
    target: str
    kind: Literal["tried", "best", "used", "made", "base", "linked", "deployed", "predicted"]


class LineageGraph(Model):
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool = Field(description="There is more than the depth or number of nodes asked for.")


class PredictionTrace(Model):
    """Prediction, model, the run that trained it, its commit, and what it was trained on."""

    prediction: Prediction
    artifact: ArtifactVersion
    run: str
    sweep: str = Field(description="Whose trial the run was.")
    commit: str
    inputs: list[LineageNode]
    graph: LineageGraph


class ArtifactImpact(Model):
    versions: list[LineageNode] = Field(description="Those that hold the row, or may.")
    certain: bool = Field(description="The versions say which rows they hold.")
    graph: LineageGraph


class CollectionUse(Model):
    name: str
    type: str
    deleted: bool = Field(description="In the trash itself.")
    versions: int
    logical_bytes: int = Field(description="Each version counted in full.")
    stored_bytes: int = Field(description="Each blob once, those of the trash too.")
    alone_bytes: int = Field(description="Of these, what no other collection of the project holds.")
    trash_versions: int
    trash_logical_bytes: int


class StorageUse(Model):
    versions: int
    logical_bytes: int = Field(description="Each version counted in full.")
    stored_bytes: int = Field(description="Each blob once.")
    blobs: int
    trash_versions: int
    trash_bytes: int = Field(description="What only versions in the trash hold.")
    collections: list[CollectionUse] = Field(description="The thousand largest.")


class ProjectUse(Model):
    name: str
    versions: int
    logical_bytes: int = Field(description="Each version counted in full.")
    stored_bytes: int = Field(description="Each blob once; the trash counts.")
    alone_bytes: int = Field(description="Of these, what no other project of the entity holds.")
    trash_versions: int


class EntityUse(Model):
    versions: int
    logical_bytes: int
    stored_bytes: int = Field(description="Each blob once, whichever projects hold it; the trash counts.")
    blobs: int
    projects: list[ProjectUse] = Field(description="Those with artifacts, that hold most first.")


class CollectWanted(Model):
    dry_run: bool = True
    spared_seconds: float = Field(
        86_400.0, ge=0, description="What came since stays; 0 only while nobody uploads."
    )
    trash_seconds: float = Field(30 * 86_400.0, ge=0, description="How long the trash is kept.")
    rewrite_packs: float = Field(0.5, ge=0, le=1, description="Rewrite packs of which so much is dead.")


class Collected(Model):
    dry_run: bool
    versions: int
    parts: int
    blobs: int
    bytes: int
    packs_rewritten: int
    uploads: int
    strays: int = Field(description="Objects that nothing ever referred to, as a crash leaves them.")
    digests: list[dict[str, Any]] = Field(description="The first thousand: {sha256, size}.")
