"""Journals taken in: exactly once whatever the cuts, in order, and refused where they are damaged."""

from __future__ import annotations

import contextlib
import math
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.journal.format import RECORD_BYTES_MAX, Header
from runstone.journal.kinds import Kind, RunFields
from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    MissingFile,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OffsetMismatch,
    RunstoneError,
    Unavailable,
)
from runstone.server.domain.identity import ANONYMOUS, Actor
from runstone.server.domain.ingest import Body, IngestAnswer
from runstone.server.domain.runs import Run


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


# -- exactly once


def cuts_of(journal: JournalBytes, dice: random.Random) -> Iterator[tuple[int, int]]:
    """Bodies as a client may send them: cut anywhere between records, sent again, overlapping."""
    bounds = [FIRST, *journal.ends]
    at = 0
    while at < len(bounds) - 1:
        to = min(len(bounds) - 1, at + dice.choice([1, 1, 2, 5, 40]))
        back = max(0, at - dice.choice([0, 0, 0, 1, 3, 30]))
        yield bounds[back], bounds[to]
        if dice.random() < 0.2:
            yield bounds[dice.randint(0, at)], bounds[dice.randint(at, to)]
        at = to


def busy_journal(run: str, dice: random.Random) -> JournalBytes:
    journal = JournalBytes(run, writer=f"{dice.getrandbits(128):032x}")
    journal.metric("m", "mean", "min", "max", "first", "last").metric("b*", "best", goal="maximize")
    for n in range(dice.randint(10, 60)):
        match dice.randrange(12):
            case 0:
                journal.config(([f"c{n % 5}"], n))
            case 1:
                journal.summary(([f"s{n % 3}"], n / 4))
            case 2:
                journal.line(dice.randrange(20), f"line {n}")
            case 3:
                journal.system(1.7e9 + n, cpu=float(n))
            case 4:
                journal.metric(f"late{n % 3}", dice.choice(["min", "max", "none", "mean"]))
            case 5:
                journal.row_of({"text": f"t{n}", "nested": {"x": n}}, step=dice.randrange(50))
            case 6:
                journal.alert(f"alert {n % 2}", at=1.7e9 + 45 * n)
            case _:
                journal.row_of(
                    {"m": dice.uniform(-5, 5), "best": n / 7, "late0": float(n), "late1": n, "plain": n},
                    step=dice.randrange(50),
                )
    return journal


def told(house: IngestHouse, run: Run) -> dict[str, Any]:
    """All that was kept of a run."""
    return {
        "config": run.config,
        "summary": run.summary,
        "state": run.state,
        "metrics": run.metrics,
        "rows": [(row.step, row.values) for row in house.rows(run.id)],
        "system": [(row.step, row.values) for row in house.rows(run.id, space="system")],
        "lines": house.lines(run.id),
        "alerts": [(alert.title, alert.at) for alert in house.domain.alerts.find(house.ada, run=run.key)],
    }


