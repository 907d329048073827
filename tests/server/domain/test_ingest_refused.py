"""What of a journal is refused: wrong offsets, damage, bad records; and what goes on regardless."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.journal.format import RECORD_BYTES_MAX, encode_header
from runstone.journal.kinds import Kind, RunFields
from runstone.server.domain.errors import Invalid, NotFound, OffsetMismatch
from runstone.server.domain.ingest import IngestAnswer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[IngestHouse]:
    with ingest_house(tmp_path) as house:
        yield house


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
    body = encode_header(b"\1" * 16, 1) + journal.since(FIRST)
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
