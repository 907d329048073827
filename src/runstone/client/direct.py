"""Bytes straight to and from the object store behind a server, by addresses that the server signs.

An address carries its own authority, so no key goes to the store. The store may be one that this host
does not reach: then the server is the way, and that is remembered for an hour, so that not every file
waits for the same wall. What the store says of what it took is not believed: the server looks itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import httpx

from runstone.client.credentials import is_loopback
from runstone.client.errors import ClientError

if TYPE_CHECKING:
    from runstone.client.artifact_models import PieceRecord, UploadRecord

HELPERS = 4  # pieces of one file on their way at once
ADDRESSES_AT_ONCE = 8  # asked for shortly before they are used: they are good for minutes only
ATTEMPTS = 4
AWAY_SECONDS = 3600.0
WAIT_SECONDS = 0.5
_log = logging.getLogger("runstone")
_away: dict[str, float] = {}  # server: until when it is the way
_lock = threading.Lock()

Read = Callable[[int, int], Iterator[bytes]]  # (offset, size) of the file


class StoreAway(ClientError):
    """The object store is not reached from here, or does not take or give what the server signed for."""

    code = "store_away"


class AddressOver(ClientError):
    """An address is refused: most likely its time is over."""

    code = "address_over"


class PieceCalls(Protocol):
    """What the server is asked while pieces are sent (`ArtifactCalls`)."""

    def upload(self, entity: str, upload: str) -> UploadRecord: ...
    def piece_addresses(self, entity: str, upload: str, offsets: Sequence[int]) -> list[PieceRecord]: ...
    def put_piece(self, piece: PieceRecord, content: Callable[[], Iterator[bytes]]) -> None: ...


def may_go(base_url: str) -> bool:
    """Whether the store of that server is worth trying."""
    with _lock:
        return _away.get(base_url, 0.0) <= time.monotonic()


def remember_away(base_url: str, why: Exception) -> None:
    with _lock:
        _away[base_url] = time.monotonic() + AWAY_SECONDS
    _log.info("bytes go through %s for the next hour, not straight to its store: %s", base_url, why)


def check_address(url: str, base_url: str) -> None:
    """Raises StoreAway for an address less private than the server's own, or on this host where the
    server is on another: what listens there is somebody else's."""
    store, server = urlsplit(url), urlsplit(base_url)
    local, server_local = is_loopback(store.hostname or ""), is_loopback(server.hostname or "")
    where = f"{store.scheme}://{store.netloc}"
    if store.scheme != "https" and (store.scheme != "http" or server.scheme == "https"):
        raise StoreAway(f"The store's address {where} is not https, as the server's is.")
    if local and not server_local:
        raise StoreAway(f"The store's address {where} is this host's own, the server's is not.")


def send_pieces(calls: PieceCalls, entity: str, upload: UploadRecord, size: int, read: Read) -> UploadRecord:
    """Put the pieces that are missing, several at once; the upload as the server then finds it. Raises
    StoreAway (what was put stays, the rest may go through the server), and what `read` raises."""
    for _ in range(2):
        standing = set(upload.pieces)
        missing = [at for at in range(0, size, upload.piece_bytes) if at not in standing]
        if missing:
            _Sending(calls, entity, upload.id, read).run(missing)
            upload = calls.upload(entity, upload.id)
        if upload.offset == size:
            return upload
    raise StoreAway("The store took pieces that the server does not find there.")


class _Sending:
    def __init__(self, calls: PieceCalls, entity: str, upload: str, read: Read) -> None:
        self._calls, self._entity, self._upload, self._read = calls, entity, upload, read
        self._left: list[int] = []
        self._addressed: list[PieceRecord] = []
        self._errors: list[BaseException] = []
        self._lock = threading.Lock()

    def run(self, offsets: Iterable[int]) -> None:
        self._left = sorted(offsets, reverse=True)
        count = min(HELPERS, len(self._left))
        helpers = [threading.Thread(target=self._loop, name="put") for _ in range(count - 1)]
        for helper in helpers:
            helper.start()
        self._loop()
        for helper in helpers:
            helper.join()
        if self._errors:
            raise self._errors[0]

    def _loop(self) -> None:
        try:
            while not self._errors and (piece := self._next()) is not None:
                self._put(piece)
        except BaseException as error:
            self._errors.append(error)

    def _next(self) -> PieceRecord | None:
        with self._lock:
            if not self._addressed and self._left:
                some = [self._left.pop() for _ in range(min(ADDRESSES_AT_ONCE, len(self._left)))]
                self._addressed = self._calls.piece_addresses(self._entity, self._upload, some)[::-1]
            return self._addressed.pop() if self._addressed else None

    def _put(self, piece: PieceRecord) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(WAIT_SECONDS * 2**attempt)
            try:
                self._calls.put_piece(piece, partial(self._read, piece.offset, piece.size))
                return
            except AddressOver as error:
                last: ClientError = error
                piece = self._calls.piece_addresses(self._entity, self._upload, [piece.offset])[0]
            except StoreAway as error:
                if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout) and attempt:
                    raise  # nothing listens there, or a wall is before it
                last = error
            if self._errors:
                return
        raise StoreAway(str(last)) from last


def put(http: httpx.Client, url: str, headers: dict[str, str], size: int, content: Iterator[bytes]) -> None:
    """Raises AddressOver, StoreAway."""
    sent = {**headers, "Content-Length": str(size)}
    try:
        answer = http.put(url, content=content, headers=sent)
    except httpx.TransportError as error:
        raise StoreAway(_words(url, error)) from error
    check_status(answer, url)


def check_status(answer: httpx.Response, url: str) -> None:
    """Raises AddressOver for a refusal, StoreAway for whatever else is no success."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    problem = f"The store at {urlsplit(url).netloc} answered {status}."
    # Google says 400 of an address whose time is over.
    raise AddressOver(problem) if status in (400, 401, 403) else StoreAway(problem)


def _words(url: str, error: httpx.TransportError) -> str:
    # Not the address itself: it is an authority.
    return f"The store at {urlsplit(url).netloc} is not reached: {type(error).__name__}."
