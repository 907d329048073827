"""Forks, rewinds and deletions."""

from __future__ import annotations

import numpy as np
import pytest

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Conflict
from runstone.server.stores.history.contract import HistoryStore
from runstone.testing.history.checks import check
from runstone.testing.history.model import SET, Model, key_of, merge_all, numbers
from runstone.testing.history.opened import OpenedStore


class BranchesSuite(OpenedStore):
    def test_a_fork_reads_its_parent_up_to_the_step_and_then_its_own(self, store: HistoryStore) -> None:
        parent, child = key_of(1), key_of(2)
        store.append(parent, "s", numbers(range(100), {"loss": np.arange(100.0)}))
        store.fork(parent, child, last_step=49)
        store.fork(parent, child, last_step=49)  # once more is the same
        store.append(child, "s", numbers(range(50, 60), {"loss": np.arange(10.0) - 100}))
        store.append(parent, "s", numbers([100], {"loss": [7.0]}, offset=100))
        for _ in range(2):
            values = store.points(child, "loss").values
            assert values.tolist() == [*map(float, range(50)), *(float(i) - 100 for i in range(10))]
            info = store.key_infos(child, ["loss"])["loss"]
            assert (info.count, info.min, info.max, info.last_step) == (60, -100.0, 49.0, 59)
            assert store.info(child).rows == 60 and store.info(parent).rows == 101
            for where in (parent, child):
                store.seal(where)
        with pytest.raises(Conflict):
            store.fork(key_of(3), child, last_step=1)
            store.append(key_of(3), "s", numbers([1], {"x": [1.0]}))
            store.fork(key_of(3), child, last_step=1)

    def test_a_fork_outlives_its_parent(self, store: HistoryStore) -> None:
        parent, child = key_of(1), key_of(2)
        store.append(parent, "s", numbers(range(100), {"loss": np.arange(100.0)}))
        store.fork(parent, child, last_step=9)
        store.delete(parent.run)
        merge_all(store)
        assert store.info(parent).rows == 0 and store.keys(parent) == []
        assert store.points(child, "loss").steps.tolist() == list(range(10))
        store.delete(child.run)
        merge_all(store)
        assert store.info(child).rows == 0

    def test_a_rewind_hides_what_came_after_and_starts_streams_anew(self, store: HistoryStore) -> None:
        store.append(SET, "s", numbers(range(20), {"loss": np.arange(20.0)}))
        version = store.info(SET).version
        assert store.rewind(SET, last_step=9) == 10
        assert store.info(SET).version != version
        assert store.next_offset(SET, "s") == 0
        store.append(SET, "s", numbers([10, 11], {"loss": [100.0, 101.0]}, offset=10))
        assert store.points(SET, "loss").values.tolist() == [*map(float, range(10)), 100.0, 101.0]
        assert store.info(SET).last_step == 11

    def test_rewinding_again_and_again_stays_right(self, store: HistoryStore) -> None:
        model = Model()
        for turn in range(22):
            rows = [
                WrittenRow(i, turn * 3 + i, 0.0, float(i), {"loss": float(turn * 100 + i)}) for i in range(6)
            ]
            store.append(SET, "s", batch_of(rows, end_offset=6))
            model.append(SET, "s", rows, 6)
            last = turn * 3 + 2
            assert store.rewind(SET, last_step=last) == model.rewind(SET, last)
        check(store, model, SET)

    def test_a_deleted_run_may_be_written_again(self, store: HistoryStore) -> None:
        store.append(SET, "s", numbers(range(10), {"loss": np.arange(10.0)}))
        store.delete(SET.run)
        assert store.info(SET).rows == 0 and store.next_offset(SET, "s") == 0
        store.append(SET, "s", numbers([3], {"acc": [1.0]}))
        assert [key.name for key in store.keys(SET)] == ["acc"]
        merge_all(store)
        assert [row.values for row in store.rows(SET)] == [{"acc": 1.0}]
