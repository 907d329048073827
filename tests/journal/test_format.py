"""Records as bytes: round trips, cuts and spoilt bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.journal.format import (
    FRAME_BYTES,
    HEADER_BYTES,
    RECORD_BYTES_MAX,
    JournalError,
    encode_header,
    frame,
)
from runstone.journal.records import Header, records

payloads = st.binary(min_size=1, max_size=300)
journals = st.lists(st.tuples(st.integers(1, 20), payloads), min_size=1, max_size=12)


def whole(items: list[tuple[int, bytes]]) -> bytes:
    return b"".join(frame(kind, payload) for kind, payload in items)


def read(data: bytes, **options: bool) -> list[tuple[int, bytes]]:
    return [(r.kind, bytes(r.payload)) for r in records(data, start=HEADER_BYTES, **options)]


@given(journals)
def test_records_come_back_as_they_went(items: list[tuple[int, bytes]]) -> None:
    assert read(whole(items)) == items
    assert read(whole(items), torn_tail=False) == items


@given(journals)
def test_offsets_join_up(items: list[tuple[int, bytes]]) -> None:
    at = HEADER_BYTES
    for record in records(whole(items), start=HEADER_BYTES):
        assert record.offset == at
        at = record.end
    assert at == HEADER_BYTES + len(whole(items))


@given(journals, st.data())
def test_any_cut_gives_a_prefix(items: list[tuple[int, bytes]], data: st.DataObject) -> None:
    text = whole(items)
    cut = data.draw(st.integers(0, len(text)))
    found = read(text[:cut])
    assert found == items[: len(found)]
    assert len(whole(items[: len(found) + 1])) > cut or len(found) == len(items)


@given(journals, st.data(), st.integers(0, 500))
def test_any_half_stored_record_before_reserved_space_gives_a_prefix(
    items: list[tuple[int, bytes]], data: st.DataObject, reserved: int
) -> None:
    """The stores of the last record may have arrived in any order when its process died."""
    text = bytearray(whole(items))
    last = len(whole(items[:-1]))
    arrived = data.draw(st.sets(st.integers(last, len(text) - 1)))
    for at in range(last, len(text)):
        if at not in arrived:
            text[at] = 0
    found = read(bytes(text) + bytes(reserved))
    assert found == items[: len(found)]
    assert len(found) >= len(items) - 1


@given(journals.filter(lambda items: len(items) > 1), st.data(), st.integers(0, 100))
def test_any_spoilt_byte_in_the_middle_is_refused(
    items: list[tuple[int, bytes]], data: st.DataObject, reserved: int
) -> None:
    text = bytearray(whole(items))
    last = len(whole(items[:-1]))
    at = data.draw(st.integers(0, last - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    spoilt_record = sum(len(whole(items[: n + 1])) <= at for n in range(len(items)))
    with pytest.raises(JournalError) as caught:
        read(bytes(text) + bytes(reserved))
    assert caught.value.offset == HEADER_BYTES + len(whole(items[:spoilt_record]))


@given(journals.filter(lambda items: len(items) > 2), st.data())
def test_a_hole_of_zeros_in_the_middle_is_refused(
    items: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    """What a power cut may leave: a block that never reached the disk, and later ones that did."""
    first = data.draw(st.integers(0, len(items) - 2))
    start, end = len(whole(items[:first])), len(whole(items[: first + 1]))
    text = whole(items)
    with pytest.raises(JournalError):
        read(text[:start] + bytes(end - start) + text[end:])


@given(journals, st.data())
def test_a_request_body_must_be_whole(items: list[tuple[int, bytes]], data: st.DataObject) -> None:
    text = whole(items)
    cut = data.draw(st.integers(1, len(text) - 1))
    ends = {len(whole(items[: n + 1])) for n in range(len(items))}
    if cut in ends:
        assert read(text[:cut], torn_tail=False)
    else:
        with pytest.raises(JournalError):
            read(text[:cut], torn_tail=False)


@settings(max_examples=30)
@given(st.binary(min_size=1, max_size=3000))
def test_noise_gives_records_or_an_error_and_nothing_else(noise: bytes) -> None:
    for torn in (True, False):
        try:
            read(noise, torn_tail=torn)
        except JournalError as error:
            assert HEADER_BYTES <= error.offset <= HEADER_BYTES + len(noise)


def test_a_long_spoilt_record_is_refused_when_a_sound_one_follows() -> None:
    text = bytearray(frame(4, bytes(range(256)) * 4000) + frame(4, b"after"))
    text[500_000] ^= 1
    with pytest.raises(JournalError):
        read(bytes(text))


def test_a_record_cut_by_the_end_of_a_block_is_left_for_the_next() -> None:
    text = frame(4, b"first") + frame(4, b"second")
    assert read(text[:-1], more=True) == [(4, b"first")]


def test_records_have_a_greatest_and_a_least_length() -> None:
    for payload in (b"", bytes(RECORD_BYTES_MAX + 1)):
        with pytest.raises(JournalError):
            frame(4, payload)
    assert len(frame(4, b"x")) == FRAME_BYTES + 1


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**63), st.integers(0, HEADER_BYTES - 1))
def test_a_header_comes_back_and_any_spoilt_byte_is_refused(writer: bytes, created: int, at: int) -> None:
    header = encode_header(writer, created)
    assert Header.decode(header) == Header(writer, created)
    spoilt = bytearray(header)
    spoilt[at] ^= 0x20
    with pytest.raises(JournalError):
        Header.decode(bytes(spoilt))
    with pytest.raises(JournalError):
        Header.decode(header[:at])