@pytest.mark.parametrize("seed", range(12))
def test_the_same_state_whatever_the_cuts_the_resends_and_the_restarts(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    journal = busy_journal("r1", dice)
    with ingest_house(tmp_path / "whole") as house:
        house.send(journal)
        house.flush()
        expected = told(house, house.run())
    house_of = tmp_path / "cut"
    sent = FIRST
    with ingest_house(house_of, flush_seconds=dice.choice([0.0, 0.05, 60.0])) as house:
        for start, stop in cuts_of(journal, dice):
            try:
                answer = house.post(journal, start, stop)
                assert answer.next_offset >= stop
                sent = answer.next_offset
            except OffsetMismatch as error:
                raise AssertionError(f"no server was lost, yet it wants {error.next_offset}") from error
            if dice.random() < 0.1:
                house.forget_unwritten()  # as a server that is killed: what was not written is lost
                try:
                    house.post(journal, sent, sent)
                except OffsetMismatch as error:
                    house.post(journal, error.next_offset, sent)
        house.flush()
        assert told(house, house.run()) == expected


def test_a_server_that_was_killed_goes_on_where_it_had_acknowledged(tmp_path: Path) -> None:
    journal = JournalBytes().metric("loss", "mean", "min")
    with ingest_house(tmp_path, flush_seconds=60.0) as house:
        house.send(journal)
        house.post(journal.row(loss=1.0), house.last, journal.end)
        house.post(journal.row(loss=2.0).line(1, "a line"), house.last, journal.end)
        house.post(journal.line(2, "lines alone"), house.last, journal.end)
        house.forget_unwritten()
        assert house.run().summary == {}  # in the records nothing of it was written
        house.post(journal.row(loss=6.0), house.last, journal.end)
        assert house.last == journal.end
        house.flush()
        assert len(house.rows()) == 3
        assert house.run().summary["loss"] == {"min": 1.0, "mean": 3.0}


def test_what_was_acknowledged_is_in_the_summary_when_the_server_is_back_though_nobody_returns(
    tmp_path: Path,
) -> None:
    journal = JournalBytes().metric("loss", "mean", "min")
    with ingest_house(tmp_path, flush_seconds=60.0) as house:
        house.send(journal)
        house.post(journal.row(loss=1.0, text="a"), house.last, journal.end)
        house.post(journal.row(loss=2.0, text="b"), house.last, journal.end)
        house.forget_unwritten()
        house.house.domain.ingest._forget_notes = lambda lives: None  # type: ignore[method-assign]
    with ingest_house(tmp_path) as house:
        summary = house.run().summary
        assert (summary["loss"], summary["text"], summary["_step"]) == ({"min": 1.0, "mean": 1.5}, "b", 1)
        assert house.next_offset(journal) == journal.end
        assert house.house.history.notes() == []


def test_a_late_write_of_rows_does_not_bring_back_a_run_that_ended_meanwhile(tmp_path: Path) -> None:
    journal = JournalBytes(primary=True).rows(3)
    sampler = JournalBytes(resume="allow", primary=True)
    sampler.finish(137, state="killed")
    with ingest_house(tmp_path, flush_seconds=60.0) as house:
        house.send(journal)
        house.post(journal.rows(2), house.last, journal.end)  # waits to be written
        house.send(sampler)  # the process was killed: its sampler ends the run
        assert house.run().state == "killed"
        house.flush()
        assert (house.run().state, house.run().summary["_step"]) == ("killed", 4)
        house.send(journal.rows(1))  # it was not dead after all
        house.flush()
        assert house.run().state == "running"


def test_the_offset_that_is_asked_for_is_kept_for_good(tmp_path: Path) -> None:
    journal = JournalBytes().rows(4)
    with ingest_house(tmp_path, flush_seconds=60.0) as house:
        house.send(journal)
        assert house.next_offset(journal) == journal.end
        house.forget_unwritten()
        assert house.next_offset(journal) == journal.end
        assert house.run().summary["_step"] == 3


def test_what_waits_is_written_within_moments_and_at_the_end(tmp_path: Path) -> None:
    import time

    journal = JournalBytes().rows(4)
    with ingest_house(tmp_path, flush_seconds=0.1) as house:
        house.send(journal)
        end = time.monotonic() + 60
        while "k0" not in house.run().summary and time.monotonic() < end:
            time.sleep(0.02)
        assert house.run().summary["k0"] == 3.0
    with ingest_house(tmp_path, flush_seconds=60.0) as house:
        house.send(journal.rows(1))
    with ingest_house(tmp_path) as house:
        assert house.run().summary["k0"] == 4.0
        assert house.next_offset(journal) == journal.end


# -- wrong offsets, damage, bad input


@pytest.mark.parametrize("seed", range(6))
def test_bodies_taken_together_come_to_what_each_comes_to_alone(tmp_path: Path, seed: int) -> None:
    """Whatever is wrong with one of them: damage, a gap, another kind of record, a writer twice."""
    dice = random.Random(seed)
    journals = [JournalBytes(f"r{n}").metric("k0", "mean", "max") for n in range(6)]
    with ingest_house(tmp_path / "one") as alone, ingest_house(tmp_path / "many") as many:
        for _ in range(12):
            bodies: list[tuple[JournalBytes, int, bytes]] = []
            for journal in dice.choices(journals, k=8):
                start = max(FIRST, alone.next_offset(journal))
                if all(other is not journal for other, _, _ in bodies):
                    journal.rows(dice.choice([1, 3, 30]), keys=2)
                    if dice.random() < 0.2:
                        journal.line(journal.step, "a line")
                    if dice.random() < 0.2:
                        journal.row_of({"text": "word", "k0": float("nan")})
                body = journal.since(start)
                fault = dice.random()
                if fault < 0.15:
                    body = body[:-3]
                elif fault < 0.25:
                    start += 7
                bodies.append((journal, start, body))
            for journal, start, body in bodies:
                with contextlib.suppress(RunstoneError):
                    alone.ingest.journal(*sent(alone, journal, start, body))
            together = [sent(many, journal, start, body) for journal, start, body in bodies]
            for body, answer in zip(together, many.ingest.journals(together), strict=True):
                if answer is None:
                    with contextlib.suppress(RunstoneError):
                        many.ingest.journal(*body)
            for journal in journals:
                assert many.next_offset(journal) == alone.next_offset(journal)
        for journal in journals:
            for house in (alone, many):
                house.send(journal)
                house.flush()
            assert repr(told(many, many.run(journal.run))) == repr(told(alone, alone.run(journal.run)))


def sent(house: IngestHouse, journal: JournalBytes, start: int, body: bytes) -> Body:
    return Body(house.ada, "", journal.project, journal.run, journal.writer, start, body)


def test_an_offset_ahead_is_answered_with_the_one_wanted(house: IngestHouse) -> None:
    journal = JournalBytes().rows(5)
    for _ in range(2):
        with pytest.raises(OffsetMismatch) as raised:
            house.post(journal, journal.starts[3], journal.end)
        assert raised.value.next_offset == FIRST
    house.post(journal, FIRST, journal.starts[2])
    with pytest.raises(OffsetMismatch) as raised:
        house.post(journal, journal.starts[3], journal.end)
    assert raised.value.next_offset == journal.starts[2] == raised.value.fields["next_offset"]
    assert house.post(journal, journal.starts[2], journal.end).next_offset == journal.end


def test_an_offset_within_the_header_or_a_record_is_refused(house: IngestHouse) -> None:
    journal = JournalBytes().rows(3)
    with pytest.raises(Invalid):
        house.post(journal, 10, journal.end)
    house.post(journal, FIRST, journal.starts[2])
    with pytest.raises(Invalid):
        house.post(journal, journal.starts[1] + 1, journal.end)
    other = JournalBytes(writer=journal.writer, notes="another journal of the same writer").rows(5)
    with pytest.raises(Invalid):
        house.post(other, FIRST, other.end)
    assert len(house.rows()) == 1


def test_another_writers_header_is_refused(house: IngestHouse) -> None:
    journal = JournalBytes().rows(1)
    body = Header(b"\1" * 16, 1).encode() + journal.since(FIRST)
    with pytest.raises(Invalid):
        house.post_body(journal, 0, body)
    with pytest.raises(Invalid):
        house.post_body(journal, 0, b"\0" * 64 + journal.since(FIRST))
    with pytest.raises(Invalid):
        house.post_body(journal, 0, b"RUNSTONE")


def test_a_journal_must_begin_with_the_run_it_is_sent_to(house: IngestHouse) -> None:
    for fields in ({"run": "other"}, {"project": "other"}, {"writer": "ab" * 16}):
        journal = JournalBytes()
        about = {"run": "r1", "project": "p", "writer": journal.writer} | fields
        wrong = JournalBytes(writer=journal.writer)
        wrong.data = wrong.data[:FIRST]
        wrong.add(Kind.RUN, RunFields(**about))
        with pytest.raises(Invalid):
            house.post_body(journal, FIRST, wrong.since(FIRST))
    journal = JournalBytes()
    with pytest.raises(Invalid):
        house.post_body(journal, FIRST, JournalBytes().row(a=1.0).since(journal.starts[-1])[-40:])
    with pytest.raises(NotFound):
        house.run()


@pytest.mark.parametrize("seed", range(8))
def test_damage_is_named_and_what_was_sound_before_it_is_kept(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    journal = JournalBytes().config((["a"], 1)).rows(20).line(0, "x").rows(20)
    with ingest_house(tmp_path) as house:
        at = dice.randrange(len(journal.starts))
        start = journal.starts[at]
        spoilt = bytearray(journal.data)
        spoilt[dice.randrange(start, journal.ends[at])] ^= 1 << dice.randrange(8)
        with pytest.raises(Invalid) as raised:
            house.post_body(journal, FIRST, bytes(spoilt[FIRST:]))
        # A spoilt length makes a later place look wrong only if it is spoilt there.
        assert raised.value.fields["offset"] == start
        if at > 0:
            assert house.next_offset(journal) == start
        house.post(journal, FIRST, journal.end)
        assert len(house.rows()) == 40


def test_a_torn_body_is_refused_behind_its_sound_part(house: IngestHouse) -> None:
    journal = JournalBytes().rows(6)
    for cut in (1, 8, 9, 20):
        torn = journal.since(FIRST)[: journal.starts[4] - FIRST + cut]
        with pytest.raises(Invalid) as raised:
            house.post_body(journal, FIRST, torn)
        assert raised.value.fields["offset"] == journal.starts[4]
    assert house.next_offset(journal) == journal.starts[4]
    assert house.send(journal).next_offset == journal.end


def test_a_record_that_cannot_be_read_is_named(house: IngestHouse) -> None:
    from runstone.journal.format import frame

    journal = JournalBytes().rows(2)
    at = journal.end
    for kind, payload in (
        (Kind.ROW, b"\xc1"),
        (Kind.ROW, b"\x94\x01\xcb"),
        (Kind.ROW, b"\x94\xa1x\xcb\0\0\0\0\0\0\0\0\xcb\0\0\0\0\0\0\0\0\x80"),
        (Kind.ROW, b"\x90"),
        (Kind.CONFIG, b"\xa5hello"),
        (Kind.END, b"\x81\xa9exit_code\xa1x"),
        (Kind.CONSOLE, b"\x94\x00\x00\xcb\0\0\0\0\0\0\0\0\xa2\xff\xfe"),
        (Kind.ENVIRONMENT, b"\x93\x01\x02\x03"),
        (Kind.RUN, b"\x81\xa3run\x05"),
        (Kind.ROW, b"\x91" * 3000),
    ):
        broken = JournalBytes(writer=journal.writer)
        broken.data, broken.starts, broken.step = bytearray(journal.data), list(journal.starts), 2
        broken.row(k0=2.0).raw(frame(int(kind), payload)).row(k0=3.0)
        with pytest.raises(Invalid) as raised:
            house.post(broken, FIRST, broken.end)
        assert raised.value.fields["offset"] == broken.starts[-2] > at
        assert house.next_offset(journal) == broken.starts[-2]
    assert len(house.rows()) == 3


def test_an_oversized_record_is_refused_before_it_is_read(house: IngestHouse) -> None:
    journal = JournalBytes()
    huge = (RECORD_BYTES_MAX + 1).to_bytes(4, "little") + b"\0\0\0\0\x04" + b"x" * 100
    with pytest.raises(Invalid) as raised:
        house.post_body(journal, FIRST, journal.since(FIRST) + huge)
    assert raised.value.fields["offset"] == journal.end
    empty = b"\0\0\0\0" + zlib.crc32(b"\x04").to_bytes(4, "little") + b"\x04"
    with pytest.raises(Invalid):
        house.post_body(journal, FIRST, journal.since(FIRST) + empty)


def test_a_record_that_breaks_a_rule_holds_up_nothing(house: IngestHouse) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    journal = JournalBytes().config((["a"], 1)).config((["deep"], deep)).config((["b"], 2))
    journal.file("../../etc/passwd").row(a=1.0).row_of({"x" * 2000: 1.0}).row(a=2.0)
    journal.line(-1, "x").line(0, "y").alert("t", level="LOUD").alert("good")
    assert house.send(journal).next_offset == journal.end
    run = house.run()
    assert run.config == {"a": 1, "b": 2}
    assert [row.values for row in house.rows()] == [{"a": 1.0}, {"a": 2.0}]
    assert [line.text for line in house.lines()] == ["y"]
    notes = house.notes()
    assert notes["refused_count"] == 5
    assert sorted(one["kind"] for one in notes["refused"]) == ["ALERT", "CONFIG", "CONSOLE", "FILE", "ROW"]
    titles = [alert.title for alert in house.domain.alerts.find(house.ada)]
    assert sorted(titles) == ["Records were refused", "good"]


def test_rows_whose_values_no_summary_can_hold_are_kept_all_the_same(house: IngestHouse) -> None:
    deep: Any = 1.0
    for _ in range(150):
        deep = [deep]
    journal = JournalBytes().row(a=1.0, deep=deep).row(a=2.0)
    house.send(journal)
    house.flush()
    house.send(journal.finish())
    assert house.run().summary["a"] == 2.0
    assert len(house.rows()) == 2


def test_records_of_a_newer_client_are_counted_and_passed_over(house: IngestHouse) -> None:
    journal = JournalBytes().row(a=1.0).add(60, {"new": True}).add(60, [1]).add(61, "other").row(a=2.0)
    house.send(journal)
    house.post(journal, FIRST, journal.end)
    assert house.notes()["unknown_kinds"] == {"60": 2, "61": 1}
    assert len(house.rows()) == 2


def test_fields_of_a_newer_client_are_passed_over(house: IngestHouse) -> None:
    journal = JournalBytes()
    journal.add(Kind.MARK, {"_": " " * 50}).add(Kind.END, {"exit_code": 2, "mood": "bad"})
    house.send(journal)
    assert (house.run().state, house.run().exit_code) == ("failed", 2)


def test_an_empty_body_is_a_heartbeat(house: IngestHouse) -> None:
    journal = JournalBytes()
    assert house.post_body(journal, FIRST, b"").next_offset == FIRST
    with pytest.raises(NotFound):
        house.run()
    house.send(journal.rows(1))
    assert house.post_body(journal, journal.end, b"") == IngestAnswer(journal.end, "ada", "p", "r1", False)
    with pytest.raises(OffsetMismatch):
        house.post_body(journal, journal.end + 1, b"")
    house.domain.runs.stop(house.ada, house.run().key)
    house.let_time_pass(2.0)
    assert house.post_body(journal, journal.end, b"").stop_requested


def test_unknown_writers_and_runs_have_offset_zero(house: IngestHouse) -> None:
    assert house.next_offset(JournalBytes()) == 0
    house.send(JournalBytes())
    assert house.next_offset(JournalBytes()) == 0


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


# -- who may, and where


def test_strangers_can_neither_write_nor_ask(house: IngestHouse) -> None:
    journal = JournalBytes().rows(1)
    house.send(journal)
    more = JournalBytes("new").rows(1)
    for actor, error in ((house.eve, NotFound), (ANONYMOUS, NotSignedIn)):
        for known in (journal, more):
            with pytest.raises(error):
                house.post(known, FIRST, known.end, actor=actor, entity="ada")
            with pytest.raises(error):
                house.next_offset(known, actor=actor, entity="ada")
            with pytest.raises(error):
                house.post_body(known, FIRST, b"", actor=actor, entity="ada")
    reader = Actor(house.ada.user_id, "ada", default_entity="ada", read_only=True)
    with pytest.raises(NotAllowed):
        house.post(journal.rows(1), FIRST, journal.end, actor=reader)
    # A writer's name is no key: eve's run of the same names and writer is another run.
    house.post(journal, FIRST, journal.end, actor=house.eve)
    assert house.domain.runs.get(house.eve, "eve", "p", "r1").key != house.run().key
    assert len(house.rows()) == 1


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "x" * 200, "a\x00b", " r"])
def test_names_that_are_none_are_refused(house: IngestHouse, run_id: str) -> None:
    with pytest.raises(Invalid):
        house.send(JournalBytes(run_id))
    with pytest.raises(Invalid):
        house.send(JournalBytes("r1", project="p/../q"))


