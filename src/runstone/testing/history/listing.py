"""Rows and keys: listed, searched, paged, narrowed."""

from __future__ import annotations

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.stores.history.contract import HistoryStore
from runstone.testing.history.model import SET, key_of, merge_all, numbers
from runstone.testing.history.opened import OpenedStore


class ListingSuite(OpenedStore):
    def test_rows_are_paged_narrowed_and_found_by_key(self, store: HistoryStore) -> None:
        rows = [
            WrittenRow(i, i * 2, 0.0, 0.0, {"a": float(i), **({"b": float(i)} if i % 10 == 0 else {})})
            for i in range(100)
        ]
        store.append(SET, "s", batch_of(rows, end_offset=100))
        for _ in range(2):
            assert [row.step for row in store.rows(SET, limit=3)] == [0, 2, 4]
            assert [row.step for row in store.rows(SET, min_step=5, max_step=9)] == [6, 8]
            assert [row.step for row in store.rows(SET, keys=["b"])] == list(range(0, 200, 20))
            assert [row.step for row in store.rows(SET, keys=["b"], limit=2, min_step=1)] == [20, 40]
            both = store.rows(SET, keys=["a", "b"], require_all=True)
            assert [row.step for row in both] == list(range(0, 200, 20))
            assert both[1].values == {"a": 10.0, "b": 10.0}
            assert store.rows(SET, keys=["none"]) == []
            assert store.rows(SET, keys=["a", "none"], require_all=True) == []
            assert [row.values for row in store.rows(SET, keys=["none", "b"], max_step=20)] == [
                {"b": 0.0},
                {"b": 10.0},
            ]
            assert [row.step for row in store.tail(SET, 2)] == [196, 198]
            picked = [row.step for row in store.sample(SET, keys=None, samples=5)]
            assert len(picked) == 5 and picked[0] == 0 and picked[-1] == 198
            assert [row.step for row in store.sample(SET, keys=["b"], samples=3)] == [0, 80, 180]
            assert len(store.sample(SET, keys=["a", "b"], samples=50, require_all=True)) == 10
            store.seal(SET)

    def test_keys_are_listed_searched_and_paged_by_name(self, store: HistoryStore) -> None:
        names = [f"layer{i:03}/{what}" for i in range(300) for what in ("grad", "weight")]
        store.append(SET, "s", numbers([1], {name: [1.0] for name in names[:500]}))
        merge_all(store)
        store.seal(SET)
        store.append(SET, "s", numbers([2], {name: [2.0] for name in names[400:]}, offset=1))
        assert [key.name for key in store.keys(SET, limit=2000)] == sorted(names)
        assert [key.name for key in store.keys(SET, search="7/g", limit=3)] == [
            "layer007/grad", "layer017/grad", "layer027/grad",
        ]  # fmt: skip
        page = store.keys(SET, after=names[9], limit=2)
        assert [key.name for key in page] == sorted(names)[10:12]
        infos = store.key_infos(SET, ["layer299/grad", "layer000/grad", "layer200/grad", "nope"])
        assert {name: (info.count, info.last) for name, info in infos.items()} == {
            "layer299/grad": (1, 2.0), "layer000/grad": (1, 1.0), "layer200/grad": (2, 2.0),
        }  # fmt: skip

    def test_keys_of_one_kind_are_listed_alone(self, store: HistoryStore) -> None:
        rows = [
            WrittenRow(0, 0, 1.0, 1.0, {"loss": 1.0, "n": 1, "image": {"_type": "image-file"}, "odd": 1.0}),
            WrittenRow(1, 1, 2.0, 2.0, {"loss": 1.0, "late": [1, 2], "odd": [1]}),
        ]
        store.append(SET, "s", batch_of(rows[:1], end_offset=1))
        for _ in range(2):
            assert [key.name for key in store.keys(SET, kind="json")] == ["image"]
            assert [key.name for key in store.keys(SET, kind="integer")] == ["n"]
            merge_all(store)
        store.append(SET, "s", batch_of(rows[1:], end_offset=2))
        for _ in range(2):
            assert [key.name for key in store.keys(SET, kind="json")] == ["image", "late", "odd"]
            assert [key.name for key in store.keys(SET, kind="json", search="a", after="image")] == ["late"]
            assert [key.name for key in store.keys(SET, kind="json", limit=1)] == ["image"]
            store.seal(SET)

    def test_labelled_writers_keys_are_found_by_their_key(self, store: HistoryStore) -> None:
        store.append(
            SET, "s", numbers([1], {"loss/l:0": [1.0], "loss/l:1": [2.0], "loss/lr": [3.0], "los": [4.0]})
        )
        for _ in range(2):
            assert store.label_keys([(SET, "loss"), (SET, "los"), (key_of(9), "loss")]) == [
                ["loss/l:0", "loss/l:1"], [], [],
            ]  # fmt: skip
            store.seal(SET)

    def test_keys_of_a_group_are_noted_once(self, store: HistoryStore) -> None:
        store.note_keys(4, {"loss": "number", "note": "string"})
        store.note_keys(4, {"loss": "integer", "acc": "number"})
        store.note_keys(5, {"other": "number"})
        assert store.group_keys(4) == [("acc", "number"), ("loss", "number"), ("note", "string")]
        assert store.group_keys(4, search="o", after="loss") == [("note", "string")]
        assert store.group_keys(4, limit=1) == [("acc", "number")]
