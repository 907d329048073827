"""What an endpoint finds under `request.app.state.context`: the house it is a door of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import HTTPConnection

from runstone.server.domain.access import check_admin, check_key
from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import NotSignedIn
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.ingest import Body, IngestAnswer
from runstone.server.domain.sweep_model import Claim
from runstone.server.domain.trial_claims import Ask
from runstone.server.doors.http.bodies import BodyBudget
from runstone.server.doors.http.credentials import Credentials, at_hand, authenticate
from runstone.server.pool import Gathering, Lane, Pool
from runstone.server.settings import ServerSettings

if TYPE_CHECKING:
    from runstone.server.metrics import Metrics

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """One per application.

    check_stores: raises Unavailable where a store cannot be read; blocks. look: what the house says of
    its own state (see `House.look`); blocks. stopping: set when the
    server was asked to stop; whoever answers without end (the feed) ends then. feeds: how many are
    followed now. journals: takes bodies of journals in, many together. claims: hands
    trials out, many together. ready: probes are told to
    wait until it is set.
    """

    domain: Domain
    settings: ServerSettings
    pool: Pool
    bodies: BodyBudget
    journals: Gathering[Body, IngestAnswer | None]
    claims: Gathering[Ask, Claim]
    metrics: Metrics
    started_at: float
    check_stores: Callable[[], None]
    look: Callable[[], dict[str, Any]]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    feeds: int = 0
    ready: bool = True

    async def run(self, work: Callable[[], T], *, lane: Lane = Lane.READ) -> T:
        """A blocking call, in a thread of that lane."""
        return await self.pool.run(lane, work)

    def load(self, lane: Lane) -> float:
        """The part of the room for that lane's calls, or for bodies, that is in use: 0 to 1."""
        return max(self.pool.load(lane), self.bodies.load())

    def actor(self, credentials: Credentials, permission: Permission) -> Actor:
        """Who acts, held to what can be said without knowing the entity. May block.

        Raises NotSignedIn, or NotAllowed for a server admin's route and for a read-only key's
        attempt to write.
        """
        return held_to(authenticate(self.domain.sign_in, credentials), permission)

    async def actor_for(self, credentials: Credentials, permission: Permission) -> Actor:
        """As `actor`, from the event loop: without a thread for those who were here just now."""
        known = at_hand(self.domain.sign_in, credentials)
        if known is not None:
            return held_to(known, permission)
        return await self.run(lambda: self.actor(credentials, permission))


def held_to(actor: Actor, permission: Permission) -> Actor:
    """The actor, if the permission can be theirs. See `Context.actor`."""
    if permission is Permission.NOBODY:
        return actor
    if actor.user_id is None:
        raise NotSignedIn("Sign in first: send 'Authorization: Bearer KEY', or sign in at the web page.")
    if permission >= Permission.WRITE:
        check_key(actor)
    if permission is Permission.SERVER_ADMIN:
        check_admin(actor)
    return actor


def context_of(request: HTTPConnection) -> Context:
    context: Context = request.app.state.context
    return context
