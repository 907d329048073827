"""One server process, from its first key to its last answer.

Order at the start: the data directory is locked, the stores are opened (and brought to this
release), the first admin gets a key, the port is bound, and only when requests are answered is
`server.json` written, by which clients on this host find us. At a stop, the same backwards: no new
connections, the feed ends, requests in hand are answered, jobs end, the stores close.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from runstone.server.app import build_app
from runstone.server.domain.errors import Invalid, RunstoneError
from runstone.server.domain.sign_in import SignIn
from runstone.server.first_admin import first_key
from runstone.server.house import open_house
from runstone.server.process import log_to_stderr, migrate_apart, own_directory
from runstone.server.settings import ServerSettings, is_loopback
from runstone.uplink.launch import adopt

log = logging.getLogger("runstone.server")

FIRST_LINK_SECONDS = 3600.0


def serve(settings: ServerSettings) -> int:
    """Serve until told to stop. Returns the exit status: 0 after a clean stop, 1 where it could
    not start (and says why)."""
    log_to_stderr()
    try:
        return _serve(settings)
    except RunstoneError as error:
        print(f"runstone server: {error.message}", file=sys.stderr)
        return 1


def _serve(settings: ServerSettings) -> int:
    data, tls = settings.storage.data, settings.listen.tls
    if tls is not None:
        tls.check()
    if not settings.jobs and not settings.storage.database_url:
        raise Invalid(
            "A server whose records lie in its own data directory does its background work itself: nobody "
            "else can. Leave out --no-jobs, or keep the records in PostgreSQL (RUNSTONE_DATABASE_URL)."
        )
    _allow_many_connections()
    with own_directory(data), contextlib.ExitStack() as bound:
        listener = bound.enter_context(_bind(settings))
        settings = replace(settings, listen=replace(settings.listen, port=listener.getsockname()[1]))
        migrate_apart(settings)
        house = open_house(settings)
        try:
            first = first_key(settings, house.domain)
            app, context = build_app(settings, house)
        except BaseException:
            house.close()
            raise
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=2048,
            timeout_keep_alive=settings.limits.keep_alive_seconds,
            timeout_graceful_shutdown=int(settings.limits.stop_seconds),
            proxy_headers=bool(settings.listen.trusted_proxies),
            forwarded_allow_ips=list(settings.listen.trusted_proxies),
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
        )

        def ready() -> None:
            house.warm()
            _ready(settings, first, house.domain.sign_in)
            context.ready = True

        context.ready = False  # until clients on this host can find us
        server = _Server(config, stopping=context.stopping, ready=ready)
        try:
            server.run(sockets=[listener])
        finally:
            _forget(data)
        if any(context.pool.busy().values()):
            # A call still runs past every deadline. What was acknowledged is kept; ending the
            # interpreter in the usual way would wait for its thread.
            log.warning("calls still running at the stop were cut: %s", context.pool.busy())
            logging.shutdown()
            os._exit(0)
    return 0


def _allow_many_connections() -> None:
    """As many open files as this process may have: each client of the feed holds one."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """uvicorn, with two moments of our own: once requests are answered, and once it is told to stop."""

    def __init__(self, config: uvicorn.Config, *, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            await asyncio.get_running_loop().run_in_executor(None, self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()  # first, so that endless answers end while connections are waited for
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, without raising the signal again at the end: a stop asked for is a success."""
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        if self.should_exit and number == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def _ready(settings: ServerSettings, first: str | None, sign_in: SignIn) -> None:
    """Requests are answered: tell clients on this host, and the person who started us."""
    _give_memory_back()
    _announce(settings)
    url = settings.base_url
    lines = [f"Runstone serves {url}  (data: {settings.storage.data})"]
    if first is not None:
        actor = sign_in.actor_for_key(first)
        assert actor is not None
        token = sign_in.make_sign_in_link(actor, seconds=FIRST_LINK_SECONDS)
        where = settings.security.admin_key_file or settings.storage.data / "admin.key"
        lines += [
            f"First start: open this link to sign in as '{actor.username}'. It works once, within the hour:",
            f"  {url}/signin?token={token}",
            f"Later, sign in with the key in {where} (readable by you only).",
        ]
    if not is_loopback(settings.listen.host) and not url.startswith("https:"):
        lines.append(
            f"Listening on {settings.listen.host}: keys travel unencrypted. Give a certificate by --tls-cert "
            "and --tls-key, or put a TLS proxy in front and name its address by --base-url https://…"
        )
    print("\n".join(lines), flush=True)
    if settings.start_uplink:
        _start_uplink(settings.storage.data)


def _give_memory_back() -> None:
    """What starting took and no longer needs goes back to the system, and what stays for good is
    kept out of the garbage collector's way."""
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def _announce(settings: ServerSettings) -> None:
    """Write DIR/server.json, whole or not at all. The address in it is the one to use on this host: with
    a certificate that of the name people use, since it is for that name."""
    data = settings.storage.data
    if settings.listen.tls is not None and settings.listen.base_url:
        url = settings.base_url
    else:
        local = replace(settings, listen=replace(settings.listen, base_url=""))
        url = local.base_url + settings.listen.path_prefix
    part = data / f".server.json.{os.getpid()}"
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
    part.replace(data / "server.json")


def _forget(data: Path) -> None:
    path = data / "server.json"
    with contextlib.suppress(OSError, ValueError):
        if json.loads(path.read_text()).get("pid") == os.getpid():
            path.unlink()


def _start_uplink(data: Path) -> None:
    """Have journals that wait in this home taken in; the uplink ends by itself when none is left."""
    try:
        adopt(data)
    except OSError as error:
        log.warning("journals wait in %s, but the uplink did not start: %s", data, error)


def _bind(settings: ServerSettings) -> socket.socket:
    host, port = settings.listen.host, settings.listen.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise Invalid(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Name another by --port (0 is "
            "any free one), or stop what listens there.",
            host=host,
            port=port,
        ) from None
    return listener
