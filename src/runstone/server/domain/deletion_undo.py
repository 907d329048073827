"""A deletion of many versions undone, step by step: what it took and still lies in the trash comes back.

A version in the trash says which deletion took it, and no longer says so once it is back. So what is left to
do is always what the store says, and a step that was done is not done again. The highest numbers come
first, so that `latest` stands where it stood after one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.identity import Actor
from runstone.server.domain.version_trash import restore_versions
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import deletions as statements
from runstone.server.stores.records.rows import AnyRow

HIGHEST = 2**31 - 1  # numbers of versions have 32 bits


@dataclass(frozen=True, slots=True)
class Window:
    """What a step brings back: versions of one collection, and how far it has come then."""

    collection_id: int
    ids: tuple[int, ...]
    down_to: int


def next_window(conn: Connection, row: AnyRow, *, width: int) -> Window | None:
    """From where the deletion's row says; None: all was seen. Versions whose collection is in the trash
    stay with it, and are passed over."""
    at, below = row.collection_id, row.version_index
    while True:
        if at:
            found = statements.in_trash(conn, row.id, at, below=below, limit=width)
            place = collection_statements.collection_by_id(conn, at)
            if found and place is not None and place.deleted_at is None:
                return Window(at, tuple(version.id for version in found), found[-1].version_index)
        following = statements.next_in_trash(conn, row.id, after=at)
        if following is None:
            return None
        at, below = following, HIGHEST


def bring_back(conn: Connection, actor: Actor, row: AnyRow, window: Window, *, now: float) -> dict[str, Any]:
    """What to keep with the deletion's row, within the transaction that holds it."""
    collection_statements.lock_collection(conn, window.collection_id)
    place = collection_statements.collection_by_id(conn, window.collection_id)
    if place is not None and place.deleted_at is None:
        restore_versions(conn, actor, place, window.ids, access=None, detail={"deletion": row.id}, now=now)
    return {
        "collection_id": window.collection_id,
        "version_index": window.down_to,
        "scanned": row.scanned + len(window.ids),
    }
