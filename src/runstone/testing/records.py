"""What every record store must do, as a suite to run against any kind.

class TestMine(RecordsSuite):
    @pytest.fixture
    def records(self, tmp_path):
        store = open_records(f"sqlite:///{tmp_path}/records.db")
        yield store
        store.close()
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert

from runstone.server.domain.errors import Invalid, Unavailable
from runstone.server.stores.records import changes, manifests, settings
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import artifact_types, collections
from runstone.server.stores.records.schema.projects import projects

Work = Callable[[Connection], Any]


def set_to(name: str, value: Any) -> Work:
    return lambda conn: settings.set_setting(conn, name, value)


def value_of(records: Records, name: str) -> Any:
    with records.read() as conn:
        return settings.setting(conn, name)


def count_up(conn: Connection) -> int:
    """Read, think, write: what a lost update would show in."""
    entity = entity_statements.add_entity(conn, "counter", "team", organization_id=None, now=0.0)
    if entity is not None:
        settings.set_setting(conn, "counter", 0)
    # The row above is held by whoever came first, on both databases, through this upsert.
    settings.set_setting(conn, "turn", 0)
    value = int(settings.setting(conn, "counter")) + 1
    settings.set_setting(conn, "counter", value)
    return value


class RecordsSuite:
    """Subclass it and give a fixture `records`: an empty store with its schema."""

    def test_a_write_returns_what_the_work_returned_and_reads_see_it(self, records: Records) -> None:
        assert records.write(lambda conn: (set_to("a", 1)(conn), "done")[1]) == "done"
        assert value_of(records, "a") == 1

    def test_work_that_raises_undoes_only_its_own_changes(self, records: Records) -> None:
        def bad(conn: Connection) -> None:
            set_to("bad", 1)(conn)
            raise ZeroDivisionError

        start = threading.Barrier(9)
        errors: list[BaseException] = []

        def write(n: int) -> None:
            start.wait()
            try:
                records.write(bad if n == 4 else set_to(f"good{n}", n))
            except ZeroDivisionError as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 1
        assert value_of(records, "bad") is None
        assert [value_of(records, f"good{n}") for n in range(9) if n != 4] == [0, 1, 2, 3, 5, 6, 7, 8]

    def test_a_statement_that_fails_leaves_the_store_usable(self, records: Records) -> None:
        def clash(conn: Connection) -> None:
            conn.execute(entities.insert().values(name="x", kind="team", created_at=0.0))
            conn.execute(entities.insert().values(name="x", kind="team", created_at=0.0))

        with pytest.raises(Exception, match=r"(?i)unique"):
            records.write(clash)
        with records.read() as conn:
            assert entity_statements.entity(conn, "x") is None
        records.write(set_to("after", True))
        assert value_of(records, "after") is True

    def test_increments_from_many_threads_are_all_counted(self, records: Records) -> None:
        seen: list[int] = []

        def work() -> None:
            for _ in range(20):
                seen.append(records.write(count_up))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == list(range(1, 161))
        assert value_of(records, "counter") == 160

    def test_a_read_keeps_one_view_while_others_write(self, records: Records) -> None:
        records.write(set_to("v", 1))
        with records.read() as conn:
            assert settings.setting(conn, "v") == 1
            records.write(set_to("v", 2))
            assert settings.setting(conn, "v") == 1
        assert value_of(records, "v") == 2

    def test_a_read_cannot_write(self, records: Records) -> None:
        with pytest.raises(Exception, match=r"(?i)read.?only"), records.read() as conn:
            settings.set_setting(conn, "sneaky", 1)
        assert value_of(records, "sneaky") is None

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            0.1,
            -0.0,
            5e-324,
            1e16,
            1e300,
            1.7976931348623157e308,
            2**53 + 1,
            -(2**63),
            2**64,
            10**60,
            "",
            "\x00",
            "a\x00b\x1a\ud800z",
            "\x1aNaN",
            "日本語 🎉",
            {"\x00key\x1a": [1, {"": None}]},
            {"$": {"a.b": {"c/d": "e"}}},
        ],
        ids=repr,
    )
    def test_values_come_back_exactly(self, records: Records, value: Any) -> None:
        records.write(set_to("value", [value]))
        (kept,) = value_of(records, "value")
        assert kept == value
        assert type(kept) is type(value)
        assert math.copysign(1, kept) == math.copysign(1, value) if isinstance(value, float) else True

    def test_nan_and_infinities_come_back(self, records: Records) -> None:
        records.write(set_to("value", {"nan": math.nan, "up": math.inf, "down": [-math.inf]}))
        kept = value_of(records, "value")
        assert math.isnan(kept["nan"])
        assert (kept["up"], kept["down"]) == (math.inf, [-math.inf])

    def test_a_reader_of_changes_meets_each_one(self, records: Records) -> None:
        """Numbers taken in writes that a read has not seen are at or above its horizon."""
        stop = threading.Event()
        kept: list[tuple[int, int]] = []

        def write(n: int) -> None:
            i = 0
            while not stop.is_set():
                i += 1

                def work(conn: Connection, i: int = i) -> int:
                    number = changes.next_change(conn)
                    settings.set_setting(conn, f"w{n}", [i, number])
                    return number

                kept.append((n, records.write(work)))

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        try:
            horizon, seen = 0, dict.fromkeys(range(4), 0)
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                with records.read() as conn:
                    now = [settings.setting(conn, f"w{n}") for n in range(4)]
                    next_horizon = changes.horizon(conn)
                for n, value in enumerate(now):
                    if value is not None and value[0] != seen[n]:
                        assert value[1] >= horizon, "a change below the horizon was not seen before"
                        seen[n] = value[0]
                horizon = next_horizon
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert kept

    @pytest.mark.parametrize("name", ["\ud800", "a\x00b"], ids=ascii)
    def test_text_that_cannot_be_kept_is_told_or_not_found(self, records: Records, name: str) -> None:
        """Never an error of the database's own: names come from anywhere."""
        attempts: list[Callable[[], Any]] = [
            lambda: value_of(records, name),
            lambda: records.write(lambda conn: settings.setting(conn, name)),
        ]
        for attempt in attempts:
            try:
                assert attempt() is None
            except Invalid as error:
                assert "cannot be kept" in error.message
        records.write(set_to("after", 1))
        assert value_of(records, "after") == 1

    def test_a_closed_store_refuses(self, records: Records) -> None:
        records.close()
        with pytest.raises(Unavailable):
            records.write(set_to("late", 1))

    def test_parts_are_found_by_path_and_summed_where_they_have_outlines(self, records: Records) -> None:
        """By code point, whatever the database's collation: a slash comes before a letter or a digit."""
        firsts = ["B", "a", "a-b/x", "a/b", "a0", "é/1", "\uffff", "\U0001f600"]
        version = records.write(lambda conn: _version_of_parts(conn, firsts))
        with records.read() as conn:
            for path, ordinal in (("", 0), ("A", 0), ("B", 0), ("a/", 2), ("a/bc", 3), ("é", 4), ("é/2", 5)):
                assert manifests.ordinal_at(conn, version, path) == ordinal, path
            assert manifests.ordinal_at(conn, version, "\U0010ffff") == len(firsts) - 1
            outlines = manifests.outlines_of(conn, version, ordinal=2, limit=3)
            assert [(row.first_path, row.files) for row in outlines] == [
                ("a-b/x", 3),
                ("a/b", None),
                ("a0", 5),
            ]
            assert manifests.sum_between(conn, version, 1, 5) == (2 + 3 + 5, 10 * (2 + 3 + 5), 1)
            assert manifests.sum_between(conn, version, 5, 5) == (0, 0, 0)
            assert [row.data for row in manifests.without_outline(conn, version, ordinal=0, limit=9)] == [
                b"3"
            ]


