"""Batches that wait in front of the database: found by whoever opens the store next, in order, once."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstone.server.stores.history.contract import Column, HistoryStore, RowBatch, SetKey
from runstone.server.stores.history.sql import open_history
from runstone.server.stores.history.sql.database import Database
from runstone.server.stores.history.sql.intake_file import IntakeFile
from runstone.testing.history.model import SET, key_of, merge_all, numbers

_often = settings(
    max_examples=int(os.environ.get("RUNSTONE_TEST_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    opened = open_history(str(tmp_path / "history.db"), blobs=None)
    yield opened
    opened.close()


def _rows_of_file(path: Path) -> int:
    """Rows that a copy of the database's own file would hold."""
    with sqlite3.connect(path) as connection:
        (rows,) = connection.execute(
            "SELECT coalesce(sum(log_rows + merged_rows), 0) FROM hist_branch"
        ).fetchone()
    return int(rows)


def _as_left_by_a_crash(folder: Path, to: Path) -> HistoryStore:
    """The files as they are now, opened by somebody else."""
    to.mkdir()
    for path in folder.glob("history.db*"):
        shutil.copy(path, to / path.name)
    return open_history(str(to / "history.db"), blobs=None)


def _log(store: HistoryStore, start: int, count: int, where: SetKey = SET, stream: str = "s") -> int:
    steps = np.arange(start, start + count)
    return store.append(where, stream, numbers(steps, {"x": np.sin(steps)}, offset=start))


