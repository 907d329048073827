"""Summaries derived from rows, against a plain model, however the rows are cut into batches."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.summary import Definitions, Deriver, deriver_of, encode_stats

NUMBERS = st.one_of(
    st.floats(-1e12, 1e12), st.integers(-(2**53), 2**53), st.sampled_from([math.nan, math.inf, -math.inf])
)
VALUES = st.one_of(NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.text(max_size=3), st.none())
KEYS = st.sampled_from(["loss", "val/acc", "val/f1", "x"])
ROWS = st.lists(
    st.tuples(st.integers(-5, 100), st.dictionaries(KEYS, VALUES, max_size=4)), min_size=1, max_size=25
)
WORDS = st.lists(
    st.sampled_from(["min", "max", "mean", "best", "first", "last", "copy", "none", "median"]),
    max_size=4,
    unique=True,
)


@st.composite
def metrics(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(
        st.lists(st.sampled_from(["loss", "val/*", "*", "val/acc", "x*", "lo*s"]), max_size=4, unique=True)
    )
    return [
        {"name": name, "summary": draw(WORDS), "goal": draw(st.sampled_from([None, "minimize", "maximize"]))}
        for name in names
    ]


def model(defined: list[dict[str, Any]], rows: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """What a person would work out with paper and pencil."""
    summary: dict[str, Any] = {}
    for key in {key for _, values in rows for key in values}:
        values = [row[key] for _, row in rows if key in row]
        numbers = [float(v) for v in values if isinstance(v, int | float)]
        known = [v for v in numbers if not math.isnan(v)]
        finite = [v for v in numbers if math.isfinite(v)]
        metric = _definition(defined, key)
        words = metric["summary"] if metric else []
        if "none" in words:
            continue
        aggregates = {
            "min": min(known, default=math.nan),
            "max": max(known, default=math.nan),
            "mean": math.fsum(finite) / len(finite) if finite else math.nan,
            "best": (max if metric and metric["goal"] == "maximize" else min)(known, default=math.nan),
            "first": values[0],
            "last": values[-1],
        }
        chosen = {name: aggregates[name] for name in aggregates if name in words}
        summary[key] = chosen or values[-1]
    summary["_step"] = max(step for step, _ in rows)
    return summary


def _definition(defined: list[dict[str, Any]], key: str) -> dict[str, Any] | None:
    from fnmatch import fnmatchcase

    exact = [metric for metric in defined if metric["name"] == key and "*" not in key]
    globs = [m for m in defined if "*" in m["name"] and fnmatchcase(key, m["name"])]
    return next(iter([*exact, *sorted(globs, key=lambda m: -len(m["name"]))]), None)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(one[k], other[k]) for k in one)
        )
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or one == pytest.approx(other, rel=1e-12, abs=1e-300)
    return type(one) is type(other) and bool(one == other)


def derive(
    defined: list[dict[str, Any]], rows: list[tuple[int, dict[str, Any]]], cuts: list[int], label: str
) -> dict[str, Any]:
    deriver = Deriver(Definitions(defined))
    summary: dict[str, Any] = {}
    bounds = sorted({0, len(rows), *(cut % (len(rows) + 1) for cut in cuts)})
    for start, stop in pairwise(bounds):
        written = [WrittenRow(n, *_timed(rows[n])) for n in range(start, stop)]
        deriver.fold(batch_of(written, end_offset=stop, label=label), label=label)
        summary |= deriver.take()
        deriver = deriver_of(encode_stats(deriver), defined)  # as a server that was started anew
    return {key: value for key, value in summary.items() if key not in ("_timestamp", "_runtime")}


def _timed(row: tuple[int, dict[str, Any]]) -> tuple[int, float, float, dict[str, Any]]:
    return row[0], 1.7e9 + row[0], float(row[0]), row[1]


@settings(max_examples=200, deadline=None)
@given(metrics(), ROWS, st.lists(st.integers(0, 100), max_size=5), st.sampled_from(["", "rank1"]))
def test_derived_summaries_are_what_the_rows_say_however_they_are_cut(
    defined: list[dict[str, Any]], rows: list[tuple[int, dict[str, Any]]], cuts: list[int], label: str
) -> None:
    expected = model(defined, rows)
    derived = derive(defined, rows, cuts, label)
    assert derived.keys() == expected.keys()
    assert all(same(derived[key], expected[key]) for key in expected), (derived, expected)


def test_a_mean_of_many_batches_does_not_drift() -> None:
    deriver = Deriver(Definitions([{"name": "x", "summary": ["mean"]}]))
    values = [0.1] * 10_000 + [1e16, 1.0, -1e16]
    for n, value in enumerate(values):
        deriver.fold(batch_of([WrittenRow(n, n, 0.0, 0.0, {"x": value})], end_offset=n + 1))
    assert deriver.take()["x"]["mean"] == pytest.approx(math.fsum(values) / len(values), rel=1e-12)


def test_only_what_changed_is_taken() -> None:
    deriver = Deriver()
    deriver.fold(batch_of([WrittenRow(0, 0, 1.0, 1.0, {"a": 1.0, "b": 2})], end_offset=1))
    assert deriver.take() == {"a": 1.0, "b": 2, "_step": 0, "_timestamp": 1.0, "_runtime": 1.0}
    assert deriver.take() == {}
    deriver.fold(batch_of([WrittenRow(1, 1, 2.0, 2.0, {"a": 3.0})], end_offset=2))
    assert deriver.take() == {"a": 3.0, "_step": 1, "_timestamp": 2.0, "_runtime": 2.0}


def test_sums_beyond_the_largest_float_are_infinite_and_raise_nothing() -> None:
    deriver = Deriver(Definitions([{"name": "x", "summary": ["mean", "max"]}]))
    rows = [WrittenRow(n, n, 0.0, 0.0, {"x": 1.7e308}) for n in range(3)]
    deriver.fold(batch_of(rows, end_offset=3))
    deriver.fold(batch_of([WrittenRow(3, 3, 0.0, 0.0, {"x": 1.0})], end_offset=4))
    assert deriver.take()["x"] == {"mean": math.inf, "max": 1.7e308}
