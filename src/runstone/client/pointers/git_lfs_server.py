"""Objects of Git LFS at servers: the batch API, with basic transfers.

    GIT_LFS_TOKEN   TOKEN or USER:TOKEN, sent to
    GIT_LFS_HOST    HOST[:PORT], and nowhere else; any other host gets what the netrc file has for it

Source: git-lfs, `docs/api/batch.md`, `docs/api/basic-transfers.md`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from runstone.client.errors import ReferenceAway
from runstone.client.pointers.places import Places
from runstone.client.pointers.sources import Source, shown
from runstone.client.pointers.web import Refused, basic, is_private, netrc_login, origin

TOKEN, TOKEN_HOST = "GIT_LFS_TOKEN", "GIT_LFS_HOST"
OBJECTS_AT_ONCE = 100
ADDRESS_SECONDS = 240.0  # servers give addresses for five minutes and more
_JSON = "application/vnd.git-lfs+json"
_OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "range"}


class _Address(NamedTuple):
    """Where an object is. key: this user's, where it is for that host too."""

    href: str
    headers: Mapping[str, str]
    key: Mapping[str, str]
    at: float


class Servers:
    """One download's. Safe for threads."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._expected: dict[str, dict[str, int]] = defaultdict(dict)
        self._known: dict[tuple[str, str], _Address | ReferenceAway] = {}
        self._with_key: set[str] = set()

    def expect(self, remote: str, oid: str, size: int) -> None:
        """It may be asked for soon."""
        self._expected[remote][oid] = size

    def source(self, remote: str, oid: str, size: int) -> Source:
        @contextmanager
        def opened() -> Iterator[Iterator[bytes]]:
            found = self._address(remote, oid, size)
            with self._places.web.reading(found.href, secret={**found.key, **found.headers}) as chunks:
                yield chunks

        return Source(shown(remote), opened)

    def _address(self, remote: str, oid: str, size: int) -> _Address:
        with self._lock:  # who waits finds the answer to another's question
            found = self._known.pop((remote, oid), None)
            if isinstance(found, ReferenceAway):
                raise found
            if found is None or time.monotonic() - found.at > ADDRESS_SECONDS:
                self._ask(remote, oid, size)
                found = self._known.pop((remote, oid), None)
        if isinstance(found, ReferenceAway):
            raise found
        if found is None:
            raise ReferenceAway("answers nothing of the batch API of Git LFS")
        return found

    def _ask(self, remote: str, oid: str, size: int) -> None:
        waiting = self._expected[remote]
        waiting.pop(oid, None)
        some = {oid: size}
        while waiting and len(some) < OBJECTS_AT_ONCE:
            other, its_size = waiting.popitem()
            some[other] = its_size
        answer, key = self._batch(remote, some)
        try:
            things = {str(thing["oid"]): thing for thing in answer["objects"]}
        except (KeyError, TypeError):
            raise ReferenceAway("answers nothing of the batch API of Git LFS") from None
        for wanted in some:
            try:
                self._known[remote, wanted] = _address_of(things[wanted], remote, key)
            except ReferenceAway as error:
                self._known[remote, wanted] = error
            except (KeyError, TypeError, ValueError, AttributeError):
                nothing = ReferenceAway("answers nothing of the batch API of Git LFS")
                self._known[remote, wanted] = nothing

    def _batch(self, remote: str, objects: Mapping[str, int]) -> tuple[Any, Mapping[str, str]]:
        said = {
            "operation": "download",
            "transfers": ["basic"],
            "objects": [{"oid": oid, "size": max(size, 0)} for oid, size in objects.items()],
            "hash_algo": "sha256",
        }
        body = json.dumps(said).encode()
        address = remote.rstrip("/") + "/objects/batch"
        headers = {"Accept": _JSON, "Content-Type": _JSON}
        web = self._places.web
        if remote not in self._with_key:
            try:
                return web.json(address, headers=headers, method="POST", content=body)[0], {}
            except Refused as error:
                if error.status not in (401, 403, 404):
                    raise
                if not self._key(remote):
                    raise ReferenceAway(f"{error.message}; {self._how_to_sign_in(remote)}") from None
        key = self._key(remote)
        answer, _ = web.json(address, headers=headers, secret=key, method="POST", content=body)
        self._with_key.add(remote)
        return answer, key

    def _key(self, remote: str) -> Mapping[str, str]:
        """This user's, for this host alone."""
        token = self._places.environ.get(TOKEN, "")
        if token and _is_for(remote, self._places.environ.get(TOKEN_HOST, "")) and is_private(remote):
            user, _, password = token.rpartition(":")
            return basic(user or "oauth2", password)
        return netrc_login(remote) or {}

    def _how_to_sign_in(self, remote: str) -> str:
        if not is_private(remote):
            return "no key is sent over plain http"
        host = shown(urlsplit(remote).netloc)
        if self._places.environ.get(TOKEN):
            return f"{TOKEN} is for the host that {TOKEN_HOST} names: set {TOKEN_HOST}={host}"
        return f"set {TOKEN} and {TOKEN_HOST}={host}, or give your netrc file an entry for it"


def _address_of(thing: Any, remote: str, key: Mapping[str, str]) -> _Address:
    """Raises ReferenceAway for what the server has not, and KeyError and the like for what says nothing."""
    if "error" in thing:
        raise ReferenceAway(shown(f"{thing['error'].get('code')}: {thing['error'].get('message')}"))
    action = thing["actions"]["download"]
    href = str(action["href"])
    given = {str(name): str(value) for name, value in (action.get("header") or {}).items()}
    headers = {name: value for name, value in given.items() if _may_be_sent(name, value)}
    has_key = bool(thing.get("authenticated")) or any(name.lower() == "authorization" for name in headers)
    return _Address(href, headers, {} if has_key or origin(href) != origin(remote) else key, time.monotonic())


def _may_be_sent(name: str, value: str) -> bool:
    """A header that a server asks for: none that steers the connection, or ends before its line does."""
    fits = re.fullmatch(r"[A-Za-z0-9-]+", name) and value.isprintable() and value.isascii()
    return bool(fits) and name.lower() not in _OWN_HEADERS


def _is_for(remote: str, host: str) -> bool:
    """host: `HOST[:PORT]`, without a port that of https."""
    _, name, port = origin(remote)
    try:
        wanted = urlsplit(f"//{host.strip()}")
        return bool(wanted.hostname) and wanted.hostname == name and port == (wanted.port or 443)
    except ValueError:
        return False
