"""The jobs of artifacts: time to live, retention, giving back what nothing refers to."""

from __future__ import annotations

import time

from runstone.server.domain.deletions import Deletions
from runstone.server.domain.identity import Actor
from runstone.server.domain.retention import Retention
from runstone.server.domain.storage_use import Storage
from runstone.server.jobs.runner import Job, Turn

_ACTOR = Actor(None, "", is_admin=True, system="artifacts")


def artifact_jobs(*, retention: Retention, deletions: Deletions, storage: Storage) -> list[Job]:
    """Handed to a `Runner`."""

    def expire(turn: Turn) -> None:
        """Versions whose time to live is over go to the trash."""
        retention.expire(_ACTOR, now=time.time(), goes_on=turn.goes_on)

    def retain(turn: Turn) -> None:
        """Policies: of each collection the best and the last stay, and what is young enough."""
        retention.apply(_ACTOR, now=time.time(), goes_on=turn.goes_on)

    def delete(turn: Turn) -> None:
        """Deletions of many versions go on, from where they were. Shared: each is one process's at a time."""
        deletions.work(goes_on=turn.goes_on)

    def collect(turn: Turn) -> None:
        """What no version holds any more, and packs that are half dead."""
        storage.collect(_ACTOR, goes_on=turn.goes_on)

    return [
        Job("artifacts.expire", 300.0, expire, lane="artifacts"),
        Job("artifacts.retain", 3600.0, retain, lane="artifacts"),
        Job("artifacts.delete", 10.0, delete, shared=True, lane="deletions"),
        Job("artifacts.collect", 6 * 3600.0, collect, lane="artifacts"),
    ]
