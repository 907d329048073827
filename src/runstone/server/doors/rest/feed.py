"""Who changed what, as server-sent events: names of things; the reader re-reads what is on screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runstone.server.domain.errors import Invalid, RunstoneError, TooMany
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import encode, plain
from runstone.server.doors.http.context import Context
from runstone.server.doors.http.credentials import credentials_of
from runstone.server.doors.rest.routing import Routes, call_for, query_parameter

HEARTBEAT_SECONDS = 15.0
RETRY_MS = 2000
routes = Routes("feed")


@routes.raw(
    "GET",
    "/feed",
    needs=Permission.SIGNED_IN,
    docs={"parameters": [query_parameter("project", "string", "Only what happens in `entity/project`.")]},
    responses={
        200: {
            "description": "Events `change`; data is a JSON list of `{kind, entity, project, run, detail}`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def follow_feed(request: Request) -> Response:
    """Server-sent events of what the caller may read. A comment line every 15 s keeps it open."""
    call = await call_for(request, Permission.SIGNED_IN)
    wanted = request.query_params.get("project", "")
    entity, slash, project = wanted.partition("/")
    if wanted and not (entity and slash and project):
        raise Invalid(f"project={wanted[:200]!r} is not 'entity/project'.", project=wanted[:200])
    context = call.context
    if context.feeds >= context.settings.limits.feeds_max:
        raise TooMany(
            f"{context.feeds} pages follow this server's feed already; the most is "
            f"{context.settings.limits.feeds_max}. Poll in its place.",
            retry_after_seconds=30,
        )
    credentials = credentials_of(request)

    async def still_signed_in() -> bool:
        try:
            await context.actor_for(credentials, Permission.SIGNED_IN)
        except RunstoneError:
            return False
        return True

    return _FeedResponse(
        context,
        context.domain.feed.subscribe(call.actor),
        only=(entity, project) if wanted else None,
        still_signed_in=still_signed_in,
    )


class _FeedResponse(Response):
    """Ends when the reader hangs up, is no longer signed in, or when the server stops.

    The subscription is closed in every case: it holds a queue in the feed.
    """

    def __init__(
        self,
        context: Context,
        events: AsyncIterator[list[Event]],
        *,
        only: tuple[str, str] | None,
        still_signed_in: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(media_type="text/event-stream; charset=utf-8")
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        del self.headers["content-length"]
        self._context = context
        self._events = events
        self._only = only
        self._still_signed_in = still_signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._context.feeds += 1
        gone = asyncio.ensure_future(_hung_up(receive))
        stopping = asyncio.ensure_future(self._context.stopping.wait())
        ahead: asyncio.Future[list[Event] | None] | None = None
        number = 0
        check_at = time.monotonic() + HEARTBEAT_SECONDS
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _write(send, f"retry: {RETRY_MS}\n: hello\n\n".encode())
            while True:
                if ahead is None:
                    ahead = asyncio.ensure_future(_next(self._events))
                waited: set[asyncio.Future[Any]] = {gone, stopping, ahead}
                await asyncio.wait(
                    waited,
                    timeout=HEARTBEAT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if gone.done() or stopping.done():
                    break
                if time.monotonic() >= check_at:
                    # A key or a session that has ended takes its feed along.
                    if not await self._still_signed_in():
                        break
                    check_at = time.monotonic() + HEARTBEAT_SECONDS
                if not ahead.done():
                    await _write(send, b": still here\n\n")
                    continue
                batch = ahead.result()
                ahead = None
                if batch is None:
                    break
                told = [_event_out(event) for event in batch if self._wants(event)]
                if told:
                    number += 1
                    await _write(send, b"event: change\nid: %d\ndata: %b\n\n" % (number, encode(told)))
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._context.feeds -= 1
            for task in (gone, stopping, ahead):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task
            close = getattr(self._events, "aclose", None)
            if close is not None:
                await close()

    def _wants(self, event: Event) -> bool:
        return self._only is None or (event.entity, event.project) == self._only


async def _next(events: AsyncIterator[list[Event]]) -> list[Event] | None:
    """The next batch; None at the end."""
    async for batch in events:
        return batch
    return None


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def _event_out(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "entity": event.entity,
        "project": event.project,
        "run": event.run,
        "detail": plain(event.detail),
    }
