"""What the native API answers about registries, deployments and the audit log, as frozen values."""

from __future__ import annotations

from typing import Any

import msgspec

from runstone.client.artifact_models import ArtifactRecord


class RegistryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`project` is the project that holds its collections, of the organisation."""

    name: str
    organization: str = ""
    project: str = ""
    description: str = ""
    visibility: str = ""
    default_role: str = ""
    artifact_types: list[str] = []
    protected_aliases: list[str] = []
    approvals_needed: int = 0
    created_by: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0


class MoveRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An alias moved. act: set, remove, promote, rollback, delete."""

    id: int
    alias: str
    act: str = ""
    from_version: str = ""
    to_version: str = ""
    digest: str = ""
    by: str = ""
    reason: str = ""
    evidence: dict[str, Any] = {}
    at: float = 0.0


class MetricDelta(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    candidate: Any = None
    baseline: Any = None
    delta: float | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    candidate: Any = None
    baseline: Any = None


class ComparisonRecord(msgspec.Struct, frozen=True, kw_only=True):
    candidate: ArtifactRecord
    baseline: ArtifactRecord
    metrics: list[MetricDelta] = []
    config: list[Difference] = []
    metadata: list[Difference] = []
    files: dict[str, int] = {}
    same_content: bool = False


class VoteRecord(msgspec.Struct, frozen=True, kw_only=True):
    by: str
    approves: bool
    comment: str = ""
    at: float = 0.0


class ApprovalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request that an alias move to the content `sha256`. state: open, done or rejected. version: "" where
    the content is not in the collection any more."""

    id: int
    alias: str
    version_id: int = 0
    version: str = ""
    sha256: str = ""
    state: str = "open"
    needed: int = 0
    asked_by: str = ""
    reason: str = ""
    evidence: dict[str, Any] = {}
    at: float = 0.0
    closed_at: float | None = None
    votes: list[VoteRecord] = []


class DeploymentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, or ran until `ended_at`, at a site under a name. alias: by which it was named then."""

    id: int
    entity: str = ""
    site: str
    name: str
    version_id: int = 0
    alias: str = ""
    sha256: str = ""
    metadata: dict[str, Any] = {}
    by: str = ""
    started_at: float = 0.0
    ended_at: float | None = None


class PredictionRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    entity: str = ""
    version_id: int = 0
    deployment_id: int | None = None
    metadata: dict[str, Any] = {}
    at: float = 0.0


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """head: the hash of the last row, to be kept and looked for later. problem: "" where all is well."""

    ok: bool
    rows: int = 0
    head: str = ""
    problem: str = ""
    seq: int | None = None