def test_a_moved_run_is_written_on_where_it_lies(house: IngestHouse) -> None:
    journal = JournalBytes().rows(2)
    house.send(journal)
    house.domain.runs.move(house.ada, [house.run().key], "ada", "elsewhere")
    house.let_time_pass(3.0)
    answer = house.send(journal.rows(2))
    assert (answer.project, answer.next_offset) == ("elsewhere", journal.end)
    with pytest.raises(NotFound):
        house.run()
    house.domain.projects.update(house.ada, "ada", "elsewhere", new_name="renamed")
    house.let_time_pass(3.0)
    assert house.send(journal.rows(1)).project == "renamed"


def test_a_run_in_the_trash_takes_nothing_until_it_is_restored(house: IngestHouse) -> None:
    journal = JournalBytes().rows(2)
    house.send(journal)
    key = house.run().key
    house.domain.runs.delete(house.ada, [key])
    house.let_time_pass(3.0)
    with pytest.raises(Conflict):
        house.send(journal.rows(1))
    house.domain.runs.restore(house.ada, [key])
    assert house.send(journal).next_offset == journal.end
    assert len(house.rows()) == 3


def test_a_purged_run_begins_anew_if_its_client_goes_on(house: IngestHouse) -> None:
    journal = JournalBytes().rows(3)
    house.send(journal)
    house.domain.runs.purge(house.ada, [house.run().key])
    with pytest.raises(OffsetMismatch) as raised:
        house.post(journal.rows(1), journal.starts[-1], journal.end)
    assert raised.value.next_offset == FIRST
    house.send(journal)
    assert len(house.rows()) == 4


