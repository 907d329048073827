from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runstone.journal.format import frame
from runstone.journal.kinds import FileLogged, Kind, Mark
from runstone.journal.records import records
from runstone.uplink.file_shipping import blank_record
from runstone.uplink.reading import FileRecord


@given(name=st.text(min_size=1, max_size=80_000), path=st.text(max_size=40))
def test_a_blank_stands_for_a_file_record_byte_for_byte(name: str, path: str) -> None:
    """Offsets must not shift: the blank is as long, sound, and says nothing."""
    logged = FileLogged(name=name, path=path)
    record = frame(int(Kind.FILE), msgspec.msgpack.encode(logged))
    blank = blank_record(FileRecord(0, len(record), logged))
    assert len(blank) == len(record)
    (read,) = records(blank, start=0, torn_tail=False)
    assert read.kind == Kind.MARK
    assert msgspec.msgpack.decode(read.payload, type=Mark) == Mark()


def test_every_length_has_its_blank() -> None:
    logged = FileLogged(name="n", path="p")
    for length in [*range(20, 400), *range(65_500, 65_600)]:
        blank = blank_record(FileRecord(0, length + 9, logged))
        assert len(blank) == length + 9
        (read,) = records(blank, start=0, torn_tail=False)
        assert msgspec.msgpack.decode(read.payload, type=Mark) == Mark()
