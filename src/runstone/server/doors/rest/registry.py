"""Registries: made, who may what, and versions promoted, rolled back and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from starlette.responses import Response

from runstone.server.domain import approvals as approval_domain
from runstone.server.domain import artifact_model
from runstone.server.domain import registry as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.rights import ProjectRights
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.artifact_answers import A, ArtifactPath, member_out
from runstone.server.doors.rest.collections import C, CollectionPath
from runstone.server.doors.rest.models.artifacts import ArtifactVersion
from runstone.server.doors.rest.models.registry import (
    AliasMoves,
    Approval,
    ApprovalDecision,
    Approvals,
    ApprovalWanted,
    PromotionWanted,
    Registry,
    RegistryChange,
    RegistryList,
    RegistryMembers,
    RegistryRoleWanted,
    RegistryWanted,
    RollbackWanted,
    VersionComparison,
)
from runstone.server.doors.rest.rights import project_rights_out
from runstone.server.doors.rest.routing import (
    AfterQuery,
    Call,
    CallDep,
    CountQuery,
    EntityPath,
    ProjectPath,
    Routes,
    SkipQuery,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("registry")

O = "/organizations/{organization}/registries"  # noqa: E741
G = O + "/{registry}"
OrganizationPath = Annotated[str, Path(max_length=200, description="Organisation.")]
RegistryPath = Annotated[str, Path(max_length=200, description="Registry, without its project's prefix.")]
LimitQuery = Annotated[int, Query(ge=1, le=1000)]


@routes.typed("GET", O, needs=Permission.READ, answers=RegistryList)
async def list_registries(call: CallDep, organization: OrganizationPath) -> Response:
    """Those the caller may see, by name."""
    return await call.answer(
        lambda: {"registries": registries_out(call, call.domain.registry.find(call.actor, organization))}
    )


@routes.typed("POST", O, needs=Permission.WRITE, answers=Registry, status=201)
async def create_registry(call: CallDep, organization: OrganizationPath, body: RegistryWanted) -> Response:
    """Make a registry; the caller is an admin of it."""
    return await call.answer(
        lambda: registry_out(
            call,
            call.domain.registry.create(
                call.actor,
                organization,
                body.name,
                description=body.description,
                visibility=body.visibility,
                default_role=body.default_role,
                artifact_types=body.artifact_types,
                protected_aliases=body.protected_aliases,
                approvals_needed=body.approvals_needed,
            ),
        ),
        status=201,
    )


@routes.typed("GET", G, needs=Permission.READ, answers=Registry)
async def get_registry(call: CallDep, organization: OrganizationPath, registry: RegistryPath) -> Response:
    return await call.answer(
        lambda: registry_out(call, call.domain.registry.get(call.actor, organization, registry))
    )


@routes.typed("PATCH", G, needs=Permission.MANAGE, answers=Registry)
async def update_registry(
    call: CallDep, organization: OrganizationPath, registry: RegistryPath, body: RegistryChange
) -> Response:
    """Change what is given. Types that are in use stay allowed."""
    return await call.answer(
        lambda: registry_out(
            call,
            call.domain.registry.update(
                call.actor,
                organization,
                registry,
                description=body.description,
                visibility=body.visibility,
                default_role=body.default_role,
                artifact_types=body.artifact_types,
                protected_aliases=body.protected_aliases,
                approvals_needed=body.approvals_needed,
            ),
        )
    )


@routes.typed("DELETE", G, needs=Permission.MANAGE, status=204)
async def delete_registry(call: CallDep, organization: OrganizationPath, registry: RegistryPath) -> Response:
    """To the trash; what was linked into it stays where it was made."""
    return await call.done(lambda: call.domain.registry.delete(call.actor, organization, registry))


@routes.typed("GET", G + "/members", needs=Permission.READ, answers=RegistryMembers)
async def list_registry_members(
    call: CallDep, organization: OrganizationPath, registry: RegistryPath
) -> Response:
    """Users and teams with a role of their own."""

    def work() -> dict[str, Any]:
        found = call.domain.registry.members(call.actor, organization, registry)
        return {"members": [{"name": one.name, "kind": one.kind, "role": one.role} for one in found]}

    return await call.answer(work)


MemberPath = Annotated[str, Path(max_length=200, description="A user or a team of the organisation.")]


@routes.typed("PUT", G + "/members/{member}", needs=Permission.MANAGE, status=204)
async def set_registry_member(
    call: CallDep,
    organization: OrganizationPath,
    registry: RegistryPath,
    member: MemberPath,
    body: RegistryRoleWanted,
) -> Response:
    """Give a user or a team a role."""
    return await call.done(
        lambda: call.domain.registry.set_member(call.actor, organization, registry, member, body.role)
    )


@routes.typed("DELETE", G + "/members/{member}", needs=Permission.MANAGE, status=204)
async def remove_registry_member(
    call: CallDep, organization: OrganizationPath, registry: RegistryPath, member: MemberPath
) -> Response:
    """Take a role away."""
    return await call.done(
        lambda: call.domain.registry.remove_member(call.actor, organization, registry, member)
    )


@routes.typed("POST", C + "/promote", needs=Permission.WRITE, answers=ArtifactVersion)
async def promote_version(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: PromotionWanted,
) -> Response:
    """Point an alias to a version, with a reason."""
    return await call.answer(
        lambda: member_out(
            call.domain.promotions.promote(
                call.actor,
                entity_of(entity),
                project,
                collection,
                body.version,
                body.alias,
                reason=body.reason,
                force=body.force,
                evidence=body.evidence,
            )
        )
    )


@routes.typed("POST", C + "/rollback", needs=Permission.WRITE, answers=ArtifactVersion)
async def roll_back_version(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: RollbackWanted,
) -> Response:
    """Point an alias to the version it pointed to before; once more goes one further back."""
    return await call.answer(
        lambda: member_out(
            call.domain.promotions.rollback(
                call.actor, entity_of(entity), project, collection, body.alias, reason=body.reason
            )
        )
    )


@routes.typed("GET", C + "/log", needs=Permission.READ, answers=AliasMoves)
async def list_alias_moves(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    alias: Annotated[str, Query(max_length=200)] = "",
    without: Annotated[str, Query(max_length=200, description="All but this alias.")] = "",
    after: AfterQuery = "",
    skip: SkipQuery = 0,
    count: CountQuery = False,
    limit: LimitQuery = 100,
) -> Response:
    """What was where when, by whom and why: the newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.promotions.log(
            call.actor,
            entity_of(entity),
            project,
            collection,
            alias=alias,
            without=without,
            after=after,
            skip=skip,
            count=count,
            limit=limit,
        )
        return {
            "moves": [move_out(move) for move in page.items],
            "next": page.next,
            "total": page.total,
        }

    return await call.answer(work)


