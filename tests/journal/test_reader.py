"""Reading files: blocks, long records, damage; and the check tool."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from runstone.journal import kinds
from runstone.journal.check import check
from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.kinds import Kind
from runstone.journal.reader import BLOCK_BYTES, JournalReader, read_records
from runstone.journal.writer import JournalWriter

encode = msgspec.msgpack.encode


def journal(folder: Path, *, rows: int = 3, end: bool = True) -> Path:
    writer = JournalWriter(str(folder))
    writer.append(Kind.RUN, encode(kinds.RunFields(run="abc", project="p", writer=writer.writer)))
    for step in range(rows):
        writer.append(Kind.ROW, encode(kinds.Row(step, 1.5, 0.5, {"loss": 0.1 * step})))
    if end:
        writer.append(Kind.END, encode(kinds.End(exit_code=0, at=2.0)))
    writer.close()
    return Path(writer.path)


def test_records_longer_than_a_block_are_read(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    sizes = [10, BLOCK_BYTES - 5, 3, BLOCK_BYTES * 5, 1, BLOCK_BYTES, 7]
    for size in sizes:
        writer.append(4, b"z" * size)
    assert [len(r.payload) for r in read_records(writer.path)] == sizes
    writer.close()
    assert [len(r.payload) for r in read_records(writer.path)] == sizes


def test_reading_goes_on_from_any_record(tmp_path: Path) -> None:
    path = journal(tmp_path, rows=50)
    all_records = [(r.offset, r.kind) for r in read_records(path)]
    for n, (offset, _) in enumerate(all_records):
        assert [(r.offset, r.kind) for r in read_records(path, offset)] == all_records[n:]


def test_bytes_to_send_are_whole_records(tmp_path: Path) -> None:
    path = journal(tmp_path, rows=200)
    data = path.read_bytes()
    with JournalReader(path) as reader:
        at, sent = HEADER_BYTES, b""
        while part := reader.sound_bytes(at, bytes_max=500):
            assert len(part) <= 500
            sent += part
            at += len(part)
        assert sent == data[HEADER_BYTES:]
        assert len(reader.sound_bytes(HEADER_BYTES, bytes_max=1)) > 1  # one record always fits


def test_damage_in_the_middle_is_refused_after_what_is_before_it(tmp_path: Path) -> None:
    path = journal(tmp_path, rows=20)
    places = [r.offset for r in read_records(path)]
    data = bytearray(path.read_bytes())
    data[places[10] + 12] ^= 1
    path.write_bytes(data)
    found = []
    with pytest.raises(JournalError) as caught:
        for record in read_records(path):
            found.append(record.offset)
    assert found == places[:10]
    assert caught.value.offset == places[10]
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", bytes(64), bytes(100_000), b"short"])
def test_a_file_that_never_began_is_an_error_and_not_an_empty_journal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError):
        JournalReader(path)


def test_check_counts_and_names_the_run(tmp_path: Path) -> None:
    report = check(journal(tmp_path, rows=5))
    assert report.sound
    assert report.counts == {"RUN": 1, "ROW": 5, "END": 1}
    assert report.run is not None
    assert report.run.run == "abc"
    assert report.ended is not None
    assert report.torn_bytes == 0


def test_check_tells_a_torn_tail_from_damage(tmp_path: Path) -> None:
    path = journal(tmp_path, rows=5)
    data = path.read_bytes()
    path.write_bytes(data[:-3])
    torn = check(path)
    assert torn.sound
    assert torn.torn_bytes > 0
    spoilt = bytearray(data)
    spoilt[HEADER_BYTES + 20] ^= 4
    path.write_bytes(spoilt)
    assert not check(path).sound


def test_check_refuses_a_payload_of_the_wrong_shape(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    writer.append(Kind.RUN, encode({"run": "abc", "project": "p"}))
    writer.append(Kind.ROW, encode(["not a step", 1.0, 1.0, {}]))
    writer.append(60, encode({}))
    writer.close()
    problems = check(writer.path).problems
    assert len(problems) == 2
    assert "ROW" in problems[0]
    assert "60" in problems[1]


def test_check_on_the_command_line(tmp_path: Path) -> None:
    path = journal(tmp_path)
    command = [sys.executable, "-m", "runstone.journal.check"]
    good = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert good.returncode == 0
    assert "3 ROW" in good.stdout
    path.write_bytes(b"garbage" * 50)
    bad = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "Not a run journal" in bad.stderr
