"""Buckets of series, as charts draw them."""

from __future__ import annotations

import math

import numpy as np

from runstone.server.stores.history.contract import Buckets, HistoryStore, Window
from runstone.testing.history.checks import check_buckets
from runstone.testing.history.model import SET, key_of, merge_all, numbers
from runstone.testing.history.opened import OpenedStore


class ChartsSuite(OpenedStore):
    def test_several_series_share_one_grid(self, store: HistoryStore) -> None:
        store.append(key_of(1), "s", numbers(range(0, 1000), {"loss": np.arange(1000.0)}))
        store.append(key_of(2), "s", numbers(range(500, 3000, 5), {"loss": np.arange(500.0)}))
        wanted = [(key_of(1), "loss"), (key_of(2), "loss"), (key_of(3), "loss")]
        one, two, none = store.buckets(wanted, x="_step", window=Window(None, None, 30))
        assert none.total == 0 and one.total == 1000 and two.total == 500
        width = 100
        assert (one.index == (one.x // width)).all() and (two.index == (two.x // width)).all()

    def test_x_may_be_any_metric_in_any_order(self, store: HistoryStore) -> None:
        steps = np.arange(500)
        x = np.sin(steps) * 10
        x[7] = math.nan
        store.append(SET, "s", numbers(steps, {"y": steps.astype(float), "x": x}))
        store.append(SET, "s", numbers([500], {"y": [1e9]}, offset=500))  # x was not logged there
        order = np.argsort(x, kind="stable")[:-1]
        for _ in range(2):
            (found,) = store.buckets([(SET, "y")], x="x", window=Window(None, None, 10))
            check_buckets(found, x[order], steps[order].astype(float), 10, repeats=True)
            (part,) = store.buckets([(SET, "y")], x="x", window=Window(-5, 5, 10))
            inside = order[(x[order] >= -5) & (x[order] <= 5)]
            check_buckets(part, x[inside], steps[inside].astype(float), 10, repeats=True)
            points = store.points(SET, "y", x="x", lo=9.5)
            assert sorted(points.x.tolist()) == sorted(x[x >= 9.5].tolist())
            store.seal(SET)

    def test_nan_is_a_value_and_missing_is_not(self, store: HistoryStore) -> None:
        store.append(SET, "s", numbers([0, 1, 2], {"loss": [1.0, math.nan, math.inf]}))
        store.append(SET, "s", numbers([3], {"acc": [1.0]}, offset=3))
        for _ in range(2):
            (found,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, 1))
            assert (found.total, int(found.non_finite[0]), float(found.mean[0])) == (3, 2, 1.0)
            assert "loss" not in store.rows(SET, min_step=3)[0].values
            assert len(store.points(SET, "loss").values) == 3
            store.seal(SET)

    def test_a_single_spike_shows_at_every_zoom(self, store: HistoryStore) -> None:
        n = 150_000
        random = np.random.default_rng(11)
        at = int(random.integers(0, n))
        values = np.zeros(n)
        values[at] = 1.0
        for start in range(0, n, 30_000):
            part = slice(start, start + 30_000)
            store.append(SET, "s", numbers(np.arange(n)[part], {"loss": values[part]}, offset=start))
            if start == 90_000:
                merge_all(store)
        for sealed in (False, True):
            for count in (1, 10, 100, 333, 1000, 5000):
                (whole,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, count))
                self._shows(whole, at)
                for width in (n // 2, n // 10, 5000, 100, 1):
                    lo = max(0, at - int(random.integers(0, width)))
                    window = Window(lo, lo + width, count)
                    (zoomed,) = store.buckets([(SET, "loss")], x="_step", window=window)
                    self._shows(zoomed, at)
            if not sealed:
                merge_all(store)
                store.seal(SET)

    @staticmethod
    def _shows(found: Buckets, at: int) -> None:
        where = int(np.searchsorted(found.x, at, "right")) - 1
        assert found.x[where] <= at <= found.x_last[where]
        assert found.max[where] == 1.0 and float(found.max.sum()) == 1.0

    def test_mean_lowest_and_highest_equal_numpy_over_all_points(self, store: HistoryStore) -> None:
        random = np.random.default_rng(5)
        n = 200_000
        values = random.standard_normal(n) * np.exp(random.standard_normal(n) * 3)
        steps = np.cumsum(random.integers(1, 4, n))
        for start in range(0, n, 50_000):
            part = slice(start, start + 50_000)
            store.append(SET, "s", numbers(steps[part], {"loss": values[part]}, offset=start))
            merge_all(store)
        for count in (1, 3, 100, 800):
            (found,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, count))
            check_buckets(found, steps, values, count)
            lo, hi = int(steps[12_345]), int(steps[-54_321])
            (zoomed,) = store.buckets([(SET, "loss")], x="_step", window=Window(lo, hi, count))
            inside = slice(12_345, n - 54_320)
            check_buckets(zoomed, steps[inside], values[inside], count)

    def test_runs_logged_at_the_same_steps_keep_each_its_own_numbers(self, store: HistoryStore) -> None:
        """They may be reduced together: with odd numbers of points at both ends of the view, values that
        are no numbers, sums beyond a float, and runs that ended earlier or went on elsewhere."""
        random = np.random.default_rng(7)
        n, runs = 1203, 6
        steps = np.arange(17, 17 + n)
        tame = random.standard_normal((runs, n))
        tame[np.arange(runs), random.integers(0, n, runs)] = 1e6  # a spike in each
        wild = tame.copy()
        wild[1, [0, 77, n - 1]] = math.nan, math.inf, -math.inf
        wild[2, 100:140] = 1e308
        ends = [n, n, n, n, n - 300, n]
        for run, end in enumerate(ends):
            batch = numbers(steps[:end], {"tame": tame[run, :end], "wild": wild[run, :end]})
            store.append(key_of(run), "s", batch)
        store.append(key_of(5), "s", numbers([9000], {"tame": [5.0], "wild": [5.0]}, offset=n))
        merge_all(store)
        wanted = [(run, key) for key in ("tame", "wild") for run in range(runs)]
        for sealed in (False, True):
            for count in (1, 2, 90, 700, 2600, 20_000):
                for lo, hi in ((None, None), (20, 1100), (23, 23)):
                    found = store.buckets(
                        [(key_of(run), key) for run, key in wanted],
                        x="_step",
                        window=Window(lo, hi, count),
                    )
                    for (run, key), line in zip(wanted, found, strict=True):
                        x, y = steps[: ends[run]], (tame if key == "tame" else wild)[run, : ends[run]]
                        if run == 5:
                            x, y = np.append(x, 9000), np.append(y, 5.0)
                        inside = (x >= (lo or 0)) & (x <= (hi or 9000))
                        check_buckets(line, x[inside], y[inside], count)
            if not sealed:
                for run in range(runs):
                    store.seal(key_of(run))

    def test_late_rows_find_their_place_in_a_long_run(self, store: HistoryStore) -> None:
        n = 60_000
        steps, values = np.arange(n), np.random.default_rng(2).standard_normal(n)
        truth = dict(zip(steps.tolist(), values.tolist(), strict=True))
        store.append(SET, "s", numbers(steps, {"loss": values}))
        merge_all(store)
        for turn, late in enumerate(([5, 6, 70_000], [30_000, 59_999, 60_001], list(range(100, 140)))):
            batch = numbers(late, {"loss": [turn * 10.0 + 50] * len(late)}, offset=n + turn * 100)
            store.append(SET, "s", batch)
            truth.update(dict.fromkeys(late, turn * 10.0 + 50))
            x = np.array(sorted(truth))
            y = np.array([truth[step] for step in sorted(truth)])
            for _ in range(2):
                for count in (2, 50, 900):
                    (found,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, count))
                    check_buckets(found, x, y, count)
                info = store.key_infos(SET, ["loss"])["loss"]
                assert (info.count, info.min, info.max) == (len(x), y.min(), y.max())
                store.seal(SET)