# -- several writers, resuming, forks


def test_resume_must_and_never(house: IngestHouse) -> None:
    with pytest.raises(NotFound):
        house.send(JournalBytes(resume="must"))
    first = JournalBytes(resume="never").row(a=1.0).finish()
    house.send(first)
    house.post(first, FIRST, first.end)
    with pytest.raises(Conflict):
        house.send(JournalBytes(resume="never"))
    again = JournalBytes(resume="must").row(5, a=2.0)
    house.send(again)
    assert house.run().state == "running"
    assert [row.step for row in house.rows()] == [0, 5]
    house.send(again.finish(1))
    assert house.run().state == "failed"


def test_never_is_not_broken_by_the_sampler_of_the_same_machine(house: IngestHouse) -> None:
    house.send(JournalBytes(resume="allow", primary=False).system(1.7e9, cpu=1.0))
    house.send(JournalBytes(resume="never", primary=True).row(a=1.0))
    assert len(house.rows()) == 1


def test_the_sampler_ends_the_run_of_a_process_that_was_killed(house: IngestHouse) -> None:
    house.send(JournalBytes(primary=True).row(a=1.0))
    side = JournalBytes(resume="allow", primary=False).system(1.7e9, cpu=1.0)
    house.send(side)
    side.add(Kind.RUN, RunFields(run="r1", project="p", resume="allow", primary=True))
    house.send(side.finish(137, state="killed"))
    assert (house.run().state, house.run().exit_code) == ("killed", 137)


