"""From a sweep to a registry: the best trial's artifact, with the sweep as evidence."""

from __future__ import annotations

from typing import Any

import msgspec

from runstone.client.artifact_calls import Target
from runstone.client.artifact_models import ArtifactRecord
from runstone.client.calls import record
from runstone.client.connection import segment
from runstone.client.native import Client


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """artifact: the version as the collection knows it. evidence: sweep, trial, run, rule, rank, of,
    objectives (name, goal, value, mean, std, bound), constraints, params; kept with the alias's move."""

    artifact: ArtifactRecord
    alias: str
    evidence: dict[str, Any] = {}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request for approval: `needed` others approve, then the alias moves to that content."""

    id: int
    alias: str
    version_id: int
    sha256: str
    needed: int
    reason: str = ""
    evidence: dict[str, Any] = {}


class Promotable(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion would take. problem: why more has to be said first, or ""."""

    trial: int
    run: str = ""
    rule: str = ""
    rank: int = 0
    feasible: bool = True
    evidence: dict[str, Any] = {}
    artifacts: list[ArtifactRecord] = []
    problem: str = ""


def promotable(
    client: Client,
    entity: str,
    project: str,
    sweep: str,
    *,
    robust: bool = True,
    trial: int | None = None,
    artifact: str = "",
    type_name: str = "",
) -> Promotable:
    """robust: the best by the bad end of its repeats' interval; else by its luckiest trial. trial: this
    one instead. artifact: `NAME` or `NAME:v3` of those the run made; type_name: only of that type."""
    params = {"robust": robust, "trial": trial, "artifact": artifact or None, "type": type_name or None}
    answer = client.connection.value("GET", f"{_sweep(entity, project, sweep)}/promotable", params=params)
    return msgspec.convert(answer, Promotable)


def promote(
    client: Client,
    entity: str,
    project: str,
    sweep: str,
    to: Target,
    *,
    alias: str = "candidate",
    robust: bool = True,
    trial: int | None = None,
    artifact: str = "",
    type_name: str = "",
    reason: str = "",
    force: bool = False,
) -> Promotion:
    """Link the artifact of the best trial into a registry's collection and point the alias to it.

    to: as `client.registries.in_registry("models/asr")` finds it. reason: what the ranking says where it
    is "". force: a trial that breaks a constraint, and a model without a traceable past, too; with a
    reason. Raises Conflict where the run made no artifact or several, or where the alias wants others'
    approval; NotAllowed for a protected alias; NotFound for a registry or trial that is not there."""
    body = _body(to, alias, robust, trial, artifact, type_name, reason, force)
    answer = client.connection.value("POST", f"{_sweep(entity, project, sweep)}/promote", json=body)
    return Promotion(
        artifact=record(answer["artifact"], ArtifactRecord),
        alias=answer["alias"],
        evidence=answer["evidence"],
    )


def ask_approval(
    client: Client,
    entity: str,
    project: str,
    sweep: str,
    to: Target,
    *,
    alias: str,
    robust: bool = True,
    trial: int | None = None,
    artifact: str = "",
    type_name: str = "",
    reason: str = "",
    force: bool = False,
) -> Asked:
    """As `promote`, for a protected alias that moves by others' approval: the artifact is linked, and they
    are asked, with the sweep as evidence. Raises Invalid for an alias that needs nobody's approval."""
    wanted = _body(to, alias, robust, trial, artifact, type_name, reason, force)
    answer = client.connection.value("POST", f"{_sweep(entity, project, sweep)}/approvals", json=wanted)
    return msgspec.convert(answer, Asked)


def _body(
    to: Target,
    alias: str,
    robust: bool,
    trial: int | None,
    artifact: str,
    type_name: str,
    reason: str,
    force: bool,
) -> dict[str, Any]:
    return {
        "organization": to.entity,
        "registry": to.project,
        "collection": to.collection,
        "alias": alias,
        "robust": robust,
        "trial": trial,
        "artifact": artifact,
        "type": type_name,
        "reason": reason,
        "force": force,
    }


def _sweep(entity: str, project: str, sweep: str) -> str:
    return f"/projects/{segment(entity or '-')}/{segment(project)}/sweeps/{segment(sweep)}"
