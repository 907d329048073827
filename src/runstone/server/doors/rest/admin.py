"""Who may do what: users, organisations, teams. And how the server is."""

from __future__ import annotations

import time
from typing import Annotated, Any

import psutil
from fastapi import Body, Path
from starlette.responses import Response

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.identity import Permission, Role
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.rest.models import admin as models
from runstone.server.doors.rest.rights import entity_rights_out
from runstone.server.doors.rest.routing import AfterQuery, CallDep, LimitQuery, Routes, SearchQuery
from runstone.server.doors.rest.session import key_out
from runstone.server.doors.rest.ui import ui_build
from runstone.server.pool import Lane
from runstone.server.version import server_version

routes = Routes("admin")
NamePath = Annotated[str, Path(max_length=128)]


@routes.typed("GET", "/admin/users", needs=Permission.SERVER_ADMIN, answers=models.Users)
async def list_users(
    call: CallDep,
    search: SearchQuery = "",
    after: AfterQuery = "",
    limit: LimitQuery = 100,
) -> Response:
    """All users by name, former ones too."""

    def work() -> dict[str, Any]:
        found = call.domain.accounts.users(call.actor, search=search, after=after, limit=limit)
        return {
            "users": [user_out(user) for user in found],
            "next": found[-1].username if len(found) == limit else "",
        }

    return await call.answer(work)


@routes.typed(
    "POST",
    "/admin/users",
    needs=Permission.SERVER_ADMIN,
    answers=models.NewUser,
    also={201: "A key was made"},
)
async def create_user(call: CallDep, body: models.UserWanted) -> Response:
    """Make a user; one that exists is answered as it is, and a new `api_key` is added to it."""

    def work() -> Response:
        user, key = call.domain.accounts.create_user(
            call.actor,
            body.username,
            api_key=body.api_key,
            email=body.email,
            admin=body.admin,
            service=body.service,
        )
        return json_answer({**user_out(user), "api_key": key}, 201 if key else 200)

    return await call.run(work)


@routes.typed("DELETE", "/admin/users/{username}", needs=Permission.SERVER_ADMIN, status=204)
async def delete_user(call: CallDep, username: NamePath) -> Response:
    """Runs stay; keys and sessions end at once."""
    return await call.done(lambda: call.domain.accounts.delete_user(call.actor, username))


@routes.typed(
    "POST",
    "/admin/users/{username}/keys",
    needs=Permission.SERVER_ADMIN,
    answers=models.NewUserKey,
    status=201,
)
async def make_user_key(
    call: CallDep, username: NamePath, body: Annotated[models.UserKeyWanted | None, Body()] = None
) -> Response:
    """A further key for a user; it is in this answer and nowhere else."""
    wanted = body or models.UserKeyWanted()

    def work() -> dict[str, Any]:
        info, key = call.domain.accounts.create_key(
            call.actor,
            name=wanted.name,
            expires_at=wanted.expires_at,
            username=username,
            read_only=wanted.read_only,
        )
        return {**key_out(info), "key": key, "api_key": key}

    return await call.answer(work, status=201)


@routes.typed("POST", "/admin/organizations", needs=Permission.SERVER_ADMIN, answers=models.Entity)
async def create_organization(call: CallDep, body: models.OrganizationWanted) -> Response:
    """Make an organisation with its first admin; one that exists is answered as it is."""

    def work() -> dict[str, Any]:
        made = call.domain.entities.create_organization(call.actor, body.name, owner=body.owner)
        return _entity_out(call, made)

    return await call.answer(work)


@routes.typed("DELETE", "/admin/organizations/{name}", needs=Permission.SERVER_ADMIN, status=204)
async def delete_organization(call: CallDep, name: NamePath) -> Response:
    return await call.done(lambda: call.domain.entities.delete_organization(call.actor, name))


