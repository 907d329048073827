"""Bringing a database of an earlier release to this one, with what is in it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from tests.support.postgres import Cluster

from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import Actor
from runstone.server.domain.runs import RunChange, RunQuery, Runs
from runstone.server.stores.records import migrations
from runstone.server.stores.records.engine import open_records, parse_url
from runstone.server.stores.records.migrations import HEAD, migrate
from runstone.server.stores.records.schema import metadata

SYSTEM = Actor(None, "", system="test")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """No database yet (SQLite), or one with nothing in it (PostgreSQL)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/records.db"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    made = cluster.new_database()
    yield made
    cluster.drop(made)


def in_database(url: str, *statements: str) -> list[Any]:
    engine = create_engine(parse_url(url))
    with engine.begin() as conn:
        results = [conn.execute(text(statement)) for statement in statements]
        rows = list(results[-1]) if results[-1].returns_rows else []
    engine.dispose()
    return rows


# Rows as the first schema has them, in words of SQL, so that no code of today shapes them.
FIRST_SCHEMA_DATA = [
    "INSERT INTO entities (id, name, kind, created_at) VALUES (1, 'ada', 'user', 1)",
    "INSERT INTO users (id, entity_id, username, email, display_name, is_admin, is_service, created_at)"
    " VALUES (1, 1, 'ada', '', '', true, false, 1)",
    "INSERT INTO projects (id, entity_id, name, created_at, updated_at, settings, run_count, runs_made)"
    " VALUES (1, 1, 'p', 1, 1, '{}', 2, 3)",
    *(
        "INSERT INTO runs (id, project_id, run_id, display_name, state, user_id, tags, command, created_at,"
        " updated_at, stop_requested, colour, version, change_seq, deleted_at)"
        f" VALUES ({n}, 1, 'r{n}', 'name-{n}', 'finished', 1, '[\"t\"]', '[]', {n}, {n}, false, {n}, 1, 0,"
        f" {'5.0' if n == 3 else 'NULL'})"
        for n in (1, 2, 3)
    ),
    *(
        f"INSERT INTO run_configs (run_key, config) VALUES ({n}, '{config}')"
        for n, config in (
            (1, '{"lr": 0.1, "model": {"layers": 3, "name": "a"}}'),
            (2, '{"lr": "auto"}'),
            (3, '{"gone": 1}'),
        )
    ),
    *(
        f"INSERT INTO run_summaries (run_key, summary, explicit) VALUES ({n}, '{{\"loss\": 0.{n}}}', '[]')"
        for n in (1, 2, 3)
    ),
    *(
        "INSERT INTO run_details (run_key, environment, metrics, wire)"
        f" VALUES ({n}, '{{\"os\": \"Linux\"}}', '[]', '{{}}')"
        for n in (1, 2, 3)
    ),
]


def fill_first_schema(url: str) -> None:
    in_database(url, *FIRST_SCHEMA_DATA)
    if url.startswith("postgres"):  # rows were given their numbers; the sequences have to know
        for table in ("entities", "users", "projects", "runs"):
            in_database(url, f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 3)")


def test_what_the_migrations_build_is_what_the_code_expects(url: str) -> None:
    migrate(url)
    engine = create_engine(parse_url(url))
    with engine.connect() as conn:
        differences = compare_metadata(
            MigrationContext.configure(conn, opts={"compare_type": True}), metadata
        )
    engine.dispose()
    assert differences == []


def test_the_revisions_are_one_line_that_ends_in_head() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]


def test_an_earlier_schema_is_upgraded_with_what_is_in_it(url: str) -> None:
    migrate(url, to="0001")
    fill_first_schema(url)

    migrate(url)

    columns = in_database(url, "SELECT path, kind, runs FROM run_columns ORDER BY path, kind")
    assert [tuple(row) for row in columns] == [
        ("config.lr", "number", 1),
        ("config.lr", "string", 1),
        ("config.model.layers", "number", 1),
        ("config.model.name", "string", 1),
        ("summary.loss", "number", 2),
    ]
    records = open_records(url)
    try:
        service = _runs(records)
        page = service.find(SYSTEM, "ada", "p", RunQuery(order=["summary.loss"]))
        assert [(run.id, run.config.get("lr"), run.summary["loss"], run.tags) for run in page.runs] == [
            ("r1", 0.1, 0.1, ("t",)),
            ("r2", "auto", 0.2, ("t",)),
        ]
        # And it can be written to: numbers go on where they were.
        made, _ = service.upsert(SYSTEM, "ada", "p", "new", RunChange(config={"lr": 1}))
        assert made.display_name.endswith("-4")
        assert {c.path: c.runs for c in service.columns(SYSTEM, "ada", "p")}["config.lr"] == 3
    finally:
        records.close()


def _runs(records: Any) -> Runs:
    from runstone.server.domain.access import Access
    from runstone.server.domain.feed import Feed
    from runstone.server.domain.projects import Projects

    access = Access(records)
    feed = Feed(access)
    return Runs(records, access, Projects(records, access, feed), feed)


def test_the_file_is_backed_up_before_an_upgrade_and_the_backup_opens(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    migrate(url, to="0001")
    fill_first_schema(url)

    (backup,) = migrate(url)

    assert backup.parent == tmp_path / "backups"
    with sqlite3.connect(backup) as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert kept.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept.close()


def test_nothing_is_backed_up_where_nothing_changes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    assert migrate(url) == []
    assert migrate(url) == []
    assert not (tmp_path / "backups").exists()


def test_an_upgrade_that_breaks_off_leaves_the_earlier_schema(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(url, to="0001")
    fill_first_schema(url)
    real = migrations._upgrade

    def broken(conn: Connection, to: str) -> None:
        real(conn, to)
        raise RuntimeError("the power went")

    monkeypatch.setattr(migrations, "_upgrade", broken)
    with pytest.raises(RuntimeError, match="power"):
        migrate(url)
    monkeypatch.undo()

    assert in_database(url, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert in_database(url, "SELECT count(*) FROM runs") == [(3,)]
    migrate(url)
    assert in_database(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_database_of_a_newer_release_is_left_alone(url: str) -> None:
    migrate(url)
    in_database(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="newer release"):
        open_records(url)
    assert in_database(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_two_servers_that_start_at_once_migrate_once(url: str) -> None:
    code = "import sys; from runstone.server.stores.records.migrations import migrate; migrate(sys.argv[1])"
    starting = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
    assert [process.wait(60) for process in starting] == [0, 0, 0]
    assert in_database(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_only_known_kinds_of_addresses_are_opened(tmp_path: Path) -> None:
    from runstone.server.domain.errors import Invalid

    for url in ("mysql://x/y", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(Invalid):
            open_records(url)
    with pytest.raises(Unavailable):
        open_records("postgresql://nobody@127.0.0.1:1/none")
