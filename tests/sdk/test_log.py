"""`run.log`: what is kept, under which step, and what is refused."""

from __future__ import annotations

import decimal
import enum
import fractions
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.journals import merged, records, rows

import runstone
from runstone.journal.kinds import Kind


def test_steps_count_up_by_themselves(run: runstone.Run, tmp_path: Path) -> None:
    for i in range(3):
        run.log({"loss": i / 2})
    assert run.step == 3
    assert [(row.step, row.values) for row in rows(tmp_path)] == [
        (0, {"loss": 0.0}),
        (1, {"loss": 0.5}),
        (2, {"loss": 1.0}),
    ]


def test_commit_false_adds_to_the_same_step(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"a": 1.0}, commit=False)
    run.log({"b": 2.0}, commit=False)
    run.log({"c": 3.0})
    run.log({"a": 4.0})
    assert merged(tmp_path) == {0: {"a": 1.0, "b": 2.0, "c": 3.0}, 1: {"a": 4.0}}


def test_a_given_step_stays_open_until_a_later_one(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"a": 1.0}, step=5)
    run.log({"b": 2.0})  # joins step 5, and ends it
    run.log({"c": 3.0})
    run.log({"d": 4.0}, step=9, commit=True)
    run.log({"e": 5.0})
    assert merged(tmp_path) == {5: {"a": 1.0, "b": 2.0}, 6: {"c": 3.0}, 9: {"d": 4.0}, 10: {"e": 5.0}}


def test_rows_of_lower_steps_are_kept_and_do_not_turn_the_count_back(
    run: runstone.Run, tmp_path: Path
) -> None:
    run.log({"train": 1.0}, step=100)
    run.log({"eval": 2.0}, step=50)
    run.log({"eval": 3.0}, step=-7)
    assert run.step == 100
    assert merged(tmp_path) == {100: {"train": 1.0}, 50: {"eval": 2.0}, -7: {"eval": 3.0}}


def test_rows_carry_time_and_runtime(run: runstone.Run, tmp_path: Path) -> None:
    import time

    before = time.time()
    run.log({"a": 1.0})
    run.log({"a": 1.0, "_timestamp": 123.5, "_step": 99, "_runtime": 7})
    first, second = rows(tmp_path)
    assert before <= first.timestamp <= time.time()
    assert 0 <= first.runtime < 60
    assert second.timestamp == 123.5
    assert second.step == 1
    assert second.values == {"a": 1.0}


def test_numbers_that_are_no_numbers_are_kept(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"nan": math.nan, "inf": math.inf, "minus": -math.inf, "nothing": None, "yes": True, "text": "x"})
    [row] = rows(tmp_path)
    assert math.isnan(row.values["nan"])
    assert row.values["inf"] == math.inf
    assert row.values["minus"] == -math.inf
    assert row.values["nothing"] is None
    assert row.values["yes"] is True
    assert row.values["text"] == "x"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, float(2**63)),
        (2**64 + 1, float(2**64)),
        (-(2**63) - 1, float(-(2**63) - 1)),
        (10**400, math.inf),
        (-(10**400), -math.inf),
    ],
)
def test_integers_are_exact_in_64_bits_and_floats_beyond(
    run: runstone.Run, tmp_path: Path, value: int, kept: float
) -> None:
    run.log({"n": value})
    [row] = rows(tmp_path)
    assert row.values["n"] == kept
    assert type(row.values["n"]) is type(kept)


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    SEVEN = 7


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int64(7), 7),
        (np.uint64(2**64 - 1), float(2**64 - 1)),
        (np.bool_(True), True),
        (np.array(1.5), 1.5),
        (np.array([[2.5]]), 2.5),
        (np.array([1, 2, 3]), [1, 2, 3]),
        (np.str_("text"), "text"),
        (decimal.Decimal("0.25"), 0.25),
        (fractions.Fraction(1, 4), 0.25),
        (Number.SEVEN, 7),
        (Colour.RED, "red"),
        ((1, 2.5, "x"), [1, 2.5, "x"]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ({1: 2}, {"1": 2}),
        ([{"x": np.float32(0.5)}], [{"x": 0.5}]),
        (b"bytes", "bytes"),
        (Path("/a/b"), "/a/b"),
        (int, "builtins.int"),
    ],
)
def test_values_of_other_kinds_become_plain_ones(
    run: runstone.Run, tmp_path: Path, value: Any, kept: Any
) -> None:
    run.log({"x": value})
    [row] = rows(tmp_path)
    assert row.values["x"] == kept
    assert type(row.values["x"]) is type(kept)


def test_objects_like_tensors_are_read_without_knowing_their_library(
    run: runstone.Run, tmp_path: Path
) -> None:
    class Tensor:
        shape = ()
        dtype = "float32"

        def item(self) -> float:
            return 0.75

    run.log({"loss": Tensor()})
    assert rows(tmp_path)[0].values == {"loss": 0.75}


