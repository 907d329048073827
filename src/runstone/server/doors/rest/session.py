"""Sign-in of browsers, who I am, and my keys."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Body, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runstone.server.domain.account_model import ApiKey
from runstone.server.domain.errors import NotSignedIn, RunstoneError
from runstone.server.domain.identity import Actor, Permission
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.credentials import COOKIE
from runstone.server.doors.http.permissions import hot, needs
from runstone.server.doors.rest.models.session import (
    Keys,
    KeyWanted,
    Link,
    LinkWanted,
    Me,
    MeChange,
    NewKey,
    SignIn,
)
from runstone.server.doors.rest.rights import entity_rights_out, own_rights_out
from runstone.server.doors.rest.routing import Call, CallDep, Routes, call_for
from runstone.server.doors.rest.ui import ui_build
from runstone.server.version import server_version

SESSION_SECONDS = 30 * 24 * 3600
routes = Routes("session")

# A place on this server and nothing else: one slash, then anything but a slash or a backslash.
_OWN_PLACE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


@routes.typed("POST", "/session", needs=Permission.NOBODY, answers=Me)
async def sign_in(call: CallDep, body: Annotated[SignIn, Body()]) -> Response:
    """Sign a browser in with an API key: sets the session cookie."""

    def work() -> tuple[str, dict[str, Any]]:
        token, actor = call.domain.sign_in.start_session(body.key.strip(), client=call.client)
        return token, me_of(call, actor)

    token, me = await call.run(work)
    answer = json_answer(me)
    set_cookie(call.request, answer, token)
    return answer


@routes.typed("DELETE", "/session", needs=Permission.NOBODY, status=204)
async def sign_out(call: CallDep) -> Response:
    """End the browser's session; without one nothing happens."""
    token = call.request.cookies.get(COOKIE)
    if token:
        await call.run(lambda: call.domain.sign_in.end_session(token))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path=_cookie_path(call.request))
    return answer


@routes.typed("POST", "/session/link", needs=Permission.SIGNED_IN, answers=Link)
async def make_link(call: CallDep, body: Annotated[LinkWanted | None, Body()] = None) -> Response:
    """A link that signs whoever opens it in as the caller, once."""
    seconds = (body or LinkWanted()).seconds

    def work() -> dict[str, Any]:
        expires_at = time.time() + seconds
        token = call.domain.sign_in.make_sign_in_link(call.actor, seconds=seconds)
        url = f"{address_of(call.request)}/signin?token={token}"
        return {"url": url, "token": token, "expires_at": expires_at}

    return await call.answer(work)


@needs(Permission.NOBODY)
async def use_link(request: Request) -> Response:
    """`GET /signin?token=T[&next=/place]`: the one-time link. A used or old one leads to the
    sign-in form, which says so."""
    context = context_of(request)
    token = request.query_params.get("token", "")
    place = request.query_params.get("next", "/")
    if not _OWN_PLACE.fullmatch(place):
        place = "/"
    prefix = context.settings.listen.path_prefix
    client = request.client.host if request.client else ""
    try:
        session, _ = await context.run(lambda: context.domain.sign_in.use_sign_in_link(token, client=client))
    except NotSignedIn:
        return RedirectResponse(f"{prefix}/?signin=used", 303)
    except RunstoneError as error:
        return RedirectResponse(f"{prefix}/?signin={error.code}", 303)
    answer = RedirectResponse(prefix + place, 303)
    set_cookie(request, answer, session)
    return answer


@routes.raw("GET", "/me", needs=Permission.SIGNED_IN, answers=Me, docs={})
@hot  # each page and each client begins with it
async def get_me(request: Request) -> Response:
    """The signed-in user, their entities, what they may do, and what server this is."""
    call = await call_for(request, Permission.SIGNED_IN)
    return await call.answer(lambda: me_of(call, call.actor))


@routes.typed("PATCH", "/me", needs=Permission.SIGNED_IN, answers=Me)
async def update_me(call: CallDep, body: MeChange) -> Response:
    """Change one's own names, address or default entity."""

    def work() -> dict[str, Any]:
        call.domain.accounts.update_me(
            call.actor,
            display_name=body.display_name,
            email=body.email,
            default_entity=body.default_entity,
        )
        return me_of(call, call.actor)

    return await call.answer(work)


@routes.typed("GET", "/me/keys", needs=Permission.SIGNED_IN, answers=Keys)
async def get_my_keys(call: CallDep) -> Response:
    """One's own keys, without the keys themselves."""
    return await call.answer(
        lambda: {"keys": [key_out(key) for key in call.domain.accounts.keys(call.actor)]}
    )


@routes.typed("POST", "/me/keys", needs=Permission.SIGNED_IN, answers=NewKey, status=201)
async def make_my_key(call: CallDep, body: KeyWanted) -> Response:
    """Make a key; it is in this answer and nowhere else."""

    def work() -> dict[str, Any]:
        info, key = call.domain.accounts.create_key(
            call.actor, name=body.name, expires_at=body.expires_at, read_only=body.read_only
        )
        return {**key_out(info), "key": key}

    return await call.answer(work, status=201)


@routes.typed("DELETE", "/me/keys/{key_id}", needs=Permission.SIGNED_IN, status=204)
async def delete_my_key(call: CallDep, key_id: Annotated[int, Path(ge=0, le=2**62)]) -> Response:
    """End a key at once."""
    return await call.done(lambda: call.domain.accounts.delete_key(call.actor, key_id))


def me_of(call: Call, actor: Actor) -> dict[str, Any]:
    user, entities = call.domain.entities.person(actor)
    rights = call.domain.rights
    return {
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "is_admin": user.is_admin,
        "read_only": actor.read_only,
        "default_entity": user.default_entity,
        "may": own_rights_out(rights.own(actor)),
        "entities": [
            {
                "name": entity.name,
                "kind": entity.kind,
                "role": role.name.lower(),
                "may": entity_rights_out(rights.on_entity(actor, entity.id)),
            }
            for entity, role in entities
        ],
        "server": {
            "version": server_version(),
            "base_url": address_of(call.request),
            "ui_build": ui_build(),
        },
    }


def key_out(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "read_only": key.read_only,
    }


def address_of(request: Request) -> str:
    """The server's address as the caller sees it: the configured one, else the name it was called by
    (which passed the check of names)."""
    settings = context_of(request).settings
    if settings.listen.base_url:
        return settings.base_url
    return f"{request.url.scheme}://{request.url.netloc}"


def set_cookie(request: Request, answer: Response, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_SECONDS,
        path=_cookie_path(request),
        httponly=True,
        samesite="lax",
        secure=urlsplit(address_of(request)).scheme == "https",
    )


def _cookie_path(request: Request) -> str:
    return context_of(request).settings.listen.path_prefix + "/"
