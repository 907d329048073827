"""Trials are handed out here. A thousand agents may ask at once, so the two routes are raw, and what waits
at the same moment is answered together."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.domain.trial_claims import Ask, SweepName
from runstone.server.doors.http.answers import json_answer
from runstone.server.doors.http.bodies import read_body
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.credentials import credentials_of
from runstone.server.doors.http.permissions import hot
from runstone.server.doors.rest.models.sweeps import Claim, ClaimWanted
from runstone.server.doors.rest.routing import Routes, entity_of, path_parameters
from runstone.server.doors.rest.shapes import body_as
from runstone.server.doors.rest.sweeps import S
from runstone.server.doors.rest.trials import A, claim_out

routes = Routes("sweeps")
BODY_BYTES_MAX = 4096
_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClaimWanted"}}},
}


@routes.raw(
    "POST",
    S + "/ask",
    needs=Permission.WRITE,
    answers=Claim,
    docs={"parameters": path_parameters("entity", "project", "sweep"), "requestBody": _BODY},
    models=(ClaimWanted,),
)
@hot
async def ask_trials(request: Request) -> Response:
    """What to try next, leased to the caller, who tells what came of it. To keep it for longer than
    the lease: `POST …/beat`."""
    return await _claimed(request)


@routes.raw(
    "POST",
    A + "/claim",
    needs=Permission.WRITE,
    answers=Claim,
    docs={"parameters": path_parameters("entity", "project", "sweep", "agent"), "requestBody": _BODY},
)
@hot
async def claim_trials(request: Request) -> Response:
    """Trials to run now. Each is leased: beat before `lease_seconds` are over, or it goes to others."""
    return await _claimed(request, agent=request.path_params["agent"])


async def _claimed(request: Request, agent: str = "") -> Response:
    context = context_of(request)
    actor = await context.actor_for(credentials_of(request), Permission.WRITE)
    wanted = body_as(ClaimWanted, await read_body(request, limit=BODY_BYTES_MAX))
    path = request.path_params
    name = SweepName(entity_of(path["entity"]), path["project"], path["sweep"])
    ask = Ask(actor, name, agent, count=wanted.count, lease_seconds=wanted.lease_seconds)
    return json_answer(claim_out(await context.claims.do(ask)))
