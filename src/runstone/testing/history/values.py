"""Values of every kind, and of several kinds under one key."""

from __future__ import annotations

import math
from typing import Any

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.stores.history.contract import HistoryStore
from runstone.testing.history.checks import check, same
from runstone.testing.history.model import SET, Model, merge_all
from runstone.testing.history.opened import OpenedStore


class ValuesSuite(OpenedStore):
    def test_every_kind_of_value_comes_back_as_it_was(self, store: HistoryStore) -> None:
        values: dict[str, Any] = {
            "float": 0.1,
            "nan": math.nan,
            "inf": -math.inf,
            "big": 2**63 - 1,
            "beyond": 2**70 + 1,
            "yes": True,
            "text": "né\x00\ud800",
            "none": None,
            "media": {"_type": "image-file", "path": "media/a.png", "size": 3},
            "list": [1, 2.5, "x", None, {"deep": [2**65]}],
            "empty": {},
        }
        rows = [WrittenRow(0, 7, 1.0, 2.0, values)]
        store.append(SET, "s", batch_of(rows, end_offset=1))
        for _ in range(3):
            (row,) = store.rows(SET)
            assert same(row.values, {**values, "big": 2**63 - 1}), row.values
            merge_all(store)
            store.seal(SET)

    def test_a_key_that_changes_its_kind_keeps_all_of_its_values(self, store: HistoryStore) -> None:
        logged: list[Any] = [1, 0.5, "n/a", 2, [1], True, 0.25, 2**60 + 1]
        for at, value in enumerate(logged):
            store.append(SET, "s", batch_of([WrittenRow(at, at, 0.0, 0.0, {"k": value})], end_offset=at + 1))
            if at % 3 == 2:
                merge_all(store)
        for _ in range(2):
            assert [row.values["k"] for row in store.rows(SET)] == logged
            assert store.points(SET, "k").values.tolist() == [1.0, 0.5, 2.0, 0.25, float(2**60 + 1)]
            assert store.key_infos(SET, ["k"])["k"].kind == "json"
            store.seal(SET)

    def test_the_later_value_stands_whatever_its_kind(self, store: HistoryStore) -> None:
        model = Model()
        for at, value in enumerate([1.0, "one", 2, None, 3.5]):
            rows = [WrittenRow(at, 5, 0.0, 0.0, {"k": value})]
            store.append(SET, "s", batch_of(rows, end_offset=at + 1))
            model.append(SET, "s", rows, at + 1)
            check(store, model, SET)
            merge_all(store)
            store.seal(SET)
            check(store, model, SET)

    def test_the_last_row_of_a_batch_stands_though_kinds_alternate_at_one_step(
        self, store: HistoryStore
    ) -> None:
        for last in (0, 0.0, "x"):
            logged = [0, 0.5, last]
            offset = store.next_offset(SET, "s")
            rows = [WrittenRow(offset + at, 7, 0.0, 0.0, {"k": value}) for at, value in enumerate(logged)]
            store.append(SET, "s", batch_of(rows, end_offset=offset + 3))
            for _ in range(2):
                (row,) = store.rows(SET)
                assert same(row.values, {"k": last}), (last, row.values)
                assert same(store.key_infos(SET, ["k"])["k"].last, last)
                store.seal(SET)
