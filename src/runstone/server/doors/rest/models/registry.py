"""Registries, promotion, approvals, deployments, the audit log."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.artifacts import ArtifactVersion
from runstone.server.doors.rest.models.base import Model
from runstone.server.doors.rest.models.rights import ProjectRights

Role = Literal["restricted_viewer", "viewer", "member", "admin"]


class Registry(Model):
    organization: str
    name: str
    project: str = Field(description="The project it is: `wandb-registry-NAME`, of the organisation.")
    description: str
    visibility: Literal["organization", "restricted"]
    default_role: Role
    artifact_types: list[str] = Field(description="Those it takes; none named: any.")
    protected_aliases: list[str]
    approvals_needed: int
    created_by: str
    created_at: float
    updated_at: float
    may: ProjectRights = Field(description="What the caller may do there.")


class RegistryList(Model):
    registries: list[Registry]


class RegistryWanted(Model):
    name: str
    description: str = ""
    visibility: Literal["organization", "restricted"] = "organization"
    default_role: Role = "member"
    artifact_types: list[str] = []
    protected_aliases: list[str] = ["production"]
    approvals_needed: int = 0


class RegistryChange(Model):
    description: str | None = None
    visibility: Literal["organization", "restricted"] | None = None
    default_role: Role | None = None
    artifact_types: list[str] | None = None
    protected_aliases: list[str] | None = None
    approvals_needed: int | None = None


class RegistryMember(Model):
    name: str
    kind: str
    role: Role


class RegistryMembers(Model):
    members: list[RegistryMember]


class RegistryRoleWanted(Model):
    role: Role


class LinkWanted(Model):
    """Into which collection; it is made if absent, of the version's type."""

    collection: str
    entity: str = Field("", description="Empty: that of the version.")
    project: str = ""
    aliases: list[str] = []
    reason: str = ""
    force: bool = Field(False, description="A model without a traceable past too; needs a reason.")


class UnlinkWanted(Model):
    reason: str = ""


class PromotionWanted(Model):
    version: str = Field(description="`v3`, another alias, or the beginning of a digest.")
    alias: str
    reason: str
    force: bool = False
    evidence: dict[str, Any] = {}


class RollbackWanted(Model):
    alias: str
    reason: str


class AliasMove(Model):
    id: int
    alias: str
    act: Literal["set", "remove", "promote", "rollback", "delete", "restore"]
    from_version: str = Field(description="`v3`, or empty.")
    to_version: str
    from_id: int | None
    to_id: int | None
    digest: str
    by: str
    reason: str
    evidence: dict[str, Any]
    at: float


class AliasMoves(Model):
    moves: list[AliasMove]
    next: str = ""
    total: int | None = Field(None, description="How many there are, where it was asked for.")


class MetricDelta(Model):
    name: str
    candidate: Any
    baseline: Any
    delta: float | None = Field(description="candidate - baseline; null where one of them is missing.")


class Difference(Model):
    name: str
    candidate: Any
    baseline: Any


class VersionComparison(Model):
    candidate: ArtifactVersion
    baseline: ArtifactVersion
    metrics: list[MetricDelta]
    config: list[Difference]
    metadata: list[Difference]
    files: dict[str, int]
    same_content: bool


class ApprovalWanted(Model):
    version: str
    alias: str
    reason: str
    force: bool = False
    evidence: dict[str, Any] = Field(
        {},
        description="Why, for those who decide: a gate's or an evaluation's result, say. Of a sweep the "
        "server makes it itself: `POST …/sweeps/{sweep}/approvals`.",
    )


class ApprovalDecision(Model):
    approves: bool
    comment: str = ""
    sha256: str = Field("", description="Of the content you looked at: nothing moves if it is another.")


class ApprovalVote(Model):
    by: str
    approves: bool
    comment: str
    at: float


class Approval(Model):
    id: int
    alias: str
    version_id: int
    version: str = Field(description="`v3` in the collection; empty where it is not there any more.")
    sha256: str
    state: Literal["open", "done", "rejected"]
    needed: int
    asked_by: str
    reason: str
    evidence: dict[str, Any] = Field(description="What speaks for it; kept with the alias's move.")
    at: float
    closed_at: float | None
    votes: list[ApprovalVote]


class Approvals(Model):
    approvals: list[Approval]
    next: str = ""


class DeploymentWanted(Model):
    """`artifact` is ENTITY/PROJECT/NAME:ALIAS, or @ID."""

    site: str
    name: str
    artifact: str
    metadata: dict[str, Any] = {}
    at: float | None = None


class Deployment(Model):
    id: int
    entity: str
    site: str
    name: str
    version_id: int
    alias: str
    sha256: str
    metadata: dict[str, Any]
    by: str
    started_at: float
    ended_at: float | None


class Deployments(Model):
    deployments: list[Deployment]
    next: str = ""


class PredictionWanted(Model):
    id: str = ""
    deployment_id: int | None = None
    version_id: int | None = None
    metadata: dict[str, Any] = {}
    at: float | None = None


class Prediction(Model):
    entity: str
    id: str
    version_id: int
    deployment_id: int | None
    metadata: dict[str, Any]
    at: float


class AuditRow(Model):
    seq: int
    at: float
    by: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


class AuditRows(Model):
    rows: list[AuditRow]
    next: str = ""


class AuditVerdict(Model):
    ok: bool
    rows: int
    head: str = Field(description="The hash of the last row: keep it, and have it looked for later.")
    problem: str
    seq: int | None
