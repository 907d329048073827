"""Builds the stores and the domain over them: the one place that knows which kinds there are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from sqlalchemy import text

from runstone.server.domain.access import Access
from runstone.server.domain.accounts import Accounts
from runstone.server.domain.alerts import Alerts
from runstone.server.domain.console import Console
from runstone.server.domain.domain import Domain
from runstone.server.domain.feed import Feed
from runstone.server.domain.files import Files
from runstone.server.domain.history import History
from runstone.server.domain.ingest import Ingest
from runstone.server.domain.leases import Leases
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import Runs
from runstone.server.domain.signing import Signer
from runstone.server.domain.views import Views
from runstone.server.settings import ServerSettings
from runstone.server.stores.records.engine import open_records


@dataclass(slots=True)
class House:
    """Stores, domain and jobs of one process. `close` ends them in the right order."""

    domain: Domain
    check: Callable[[], None]  # raises Unavailable where a store cannot be read
    _closing: ExitStack = field(default_factory=ExitStack)

    def start_jobs(self) -> None:
        pass

    def close(self) -> None:
        self._closing.close()


def open_house(settings: ServerSettings) -> House:
    storage = settings.storage
    closing = ExitStack()
    records = open_records(storage.database_url or f"sqlite:///{storage.data / 'records.db'}")
    closing.callback(records.close)

    def check() -> None:
        with records.read() as connection:
            connection.execute(text("SELECT 1"))

    domain = Domain(
        access=Access(),
        accounts=Accounts(),
        projects=Projects(),
        runs=Runs(),
        history=History(),
        ingest=Ingest(),
        leases=Leases(),
        files=Files(),
        console=Console(),
        alerts=Alerts(),
        views=Views(),
        feed=Feed(),
        signer=Signer(b"0" * 32),
    )
    return House(domain, check, closing)
