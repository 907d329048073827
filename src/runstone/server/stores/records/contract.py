"""What the domain may rely on from the record store.

Reads see what was committed. A write is a function that is handed a transaction; it returns when
its changes are durable. Writes of many callers share one commit (a few milliseconds) where the
database has a single writer; a work function that raises undoes only its own changes. Work may be
called again after a passing conflict, so it must not act outside the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Records(Protocol):
    """SQLite or PostgreSQL behind SQLAlchemy Core. The statements lie in this folder, one file per
    noun, as functions that take the connection; the domain calls those, and writes no SQL."""

    dialect: str  # "sqlite" or "postgresql"

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading, from a pool; one consistent view while it is held."""

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; return its result once committed."""

    def close(self) -> None: ...
