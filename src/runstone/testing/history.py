"""What every history store must do, as a suite to run against any kind.

class TestMine(HistoryStoreSuite):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: open_history(f"sqlite:///{tmp_path}/history.db", blobs=None)

`Model` is the truth that stores are held to: plain dictionaries. `check` compares all that a set
shows with it. `acts_of` draws sequences of what may happen, `play` does them to a store and to the
model:

@given(acts=acts_of())
def test_whatever_happens_my_store_shows_what_the_model_shows(acts):
    play(opener_of_an_empty_store(), acts)
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.contract import (
    Buckets,
    Column,
    Float64s,
    HistoryStore,
    Int64s,
    RowBatch,
    SetKey,
    Window,
)

OpenStore = Callable[[], HistoryStore]
SET = SetKey(RunKey(1), "history")


def key_of(run: int) -> SetKey:
    return SetKey(RunKey(run), "history")


def numbers(
    steps: Sequence[int] | Int64s,
    columns: Mapping[str, Sequence[float] | Float64s],
    *,
    offset: int = 0,
    start: float = 1_700_000_000.0,
) -> RowBatch:
    """A batch of float columns that every row has; offsets count rows from `offset`, a step is a second."""
    rows = np.asarray(steps, np.int64)
    at = np.arange(len(rows), dtype=np.int64)
    return RowBatch(
        at + offset,
        offset + len(rows),
        rows,
        rows + np.float64(start),
        rows.astype(np.float64),
        {key: Column("number", at, np.asarray(values, np.float64)) for key, values in columns.items()},
    )


# -- the model


@dataclass
class _Branch:
    parent: _Branch | None = None
    fork_step: int = 0
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)  # step -> key -> value, times among them


class Model:
    """Sets of rows as dictionaries: what arrives later wins, per step and key."""

    def __init__(self) -> None:
        self.heads: dict[SetKey, _Branch] = {}
        self.streams: dict[tuple[SetKey, str], int] = {}

    def append(self, where: SetKey, stream: str, rows: Sequence[WrittenRow], end_offset: int) -> int:
        next_offset = self.streams.get((where, stream), 0)
        branch = self.heads.setdefault(where, _Branch())
        for row in rows:
            if row.offset >= next_offset:
                kept = branch.rows.setdefault(row.step, {})
                kept.update({"_timestamp": row.timestamp, "_runtime": row.runtime, **row.values})
        self.streams[where, stream] = max(next_offset, end_offset)
        return self.streams[where, stream]

    def rewind(self, where: SetKey, last_step: int) -> int:
        self.heads[where] = _Branch(self.heads.setdefault(where, _Branch()), last_step)
        for at, stream in list(self.streams):
            if at == where:
                del self.streams[at, stream]
        return len(self.view(where))

    def fork(self, parent: SetKey, child: SetKey, last_step: int) -> None:
        head = self.heads.setdefault(child, _Branch())
        if parent in self.heads:
            head.parent, head.fork_step = self.heads[parent], last_step

    def delete(self, run: RunKey) -> None:
        self.heads = {where: head for where, head in self.heads.items() if where.run != run}
        self.streams = {key: at for key, at in self.streams.items() if key[0].run != run}

    def view(self, where: SetKey) -> dict[int, dict[str, Any]]:
        """Rows as they stand, by rising step."""
        chain: list[tuple[_Branch, float]] = []
        branch, limit = self.heads.get(where), math.inf
        while branch is not None:
            chain.append((branch, limit))
            limit = min(limit, branch.fork_step)
            branch = branch.parent
        found: dict[int, dict[str, Any]] = {}
        for branch, top in reversed(chain):
            for step, values in branch.rows.items():
                if step <= top:
                    found.setdefault(step, {}).update(values)
        return dict(sorted(found.items()))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(a: Any, b: Any) -> bool:
    """Equal in type and value; NaN is NaN."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)


