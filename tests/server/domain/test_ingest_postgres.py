"""Journals taken in by two replicas over PostgreSQL: one body here, the next one there."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes
from tests.support.postgres import Cluster

from runstone.server.domain.errors import OffsetMismatch

pytestmark = pytest.mark.postgres


@pytest.fixture
def replicas(postgres: Cluster, tmp_path: Path) -> Iterator[tuple[IngestHouse, IngestHouse]]:
    url = postgres.new_database()
    with (
        ingest_house(tmp_path / "one", database_url=url, history_url=url) as one,
        ingest_house(tmp_path / "two", database_url=url, history_url=url) as two,
    ):
        yield one, two
    postgres.drop(url)


@pytest.mark.parametrize("flush_seconds", [0.0, 0.2])
def test_bodies_that_alternate_between_replicas_are_taken_once(
    replicas: tuple[IngestHouse, IngestHouse], flush_seconds: float
) -> None:
    for house in replicas:
        house.ingest._flush_seconds = flush_seconds
    dice = random.Random(3)
    journal = JournalBytes().metric("loss", "mean", "last")
    at = FIRST
    for _ in range(40):
        for _ in range(dice.choice([1, 3, 20])):
            journal.row(loss=float(journal.step))
        if dice.random() < 0.2:
            journal.config((["c"], journal.step)).line(journal.step, "x")
        while at < journal.end:
            try:
                at = dice.choice(replicas).post(journal, at, journal.end).next_offset
            except OffsetMismatch as error:
                at = error.next_offset
    for house in replicas:
        house.flush()
    house = replicas[0]
    assert [row.values["loss"] for row in house.rows()] == [float(n) for n in range(journal.step)]
    # What one of them had only in memory when the other went on is asked for again.
    wants = house.next_offset(journal)
    assert wants == journal.end or flush_seconds
    house.post(journal, wants, journal.end)
    assert house.next_offset(journal) == journal.end
    assert house.run().summary["loss"] == {
        "mean": pytest.approx((journal.step - 1) / 2),
        "last": float(journal.step - 1),
    }


def test_two_replicas_that_are_sent_the_same_journal_at_once_agree(
    replicas: tuple[IngestHouse, IngestHouse],
) -> None:
    journal = JournalBytes().metric("loss", "mean")
    for step in range(300):
        journal.row(loss=float(step))
        if step % 50 == 0:
            journal.alert(f"alert {step}", at=1.7e9 + step).config((["c"], step))
    errors: list[BaseException] = []

    def send(house: IngestHouse, seed: int) -> None:
        dice, at = random.Random(seed), FIRST
        bounds = [FIRST, *journal.ends]
        try:
            while at < journal.end:
                stop = bounds[min(len(bounds) - 1, bounds.index(at) + dice.randint(1, 40))]
                try:
                    at = house.post(journal, at, stop).next_offset
                except OffsetMismatch as error:
                    at = error.next_offset
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=send, args=(house, n)) for n, house in enumerate(replicas)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    house = replicas[1]
    assert len(house.rows()) == 300
    assert house.run().summary["loss"] == {"mean": pytest.approx(149.5)}
    assert len(house.domain.alerts.find(house.ada, run=house.run().key)) == 6
    assert len(house.domain.runs.config_history(house.ada, house.run().key)) == 6


def test_a_journal_with_everything_is_kept_in_postgres_as_in_files(
    replicas: tuple[IngestHouse, IngestHouse],
) -> None:
    house = replicas[0]
    deep: object = 1
    for _ in range(300):
        deep = [deep]
    journal = JournalBytes(notes="nul \x00 and \ud7ff", tags=["ä\x00"])
    journal.config((["nul\x00key"], "v\x00"), (["nan"], float("nan"))).config((["deep"], deep))
    journal.row_of({"text": "a\x00b", "nan": float("nan"), "k": 1}).row_of({"k": 2.5, "text": "x"})
    journal.line(0, "nul \x00").system(1.7e9, cpu=1.0).alert("title \x00").summary((["best"], float("inf")))
    house.send(journal.finish())
    run = house.run()
    assert run.config["nul\x00key"] == "v\x00" and run.config["nan"] != run.config["nan"]
    assert "deep" not in run.config and house.notes()["refused_count"] == 1
    assert run.summary["best"] == float("inf") and run.summary["text"] == "x"
    assert run.state == "finished"
    assert [row.values["text"] for row in house.rows()] == ["a\x00b", "x"]
    assert house.lines()[0].text == "nul \x00"