@routes.typed(
    "POST",
    "/admin/organizations/{name}/members",
    needs=Permission.SERVER_ADMIN,
    answers=models.Member,
)
async def add_member(call: CallDep, name: NamePath, body: models.MemberWanted) -> Response:
    """Make somebody a member, or change their role."""

    def work() -> dict[str, Any]:
        call.domain.entities.set_member(call.actor, name, body.username, _role(body.role))
        return {"username": body.username, "role": body.role}

    return await call.answer(work)


@routes.typed("POST", "/admin/teams", needs=Permission.SERVER_ADMIN, answers=models.Entity)
async def create_team(call: CallDep, body: models.TeamWanted) -> Response:
    """Make a team of an organisation with its first admin; one that exists is answered as it is."""

    def work() -> dict[str, Any]:
        made = call.domain.entities.create_team(
            call.actor, body.name, organization=body.organization, owner=body.owner
        )
        return _entity_out(call, made)

    return await call.answer(work)


@routes.typed("GET", "/entities/{name}", needs=Permission.READ, answers=models.EntitySeen)
async def get_entity(call: CallDep, name: NamePath) -> Response:
    """A user, team or organisation the caller may see, and the caller's role and rights there."""

    def work() -> dict[str, Any]:
        found = call.domain.entities.entity(call.actor, name)
        may = entity_rights_out(call.domain.rights.on_entity(call.actor, found.id))
        return {**_entity_out(call, found), "may": may}

    return await call.answer(work)


@routes.typed("GET", "/entities/{name}/members", needs=Permission.READ, answers=models.Members)
async def list_members(call: CallDep, name: NamePath) -> Response:
    return await call.answer(
        lambda: {
            "members": [
                {"username": member.username, "role": member.role.name.lower()}
                for member in call.domain.entities.members(call.actor, name)
            ]
        }
    )


@routes.typed("PUT", "/entities/{name}/members/{username}", needs=Permission.MANAGE, answers=models.Member)
async def set_member(call: CallDep, name: NamePath, username: NamePath, body: models.RoleWanted) -> Response:
    """Make somebody a member of a team or organisation, or change their role."""

    def work() -> dict[str, Any]:
        call.domain.entities.set_member(call.actor, name, username, _role(body.role))
        return {"username": username, "role": body.role}

    return await call.answer(work)


@routes.typed("DELETE", "/entities/{name}/members/{username}", needs=Permission.READ, status=204)
async def remove_member(call: CallDep, name: NamePath, username: NamePath) -> Response:
    """Oneself, or (with MANAGE) somebody else."""
    return await call.done(lambda: call.domain.entities.remove_member(call.actor, name, username))


@routes.typed("GET", "/admin/health", needs=Permission.SERVER_ADMIN, answers=models.Health)
async def get_health(call: CallDep) -> Response:
    """What an administrator wants to know at a glance."""
    context = call.context

    def work() -> dict[str, Any]:
        process = psutil.Process()
        cpu = process.cpu_times()
        return {
            "version": server_version(),
            "uptime_seconds": time.time() - context.started_at,
            **context.look(),
            "feeds": context.feeds,
            "queue": context.pool.busy(),
            "memory_bytes": process.memory_info().rss,
            "cpu_seconds": cpu.user + cpu.system,
            "ui_build": ui_build(),
        }

    return await call.answer(work, lane=Lane.SLOW)


def user_out(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "display_name": user.display_name,
        "is_admin": user.is_admin,
        "is_service": user.is_service,
        "created_at": user.created_at,
        "deleted": user.deleted,
    }


def _entity_out(call: Any, entity: Entity) -> dict[str, Any]:
    role = next(
        (role for mine, role in call.domain.entities.entities_of(call.actor) if mine.id == entity.id), None
    )
    return {
        "name": entity.name,
        "kind": entity.kind,
        "organization": entity.organization,
        "role": role.name.lower() if role is not None else None,
    }


def _role(name: str) -> Role:
    return Role[name.upper()]
