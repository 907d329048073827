"""The history store on SQLite or PostgreSQL."""

from __future__ import annotations

from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.history.contract import HistoryStore
from runstone.server.stores.history.sql.store import SqlHistory

__all__ = ["open_history"]


def open_history(url: str, *, blobs: BlobStore | None) -> HistoryStore:
    """Open the store at `url`, making its tables where they are not there yet.

    `sqlite:///PATH` (a file of its own, apart from the records) or `postgresql://…`. Raises Invalid
    for any other kind of URL, Unavailable where the database does not answer.
    """
    return SqlHistory(url, blobs=blobs)