def test_long_arrays_become_histograms(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"grad": np.arange(1000.0)})
    value = rows(tmp_path)[0].values["grad"]
    assert value["_type"] == "histogram"
    assert sum(value["values"]) == 1000


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.text(st.characters(codec="utf-8")).filter(
    lambda name: name not in ("_step", "_timestamp", "_runtime")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(names, json_values, max_size=8), step=st.integers(-(2**63), 2**63 - 2))
def test_any_json_comes_back_as_it_was_logged(
    start: Callable[..., runstone.Run], tmp_path: Path, data: dict[str, Any], step: int
) -> None:
    run = start()
    run.log(data, step=step)
    run.finish()
    [row] = rows(run.folder)
    assert row.step == step
    assert repr(row.values) == repr(data)  # repr: NaN is itself, 1 is not 1.0, -0.0 is not 0.0


def test_half_a_surrogate_pair_does_not_lose_the_row(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"bad \ud800 name": 1.0, "text": "bad \udfff text"})
    run.log({"good": 2.0})
    first, second = rows(tmp_path)
    assert first.values == {"bad ? name": 1.0, "text": "bad ? text"}
    assert second.values == {"good": 2.0}


@pytest.mark.parametrize("wrong", [None, 3, "loss", [("a", 1)], {1: 2.0}, {("a",): 1.0}, {None: 1}])
def test_what_is_no_map_of_names_is_refused_at_the_call(
    run: runstone.Run, tmp_path: Path, wrong: Any
) -> None:
    with pytest.raises(runstone.UsageError):
        run.log(wrong)
    run.log({"fine": 1.0})
    assert len(rows(tmp_path)) == 1


@pytest.mark.parametrize("wrong", ["five", 1.5, [1], math.nan, math.inf])
def test_a_step_that_is_no_integer_is_refused(run: runstone.Run, wrong: Any) -> None:
    with pytest.raises(runstone.UsageError, match="step"):
        run.log({"a": 1.0}, step=wrong)


@pytest.mark.parametrize("step", [np.int64(4), 4.0, np.float32(4), True + 3])
def test_steps_that_are_integers_in_other_clothes_are_taken(
    run: runstone.Run, tmp_path: Path, step: Any
) -> None:
    run.log({"a": 1.0}, step=step)
    assert rows(tmp_path)[0].step == 4


def test_an_empty_row_is_kept(run: runstone.Run, tmp_path: Path) -> None:
    run.log({})
    run.log({"a": 1.0})
    assert [(row.step, row.values) for row in rows(tmp_path)] == [(0, {}), (1, {"a": 1.0})]


def test_a_row_too_long_for_one_record_is_kept_in_several(run: runstone.Run, tmp_path: Path) -> None:
    run.log({f"text{n}": "x" * 5_000_000 for n in range(10)}, step=3)
    run.log({"after": 1.0}, step=4)
    found = merged(tmp_path)
    assert sorted(found[3]) == sorted(f"text{n}" for n in range(10))
    assert all(len(value) == 5_000_000 for value in found[3].values())
    assert found[4] == {"after": 1.0}


def test_one_value_too_long_is_left_out_counted_and_said(
    run: runstone.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log({"huge": "x" * (33 * 2**20), "small": 1.0})
    assert merged(tmp_path) == {0: {"small": 1.0}}
    assert "too long" in capsys.readouterr().err
    run.finish()
    assert "1 row" in capsys.readouterr().err


def test_ten_thousand_keys_in_one_row(run: runstone.Run, tmp_path: Path) -> None:
    data = {f"m{n}": n / 7 for n in range(10_000)}
    run.log(data)
    assert rows(tmp_path)[0].values == data


def test_threads_get_a_step_each(run: runstone.Run, tmp_path: Path) -> None:
    def work(number: int) -> None:
        for i in range(500):
            run.log({"thread": number, "i": i})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = rows(tmp_path)
    assert sorted(row.step for row in found) == list(range(4000))
    assert sorted((row.values["thread"], row.values["i"]) for row in found) == [
        (n, i) for n in range(8) for i in range(500)
    ]


def test_logging_to_a_finished_run_is_refused(run: runstone.Run) -> None:
    run.finish()
    with pytest.raises(runstone.UsageError, match="finished"):
        run.log({"a": 1.0})


def test_mode_disabled_keeps_nothing_and_still_sums_up(
    start: Callable[..., runstone.Run], tmp_path: Path
) -> None:
    run = start(mode="disabled")
    run.log({"a": 1.0})
    run.log({"a": 2.0, "im": runstone.Image(np.zeros((2, 2)))})
    run.config.lr = 3
    assert run.summary["a"] == 2.0
    assert run.config.lr == 3
    run.save("*")
    run.finish()
    assert list(tmp_path.rglob("*")) == []


def test_the_journal_ends_with_the_exit_code(run: runstone.Run, tmp_path: Path) -> None:
    run.log({"a": 1.0})
    run.finish(exit_code=3)
    run.finish(exit_code=0)
    [end] = records(tmp_path, Kind.END)
    assert end.exit_code == 3
