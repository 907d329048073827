"""`world`: accounts, projects and runs on SQLite and on PostgreSQL, copied from a template for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.postgres import Cluster
from tests.support.world import World, open_world, populate

from runstone.server.stores.records.engine import open_records


@pytest.fixture(scope="session")
def populated_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("world") / "records.db"
    shutil.copy(sqlite_template, file)
    records = open_records(f"sqlite:///{file}")
    populate(records)
    records.close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


@pytest.fixture(scope="session")
def populated_database(postgres: Cluster, postgres_template: str) -> str:
    url = postgres.new_database(template=postgres_template)
    records = open_records(url)
    populate(records)
    records.close()
    return url.rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        file = tmp_path / "records.db"
        shutil.copy(request.getfixturevalue("populated_file"), file)
        records = open_records(f"sqlite:///{file}")
        yield open_world(records, f"sqlite:///{file}")
        records.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new_database(template=request.getfixturevalue("populated_database"))
    records = open_records(url, upgrade=False)
    yield open_world(records, url)
    records.close()
    cluster.drop(url)