def test_the_end_of_a_second_writer_ends_only_that_writer(house: IngestHouse) -> None:
    first, second = JournalBytes(primary=True).row(a=1.0), JournalBytes(primary=False, resume="allow")
    house.send(first)
    house.send(second.row(b=1.0).finish())
    assert house.run().state == "running"
    house.send(first.finish())
    assert house.run().state == "finished"
    late = JournalBytes(primary=False, resume="allow").row(9, c=1.0)
    house.send(late)
    house.flush()
    assert house.run().state == "finished"
    assert len(house.rows()) == 2


def test_without_a_first_writer_the_run_ends_with_its_last(house: IngestHouse) -> None:
    writers = [JournalBytes(primary=False, resume="allow").row(a=1.0) for _ in range(3)]
    for writer in writers:
        house.send(writer)
    for writer, exit_code in zip(writers, (0, 1, 0), strict=True):
        assert house.run().state == "running"
        house.send(writer.finish(exit_code))
    assert house.run().state == "failed"


def test_rows_of_a_writer_that_has_not_ended_bring_its_run_back(house: IngestHouse) -> None:
    one, two = JournalBytes().row(a=1.0), JournalBytes(resume="allow").row(a=2.0)
    house.send(one)
    house.send(two)
    house.send(one.finish())
    assert house.run().state == "finished"
    house.send(two.row(7, a=3.0))
    house.flush()
    assert house.run().state == "running"
    house.send(two.finish())
    assert house.run().state == "finished"


