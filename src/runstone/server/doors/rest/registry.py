"""Registries: made, changed, and who may what in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from runstone.server.domain import registry as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.rights import ProjectRights
from runstone.server.doors.rest.models.registry import (
    Registry,
    RegistryChange,
    RegistryList,
    RegistryMembers,
    RegistryRoleWanted,
    RegistryWanted,
)
from runstone.server.doors.rest.rights import project_rights_out
from runstone.server.doors.rest.routing import Call, CallDep, Routes

routes = Routes("registry")

O = "/organizations/{organization}/registries"  # noqa: E741
G = O + "/{registry}"
OrganizationPath = Annotated[str, Path(max_length=200, description="Organisation.")]
RegistryPath = Annotated[str, Path(max_length=200, description="Registry, without its project's prefix.")]


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