@routes.typed("GET", A + "/compare", needs=Permission.READ, answers=VersionComparison)
async def compare_versions(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    baseline: Annotated[str, Query(max_length=1024, description="NAME:ALIAS, or ENTITY/PROJECT/NAME:ALIAS.")],
) -> Response:
    """This version against a baseline: numbers, config, metadata, files."""

    def work() -> dict[str, Any]:
        found = call.domain.comparisons.compare(call.actor, entity_of(entity), project, artifact, baseline)
        return {
            "candidate": member_out(found.candidate),
            "baseline": member_out(found.baseline),
            "metrics": plain(found.metrics),
            "config": plain(found.config),
            "metadata": plain(found.metadata),
            "files": found.files,
            "same_content": found.same_content,
        }

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("GET", C + "/approvals", needs=Permission.READ, answers=Approvals)
async def list_approvals(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    state: Literal["", "open", "done", "rejected"] = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """The newest first."""

    def work() -> dict[str, Any]:
        page = call.domain.approvals.find(
            call.actor, entity_of(entity), project, collection, state=state, after=after, limit=limit
        )
        return {"approvals": [approval_out(found) for found in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("POST", C + "/approvals", needs=Permission.WRITE, answers=Approval, status=201)
async def ask_approval(
    call: CallDep, entity: EntityPath, project: ProjectPath, collection: CollectionPath, body: ApprovalWanted
) -> Response:
    """Ask that a protected alias move to a version."""
    return await call.answer(
        lambda: approval_out(
            call.domain.approvals.ask(
                call.actor,
                entity_of(entity),
                project,
                collection,
                body.version,
                body.alias,
                reason=body.reason,
                force=body.force,
                evidence=body.evidence,
            )
        ),
        status=201,
    )


@routes.typed("POST", C + "/approvals/{approval}", needs=Permission.WRITE, answers=Approval)
async def decide_approval(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    approval: int,
    body: ApprovalDecision,
) -> Response:
    """Approve or reject; the last word needed moves the alias."""
    return await call.answer(
        lambda: approval_out(
            call.domain.approvals.decide(
                call.actor,
                entity_of(entity),
                project,
                collection,
                approval,
                approves=body.approves,
                comment=body.comment,
                sha256=body.sha256,
            )
        )
    )


def registry_out(call: Call, found: domain.Registry) -> dict[str, Any]:
    return registries_out(call, [found])[0]


def registries_out(call: Call, found: Sequence[domain.Registry]) -> list[dict[str, Any]]:
    rights = call.domain.rights.on_registries(call.actor, found)
    return [_registry_out(one, may) for one, may in zip(found, rights, strict=True)]


def _registry_out(found: domain.Registry, may: ProjectRights) -> dict[str, Any]:
    return {
        "organization": found.organization,
        "name": found.name,
        "project": found.project,
        "description": found.description,
        "visibility": found.visibility,
        "default_role": found.default_role,
        "artifact_types": found.artifact_types,
        "protected_aliases": found.protected_aliases,
        "approvals_needed": found.approvals_needed,
        "created_by": found.created_by,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "may": project_rights_out(may),
    }


def move_out(move: artifact_model.AliasMove) -> dict[str, Any]:
    return {
        "id": move.id,
        "alias": move.alias,
        "act": move.act,
        "from_version": "" if move.from_index is None else f"v{move.from_index}",
        "to_version": "" if move.index is None else f"v{move.index}",
        "from_id": move.from_version_id,
        "to_id": move.version_id,
        "digest": move.digest,
        "by": move.by,
        "reason": move.reason,
        "evidence": plain(move.evidence),
        "at": move.at,
    }


def approval_out(found: approval_domain.Approval) -> dict[str, Any]:
    return {
        "id": found.id,
        "alias": found.alias,
        "version_id": found.version_id,
        "version": "" if found.index is None else f"v{found.index}",
        "sha256": found.sha256,
        "state": found.state,
        "needed": found.needed,
        "asked_by": found.asked_by,
        "reason": found.reason,
        "evidence": plain(found.evidence),
        "at": found.at,
        "closed_at": found.closed_at,
        "votes": [
            {"by": vote.by, "approves": vote.approves, "comment": vote.comment, "at": vote.at}
            for vote in found.votes
        ],
    }
