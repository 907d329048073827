"""Console lines of runs."""

from __future__ import annotations

from collections.abc import Sequence

from runstone.server.domain.access import Access
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.places import Places
from runstone.server.stores.console.contract import ConsoleInfo, ConsoleStore, Line
from runstone.server.stores.records.contract import Records

READ_MAX = 100_000  # lines in one answer


class Console:
    def __init__(self, store: ConsoleStore, records: Records, access: Access, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._places = Places(records, access)

    def write(
        self, actor: Actor, run: RunKey, writer: str, lines: Sequence[Line], *, label: str = ""
    ) -> None:
        """Trusted to come after the caller's own permission check of the run."""
        if not lines:
            return
        self._store.write(run, writer, lines, label=label)
        if self._feed.is_heard:
            end = max(line.number for line in lines) + 1
            self._feed.publish(self._places.of(run).event("console", writer=writer, lines=end))

    def writers(self, actor: Actor, run: RunKey) -> list[ConsoleInfo]:
        """In the order they began."""
        self._places.checked(actor, run, Permission.READ)
        return self._store.writers(run)

    def read(
        self, actor: Actor, run: RunKey, writer: str = "", *, start: int = 0, limit: int = 1000
    ) -> list[Line]:
        """writer "": the run's first. A negative start counts from the end. At most 100,000 lines."""
        self._places.checked(actor, run, Permission.READ)
        name = writer or self._first_writer(run)
        return self._store.read(run, name, start=start, limit=min(limit, READ_MAX)) if name else []

    def search(
        self, actor: Actor, run: RunKey, text: str, *, writer: str = "", start: int = 0, limit: int = 1000
    ) -> list[Line]:
        """Lines that contain `text`, case folded, from line `start` on."""
        self._places.checked(actor, run, Permission.READ)
        name = writer or self._first_writer(run)
        if not name:
            return []
        return self._store.search(run, name, text, start=start, limit=min(limit, READ_MAX))

    def _first_writer(self, run: RunKey) -> str:
        return next((info.writer for info in self._store.writers(run)), "")
