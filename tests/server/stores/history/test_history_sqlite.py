"""The history suite on SQLite, as it is and with everything so small that merges happen all the time."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from runstone.server.domain.errors import Invalid, Unavailable
from runstone.server.stores.history.contract import Window
from runstone.server.stores.history.sql import open_history
from runstone.server.stores.history.sql.database import Database
from runstone.testing.history.acts import acts_of, play
from runstone.testing.history.model import SET, OpenStore, numbers
from runstone.testing.history.suite import HistoryStoreSuite

_numbers = itertools.count()
_often = settings(
    max_examples=int(os.environ.get("RUNSTONE_TEST_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class TestSqlite(HistoryStoreSuite):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: open_history(f"sqlite:///{tmp_path / 'history.db'}", blobs=None)


@pytest.mark.usefixtures("tiny")
class TestSqliteWithTinyParts(TestSqlite):
    # With parts that small a hundred thousand points are tens of thousands of rows.
    test_a_single_spike_shows_at_every_zoom = None  # type: ignore[assignment]
    test_mean_lowest_and_highest_equal_numpy_over_all_points = None  # type: ignore[assignment]
    test_late_rows_find_their_place_in_a_long_run = None  # type: ignore[assignment]


def test_a_store_from_before_there_were_notes_gets_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    store = open_history(url, blobs=None)
    store.append(SET, "s", numbers([1], {"x": [1.0]}))
    store.close()
    with Database(url).write() as tx:
        tx.run("DROP INDEX hist_stream_note")
        tx.run("ALTER TABLE hist_stream DROP COLUMN note")
    store = open_history(url, blobs=None)
    assert store.next_offset(SET, "s") == 1 and store.notes() == []
    store.append(SET, "s", numbers([2], {"x": [2.0]}, offset=1), note=b"n")
    assert store.notes() == [(SET, "s", b"n")]
    store.close()


def _fresh(folder: Path) -> OpenStore:
    url = f"sqlite:///{folder / f'history{next(_numbers)}.db'}"
    return lambda: open_history(url, blobs=None)


@_often
@given(acts=acts_of())
def test_whatever_happens_the_store_shows_what_the_model_shows(
    tmp_path: Path, eager: None, acts: list[tuple[Any, ...]]
) -> None:
    play(_fresh(tmp_path), acts)


@_often
@given(acts=acts_of())
def test_whatever_happens_in_tiny_parts_the_store_shows_what_the_model_shows(
    tmp_path: Path, tiny: None, acts: list[tuple[Any, ...]]
) -> None:
    play(_fresh(tmp_path), acts)


def test_a_store_of_another_kind_is_refused() -> None:
    with pytest.raises(Invalid, match="mysql"):
        open_history("mysql://root@localhost/history", blobs=None)
    with pytest.raises(Invalid, match="needs a file"):
        open_history("sqlite:///:memory:", blobs=None)


def test_a_store_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    open_history(url, blobs=None).close()
    database = Database(url)
    with database.write() as tx:
        tx.run("INSERT INTO hist_version (version) VALUES (99)")
    database.close()
    with pytest.raises(Unavailable, match="later release"):
        open_history(url, blobs=None)


def test_a_plain_path_with_spaces_is_a_store(tmp_path: Path) -> None:
    store = open_history(str(tmp_path / "my data" / "history.db"), blobs=None)
    store.append(SET, "s", numbers([1], {"loss": [1.0]}))
    assert store.bytes_used() > 0
    store.close()
    assert (tmp_path / "my data" / "history.db").exists()


def test_writes_after_closing_are_refused_in_words(tmp_path: Path) -> None:
    store = open_history(str(tmp_path / "history.db"), blobs=None)
    store.close()
    with pytest.raises(Unavailable, match="closing"):
        store.append(SET, "s", numbers([1], {"loss": [1.0]}))


def test_a_full_disk_is_said_in_words_and_loses_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = Database._open_sqlite

    def small(self: Database) -> Any:
        connection = opened(self)
        connection.execute("PRAGMA max_page_count=120")  # as a disk of half a megabyte
        return connection

    monkeypatch.setattr(Database, "_open_sqlite", small)
    path = tmp_path / "history.db"
    store = open_history(str(path), blobs=None)
    random = np.random.default_rng(1)
    at = 0
    with pytest.raises(Unavailable, match="disk is full"):
        for at in range(0, 1_000_000, 1000):
            store.append(
                SET, "s", numbers(range(at, at + 1000), {"loss": random.standard_normal(1000)}, offset=at)
            )
    assert at > 0
    assert store.next_offset(SET, "s") == at
    # What came last waits in front of the database, where it is safe, and does not show until there is room.
    assert 0 < store.info(SET).rows == len(store.points(SET, "loss").steps) <= at
    assert caplog.text.count("newest rows do not show") == 1
    store.close()
    monkeypatch.undo()
    store = open_history(str(path), blobs=None)  # there is room again: it goes on where it stopped
    assert store.next_offset(SET, "s") == store.info(SET).rows == len(store.points(SET, "loss").steps) == at
    more = numbers(range(at - 500, at + 500), {"loss": [1.0] * 1000}, offset=at - 500)
    assert store.append(SET, "s", more) == at + 500
    assert store.info(SET).rows == at + 500
    store.close()


@pytest.mark.slow
def test_a_chart_of_ten_million_points_is_numpys_to_a_billionth(tmp_path: Path) -> None:
    """And a spike of one point among them shows."""
    n, part = 10_000_000, 100_000
    random = np.random.default_rng(10)
    values = random.standard_normal(n) + np.sin(np.arange(n) / 1e5)
    spike = int(random.integers(0, n))
    values[spike] = 1e3
    store = open_history(str(tmp_path / "history.db"), blobs=None)
    for start in range(0, n, part):
        steps = np.arange(start, start + part)
        store.append(SET, "s", numbers(steps, {"loss": values[start : start + part]}, offset=start))
        while store.maintain(seconds=1):
            pass
    for _ in range(2):
        for lo, hi in ((0, n - 1), (1_234_567, 8_765_432), (spike - 700_000, spike + 300_001)):
            lo, hi = max(lo, 0), min(hi, n - 1)
            window = Window(None, None, 1000) if (lo, hi) == (0, n - 1) else Window(lo, hi, 777)
            (found,) = store.buckets([(SET, "loss")], x="_step", window=window)
            seen = values[lo : hi + 1]
            starts = found.x.astype(np.int64) - lo
            assert starts[0] == 0 and found.total == len(seen)
            assert (found.count == np.diff(np.append(starts, len(seen)))).all()
            assert (found.min == np.minimum.reduceat(seen, starts)).all()
            assert (found.max == np.maximum.reduceat(seen, starts)).all()
            mean = np.array([some.mean() for some in np.split(seen, starts[1:])])
            np.testing.assert_allclose(found.mean, mean, rtol=1e-9, atol=1e-12)
            if lo <= spike <= hi:
                assert found.max[np.searchsorted(starts, spike - lo, "right") - 1] == 1e3
            assert len(set(np.diff(starts[1:]).tolist())) == 1  # equal widths, save at the two ends
        (whole,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, 1))
        np.testing.assert_allclose(whole.mean, values.mean(), rtol=1e-9)
        assert whole.min[0] == values.min() and whole.max[0] == values.max()
        store.seal(SET)
    assert store.info(SET).rows == n
    store.close()


def test_sealed_history_takes_less_than_nine_bytes_a_point(tmp_path: Path) -> None:
    """Of full doubles with noise in every bit, pyramid and times included, in the file as it is."""
    store = open_history(str(tmp_path / "history.db"), blobs=None)
    random = np.random.default_rng(3)
    rows, keys = 60_000, 10
    for start in range(0, rows, 10_000):
        steps = np.arange(start, start + 10_000)
        columns = {f"k{i}": np.exp(-steps / 9e3) + 0.1 * random.standard_normal(10_000) for i in range(keys)}
        store.append(SET, "s", numbers(steps, columns, offset=start))
        while store.maintain(seconds=1):
            pass
    store.seal(SET)
    assert store.bytes_used() / (rows * keys) <= 9.0
    (found,) = store.buckets([(SET, "k3")], x="_step", window=Window(None, None, 100))
    assert found.total == rows
    store.close()
