"""Journals of several writers: who may send, resuming, ranks, forks, runs that were moved or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.journal.kinds import Kind, RunFields
from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OffsetMismatch,
    Unavailable,
)
from runstone.server.domain.identity import ANONYMOUS, Actor


@pytest.fixture
def house(tmp_path: Path) -> Iterator[IngestHouse]:
    with ingest_house(tmp_path) as house:
        yield house


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