def test_ranks_keep_their_series_apart_and_the_first_ones_summary(house: IngestHouse) -> None:
    ranks = [JournalBytes(rank=rank, world_size=4, resume="allow") for rank in range(4)]
    for rank in (2, 0, 1, 3):  # they come in any order
        journal = ranks[rank].metric("loss", "min") if rank == 0 else ranks[rank]
        journal.row(loss=10.0 + rank, only_of_2=1.0) if rank == 2 else journal.row(loss=10.0 + rank)
        house.send(journal)
    for rank in (3, 0, 2, 1):
        house.send(ranks[rank].row(loss=20.0 + rank))
    house.flush()
    run = house.run()
    assert run.ranks == 4
    assert [row.values for row in house.rows()] == [
        {f"loss/l:rank{rank}": 10.0 + rank for rank in range(4)} | {"only_of_2/l:rank2": 1.0},
        {f"loss/l:rank{rank}": 20.0 + rank for rank in range(4)},
    ]
    assert run.summary["loss"] == {"min": 10.0}
    assert run.summary["only_of_2"] == 1.0
    for rank in (1, 2, 3):
        house.send(ranks[rank].finish(1))
    assert house.run().state == "running"
    house.send(ranks[0].finish())
    assert house.run().state == "finished"


def test_a_labelled_writers_label_stays(house: IngestHouse) -> None:
    journal = JournalBytes(label="eval\n").row(a=1.0)
    journal.add(Kind.RUN, RunFields(label="other", notes="changed")).row(a=2.0)
    house.send(journal)
    assert [row.values for row in house.rows()] == [{"a/l:eval_": 1.0}, {"a/l:eval_": 2.0}]
    assert house.run().notes == "changed"


