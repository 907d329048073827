"""All that a store shows of a set, held against the model, and buckets against numpy."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import Buckets, Float64s, HistoryStore, SetKey, Window
from runstone.testing.history.model import Model


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


def same(a: Any, b: Any) -> bool:
    """Equal in type and value; NaN is NaN."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _kind(values: Sequence[Any]) -> str:
    kinds = {
        "bool" if isinstance(v, bool) else "integer" if isinstance(v, int) else "number"
        if isinstance(v, float) else "string" if isinstance(v, str) else "json"
        for v in values
    }  # fmt: skip
    if len(kinds) == 1:
        return kinds.pop()
    return "number" if kinds == {"number", "integer"} else "json"


def utf8(text: str) -> str:
    """As Arrow shows it: a lone surrogate is no character."""
    return text.encode("utf-8", "replace").decode()
