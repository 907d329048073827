"""The whole domain over real stores, as a server builds it, for tests that send journals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Actor
from runstone.server.domain.ingest import Body, Ingest, IngestAnswer
from runstone.server.domain.runs import Run
from runstone.server.house import House, open_house
from runstone.server.settings import ServerSettings, Storage
from runstone.server.stores.console.contract import Line
from runstone.server.stores.history.contract import Row, Space

ADMIN = Actor(None, "", is_admin=True, system="tests")


@dataclass
class IngestHouse:
    """`last`: the offset that the last answer named. ada and eve see nothing of each other's."""

    house: House
    ada: Actor
    eve: Actor
    last: int = FIRST
    _moved: float = field(default=0.0)

    @property
    def domain(self) -> Domain:
        return self.house.domain

    @property
    def ingest(self) -> Ingest:
        return self.house.domain.ingest

    def send(self, journal: JournalBytes, *, offset: int | None = None, **how: Any) -> IngestAnswer:
        """All of it that is not there yet (by default)."""
        if offset is None:
            offset = max(FIRST, self.next_offset(journal, **how))
        return self.post(journal, offset, journal.end, **how)

    def post(self, journal: JournalBytes, start: int, stop: int, **how: Any) -> IngestAnswer:
        return self.post_body(journal, start, bytes(journal.data[start:stop]), **how)

    def post_body(
        self, journal: JournalBytes, offset: int, body: bytes, *, actor: Actor | None = None, entity: str = ""
    ) -> IngestAnswer:
        """As the door does: with others first, alone where it wants more than that."""
        sent = Body(actor or self.ada, entity, journal.project, journal.run, journal.writer, offset, body)
        answer = self.ingest.journals([sent])[0] or self.ingest.journal(*sent)
        self.last = answer.next_offset
        return answer

    def next_offset(self, journal: JournalBytes, *, actor: Actor | None = None, entity: str = "") -> int:
        return self.ingest.next_offset(
            actor or self.ada, entity, journal.project, journal.run, writer=journal.writer
        )

    def flush(self) -> None:
        self.ingest.flush()

    def forget_unwritten(self) -> None:
        """As if the process had been killed: what it had in memory only is gone."""
        for live in list(self.ingest._writers.values()):
            with live.lock:
                self.ingest._break(live)

    def let_time_pass(self, seconds: float) -> None:
        """For what is remembered for some seconds."""
        for live in self.ingest._writers.values():
            live.checked_at -= seconds
        for pulse in self.domain.leases._pulses.values():
            pulse.looked -= seconds
            pulse.written -= seconds

    def run(self, run: str = "r1") -> Run:
        return self.domain.runs.get(self.ada, "ada", "p", run)

    def notes(self, run: str = "r1") -> dict[str, Any]:
        """What the run remembers of records that were passed over."""
        self.flush()
        return dict(self.run(run).wire.get("journal", {}))

    def rows(self, run: str = "r1", *, space: Space = "history") -> list[Row]:
        return self.domain.history.rows(self.ada, self.run(run).key, space=space, limit=100_000)

    def lines(self, run: str = "r1") -> list[Line]:
        return self.domain.console.read(self.ada, self.run(run).key, limit=100_000)

    def put_file(self, name: str, data: bytes = b"x", *, run: str = "r1") -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield data

        asyncio.run(self.domain.files.put(self.ada, self.run(run).key, name, chunks()))


@contextlib.contextmanager
def ingest_house(
    folder: Path, *, flush_seconds: float | None = None, **storage: str
) -> Iterator[IngestHouse]:
    settings = ServerSettings(storage=Storage(data=folder, **storage))
    house = open_house(settings)
    try:
        if flush_seconds is not None:
            house.domain.ingest._flush_seconds = flush_seconds
        yield IngestHouse(house, user(house, "ada"), user(house, "eve"))
    finally:
        house.close()


def user(house: House, name: str) -> Actor:
    accounts = house.domain.accounts
    _, key = accounts.create_user(ADMIN, name)
    if key is None:
        _, key = accounts.create_key(ADMIN, username=name)
    actor = house.domain.sign_in.actor_for_key(key)
    assert actor is not None
    return actor
