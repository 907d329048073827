"""Record stores for tests below here: each test that asks for `records_url` runs on both databases."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.postgres import Cluster, running_postgres

from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records
from runstone.server.stores.records.migrations import migrate


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of this test session's own."""
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of a database with the schema in it, to copy from."""
    url = postgres.new_database()
    migrate(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record store's file with the schema in it, to copy from."""
    file = tmp_path_factory.mktemp("records") / "template.db"
    migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty record store, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "records.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    cluster = request.getfixturevalue("postgres")
    url = cluster.new_database(template=request.getfixturevalue("postgres_template"))
    yield url
    cluster.drop(url)


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    store = open_records(records_url)
    yield store
    store.close()