def test_small_batches_wait_in_front_of_the_database_and_show_at_once(
    store: HistoryStore, tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    _log(store, 0, 10)  # a stream begins in the database
    for start in range(10, 100, 10):
        assert _log(store, start, 10) == start + 10
    assert _rows_of_file(path) == 10
    assert store.next_offset(SET, "s") == 100  # known without a look at the database
    assert _rows_of_file(path) == 10
    assert store.info(SET).rows == 100
    assert _rows_of_file(path) == 100


def test_what_waits_is_in_the_database_once_it_is_settled(store: HistoryStore, tmp_path: Path) -> None:
    _log(store, 0, 10)
    _log(store, 10, 10)
    store.settle()
    assert _rows_of_file(tmp_path / "history.db") == 20


def test_what_waits_at_a_crash_is_found_by_the_next_who_opens_the_store(
    store: HistoryStore, tmp_path: Path
) -> None:
    for start in range(0, 200, 10):
        _log(store, start, 10)
    store.append(SET, "s", numbers([200], {"x": [1.0]}, offset=200), note=b"so far")
    after = _as_left_by_a_crash(tmp_path, tmp_path / "after")
    assert after.notes() == [(SET, "s", b"so far")] and after.note(SET, "s") == b"so far"
    assert after.next_offset(SET, "s") == 201 and after.info(SET).rows == 201
    assert after.points(SET, "x").steps.tolist() == list(range(201))
    assert _log(after, 195, 10) == 205  # a client that sends some of it again
    assert after.info(SET).rows == 205
    after.close()


def test_a_reader_has_what_it_reads_written_and_leaves_the_rest(store: HistoryStore, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    one, other, child = key_of(1), key_of(2), key_of(3)
    for start in range(0, 50, 10):
        for where in (one, other):
            _log(store, start, 10, where)
        if not start:
            store.fork(one, child, last_step=1000)
    assert _rows_of_file(path) == 20
    assert store.info(other).rows == 50
    assert _rows_of_file(path) == 60
    after = _as_left_by_a_crash(tmp_path, tmp_path / "after")  # the file holds both still
    for left in (after, store):
        assert left.next_offset(one, "s") == left.next_offset(other, "s") == 50
        assert left.info(child).rows == 50  # what it goes on from waits under another name
        assert left.info(one).rows == left.info(other).rows == 50
        assert left.points(other, "x").steps.tolist() == list(range(50))
    after.close()
    assert _log(store, 45, 10, other) == 55 and store.info(other).rows == 55


def test_texts_and_json_wait_as_numbers_do(store: HistoryStore, tmp_path: Path) -> None:
    batches = []
    for at in range(0, 12, 3):
        rows = np.arange(3)
        columns = {
            "text": Column("string", rows, [f"t{at + n}" for n in range(3)]),
            "any": Column("json", rows[1:], [{"at": [at, None, -0.0]}, [True, 2**63 + at]]),
            "yes": Column("json", rows[:1], [at % 2 == 0]),
            "x": Column("number", rows, np.array([at, np.nan, np.inf])),
        }
        steps = np.arange(at, at + 3)
        batches.append(RowBatch(steps, at + 3, steps, steps * 1.0, steps * 2.0, columns))
    for batch in batches:
        store.append(SET, "s", batch)
    assert _rows_of_file(tmp_path / "history.db") == 3
    after = _as_left_by_a_crash(tmp_path, tmp_path / "after")
    for one in (store, after):
        rows_there = one.rows(SET)
        assert [row.values["text"] for row in rows_there] == [f"t{n}" for n in range(12)]
        assert [row.values.get("any") for row in rows_there[4:6]] == [
            {"at": [3, None, -0.0]},
            [True, 2**63 + 3],
        ]
        assert [row.values.get("yes") for row in rows_there[::3]] == [True, False, True, False]
        assert rows_there[11].values["x"] == np.inf and rows_there[11].timestamp == 11.0
    after.close()


@pytest.mark.parametrize("value", [2**70 + 1, "\ud800", [-(2**66)]])
def test_what_the_file_cannot_say_goes_to_the_database(
    store: HistoryStore, tmp_path: Path, value: object
) -> None:
    _log(store, 0, 3)
    column = Column("json", np.arange(1), [value])
    one = np.arange(3, 4)
    assert store.append(SET, "s", RowBatch(one, 4, one, one * 1.0, one * 1.0, {"v": column})) == 4
    assert _rows_of_file(tmp_path / "history.db") == 4
    assert store.tail(SET, 1)[0].values == {"v": value}


def test_a_crash_after_the_database_took_it_doubles_nothing(store: HistoryStore, tmp_path: Path) -> None:
    """The file still holds what was written; that it was is known by its generation. A rewind in
    between shows it: its streams begin anew."""
    for start in range(0, 50, 10):
        _log(store, start, 10)
    store.rewind(SET, last_step=9)
    after = _as_left_by_a_crash(tmp_path, tmp_path / "after")
    assert after.info(SET).rows == 10 and after.next_offset(SET, "s") == 0
    after.close()


def test_several_crashes_in_a_row_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "0"
    folder.mkdir()
    opened = [open_history(str(folder / "history.db"), blobs=None)]
    at = 0
    for number in range(1, 6):
        for _ in range(7):
            at = _log(opened[-1], at, 5)
        opened.append(_as_left_by_a_crash(folder, tmp_path / str(number)))
        folder = tmp_path / str(number)
        if number % 2:
            assert opened[-1].info(SET).rows == at  # else its file is gone on with as it is
    assert opened[-1].points(SET, "x").steps.tolist() == list(range(at))
    for one in opened:
        one.close()


def test_rows_of_several_streams_stay_in_the_order_they_came(store: HistoryStore) -> None:
    """The last value of a step stands, whoever sent it."""
    sent = []
    for turn in range(40):
        stream = "ab"[turn % 3 == 0]
        at = store.next_offset(SET, stream)
        store.append(SET, stream, numbers([turn % 5], {"x": [float(turn)]}, offset=at))
        sent.append((turn % 5, float(turn)))
    last = dict(sent)
    points = store.points(SET, "x")
    assert dict(zip(points.steps.tolist(), points.values.tolist(), strict=True)) == last


def test_many_small_batches_become_few_rows_of_the_log(store: HistoryStore, tmp_path: Path) -> None:
    for run in (1, 2):
        _log(store, 0, 1, key_of(run))
    for start in range(1, 101):
        for run in (1, 2):
            _log(store, start, 1, key_of(run))
    store.settle()
    with sqlite3.connect(tmp_path / "history.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM hist_log").fetchone()
    assert count == 4
    merge_all(store)
    assert store.info(key_of(1)).rows == store.info(key_of(2)).rows == 101


def test_a_full_file_goes_to_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IntakeFile.__init__, "__defaults__", (4096,))
    store = open_history(str(tmp_path / "history.db"), blobs=None)
    at = 0
    for _ in range(100):
        at = _log(store, at, 10)
    assert _rows_of_file(tmp_path / "history.db") > 900
    assert store.points(SET, "x").steps.tolist() == list(range(1000))
    store.close()
    assert (tmp_path / "history.db-intake").stat().st_size == 4096


def test_where_the_file_cannot_be_written_rows_go_to_the_database(
    store: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _log(store, 0, 10)
    _log(store, 10, 10)

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pwrite", broken)
    with caplog.at_level(logging.WARNING):
        assert _log(store, 20, 10) == 30
    assert "Input/output error" in caplog.text
    assert _rows_of_file(tmp_path / "history.db") == 30


def test_with_little_room_on_the_disk_nothing_waits(
    store: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IntakeFile, "room", lambda self: 1 << 20)
    _log(store, 0, 10)
    _log(store, 10, 10)
    store.settle()
    _log(store, 20, 10)
    assert _rows_of_file(tmp_path / "history.db") == 30


def test_who_opens_the_store_beside_another_writes_to_the_database(
    store: HistoryStore, tmp_path: Path
) -> None:
    _log(store, 0, 10)
    other = open_history(str(tmp_path / "history.db"), blobs=None)
    _log(other, 10, 10)
    assert _rows_of_file(tmp_path / "history.db") == 20
    assert _log(store, 15, 15) == 30
    assert store.info(SET).rows == other.info(SET).rows == 30
    other.close()


def test_a_store_without_an_intake_gets_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    store = open_history(url, blobs=None)
    _log(store, 0, 10)
    store.close()
    (tmp_path / "history.db-intake").unlink()
    with Database(url).write() as tx:
        tx.run("DROP TABLE hist_intake")
        tx.run("UPDATE hist_version SET version = 2")
    store = open_history(url, blobs=None)
    _log(store, 10, 10)
    assert store.info(SET).rows == 20
    store.close()


@_often
@given(
    groups=st.lists(st.binary(max_size=300), max_size=12),
    before=st.lists(st.binary(max_size=300), max_size=12),
    cut=st.integers(0, 4000),
    damage=st.integers(0, 4000),
)
def test_of_a_torn_file_the_sound_groups_at_its_start_are_read(
    tmp_path_factory: pytest.TempPathFactory, groups: list[bytes], before: list[bytes], cut: int, damage: int
) -> None:
    path = tmp_path_factory.mktemp("intake") / "file"
    file = IntakeFile(path, 8192)
    for generation, some in ((1, before), (2, groups)):
        file.begin_again(generation)
        for group in some:
            file.write(group)
    file.close()
    size = sum(struct.calcsize("<4sQIII") + len(group) for group in groups)
    data = bytearray(path.read_bytes())
    for at in range(min(cut, size), size):
        data[at] = 0  # what the disk had not got yet
    if size:
        data[damage % size] ^= 0x41
    path.write_bytes(data)
    file = IntakeFile(path, 8192)
    read = list(file.read())
    if file.generation == 2 or not before:
        assert read == groups[: len(read)] and len(read) < max(len(groups), 1)
    file.write(b"goes on")
    assert list(file.read())[len(read) :] == [b"goes on"]
    file.close()
