"""The feed between replicas: what one of them took in, readers at the others hear of too.

Over PostgreSQL's LISTEN and NOTIFY, so nothing more is to be run or configured. A notification that
is lost while a connection is broken costs nobody a point, only time: the next change of the same
run tells the same readers. One thread sends, one listens, each with a connection of its own.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg

from runstone.server.domain.feed import Event

log = logging.getLogger("runstone.server")

CHANNEL = "runstone_feed"
PAYLOAD_BYTES_MAX = 7_900  # PostgreSQL takes less than 8,000
WAITING_MAX = 10_000
GATHER_SECONDS = 0.05
RETRY_SECONDS = 2.0

_Key = tuple[str, int, str]


class _Letter(msgspec.Struct, array_like=True):
    origin: str
    events: list[dict[str, Any]]


class PostgresRelay:
    """`send` is handed to the feed; `deliver` (set once the feed is there) is where events of
    other replicas go."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._origin = os.urandom(8).hex()
        self._waiting: dict[_Key, Event] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.deliver: Callable[[Event], None] = lambda event: None

    def start(self) -> None:
        for name, work in (("send", self._send_on), ("hear", self._hear_on)):
            thread = threading.Thread(target=work, name=f"runstone-relay-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(10)

    def send(self, event: Event) -> None:
        """From any thread; never blocks. Events of one run and kind that wait are merged; where too
        many wait, readers are told to read the project again."""
        with self._lock:
            key: _Key = (event.kind, event.project_id, event.run)
            old = self._waiting.get(key)
            if old is not None:
                self._waiting[key] = _merged(old, event)
            elif len(self._waiting) < WAITING_MAX:
                self._waiting[key] = event
            else:
                self._waiting[("project", event.project_id, "")] = _read_again(event)
        self._wake.set()

    # -- sending

    def _send_on(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while not self._stop.is_set():
            self._wake.wait()
            self._stop.wait(GATHER_SECONDS)
            self._wake.clear()
            with self._lock:
                events, self._waiting = list(self._waiting.values()), {}
            if not events:
                continue
            try:
                if connection is None or connection.closed:
                    connection = psycopg.connect(self._url, autocommit=True)
                for letter in letters(self._origin, events):
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, letter))
            except psycopg.Error as error:
                log.warning("the feed does not reach the other replicas: %s", str(error).strip())
                _close(connection)
                connection = None
                for event in events:  # the other replicas' readers will be told to read again
                    self.send(_read_again(event))
                self._stop.wait(RETRY_SECONDS)
        _close(connection)

    # -- hearing

    def _hear_on(self) -> None:
        while not self._stop.is_set():
            connection: psycopg.Connection[Any] | None = None
            try:
                connection = psycopg.connect(self._url, autocommit=True)
                connection.execute(f"LISTEN {CHANNEL}")
                while not self._stop.is_set():
                    for notice in connection.notifies(timeout=1.0):
                        self._hear(notice.payload)
            except psycopg.Error as error:
                log.warning("the feed of the other replicas is not heard: %s", str(error).strip())
                self._stop.wait(RETRY_SECONDS)
            finally:
                _close(connection)

    def _hear(self, payload: str) -> None:
        try:
            letter = msgspec.json.decode(payload, type=_Letter)
            if letter.origin == self._origin:
                return
            for event in letter.events:
                self.deliver(msgspec.convert(event, Event))
        except (msgspec.MsgspecError, ValueError):
            log.warning("a notification on %r is not of the feed: %r", CHANNEL, payload[:100])


def letters(origin: str, events: Sequence[Event]) -> Iterator[str]:
    """As few payloads as hold the events, each within PostgreSQL's bound. An event too long for one
    goes without its detail: its reader asks."""
    held: list[bytes] = []
    empty = len(msgspec.json.encode([origin, []]))
    size = empty
    for event in events:
        piece = msgspec.json.encode(event)
        if empty + len(piece) + 1 > PAYLOAD_BYTES_MAX:
            piece = msgspec.json.encode(
                Event(event.kind, event.entity_id, event.project_id, event.entity, event.project, event.run)
            )
        if held and size + len(piece) + 1 > PAYLOAD_BYTES_MAX:
            yield _letter(origin, held)
            held, size = [], empty
        held.append(piece)
        size += len(piece) + 1
    if held:
        yield _letter(origin, held)


def _letter(origin: str, pieces: Sequence[bytes]) -> str:
    return (b'["' + origin.encode() + b'",[' + b",".join(pieces) + b"]]").decode()


def _merged(old: Event, new: Event) -> Event:
    detail = {**old.detail, **new.detail}
    if "summary" in old.detail and "summary" in new.detail:
        detail["summary"] = {**old.detail["summary"], **new.detail["summary"]}
    return Event(new.kind, new.entity_id, new.project_id, new.entity, new.project, new.run, detail)


def _read_again(event: Event) -> Event:
    return Event("project", event.entity_id, event.project_id, event.entity, event.project)


def _close(connection: psycopg.Connection[Any] | None) -> None:
    if connection is not None:
        connection.close()
