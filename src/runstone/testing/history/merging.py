"""Writers, merges and seals at the same time, and one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from runstone.server.stores.history.contract import HistoryStore, Window
from runstone.testing.history.checks import check_buckets
from runstone.testing.history.model import SET, OpenStore, key_of, merge_all, numbers
from runstone.testing.history.opened import OpenedStore


class MergingSuite(OpenedStore):
    def test_many_threads_append_to_many_runs_and_to_one(self, store: HistoryStore) -> None:
        def write(worker: int) -> None:
            for turn in range(20):
                at = turn * 5
                own = numbers(range(at, at + 5), {"loss": [float(worker)] * 5}, offset=at)
                assert store.append(key_of(worker), "s", own) == at + 5
                shared = numbers(range(at, at + 5), {f"loss/l:{worker}": [float(at)] * 5}, offset=at)
                assert store.append(key_of(99), f"w{worker}", shared) == at + 5

        stop = threading.Event()

        def maintain() -> None:
            while not stop.is_set():
                store.maintain(seconds=0.05)

        keeper = threading.Thread(target=maintain)
        keeper.start()
        try:
            with ThreadPoolExecutor(12) as pool:
                list(pool.map(write, range(12)))
        finally:
            stop.set()
            keeper.join()
        for worker in range(12):
            assert store.points(key_of(worker), "loss").values.tolist() == [float(worker)] * 100
            assert len(store.points(key_of(99), f"loss/l:{worker}").values) == 100
        assert store.info(key_of(99)).rows == 100

    def test_two_that_merge_the_same_set_at_once_do_it_once(self, open_store: OpenStore) -> None:
        """Whoever plans a merge on what another one changed meanwhile must not carry it out."""
        stores = [open_store(), open_store()]
        done = threading.Event()

        def seal(store: HistoryStore) -> None:
            while not done.is_set():
                store.seal(SET)

        with ThreadPoolExecutor(2) as pool:
            sealing = [pool.submit(seal, store) for store in stores]
            try:
                for at in range(0, 1200, 8):
                    steps = np.arange(at, at + 8)
                    batch = numbers(
                        steps, {"a": steps.astype(np.float64), "b": -steps.astype(np.float64)}, offset=at
                    )
                    assert stores[at % 2].append(SET, "s", batch) == at + 8
            finally:
                done.set()
            for outcome in sealing:
                outcome.result()
        for store in stores:
            assert store.info(SET).rows == 1200
            for key, sign in (("a", 1.0), ("b", -1.0)):
                assert (store.points(SET, key).values == np.arange(1200) * sign).all()
                assert store.key_infos(SET, [key])[key].count == 1200
            store.close()

    def test_sealing_twice_and_appending_afterwards_is_allowed(self, store: HistoryStore) -> None:
        store.append(SET, "s", numbers(range(3000), {"loss": np.arange(3000.0)}))
        store.seal(SET)
        store.seal(SET)
        store.append(SET, "s", numbers([3000], {"loss": [1.0]}, offset=3000))
        assert store.info(SET).rows == 3001 and store.points(SET, "loss").values[-1] == 1.0
        store.seal(SET)
        assert store.info(SET).rows == 3001

    @pytest.mark.parametrize(
        ("dense", "stride", "sparse", "chunk"), [(20_000, 16, 60_000, 3000), (9_000, 8, 60_000, 5000)]
    )
    def test_charts_count_each_point_once_where_steps_become_rarer(
        self, store: HistoryStore, dense: int, stride: int, sparse: int, chunk: int
    ) -> None:
        """A row of points is then under more cells than one row of those holds, and grows with each merge."""
        steps = np.concatenate([np.arange(dense), dense - 1 + stride * np.arange(1, sparse + 1)])
        values = np.sin(steps)
        for at in range(0, len(steps), chunk):
            part = slice(at, at + chunk)
            store.append(SET, "s", numbers(steps[part], {"loss": values[part]}, offset=at))
            merge_all(store)
        store.seal(SET)
        for count in (1, 5, 34, 300, 500, 800, 2000):
            (found,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, count))
            check_buckets(found, steps, values, count)

    def test_charts_count_each_point_once_where_late_rows_fall_between(self, store: HistoryStore) -> None:
        """Late rows go into rows of points whose cells lie in several rows of those."""
        steps = np.arange(0, 160_000, 2)
        order = np.concatenate([steps, steps[7_000:9_000] + 1, steps[30_000:30_500] + 1, steps[:100] + 1])
        for at in range(0, len(order), 4_000):
            part = order[at : at + 4_000]
            store.append(SET, "s", numbers(part, {"loss": np.sin(part)}, offset=at))
            merge_all(store)
        store.seal(SET)
        rising = np.sort(order)
        for count in (1, 5, 34, 300, 800, 2000):
            (found,) = store.buckets([(SET, "loss")], x="_step", window=Window(None, None, count))
            check_buckets(found, rising, np.sin(rising), count)
