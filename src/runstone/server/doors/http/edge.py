"""The outermost layer of the application: what holds for every request, whatever door it enters by.

In this order: the path prefix is taken off; a `Host` that is not ours is refused (a page that
rebinds its name to this address gets nothing, V14); a page of another site may not change
anything; a browser's cookie changes something only together with the header `X-Runstone: 1`, which
no other site can make it send; then the application answers, and every answer leaves with a
request id and headers that keep a browser from guessing, framing or sniffing. An exception that
nobody answered is logged with the request id and told to the caller as just that id.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runstone.server.domain.errors import NotAllowed, RunstoneError
from runstone.server.doors.http.answers import error_answer
from runstone.server.doors.http.credentials import COOKIE
from runstone.server.metrics import Metrics
from runstone.server.settings import ServerSettings

log = logging.getLogger("runstone.server")
access = logging.getLogger("runstone.access")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HOSTS_SEEN_MAX = 1000
_COOKIE_MARK = (COOKIE + "=").encode()
_ALLOW_HEADERS = "Authorization, Content-Type, Content-Encoding, If-None-Match, X-Sha256, X-Runstone"
_API_POLICY_HEADER = (b"content-security-policy", API_POLICY.encode())
_NO_STORE_HEADER = (b"cache-control", b"no-store")
_OWN_ORIGIN_HEADER = (b"cross-origin-resource-policy", b"same-origin")
_EXPOSED_HEADER = (
    b"access-control-expose-headers",
    b"ETag, X-Request-Id, Retry-After, Content-Disposition",
)
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ServerSettings,
        metrics: Metrics,
        route_of: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._route_of = route_of
        self._prefix = settings.listen.path_prefix
        self._access_log = settings.access_log
        self._hosts = _own_names(settings)
        self._hosts_seen: set[str] = set()  # Host headers that passed, as they were sent
        self._own_origin = _origin_of(settings.listen.base_url) if settings.listen.base_url else ""
        self._origins = frozenset(settings.security.allowed_origins)
        self._always = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
        if settings.listen.base_url.startswith("https:"):
            self._always.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request_id = os.urandom(8).hex()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        host, origin, has_key, has_cookie, marked, asked_method = _look(scope)
        status = 0
        whole = False
        foreign = bool(origin) and not self._is_ours(origin, host, scope)
        open_to = origin if origin and (not foreign or origin in self._origins) else ""

        async def answer(message: Message) -> None:
            nonlocal status, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(message, request_id, open_to, origin)
            elif message["type"] == "http.response.body":
                whole = not message.get("more_body", False)
            await send(message)

        self._metrics.begun()
        try:
            self._strip_prefix(scope)
            self._check_host(host)
            if origin and asked_method and scope["method"] == "OPTIONS":
                await _preflight(bool(open_to), answer)
            else:
                if scope["method"] not in SAFE:
                    self._check_caller(origin, open_to, has_key, has_cookie, marked)
                await self._app(scope, receive, answer)
        except RunstoneError as error:
            if not status:
                await error_answer(error, request_id)(scope, receive, answer)
        except ClientDisconnect:
            status = status or 499  # nobody is there to answer
        except Exception:
            log.exception("request %s: %s %s failed", request_id, scope["method"], self._route_of(scope))
            if not status:
                await error_answer(None, request_id)(scope, receive, answer)
            elif not whole:
                raise  # the answer is half out: closing the connection tells the client
        finally:
            seconds = time.perf_counter() - began
            route = self._route_of(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.answered(method, route, status or 499, seconds)
            if self._access_log:
                access.info(
                    "",
                    extra={
                        "fields": {
                            "request_id": request_id,
                            "client": (scope.get("client") or ("", 0))[0],
                            "method": method,
                            "route": route,
                            "status": status or 499,
                            "ms": round(seconds * 1000, 1),
                        }
                    },
                )

    def _strip_prefix(self, scope: Scope) -> None:
        """A reverse proxy may hand the prefix on, or take it off; both work."""
        prefix = self._prefix
        path = scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            scope["path"] = path[len(prefix) :] or "/"
            raw = scope.get("raw_path")
            if raw:
                scope["raw_path"] = raw[len(prefix) :] or b"/"

    def _check_host(self, host: str) -> None:
        if host in self._hosts_seen:
            return
        name = _host_name(host)
        if name in self._hosts:
            self._remember(host)
            return
        try:
            ipaddress.ip_address(name.strip("[]"))  # a literal address cannot be rebound
        except ValueError:
            raise NotAllowed(
                f"This server does not go by the name {name[:100]!r}. Start it with that name allowed "
                "(--allowed-host NAME, RUNSTONE_ALLOWED_HOSTS or RUNSTONE_PUBLIC_URL).",
                host=name[:100],
            ) from None
        self._remember(host)

    def _remember(self, host: str) -> None:
        if len(self._hosts_seen) < _HOSTS_SEEN_MAX:
            self._hosts_seen.add(host)

    def _is_ours(self, origin: str, host: str, scope: Scope) -> bool:
        if origin == self._own_origin:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()

    def _check_caller(self, origin: str, open_to: str, has_key: bool, has_cookie: bool, marked: bool) -> None:
        if origin and not open_to:
            raise NotAllowed(
                f"Pages of {origin[:100]!r} may not change anything here. If they should, start the "
                "server with that origin allowed (RUNSTONE_ALLOWED_ORIGINS).",
                origin=origin[:100],
            )
        if has_cookie and not has_key and not marked:
            raise NotAllowed(
                "A change made by a signed-in browser must carry the header 'X-Runstone: 1'. "
                "Programs send 'Authorization: Bearer KEY' instead of the cookie."
            )

    def _dress(self, message: Message, request_id: str, open_to: str, origin: str) -> None:
        headers = list(message.get("headers") or ())
        policy = cache = True
        for name, _ in headers:
            if name == b"content-security-policy":
                policy = False
            elif name == b"cache-control":
                cache = False
        headers += self._always
        headers.append((b"x-request-id", request_id.encode()))
        if policy:
            headers.append(_API_POLICY_HEADER)
        if cache:
            headers.append(_NO_STORE_HEADER)
        if origin:
            headers.append((b"vary", b"Origin"))
        if open_to:
            headers.append((b"access-control-allow-origin", open_to.encode("latin-1")))
            headers.append(_EXPOSED_HEADER)
        else:
            headers.append(_OWN_ORIGIN_HEADER)
        message["headers"] = headers


def _look(scope: Scope) -> tuple[str, str, bool, bool, bool, bool]:
    """One pass over the headers: host, origin, and whether a key, our cookie, our mark and a
    preflight's question are there."""
    host = origin = ""
    has_key = has_cookie = marked = asked_method = False
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"authorization":
            has_key = True
        elif name == b"cookie":
            has_cookie = has_cookie or _COOKIE_MARK in value
        elif name == b"x-runstone":
            marked = value == b"1"
        elif name == b"access-control-request-method":
            asked_method = True
    return host, origin, has_key, has_cookie, marked, asked_method


async def _preflight(allowed: bool, send: Send) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"content-length", b"0")]
    if allowed:
        headers += [
            (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
            (b"access-control-allow-headers", _ALLOW_HEADERS.encode()),
            (b"access-control-max-age", b"600"),
        ]
    await send({"type": "http.response.start", "status": 204 if allowed else 403, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _own_names(settings: ServerSettings) -> frozenset[str]:
    names = {"localhost", *settings.security.allowed_hosts}
    host = settings.listen.host
    if host not in ("", "0.0.0.0", "::", "127.0.0.1", "::1", "localhost"):  # noqa: S104 (compared only)
        names.add(host)
    elif host in ("", "0.0.0.0", "::"):  # noqa: S104
        names |= {socket.gethostname(), socket.getfqdn()}
    if settings.listen.base_url:
        names.add(urlsplit(settings.listen.base_url).hostname or "")
    return frozenset(name.lower() for name in names if name)


def _host_name(host: str) -> str:
    """The name in a Host header, lower-case, without the port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
