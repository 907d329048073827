"""Where a run lies, and whether somebody may touch it: asked by all that is reached by RunKey."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from runstone.server.domain.access import Access
from runstone.server.domain.errors import NotFound
from runstone.server.domain.feed import Event, EventKind
from runstone.server.domain.identity import Actor, EntityId, Permission, ProjectId, RunKey
from runstone.server.stores.records import writers as statements
from runstone.server.stores.records.contract import Records

PLACE_SECONDS = 2.0  # how long a run that was moved is still taken to be where it was
_PLACES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    run: RunKey
    run_id: str
    project_id: ProjectId
    project: str
    entity_id: EntityId
    entity: str

    def event(self, kind: EventKind, **detail: object) -> Event:
        return Event(kind, self.entity_id, self.project_id, self.entity, self.project, self.run_id, detail)


class Places:
    """Checks read the store; only what an event says of a run is kept, for two seconds."""

    def __init__(self, records: Records, access: Access) -> None:
        self._records = records
        self._access = access
        self._kept: dict[RunKey, tuple[float, Place]] = {}
        self._lock = threading.Lock()

    def checked(self, actor: Actor, run: RunKey, permission: Permission) -> Place:
        """Raises NotFound for a run that is not there or not to be seen, NotAllowed, NotSignedIn."""
        place = self._read(run)
        try:
            self._access.check(actor, permission, place.entity_id)
        except NotFound:
            raise _no_run() from None
        return place

    def of(self, run: RunKey) -> Place:
        """Without asking who wants to know; perhaps where it was two seconds ago. Raises NotFound."""
        kept = self._kept.get(run)
        if kept is not None and time.monotonic() - kept[0] < PLACE_SECONDS:
            return kept[1]
        return self._read(run)

    def _read(self, run: RunKey) -> Place:
        with self._records.read() as conn:
            row = statements.place(conn, run)
        if row is None:
            raise _no_run()
        place = Place(
            RunKey(row.run_key),
            row.run_id,
            ProjectId(row.project_id),
            row.project,
            EntityId(row.entity_id),
            row.entity,
        )
        with self._lock:
            if len(self._kept) >= _PLACES_MAX:
                self._kept.clear()
            self._kept[run] = (time.monotonic(), place)
        return place


def _no_run() -> NotFound:
    return NotFound("There is no such run, or it is not yours to see.")
