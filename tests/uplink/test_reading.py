"""Whole records, whatever the moment at which the file is read."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.written_runs import WrittenRun

from runstone.journal.format import FRAME_BYTES, HEADER_BYTES, JournalError, frame
from runstone.journal.kinds import FileLogged, Kind
from runstone.journal.records import records
from runstone.journal.writer import JournalWriter
from runstone.uplink.reading import Batch, JournalFile, read_end


def read_all(journal: JournalFile, *, limit_bytes: int = 1 << 20) -> list[Batch]:
    batches, at = [], HEADER_BYTES
    while (batch := journal.read(at, limit_bytes=limit_bytes)).body:
        batches.append(batch)
        at = batch.end
    return batches


def test_everything_written_is_read_once_and_in_order(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(5000).end()
    with JournalFile(run.path) as journal:
        batches = read_all(journal, limit_bytes=10_000)
        assert sum(batch.rows for batch in batches) == 5000
        assert sum(batch.records for batch in batches) == 5002
        assert b"".join(batch.body for batch in batches) == run.path.read_bytes()[HEADER_BYTES:]
        assert all(len(batch.body) <= 10_000 for batch in batches)
        assert [batch.ended for batch in batches] == [False] * (len(batches) - 1) + [True]


def test_a_record_longer_than_the_limit_goes_alone(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    run.row(text="x" * 300_000)
    run.row(small=1)
    with JournalFile(run.path) as journal:
        sizes = [(batch.records, len(batch.body) > 300_000) for batch in read_all(journal, limit_bytes=1000)]
    assert sizes == [(1, False), (1, True), (1, False)]


def test_the_first_record_says_who_the_run_is(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, run="abc", project="p", entity="e", rank=3)
    with JournalFile(run.path) as journal:
        fields = journal.fields()
        assert fields is not None
        assert (fields.run, fields.project, fields.entity, fields.rank) == ("abc", "p", "e", 3)
        assert journal.writer == run.writer.writer


def test_a_file_that_is_still_empty_says_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(b"\0" * 4096)
    with JournalFile(path) as journal:
        assert journal.fields() is None
        assert journal.read(HEADER_BYTES, limit_bytes=100).body == b""


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(b"not a journal at all" * 50)
    with JournalFile(path) as journal, pytest.raises(JournalError):
        journal.fields()


def test_a_journal_that_begins_with_a_row_is_refused(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    writer.append(Kind.ROW, msgspec.msgpack.encode([0, 0.0, 0.0, {}]))
    with JournalFile(Path(writer.path)) as journal, pytest.raises(JournalError, match="first record"):
        journal.fields()
    writer.close()


def test_files_are_found_where_they_lie(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    run.row(a=1)
    run.file("m/x.bin", b"1")
    run.row(a=2)
    run.file("y.bin", None)
    with JournalFile(run.path) as journal:
        (batch,) = read_all(journal)
    assert [file.logged.name for file in batch.files] == ["m/x.bin", "y.bin"]
    for file in batch.files:
        logged = batch.body[file.start + FRAME_BYTES : file.end]
        assert msgspec.msgpack.decode(logged, type=FileLogged) == file.logged


def test_the_end_is_read_back(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(3).end(7)
    with JournalFile(run.path) as journal:
        (batch,) = read_all(journal)
    end = read_end(batch)
    assert end is not None
    assert end.exit_code == 7


_payloads = st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(payloads=_payloads, cut=st.integers(0, 10_000), zeros=st.integers(0, 50), limit=st.integers(1, 2000))
def test_a_file_cut_anywhere_gives_the_whole_records_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], cut: int, zeros: int, limit: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.journal"
    whole = [frame(int(Kind.ROW), payload) for payload in payloads]
    data = b"".join(whole)
    cut = min(cut, len(data))
    path.write_bytes(b"\0" * HEADER_BYTES + data[:cut] + b"\0" * zeros)
    kept, at = [], 0
    for piece in whole:
        at += len(piece)
        if at <= cut:
            kept.append(piece)
    with JournalFile(path) as journal:
        got = b"".join(batch.body for batch in read_all(journal, limit_bytes=limit))
    assert got[: len(b"".join(kept))] == b"".join(kept)
    # The padding may put back zeros that the cut took away, and so make the next record whole.
    assert len(got) == len(b"".join(kept)) or (
        data.startswith(got) and data[cut : len(got)].strip(b"\0") == b""
    )
    list(records(got, start=0, torn_tail=False))


def test_a_reader_beside_a_busy_writer_never_takes_half_a_record(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    done = threading.Event()

    def write() -> None:
        for step in range(20_000):
            run.row(a=step, text="z" * (step % 700))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    rows, at = 0, HEADER_BYTES
    with JournalFile(run.path) as journal:
        while True:
            finished = done.is_set()
            batch = journal.read(at, limit_bytes=1 << 18)
            for record in records(batch.body, start=batch.offset, torn_tail=False):
                rows += record.kind == Kind.ROW
            at = batch.end
            if finished and not batch.body:
                break
    thread.join()
    assert rows == 20_000


def test_looking_at_a_quiet_journal_costs_one_small_read(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(10)
    end = run.writer.offset
    with JournalFile(run.path) as journal:
        begun = time.thread_time()  # what others do meanwhile does not count
        for _ in range(2000):
            assert not journal.has_more(end)
        assert (time.thread_time() - begun) / 2000 < 200e-6


def test_count_stops_at_the_offset_asked_for(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(10)
    middle = run.writer.offset
    run.rows(5)
    with JournalFile(run.path) as journal:
        assert journal.count(run.writer.offset) == (16, 15, 0)
        assert journal.count(middle) == (11, 10, 0)