def test_a_fork_reads_its_parents_rows_up_to_the_step(house: IngestHouse) -> None:
    child = JournalBytes("child", fork_of="r1", fork_step=2)
    child.row(3, k0=100.0)
    with pytest.raises(Conflict):
        house.send(child)
    house.send(JournalBytes().rows(5))
    house.send(child)
    house.post(child, FIRST, child.end)
    assert [(row.step, row.values["k0"]) for row in house.rows("child")] == [(0, 0), (1, 1), (2, 2), (3, 100)]
    run = house.run("child")
    assert (run.fork_of, run.fork_step) == ("r1", 2)
    assert len(house.rows()) == 5


def test_a_run_rewound_by_its_next_journal_shows_what_came_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the server failed between the rows and the records, and is sent it all again."""
    with ingest_house(tmp_path) as house:
        house.send(JournalBytes(primary=True).rows(10, keys=1).finish())
        again = JournalBytes(primary=True, resume="must", fork_of="r1", fork_step=4)
        again.step = 5
        again.rows(3, keys=1)

        def fails(*_: Any, **__: Any) -> None:
            raise Unavailable("The disk is full.")

        with monkeypatch.context() as patched:
            patched.setattr(house.ingest, "_commit", fails)
            with pytest.raises(Unavailable):
                house.send(again)
        house.send(again)
        house.send(again.rows(1, keys=1))
        house.post(again, FIRST, again.end)
        assert [(row.step, row.values["k0"]) for row in house.rows()] == [(n, float(n)) for n in range(9)]
        assert house.run().fork_of == ""
        assert house.run().state == "running"
