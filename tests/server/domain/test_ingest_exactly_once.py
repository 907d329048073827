"""Journals are taken in exactly once, whatever the cuts, the resends, the restarts, and what else comes."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.server.domain.errors import OffsetMismatch, RunstoneError
from runstone.server.domain.ingest import Body
from runstone.server.domain.runs import Run


@pytest.fixture
def house(tmp_path: Path) -> Iterator[IngestHouse]:
    with ingest_house(tmp_path) as house:
        yield house


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
