"""The history suite on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.postgres import Cluster

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.history.sql import open_history
from runstone.testing.history.acts import acts_of, play
from runstone.testing.history.model import SET, OpenStore, numbers
from runstone.testing.history.suite import HistoryStoreSuite

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: Cluster) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop(url)


class TestPostgres(HistoryStoreSuite):
    @pytest.fixture
    def open_store(self, url: str) -> OpenStore:
        return lambda: open_history(url, blobs=None)


@pytest.fixture
def emptied(url: str) -> Callable[[], OpenStore]:
    """Each call: the opener of a store with nothing in it."""
    import psycopg

    def empty() -> OpenStore:
        with psycopg.connect(url, autocommit=True) as connection:
            names = connection.execute(
                "SELECT relname FROM pg_class WHERE relname ~ '^hist_' AND relkind = 'r'"
            )
            for (name,) in names.fetchall():
                if name != "hist_version":
                    connection.execute(f"TRUNCATE {name}")  # type: ignore[call-overload]
        return lambda: open_history(url, blobs=None)

    return empty


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("RUNSTONE_TEST_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=acts_of())
def test_whatever_happens_the_store_shows_what_the_model_shows(
    emptied: Callable[[], OpenStore], tiny: None, acts: list[tuple[Any, ...]]
) -> None:
    play(emptied(), acts)


def test_two_stores_over_one_database_see_each_others_rows(url: str) -> None:
    """Replicas: each has its own writer thread; streams and arrival numbers stay exact."""
    one, two = open_history(url, blobs=None), open_history(url, blobs=None)
    for turn in range(20):
        store = (one, two)[turn % 2]
        assert store.append(SET, "s", numbers([turn], {"loss": [float(turn)]}, offset=turn)) == turn + 1
    assert one.points(SET, "loss").values.tolist() == two.points(SET, "loss").values.tolist()
    assert one.append(SET, "s", numbers(range(10), {"loss": [9.0] * 10})) == 20
    assert two.info(SET).rows == 20
    one.close()
    two.close()


def test_a_database_that_is_away_is_unavailable(postgres: Cluster) -> None:
    with pytest.raises(Unavailable):
        open_history(postgres.url("no_such_database"), blobs=None)


def test_a_connection_that_broke_is_made_anew(url: str) -> None:
    import psycopg

    store = open_history(url, blobs=None)
    store.append(SET, "s", numbers([1], {"loss": [1.0]}))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    # The first call may meet the dead connection, and says so; a second finds a new one.
    for attempt in range(3):
        try:
            assert store.append(SET, "s", numbers([2], {"loss": [2.0]}, offset=1)) == 2
            break
        except Unavailable:
            assert attempt < 2
    assert store.info(SET).rows == 2
    store.close()
