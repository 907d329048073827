"""The console store in PostgreSQL, beside the records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.postgres import Cluster

from runstone.server.stores.console.contract import ConsoleStore
from runstone.server.stores.console.sql import open_console
from runstone.server.stores.records.engine import open_records
from runstone.testing.console import RUN, ConsoleStoreSuite, lines

pytestmark = pytest.mark.postgres


class TestPostgresConsole(ConsoleStoreSuite):
    @pytest.fixture
    def console(self, postgres: Cluster) -> Iterator[ConsoleStore]:
        url = postgres.new_database()
        store = open_console(url)
        yield store
        store.close()
        postgres.drop(url)


def test_it_shares_the_records_database_and_two_replicas_share_it(postgres: Cluster) -> None:
    url = postgres.new_database()
    records = open_records(url)
    one, two = open_console(url), open_console(url)
    for start in range(0, 400, 10):
        (one if start % 20 else two).write(RUN, "w", lines(start, 10))
    assert one.read(RUN, "w", start=0, limit=1000) == two.read(RUN, "w", start=0, limit=1000) == lines(0, 400)
    for store in (one, two, records):
        store.close()
    open_records(url).close()  # its migrations are not disturbed by the console's tables
    postgres.drop(url)
