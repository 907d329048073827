"""What is appended: read back, once, by stream and space, with its note."""

from __future__ import annotations

import numpy as np
import pytest

from runstone.server.domain.batches import batch_of
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.contract import HistoryStore, RowBatch, SetKey, Window
from runstone.testing.history.model import SET, OpenStore, key_of, numbers
from runstone.testing.history.opened import OpenedStore


class WritingSuite(OpenedStore):
    def test_an_unknown_set_is_empty(self, store: HistoryStore) -> None:
        info = store.info(SET)
        assert (info.rows, info.last_step, info.first_timestamp, info.version) == (0, None, None, 0)
        assert store.keys(SET) == [] and store.rows(SET) == [] and store.tail(SET, 5) == []
        assert store.next_offset(SET, "s") == 0
        (empty,) = store.buckets([(SET, "loss")], x="_step", window=Window())
        assert empty.total == 0 and len(empty.x) == 0 and empty.exact
        assert len(store.points(SET, "loss").steps) == 0
        assert list(store.export(SET)) == []

    def test_what_was_appended_is_read_back_at_once_and_after_reopening(self, open_store: OpenStore) -> None:
        store = open_store()
        assert store.append(SET, "s", numbers([0, 1, 2], {"loss": [1.0, 0.5, 0.25]})) == 3
        for _ in range(2):
            assert [row.values for row in store.rows(SET)] == [{"loss": 1.0}, {"loss": 0.5}, {"loss": 0.25}]
            assert store.next_offset(SET, "s") == 3
            store.close()
            store = open_store()
        store.close()

    def test_each_append_changes_the_version(self, store: HistoryStore) -> None:
        seen = {store.info(SET).version}
        for offset in range(3):
            store.append(SET, "s", numbers([offset], {"loss": [1.0]}, offset=offset))
            seen.add(store.info(SET).version)
        assert len(seen) == 4
        before = store.info(SET).version
        store.append(SET, "s", numbers([2], {"loss": [1.0]}, offset=2))  # a re-send
        assert store.info(SET).version == before
        assert store.versions([SET, key_of(77)]) == [before, 0]

    def test_many_sets_say_of_themselves_what_each_says(self, store: HistoryStore) -> None:
        """Among them one that was never seen, one that was forked, and one of another space."""
        sets = [key_of(n) for n in (1, 2, 3, 77)] + [SetKey(key_of(1).run, "system")]
        store.append(sets[0], "s", numbers(range(10), {"loss": np.arange(10.0)}))
        store.append(sets[1], "other", numbers(range(3), {"loss": np.arange(3.0)}))
        store.append(sets[4], "s", numbers(range(5), {"cpu": np.arange(5.0)}))
        store.fork(sets[0], sets[2], last_step=4)
        store.append(sets[2], "s", numbers(range(5, 8), {"loss": np.arange(3.0)}))
        assert store.infos(sets) == [store.info(where) for where in sets]
        assert store.next_offsets(sets, "s") == [store.next_offset(where, "s") for where in sets]
        assert [info.rows for info in store.infos(sets)] == [10, 3, 8, 0, 5]
        assert store.infos([]) == [] and store.next_offsets([], "s") == []

    def test_a_resend_with_other_boundaries_adds_nothing(self, store: HistoryStore) -> None:
        whole = numbers(range(10), {"loss": np.arange(10.0)})
        assert store.append(SET, "s", whole) == 10
        assert (
            store.append(SET, "s", numbers(range(4, 13), {"loss": np.arange(4.0, 13.0) * 2}, offset=4)) == 13
        )
        assert store.append(SET, "s", whole) == 13
        values = store.points(SET, "loss").values.tolist()
        assert values == [*map(float, range(10)), 20.0, 22.0, 24.0]

    def test_streams_are_apart_and_may_start_anywhere(self, store: HistoryStore) -> None:
        assert store.append(SET, "a", numbers([1], {"x": [1.0]}, offset=64)) == 65
        assert store.append(SET, "b", numbers([2], {"x": [2.0]}, offset=0)) == 1
        assert store.next_offset(SET, "a") == 65 and store.next_offset(SET, "b") == 1
        assert store.info(SET).rows == 2

    def test_a_batch_without_rows_moves_the_stream_on(self, store: HistoryStore) -> None:
        assert store.append(SET, "s", batch_of([], end_offset=640)) == 640
        assert store.next_offset(SET, "s") == 640 and store.info(SET).rows == 0

    def test_a_note_is_kept_with_the_rows_until_it_is_forgotten(self, store: HistoryStore) -> None:
        assert store.note(SET, "s") is None and store.notes() == []
        store.append(SET, "s", numbers([1], {"x": [1.0]}), note=b"one")
        store.append(SET, "s", numbers([1], {"x": [1.0]}), note=b"a re-send of what is there")
        store.append(SET, "other", numbers([7], {"x": [1.0]}))
        assert (store.note(SET, "s"), store.note(SET, "other")) == (b"one", None)
        two = (SET, "s", numbers([2], {"x": [2.0]}, offset=1), b"two")
        store.append_many([two, (SET, "other", batch_of([], end_offset=9), b"without rows")])
        assert sorted(store.notes()) == [(SET, "other", b"without rows"), (SET, "s", b"two")]
        store.append(SET, "s", numbers([3], {"x": [3.0]}, offset=2))  # says nothing: the note stays
        assert store.note(SET, "s") == b"two"
        store.forget_notes([(SET, "s", 2), (SET, "other", 9), (SetKey(RunKey(999), "history"), "s", 1)])
        assert store.notes() == [(SET, "s", b"two")]  # the stream went on meanwhile
        store.forget_notes([(SET, "s", 3)])
        assert store.notes() == []
        assert store.next_offset(SET, "s") == 3 and store.info(SET).rows == 4

    def test_spaces_are_apart(self, store: HistoryStore) -> None:
        store.append(SET, "s", numbers([1], {"loss": [1.0]}))
        store.append(SetKey(SET.run, "system"), "s", numbers([5], {"cpu": [9.0]}))
        assert [key.name for key in store.keys(SET)] == ["loss"]
        assert [key.name for key in store.keys(SetKey(SET.run, "system"))] == ["cpu"]

    def test_a_batch_that_contradicts_itself_is_refused(self, store: HistoryStore) -> None:
        good = numbers([1, 2], {"x": [1.0, 2.0]})
        for broken in (
            RowBatch(good.offsets[::-1].copy(), 2, good.steps, good.timestamps, good.runtimes, good.columns),
            RowBatch(good.offsets, 1, good.steps, good.timestamps, good.runtimes, good.columns),
            RowBatch(good.offsets[:1], 2, good.steps, good.timestamps, good.runtimes, good.columns),
        ):
            with pytest.raises(Invalid):
                store.append(SET, "s", broken)
        assert store.info(SET).rows == 0
