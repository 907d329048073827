"""Alerts that runs raise."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission, RunKey, check_text
from runstone.server.domain.places import Places
from runstone.server.stores.records import alerts as statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records

Level = Literal["INFO", "WARN", "ERROR"]

TITLE_CHARS_MAX = 1_000
TEXT_CHARS_MAX = 100_000
FIND_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Alert:
    entity: str
    project: str
    run: str
    title: str
    text: str
    level: Level
    at: float


class Alerts:
    def __init__(self, records: Records, access: Access, feed: Feed) -> None:
        self._records = records
        self._access = access
        self._feed = feed
        self._places = Places(records, access)

    def raise_alert(
        self,
        actor: Actor,
        run: RunKey,
        *,
        title: str,
        text: str = "",
        level: Level = "INFO",
        at: float | None = None,
        wait_seconds: float = 60.0,
    ) -> bool:
        """False where one of the same title came within wait_seconds."""
        place = self._places.checked(actor, run, Permission.WRITE)
        moment = time.time() if at is None else at

        def work(conn: Connection) -> bool:
            return keep_alert(
                conn, run, title=title, text=text, level=level, at=moment, wait_seconds=wait_seconds
            )

        kept = self._records.write(work)
        if kept:
            self._feed.publish(place.event("alert", title=title, level=level, at=moment))
        return kept

    def find(self, actor: Actor, *, run: RunKey | None = None, limit: int = 100) -> list[Alert]:
        """Newest first; without a run, over all the actor may read."""
        if run is not None:
            self._places.checked(actor, run, Permission.READ)
            entities = None
        else:
            self._access.check_signed_in(actor)
            entities = self._access.readable_entities(actor)
        with self._records.read() as conn:
            rows = statements.find_alerts(
                conn, run_key=run, entity_ids=entities, limit=max(0, min(limit, FIND_MAX))
            )
        return [
            Alert(row.entity, row.project, row.run_id, row.title, row.text, row.level, row.at) for row in rows
        ]


def keep_alert(
    conn: Connection, run: RunKey, *, title: str, text: str, level: str, at: float, wait_seconds: float
) -> bool:
    """Within a transaction of the caller's. Raises Invalid for a level that is none, NotFound for a
    run that is gone."""
    if run_statements.lock(conn, run) is None:
        raise NotFound("The run does not exist any more.")
    if level not in get_args(Level):
        raise Invalid(f"Alert level {level[:40]!r} is not known. Use INFO, WARN or ERROR.", level=level[:40])
    return statements.add_alert(
        conn,
        run,
        title=check_text(title, what="An alert's title", chars_max=TITLE_CHARS_MAX),
        text=check_text(text, what="An alert's text", chars_max=TEXT_CHARS_MAX),
        level=level,
        at=at,
        wait_seconds=wait_seconds,
    )