def _version_of_parts(conn: Connection, firsts: list[str]) -> int:
    """A version of a part for each, of 1, 2, 3, … files of ten bytes; the fourth has no outline."""
    entity = entity_statements.add_entity(conn, "parts", "team", organization_id=None, now=0.0)
    assert entity is not None
    times = {"created_at": 0.0, "updated_at": 0.0}

    def add(table: Table, **values: Any) -> int:
        known = {column.name for column in table.c}
        kept = {name: value for name, value in {**times, **values}.items() if name in known}
        return int(conn.execute(insert(table).values(**kept).returning(table.c.id)).scalar_one())

    project = add(projects, entity_id=entity, name="p", settings={}, run_count=0, runs_made=0)
    kind = add(artifact_types, project_id=project, name="dataset", description="")
    said: dict[str, Any] = {"tags": [], "metadata": {}, "facts": {}, "retention": {}, "pending_aliases": []}
    collection = add(
        collections, project_id=project, type_id=kind, kind="sequence", name="set", next_index=1,
        version_count=1, **said,
    )  # fmt: skip
    version = add(
        artifact_versions, entity_id=entity, collection_id=collection, state="committed", digest="",
        digest_algorithm="", sha256="", size=0, file_count=0, **said,
    )  # fmt: skip
    parts = []
    for number, first in enumerate(firsts):
        part = manifests.put_part(
            conn, entity, sha256=bytes([number]), entries=1, data=b"%d" % number, blob_ids=[], now=0.0
        )
        if number != 3:
            files = number + 1
            manifests.put_outline(conn, part, files=files, size=10 * files, folders=b"")
        parts.append((part, first))
    manifests.set_parts(conn, version, parts)
    return version
