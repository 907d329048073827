"""Charts and statistics of runs, groups and ranks: permissions, aggregates, limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.house import SmallHouse, small_house

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import NotAllowed, NotFound, TooLarge
from runstone.server.domain.history import History
from runstone.server.domain.identity import RunKey
from runstone.server.domain.places import Places
from runstone.server.domain.runs import RunChange
from runstone.server.domain.series import aggregate
from runstone.server.domain.series_reading import SeriesReading
from runstone.server.stores.history.contract import HistoryStore, SetKey, Window
from runstone.server.stores.history.sql import open_history
from runstone.testing.history.model import merge_all, numbers

_random = np.random.default_rng(8)


@dataclasses.dataclass
class Rig:
    house: SmallHouse
    history: History
    lines: SeriesReading
    store: HistoryStore

    def log(
        self, run: str, rows: list[dict[str, Any]], *, first: int = 0, label: str = "", project: str = "p"
    ) -> RunKey:
        """Rows at steps first, first + 1, …"""
        key = self.house.run(run, project=project)
        stream = f"w{label}"
        offset = self.history.next_offset(self.house.ada, key, stream)
        written = [
            WrittenRow(offset + at, first + at, 100.0 + at, float(at), values)
            for at, values in enumerate(rows)
        ]
        batch = batch_of(written, end_offset=offset + len(rows), label=label)
        self.history.append(self.house.ada, key, stream, batch)
        return key

    def series(self, runs: list[str], keys: list[str], **how: Any) -> Any:
        return self.lines.read(self.house.ada, "ada", "p", runs=runs, keys=keys, **how)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with small_house(tmp_path) as house:
        store = open_history(str(tmp_path / "history.db"), blobs=None)
        places = Places(house.records, house.access)
        history = History(store, house.runs, house.projects, places)
        yield Rig(house, history, SeriesReading(store, house.runs), store)
        store.close()


def values(*columns: np.ndarray, names: str = "loss") -> list[dict[str, float]]:
    return [{names: float(value)} for value in columns[0]]


def test_a_line_for_every_run_and_key_that_has_one(rig: Rig) -> None:
    rig.log("r1", [{"loss": 1.0, "acc": 0.5}] * 3)
    rig.log("r2", [{"loss": 2.0}] * 3)
    found = rig.series(["r2", "r1", "gone"], ["loss", "acc"])
    assert [(line.run, line.key) for line in found.lines] == [("r2", "loss"), ("r1", "loss"), ("r1", "acc")]
    assert found.window == Window(0.0, 2.0, 500)
    assert all(line.buckets.exact for line in found.lines)
    assert rig.series([], ["loss"]).lines == []


def test_the_version_changes_with_the_data_and_with_what_is_asked(rig: Rig) -> None:
    rig.log("r1", [{"loss": 1.0}])
    versions = [rig.series(["r1"], ["loss"]).version for _ in range(2)]
    assert versions[0] == versions[1]
    versions.append(rig.series(["r1"], ["loss"], buckets=10).version)
    rig.log("r1", [{"loss": 1.0}], first=1)
    versions.append(rig.series(["r1"], ["loss"]).version)
    assert len(set(versions)) == 3


def test_labelled_writers_are_aggregated_and_each_has_its_own_line(rig: Rig) -> None:
    """Per step the mean, lowest, highest and deviation over the ranks are numpy's."""
    ranks = _random.standard_normal((8, 400))
    for rank in range(8):
        rig.log("r1", values(ranks[rank]), label=str(rank))
    for _ in range(2):
        (line,) = rig.series(["r1"], ["loss"]).lines
        assert (line.run, line.key, line.members) == ("r1", "loss", 8)
        np.testing.assert_allclose(line.buckets.mean, ranks.mean(axis=0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(line.std, ranks.std(axis=0), rtol=0, atol=1e-12)
        assert (line.buckets.min == ranks.min(axis=0)).all() and (line.buckets.max == ranks.max(axis=0)).all()
        assert line.buckets.x.tolist() == list(range(400)) and line.buckets.count.tolist() == [8] * 400
        (own,) = rig.series(["r1"], ["loss/l:3"]).lines
        assert (own.buckets.mean == ranks[3]).all() and own.members == 1 and own.std is None
        wide = rig.series(["r1"], ["loss"], buckets=10).lines[0]
        assert wide.buckets.min[0] == ranks[:, :40].min() and wide.buckets.max[0] == ranks[:, :40].max()
        np.testing.assert_allclose(wide.std[0], ranks[:, :40].mean(axis=1).std(), atol=1e-12)
        merge_all(rig.store)
        rig.store.seal(SetKey(rig.house.run("r1"), "history"))


def test_a_rank_that_logs_less_counts_where_it_logged(rig: Rig) -> None:
    rig.log("r1", values(np.array([1.0, 1.0, 1.0])), label="0")
    rig.log("r1", values(np.array([3.0])), first=1, label="1")
    (line,) = rig.series(["r1"], ["loss"]).lines
    assert line.buckets.mean.tolist() == [1.0, 2.0, 1.0]
    assert line.std is not None and line.std.tolist() == [0.0, 1.0, 0.0]
    assert line.buckets.count.tolist() == [1, 2, 1]


def test_groups_of_runs_become_one_line_each(rig: Rig) -> None:
    data = {f"r{i}": _random.standard_normal(50) for i in range(6)}
    for run, some in data.items():
        rig.log(run, values(some))
    found = rig.series(
        [], ["loss", "none"], group={"a": ["r0", "r1", "r2"], "b": ["r3", "gone"], "empty": []}
    )
    assert [(line.run, line.key, line.members) for line in found.lines] == [
        ("a", "loss", 3),
        ("b", "loss", 1),
    ]
    matrix = np.stack([data["r0"], data["r1"], data["r2"]])
    first, second = found.lines
    np.testing.assert_allclose(first.buckets.mean, matrix.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(first.std, matrix.std(axis=0), atol=1e-12)
    assert (first.buckets.min == matrix.min(axis=0)).all()
    assert (second.buckets.mean == data["r3"]).all() and second.std.tolist() == [0.0] * 50


def test_nan_members_do_not_spoil_the_mean() -> None:
    """A bucket in which a member has no finite value counts the others."""

    def member(store_values: list[float]) -> Any:
        from runstone.server.stores.history.sql import grid

        steps = np.arange(len(store_values))
        return grid.buckets_of(grid.sum_points(steps, np.array(store_values), grid.step_grid(0, 3, 10)))

    whole, std = aggregate([member([1.0, np.nan, np.inf]), member([3.0, 5.0, np.nan])])
    assert whole.mean.tolist()[:2] == [2.0, 5.0] and np.isnan(whole.mean[2])
    assert std.tolist()[:2] == [1.0, 0.0] and np.isnan(std[2])
    assert whole.non_finite.tolist() == [0, 1, 2] and whole.total == 6


def test_keys_with_data_but_not_for_this_x_are_named(rig: Rig) -> None:
    rig.log("r1", [{"loss": 1.0, "epoch": 1.0}, {"other": 2.0}])
    found = rig.series(["r1"], ["loss", "other", "none"], x="epoch")
    assert [line.key for line in found.lines] == ["loss"] and list(found.no_data_x) == ["other"]


def test_series_by_time_and_by_metric(rig: Rig) -> None:
    rig.log("r1", [{"loss": float(i), "epoch": i * 0.5} for i in range(100)])
    by_time = rig.series(["r1"], ["loss"], x="_runtime", buckets=10).lines[0].buckets
    assert by_time.count.tolist() == [10] * 10 and by_time.mean[0] == 4.5
    by_epoch = rig.series(["r1"], ["loss"], x="epoch", lo=10, hi=19.5, buckets=2).lines[0].buckets
    assert by_epoch.total == 20 and by_epoch.x[0] == 10.0


def test_too_much_at_once_is_refused_with_what_to_ask_for(rig: Rig) -> None:
    rig.log("r1", [{f"k{i}": 1.0 for i in range(1100)}])
    with pytest.raises(TooLarge, match="1,100 lines; the most is 1,000"):
        rig.series(["r1"], [f"k{i}" for i in range(1100)])
    with pytest.raises(TooLarge, match="runs × keys may be 20,000"):
        rig.series([f"r{i}" for i in range(300)], [f"k{i}" for i in range(100)])


def test_nobody_reads_or_rewinds_another_users_history(rig: Rig) -> None:
    key = rig.log("r1", [{"loss": 1.0}])
    eve = rig.house.eve
    with pytest.raises(NotFound):
        rig.lines.read(eve, "ada", "p", runs=["r1"], keys=["loss"])
    with pytest.raises(NotFound):
        rig.history.project_keys(eve, "ada", "p")
    for act in (
        lambda: rig.history.points(eve, key, "loss"),
        lambda: rig.history.statistics(eve, key, "loss"),
        lambda: rig.history.rows(eve, key),
        lambda: rig.history.tail(eve, key, 1),
        lambda: rig.history.keys(eve, key),
        lambda: rig.history.key_infos(eve, key, ["loss"]),
        lambda: rig.history.info(eve, key),
        lambda: rig.history.sample(eve, key, keys=None, samples=1),
        lambda: rig.history.export(eve, key),
        lambda: rig.history.rewind(eve, key, last_step=0),
    ):
        with pytest.raises((NotFound, NotAllowed)):
            act()


def test_statistics_are_numpys_over_all_points(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.append(_random.standard_normal(5000) * 1e3 + 1e6, [np.nan, np.inf])
    key = rig.log("r1", values(data))
    import runstone.server.domain.history_statistics as module

    for at_once in (1 << 20, 700):
        monkeypatch.setattr(module, "STATISTICS_POINTS", at_once)
        found = rig.history.statistics(rig.house.ada, key, "loss")
        real = data[:5000]
        assert (found["count"], found["non_finite"]) == (5002, 2)
        assert (found["min"], found["max"]) == (real.min(), real.max())
        assert (found["first"], found["last"]) == (data[0], np.inf)
        np.testing.assert_allclose([found["mean"], found["std"]], [real.mean(), real.std()], rtol=1e-12)
        part = rig.history.statistics(rig.house.ada, key, "loss", lo=10, hi=19)
        np.testing.assert_allclose([part["mean"], part["count"]], [data[10:20].mean(), 10], rtol=1e-12)
    none = rig.history.statistics(rig.house.ada, key, "nope")
    assert none["count"] == 0 and none["mean"] is None


def test_the_project_knows_the_keys_of_its_runs(rig: Rig) -> None:
    rig.log("r1", [{"loss": 1.0, "note": "x"}])
    rig.log("r2", [{"acc": 1, "loss": 2}])
    rig.log("r3", [{"gpu": 1.0}], label="0")
    rig.log("other", [{"elsewhere": 1.0}], project="q")
    ada = rig.house.ada
    assert rig.history.project_keys(ada, "ada", "p") == [
        ("acc", "integer"), ("gpu", "number"), ("loss", "number"), ("note", "string"),
    ]  # fmt: skip
    assert rig.history.project_keys(ada, "ada", "p", search="o", limit=1) == [("loss", "number")]
    assert rig.history.project_keys(ada, "ada", "p", after="gpu", limit=1) == [("loss", "number")]
    key = rig.house.run("r9")
    rig.history.append(ada, key, "sys", numbers([1], {"cpu": [1.0]}), space="system")
    assert ("cpu", "number") not in rig.history.project_keys(ada, "ada", "p")


def test_a_run_that_was_purged_takes_no_more_notes(rig: Rig) -> None:
    key = rig.log("r1", [{"loss": 1.0}])
    rig.house.runs.upsert(rig.house.ada, "ada", "p", "r1", RunChange())
    rig.house.runs.purge(rig.house.ada, [key])
    rig.history.append(rig.house.ada, key, "s", numbers([1], {"late": [1.0]}))


def test_samples_rewinds_and_exports_come_through(rig: Rig) -> None:
    key = rig.log("r1", [{"loss": float(i)} for i in range(100)])
    ada = rig.house.ada
    assert [row.step for row in rig.history.sample(ada, key, keys=["loss"], samples=3)] == [0, 50, 99]
    assert rig.history.tail(ada, key, 1)[0].values == {"loss": 99.0}
    (batch,) = rig.history.export(ada, key)
    assert batch.num_rows == 100
    assert rig.history.rewind(ada, key, last_step=9) == 10
    assert rig.history.info(ada, key).rows == 10
    assert len(rig.history.points(ada, key, "loss", lo=5).values) == 5
    assert rig.history.key_infos(ada, key, ["loss"])["loss"].max == 9.0
    assert [info.name for info in rig.history.keys(ada, key)] == ["loss"]
    assert len(rig.history.rows(ada, key, limit=3)) == 3
