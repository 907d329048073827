"""Journals taken in: what a run says of itself, values of every kind, summaries, files that rows wait for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import JournalBytes

from runstone.journal.kinds import Kind
from runstone.server.domain.errors import MissingFile
from runstone.server.domain.ingest import IngestAnswer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[IngestHouse]:
    with ingest_house(tmp_path) as house:
        yield house


# -- a run's life


def test_a_whole_journal_makes_a_run_with_all_it_says(house: IngestHouse) -> None:
    journal = JournalBytes(
        display_name="first", group="g", job_type="train", notes="n", tags=["a", "b"], program="train.py",
        command=["python", "train.py"], host="box", started_at=1_699_999_999.0, sweep="s1",
    )  # fmt: skip
    journal.config((["lr"], 0.1), (["net", "layers"], [1, 2]))
    journal.add(Kind.ENVIRONMENT, {"python": "3.11", "gpu": {"count": 2}})
    journal.rows(5).line(0, "hello").line(1, "oops", stream=1).system(1_700_000_001.5, **{"cpu": 12.5})
    journal.alert("watch out", level="WARN").finish(0)
    answer = house.send(journal)
    assert answer == IngestAnswer(journal.end, "ada", "p", "r1", False)
    run = house.run()
    assert (run.display_name, run.group, run.job_type, run.notes, run.sweep) == (
        "first",
        "g",
        "train",
        "n",
        "s1",
    )
    assert (run.tags, run.command, run.host) == (("a", "b"), ("python", "train.py"), "box")
    assert run.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert run.environment["gpu"] == {"count": 2}
    assert (run.state, run.exit_code, run.started_at) == ("finished", 0, 1_699_999_999.0)
    assert run.finished_at == 1_700_000_100.0
    assert run.summary == {
        "k0": 4.0, "k1": 4.125, "k2": 4.25, "_step": 4, "_timestamp": 1_700_000_004.0, "_runtime": 4.0,
    }  # fmt: skip
    assert [(row.step, row.values["k1"]) for row in house.rows()] == [(n, n + 0.125) for n in range(5)]
    (machine,) = house.rows(space="system")
    assert (machine.step, machine.values) == (1_700_000_001_500, {"cpu": 12.5})
    assert [(line.number, line.stream, line.text) for line in house.lines()] == [
        (0, 0, "hello"),
        (1, 1, "oops"),
    ]
    assert [alert.title for alert in house.domain.alerts.find(house.ada)] == ["watch out"]
    (patch,) = house.domain.runs.config_history(house.ada, run.key)
    assert (patch["at"], patch["writer"]) == (1_700_000_000.0, journal.writer)


def test_a_journal_may_come_with_its_header(house: IngestHouse) -> None:
    journal = JournalBytes().rows(3)
    assert house.send(journal, offset=0).next_offset == journal.end
    assert house.send(journal, offset=0).next_offset == journal.end
    assert len(house.rows()) == 3


def test_entity_and_answer_are_the_default_ones_where_none_is_named(house: IngestHouse) -> None:
    journal = JournalBytes().rows(1)
    for entity in ("", "-", "ada"):
        answer = house.send(journal, entity=entity)
        assert (answer.entity, answer.project, answer.run) == ("ada", "p", "r1")


def test_the_end_decides_the_state(house: IngestHouse) -> None:
    for name, end, state in (
        ("ok", {"exit_code": 0}, "finished"),
        ("bad", {"exit_code": 3, "traceback": "Traceback …\nValueError"}, "failed"),
        ("term", {"exit_code": 143, "state": "killed"}, "killed"),
        ("odd", {"exit_code": 1, "state": "exploded"}, "failed"),
    ):
        house.send(JournalBytes(name).row(a=1.0).finish(**end))
        run = house.run(name)
        assert (run.state, run.exit_code) == (state, end["exit_code"])
        if "traceback" in end:
            assert run.environment["traceback"] == end["traceback"]


def test_a_preempted_run_says_so(house: IngestHouse) -> None:
    journal = JournalBytes().row(a=1.0).preempting()
    house.send(journal)
    assert house.run().state == "preempting"
    house.send(journal.row(a=2.0))
    house.flush()
    assert house.run().state == "preempting"
    house.send(journal.finish(143, state="killed"))
    assert house.run().state == "preempted"


def test_an_end_in_the_future_is_believed_only_so_far(house: IngestHouse) -> None:
    from runstone.journal.kinds import End

    house.send(JournalBytes().add(Kind.END, End(exit_code=0, at=9e10)))
    finished_at = house.run().finished_at
    assert finished_at is not None and finished_at < 5e9


def test_clocks_that_jump_are_kept_as_they_are(house: IngestHouse) -> None:
    from runstone.journal.kinds import Row

    journal = JournalBytes()
    for step, at in enumerate((1.7e9, 1.0, -5.0, 1e18, math.nan, 1.7e9 + 1)):
        journal.add(Kind.ROW, Row(step, at, at, {"a": float(step)}))
    journal.system(-1e300, cpu=1.0).system(math.nan, cpu=1.0).system(1.7e9, cpu=2.0)
    house.send(journal)
    assert [row.values["a"] for row in house.rows()] == [0, 1, 2, 3, 4, 5]
    assert [row.values["cpu"] for row in house.rows(space="system")] == [2.0]
    assert house.notes()["refused_count"] == 2


# -- values


def test_values_of_all_kinds_and_changing_kinds_are_kept(house: IngestHouse) -> None:
    values: list[Any] = [1.5, 2, True, "text", None, {"_type": "image-file", "path": "x.png"}, [1, 2]]
    values += [math.nan, math.inf, -math.inf, 2**62, -(2**63), 0.1, ""]
    journal = JournalBytes()
    for value in values:
        journal.row(k=value, steady=1.0)
    house.send(journal)
    house.flush()
    kept = [row.values.get("k") for row in house.rows()]
    assert repr(kept) == repr(values)
    assert house.run().summary["k"] == ""


def test_steps_are_data(house: IngestHouse) -> None:
    """Any order, negative, huge, repeated: the later record wins per key, nothing is dropped."""
    journal = JournalBytes()
    for step, values in (
        (5, {"a": 1.0}), (3, {"a": 2.0}), (5, {"a": 3.0, "b": 1.0}), (-7, {"a": 4.0}), (2**62, {"a": 5.0}),
        (5, {"b": 2.0}),
    ):  # fmt: skip
        journal.row_of(values, step=step)
    house.send(journal)
    house.flush()
    assert [(row.step, row.values) for row in house.rows()] == [
        (-7, {"a": 4.0}), (3, {"a": 2.0}), (5, {"a": 3.0, "b": 2.0}), (2**62, {"a": 5.0}),
    ]  # fmt: skip
    assert house.run().summary["_step"] == 2**62


def test_a_hundred_thousand_keys_in_a_row(house: IngestHouse) -> None:
    journal = JournalBytes()
    for step in range(2):
        journal.row_of({f"layer{n}/norm": n + step / 4 for n in range(100_000)})
    house.send(journal.finish())
    (first, second) = house.rows()
    assert len(first.values) == 100_000 and second.values["layer99999/norm"] == 99999.25
    assert house.run().summary["layer7/norm"] == 7.25


def test_a_config_value_of_a_megabyte(house: IngestHouse) -> None:
    text = "ä" * 500_000
    house.send(JournalBytes().config((["prompt"], text)))
    assert house.run().config == {"prompt": text}


# -- summaries


def test_definitions_hold_for_the_rows_behind_them(house: IngestHouse) -> None:
    journal = JournalBytes().row(loss=9.0, acc=0.0)
    journal.metric("loss", "min", "mean").metric("acc*", "max", "last").metric("hidden", "none")
    for loss in (3.0, 1.0, 2.0):
        journal.row(loss=loss, acc=loss, hidden=1.0, acc2=loss)
    house.send(journal)
    house.flush()
    summary = house.run().summary
    assert summary["loss"] == {"min": 1.0, "mean": 2.0}
    assert summary["acc"] == {"max": 3.0, "last": 2.0} == summary["acc2"]
    assert "hidden" not in summary
    assert [metric["name"] for metric in house.run().metrics] == ["loss", "acc*", "hidden"]


def test_an_explicit_value_wins_over_derived_ones(house: IngestHouse) -> None:
    journal = JournalBytes().row(loss=3.0, acc=0.5)
    journal.summary((["loss"], "mine"), (["extra", "deep"], 7))
    house.send(journal.row(loss=1.0, acc=0.75))
    house.flush()
    house.send(journal.row(loss=0.5, acc=1.0))
    house.flush()
    summary = house.run().summary
    assert (summary["loss"], summary["acc"], summary["extra"]) == ("mine", 1.0, {"deep": 7})
    house.send(journal.summary(unset=[["loss"]]).row(loss=0.25))
    house.flush()
    assert house.run().summary["loss"] == 0.25


def test_a_config_is_patched_in_order(house: IngestHouse) -> None:
    journal = JournalBytes().config((["a"], 1), (["b"], {"c": 1}))
    journal.config(unset=[["a"]]).config((["a"], 2)).config((["b", "d"], 3), unset=[["b", "c"]])
    house.send(journal)
    assert house.run().config == {"a": 2, "b": {"d": 3}}


# -- files


def test_a_record_waits_for_its_file(house: IngestHouse) -> None:
    journal = JournalBytes().row(a=1.0).file("media/x.png").row(a=2.0)
    for _ in range(2):
        with pytest.raises(MissingFile) as raised:
            house.send(journal)
        assert raised.value.fields["name"] == "media/x.png"
        assert house.next_offset(journal) == journal.starts[2]
    assert len(house.rows()) == 1
    house.put_file("media/x.png")
    house.post(journal, journal.starts[2], journal.end)
    assert len(house.rows()) == 2
