"""One server each: a connection, the keys to try, and patience while it is away.

All journals of a server share one link, so a server that is away is asked by one request at a time,
not by sixty-four.
"""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runstone.client.credentials import Credential
    from runstone.client.native import Client

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
ADDRESS_SECONDS = 0.3
CREDENTIALS_SECONDS = 2.0  # how often changed credentials are looked for while none fit


class NoServer(Exception):
    """No address is known yet."""


class KnownAway(Exception):
    """The server was found to be away while this turn waited for a thread."""


class Link:
    """Shared by the shipping threads. Times are `time.monotonic` seconds.

    base_url as the queue entry has it: "" is whatever this home's server is, looked up as it goes.
    The environment is not asked for server or key: it is that of the run which happened to start
    the uplink, and its key would be sent to another run's server.
    """

    def __init__(self, root: Path, base_url: str, api_key_file: str, *, connections_max: int) -> None:
        self._root = root
        self._named = base_url
        self._api_key_file = api_key_file
        self._connections_max = connections_max
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._credential: Credential | None = None
        self._old_clients: list[Client] = []
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False
        self._found, self._found_at = "", float("-inf")
        self._environ = {name: os.environ[name] for name in ("NETRC",) if name in os.environ}
        self._refused: set[str] = set()  # keys that were answered 401
        self._look_at = 0.0
        self.base_url = ""
        self.message = ""  # why it does not go, "" while it goes
        self.is_refused = False
        self.away_since: float | None = None

    def ready(self) -> bool:
        """Whether a request may go now. While the server is away one may, whenever it is due; the
        caller must then end with `succeeded`, `failed` or `passed`."""
        now = time.monotonic()
        address = self._address(now)
        if not address:
            with self._lock:
                if self.base_url:
                    self._forget("")
                self.message = "No server is known."
            return False
        with self._lock:
            if address != self.base_url:
                # The server moved, or started: whatever was wrong with the old one does not count.
                self._forget(address)
            if self.is_refused and not self._credentials_changed(now):
                return False
            if self._failures == 0:
                return True
            if self._probing or now < self._retry_at:
                return False
            self._probing = True
            return True

    def client(self) -> Client:
        """Raises NoServer."""
        from runstone.client.connection import NO_RETRIES, Timeouts
        from runstone.client.native import Client

        with self._lock:
            if not self.base_url:
                raise NoServer
            if self._client is None:
                self._credential = self._next_credential()
                self._client = Client(
                    self.base_url,
                    self._credential.api_key if self._credential else None,
                    timeouts=Timeouts(connect=5.0, read=60.0, write=60.0),
                    retries=NO_RETRIES,
                    home=self._root,
                    environ=self._environ,
                    connections_max=self._connections_max,
                )
            return self._client

    def check_there(self) -> None:
        """Raises KnownAway unless this turn is the one that may ask a server that is away."""
        with self._lock:
            if self._failures and not self._probing:
                raise KnownAway

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._probing = 0, False
            self.message, self.is_refused, self.away_since = "", False, None

    def passed(self) -> None:
        """The request was not made, or says nothing of the server."""
        with self._lock:
            self._probing = False

    def failed(self, message: str, *, retry_after_seconds: float | None = None) -> float:
        """The server is away, or says not now. Returns the seconds until the next attempt."""
        with self._lock:
            now = time.monotonic()
            if self._failures and not self._probing and now < self._retry_at:
                return self._retry_at - now  # one of several that went out before it was known
            whole = min(MOST_SECONDS, FIRST_SECONDS * 2**self._failures)
            spread = float(whole * (0.5 + random.random() / 2))  # noqa: S311 (guards nothing)
            wait = max(spread, min(retry_after_seconds or 0.0, MOST_SECONDS))
            self._failures = min(self._failures + 1, 16)
            self._retry_at = now + wait
            self._probing = False
            self.message = message
            if self.away_since is None:
                self.away_since = now
            return wait

    def not_signed_in(self, message: str) -> bool:
        """The key was refused. True where there is another to try at once."""
        with self._lock:
            self._probing = False
            if self._credential is not None:
                self._refused.add(self._credential.api_key)
            else:
                self._refused.add("")
            self._retire_client()
            following = self._next_credential()
            if following is not None:
                return True
            self.message, self.is_refused = message, True
            self._look_at = time.monotonic() + CREDENTIALS_SECONDS
            if self.away_since is None:
                self.away_since = time.monotonic()
            return False

    def close(self) -> None:
        with self._lock:
            self._retire_client()
            for client in self._old_clients:
                client.close()
            self._old_clients.clear()

    # ---------------------------------------------------------------------------------------------

    def _address(self, now: float) -> str:
        from runstone.client.credentials import find_base_url
        from runstone.client.errors import Misuse

        if self._named:
            return self._named.rstrip("/")
        if now - self._found_at > ADDRESS_SECONDS:
            self._found_at = now
            try:
                self._found = find_base_url(home=self._root, environ=self._environ)
            except Misuse as error:
                self.message, self._found = str(error), ""
        return self._found

    def _forget(self, address: str) -> None:
        self.base_url = address
        self._failures, self._retry_at, self._probing = 0, 0.0, False
        self.message, self.is_refused, self.away_since = "", False, None
        self._refused.clear()
        self._retire_client()

    def _retire_client(self) -> None:
        # Other threads may be in the middle of a request: it is closed at the end.
        if self._client is not None:
            self._old_clients.append(self._client)
            while len(self._old_clients) > 4:
                self._old_clients.pop(0).close()
        self._client, self._credential = None, None

    def _next_credential(self) -> Credential | None:
        from runstone.client.credentials import credentials

        for found in credentials(
            self.base_url, api_key_file=self._api_key_file, home=self._root, environ=self._environ
        ):
            if found.api_key not in self._refused:
                return found
        return None

    def _credentials_changed(self, now: float) -> bool:
        if now < self._look_at:
            return False
        self._look_at = now + CREDENTIALS_SECONDS
        if self._next_credential() is None:
            return False
        self.is_refused = False
        return True