def _kind(values: Sequence[Any]) -> str:
    kinds = {
        "bool" if isinstance(v, bool) else "integer" if isinstance(v, int) else "number"
        if isinstance(v, float) else "string" if isinstance(v, str) else "json"
        for v in values
    }  # fmt: skip
    if len(kinds) == 1:
        return kinds.pop()
    return "number" if kinds == {"number", "integer"} else "json"


def check(
    store: HistoryStore, model: Model, where: SetKey, *, buckets: Sequence[int] = (1, 2, 7, 64)
) -> None:
    """Hold all that the set shows against the model."""
    view = model.view(where)
    steps = list(view)
    keys = sorted({key for values in view.values() for key in values} - {"_timestamp", "_runtime"})

    info = store.info(where)
    assert info.rows == len(steps)
    assert info.last_step == (steps[-1] if steps else None)
    if steps:
        times = [values["_timestamp"] for values in view.values()]
        assert info.first_timestamp is not None and info.first_timestamp <= min(times)
        assert info.last_timestamp is not None and info.last_timestamp >= max(times)

    found_rows = store.rows(where, limit=len(steps) + 1)
    assert [row.step for row in found_rows] == steps
    for row in found_rows:
        wanted = dict(view[row.step])
        assert (row.timestamp, row.runtime) == (wanted.pop("_timestamp"), wanted.pop("_runtime"))
        assert same(row.values, wanted), (row.step, row.values, wanted)
    assert [row.step for row in store.tail(where, 3)] == steps[-3:]

    infos = {info.name: info for info in store.keys(where, limit=len(keys) + 1)}
    assert sorted(infos) == keys
    assert store.key_infos(where, keys) == infos or any(
        isinstance(i.last, float) and i.last != i.last for i in infos.values()
    )
    for key in keys:
        logged = [(step, values[key]) for step, values in view.items() if key in values]
        known = infos[key]
        assert (known.count, known.first_step, known.last_step) == (
            len(logged),
            logged[0][0],
            logged[-1][0],
        ), key
        assert same(known.last, logged[-1][1]), (key, known.last, logged[-1])
        assert known.kind == _kind([value for _, value in logged]), key
        plotted = [(step, float(value)) for step, value in logged if is_number(value)]
        real = [value for _, value in plotted if value == value]
        assert (known.min, known.max) == (min(real, default=None), max(real, default=None)), key
        points = store.points(where, key)
        assert points.steps.tolist() == [step for step, _ in plotted], key
        assert same(points.values.tolist(), [value for _, value in plotted]), key
        x = np.array([step for step, _ in plotted], np.int64)
        y = np.array([value for _, value in plotted], np.float64)
        for count in buckets:
            (whole,) = store.buckets([(where, key)], x="_step", window=Window(None, None, count))
            check_buckets(whole, x, y, count)
            if len(x) > 1:
                lo, hi = float(x[len(x) // 3]), float(x[-1 - len(x) // 4])
                inside = (x >= lo) & (x <= hi)
                (part,) = store.buckets([(where, key)], x="_step", window=Window(lo, hi, count))
                check_buckets(part, x[inside], y[inside], count)
        runtimes = np.array([view[step]["_runtime"] for step, _ in plotted], np.float64)
        order = np.argsort(runtimes, kind="stable")
        (by_time,) = store.buckets([(where, key)], x="_runtime", window=Window(None, None, 5))
        check_buckets(by_time, runtimes[order], y[order], 5, repeats=True)

    got: dict[int, dict[str, Any]] = {}
    as_exported: dict[str, str] = {}
    for batch in store.export(where):
        as_exported = {f.name: (f.metadata or {}).get(b"kind", b"").decode() for f in batch.schema}
        for line in batch.to_pylist():
            got[line.pop("_step")] = line
    assert list(got) == steps
    for step, values in view.items():
        line = got[step]
        assert {utf8(key) for key in values} == {key for key, value in line.items() if value is not None}
        for key, value in values.items():
            shown = line[utf8(key)]
            kind = as_exported[utf8(key)]
            if kind == "json":
                assert same(json.loads(shown), value)
            elif kind == "string":
                assert shown == utf8(value)
            else:
                assert same(shown, float(value) if kind == "number" else value)


def utf8(text: str) -> str:
    """As Arrow shows it: a lone surrogate is no character."""
    return text.encode("utf-8", "replace").decode()


def check_buckets(found: Buckets, x: Any, y: Float64s, count: int, *, repeats: bool = False) -> None:
    """Every bucket against numpy over the points it says it holds; x rising. With `repeats` x may
    repeat, and a bucket's points are taken by count."""
    assert found.total == len(x) == int(found.count.sum())
    assert len(found.x) <= count
    assert found.exact == (len(x) == 0 or int(found.count.max()) <= 1)
    assert (np.diff(found.index) > 0).all()
    if not repeats:
        assert (found.x[1:] > found.x[:-1]).all() and (found.x_last[:-1] < found.x[1:]).all()
        _check_even(found)
    ends = np.cumsum(found.count)
    for at, (start, end) in enumerate(zip(ends - found.count, ends, strict=True)):
        values = y[start:end]
        assert found.x[at] == x[start] and found.x_last[at] == x[end - 1]
        assert same(float(found.first[at]), float(values[0])) and same(
            float(found.last[at]), float(values[-1])
        )
        real = values[np.isfinite(values)]
        assert found.non_finite[at] == len(values) - len(real)
        if not len(real):
            assert np.isnan([found.min[at], found.max[at], found.mean[at]]).all()
            continue
        assert found.min[at] == real.min() and found.max[at] == real.max()
        assert found.min[at] <= found.mean[at] <= found.max[at]
        scale = float(np.abs(real).max())
        if scale:
            mean = float(np.mean(real / scale)) * scale  # a sum of huge numbers would overflow
            assert abs(found.mean[at] - mean) <= 1e-9 * max(abs(mean), scale * 1e-3, 1e-300)


def _check_even(found: Buckets) -> None:
    """There is one width for which every bucket lies where its number says."""
    low, high = 0.0, math.inf
    for number, first, last in zip(
        found.index.tolist(), found.x.tolist(), found.x_last.tolist(), strict=True
    ):
        for edge, value, below in ((number, first, False), (number + 1, last, True)):
            if edge > 0:  # edge·w ≤ first, or last < edge·w
                if below:
                    low = max(low, value / edge)
                else:
                    high = min(high, value / edge)
            elif edge < 0:
                if below:
                    high = min(high, value / edge)
                else:
                    low = max(low, value / edge)
    if len(found.index) > 1 or found.index.any():
        assert low <= high * (1 + 1e-12)


# -- random work

KEYS = ("loss", "acc", "val.loss", "lr", "note", "é\x00\ud800")
_floats = st.floats(width=64) | st.sampled_from([0.0, -0.0, 1.5, 1e308, -1e308, 5e-324])
_values = (
    _floats
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.text(max_size=5)
    | st.just({"_type": "histogram", "values": [1, 2.5, None]})
    | st.lists(st.integers(0, 9) | st.none(), max_size=3)
)
_steps = st.integers(0, 60) | st.integers(0, 5000) | st.integers(-(10**7), 10**12)


@st.composite
def rows_of(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """(step, values) rows: a training loop's, or anything at all."""
    if draw(st.booleans()):
        start = draw(st.integers(0, 3000))
        stride = draw(st.sampled_from([1, 1, 2, 100]))
        seed = draw(st.integers(0, 2**32 - 1))
        random = np.random.default_rng(seed)
        n = draw(st.integers(1, 60))
        keys = draw(st.lists(st.sampled_from(KEYS[:4]), min_size=1, max_size=4, unique=True))
        return [
            (start + i * stride, {key: float(random.standard_normal()) for key in keys}) for i in range(n)
        ]
    mixed = draw(st.booleans())
    value = _values if mixed else _floats
    return draw(
        st.lists(
            st.tuples(_steps, st.dictionaries(st.sampled_from(KEYS), value, max_size=4)),
            min_size=1,
            max_size=12,
        )
    )


@st.composite
def acts_of(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """A sequence of what may happen to a store."""
    return draw(
        st.lists(
            st.one_of(
                st.tuples(
                    st.just("append"), st.integers(1, 2), st.sampled_from("ab"), rows_of(), st.integers(0, 3)
                ),
                st.tuples(
                    st.just("append"), st.integers(1, 2), st.sampled_from("ab"), rows_of(), st.integers(0, 3)
                ),
                st.tuples(st.just("merge")),
                st.tuples(st.just("merge")),
                st.tuples(st.just("reopen")),
                st.tuples(st.just("seal"), st.integers(1, 3)),
                st.tuples(st.just("fork"), st.integers(1, 2), st.integers(0, 4000)),
                st.tuples(st.just("rewind"), st.integers(1, 3), st.integers(0, 4000)),
                st.tuples(st.just("delete"), st.integers(1, 3)),
            ),
            min_size=1,
            max_size=12,
        )
    )


def play(open_store: OpenStore, acts: Sequence[tuple[Any, ...]]) -> None:
    """Do the acts to a store and to the model, and compare at the end and at each merge."""
    store, model = open_store(), Model()
    ends: dict[tuple[int, str], int] = {}
    written: dict[tuple[int, str], list[WrittenRow]] = {}
    try:
        for act in acts:
            if act[0] == "append":
                _, run, stream, rows, resent = act
                _append(store, model, run, stream, rows, resent, ends, written)
            elif act[0] == "merge":
                merge_all(store)
                for run in (1, 2, 3):
                    check(store, model, key_of(run), buckets=(3,))
            elif act[0] == "reopen":
                store.close()
                store = open_store()
            elif act[0] == "seal":
                store.seal(key_of(act[1]))
            elif act[0] == "rewind":
                assert store.rewind(key_of(act[1]), last_step=act[2]) == model.rewind(key_of(act[1]), act[2])
                for run, stream in list(ends):
                    if run == act[1]:
                        del ends[run, stream], written[run, stream]
            elif act[0] == "fork":
                try:
                    store.fork(key_of(act[1]), key_of(3), last_step=act[2])
                except Conflict:
                    continue  # forked before
                model.fork(key_of(act[1]), key_of(3), act[2])
            elif act[0] == "delete":
                store.delete(RunKey(act[1]))
                model.delete(RunKey(act[1]))
                for run, stream in list(ends):
                    if run == act[1]:
                        del ends[run, stream], written[run, stream]
        for run in (1, 2, 3):
            check(store, model, key_of(run))
    finally:
        store.close()


def _append(
    store: HistoryStore,
    model: Model,
    run: int,
    stream: str,
    rows: Sequence[tuple[int, dict[str, Any]]],
    resent: int,
    ends: dict[tuple[int, str], int],
    written: dict[tuple[int, str], list[WrittenRow]],
) -> None:
    """Some rows, the last `resent` ones of the stream once more before them."""
    at = ends.get((run, stream), 0)
    before = written.setdefault((run, stream), [])
    new = [
        WrittenRow(at + 10 * i, step, 1_700_000_000.0 + step % 1000, float((step * 7919) % 1000), values)
        for i, (step, values) in enumerate(rows)
    ]
    again = before[-resent:] if resent else []
    end = at + 10 * len(new)
    sent = again + new
    got = store.append(key_of(run), stream, batch_of(sent, end_offset=end))
    assert got == model.append(key_of(run), stream, sent, end) == end
    before += new
    ends[run, stream] = end


# -- the suite


def merge_all(store: HistoryStore) -> None:
    while store.maintain(seconds=1):
        pass


class HistoryStoreSuite:
    """Subclass it and give a fixture `open_store`: opens one and the same store, again and again."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[HistoryStore]:
        store = open_store()
        yield store
        store.close()

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
