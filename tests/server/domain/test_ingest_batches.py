"""Bytes of journals into columns: by shape or one by one, the result is the same."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.journal_bytes import encode

from runstone.journal.format import JournalError, frame
from runstone.journal.kinds import Kind, Row
from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Invalid
from runstone.server.domain.journal_batches import RowPivot, frames_of
from runstone.server.domain.row_templates import Grid, template_of
from runstone.server.stores.history.blocks import blocks_of
from runstone.server.stores.history.contract import RowBatch

INTEGERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -129]),
)
FLOATS = st.floats(width=64)
NUMBERS = st.one_of(FLOATS, INTEGERS)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
ANYTHING = st.one_of(
    NUMBERS, st.booleans(), st.text(max_size=5), st.none(), st.lists(st.integers(0, 3), max_size=2)
)
BIG_OR_SMALL = st.one_of(st.integers(0, 300), INTEGERS)


def body_of(rows: list[Row]) -> bytes:
    return b"".join(frame(Kind.ROW, encode(row)) for row in rows)


def columns(batch: RowBatch) -> Any:
    """Comparable: NaN is NaN, 1 is not 1.0, however the columns are parted into blocks."""
    cells: dict[str, list[tuple[int, str, str]]] = {}
    for block in blocks_of(batch):
        rows = range(len(batch.steps)) if block.rows is None else block.rows.tolist()
        for key, values in zip(block.keys, block.values, strict=True):
            plain = values.tolist() if isinstance(values, np.ndarray) else values
            cells.setdefault(key, []).extend(
                (row, block.kind, repr(value)) for row, value in zip(rows, plain, strict=True)
            )
    times = (batch.timestamps.tobytes(), batch.runtimes.tobytes())
    return (
        batch.offsets.tolist(),
        batch.end_offset,
        batch.steps.tolist(),
        times,
        {key: sorted(found) for key, found in cells.items()},
    )


def pivoted(pivot: RowPivot, rows: list[Row], *, start: int = 64) -> RowBatch:
    frames = frames_of(body_of(rows), offset=start, wanted=start)
    assert frames.damage is None
    return pivot.batch(frames.payloads, frames.offsets, end_offset=frames.end, grid=frames.rows)


def by_batch_of(rows: list[Row], *, label: str = "", start: int = 64) -> RowBatch:
    at, written = start, []
    for row in rows:
        written.append(WrittenRow(at, row.step, row.timestamp, row.runtime, row.values))
        at += len(body_of([row]))
    return batch_of(written, end_offset=at, label=label)


@st.composite
def alike_rows(draw: st.DrawFn) -> list[Row]:
    """Rows of one or two sets of keys whose values keep their type, as training loops write them."""
    kinds = st.sampled_from([FLOATS, INTEGERS, st.integers(0, 127)])
    keys = st.lists(KEYS, min_size=1, max_size=4, unique=True)
    shapes = [{key: draw(kinds) for key in draw(keys)} for _ in range(draw(st.integers(1, 2)))]
    return [
        Row(
            draw(BIG_OR_SMALL),
            draw(FLOATS),
            draw(FLOATS),
            {key: draw(values) for key, values in draw(st.sampled_from(shapes)).items()},
        )
        for _ in range(draw(st.integers(1, 30)))
    ]


@settings(max_examples=150, deadline=None)
@given(alike_rows(), st.sampled_from(["", "rank3"]))
def test_rows_read_by_shape_are_the_rows_that_were_written(rows: list[Row], label: str) -> None:
    pivot = RowPivot(label)
    expected = columns(by_batch_of(rows, label=label))
    for _ in range(3):  # the first time nothing is known of their shape
        assert columns(pivoted(pivot, rows)) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(Row, BIG_OR_SMALL, FLOATS, FLOATS, st.dictionaries(KEYS, ANYTHING, max_size=4)),
        min_size=1,
        max_size=20,
    )
)
def test_any_rows_are_the_rows_that_were_written(rows: list[Row]) -> None:
    pivot = RowPivot()
    for _ in range(2):
        assert columns(pivoted(pivot, rows)) == columns(by_batch_of(rows))


def test_a_training_loop_is_read_by_its_shape() -> None:
    """What the quick way is for must take the quick way, at every size of step."""
    dice = random.Random(0)
    pivot = RowPivot()
    pivot.careful = None  # type: ignore[assignment, method-assign]  # not to be called
    for start in (0, 100, 200, 65_500, 2**32 - 50):
        rows = [
            Row(step, 1.7e9 + step, step / 10, {"loss": dice.random(), "epoch": step // 100, "lr": 1e-4})
            for step in range(start, start + 100)
        ]
        batch = pivoted(pivot, rows)
        assert batch.steps.tolist() == list(range(start, start + 100))
        assert batch.columns["epoch"].kind == "integer"
        assert list(batch.columns["loss"].values) == [row.values["loss"] for row in rows]


@given(st.binary(max_size=60))
def test_nonsense_has_no_template(data: bytes) -> None:
    made = template_of(data)
    if made is not None:  # by a rare chance it is a row
        assert made.fits(Grid(data, 0, len(data), len(data), 1))


def test_a_template_refuses_what_only_looks_like_its_row() -> None:
    payload = encode(Row(5, 1.0, 2.0, {"a": 1.5, "n": 3}))
    made = template_of(payload)
    assert made is not None
    other_key = payload.replace(b"\xa1a", b"\xa1b")
    not_small = payload[:-1] + b"\xff"  # −1 in place of a small positive number
    as_text = payload.replace(b"\xcb" + struct.pack(">d", 1.5), b"\xa8" + b"12345678")
    for other in (other_key, not_small, as_text):
        assert len(other) == len(payload)
        assert not made.fits(Grid(other, 0, len(other), len(other), 1))
        assert not made.fits(Grid(payload + other, 0, len(other), len(other), 2))


@pytest.mark.parametrize("seed", range(20))
def test_frames_alike_and_unlike_are_found_with_their_damage(seed: int) -> None:
    dice = random.Random(seed)
    records = []
    for _ in range(dice.randint(1, 60)):
        if dice.random() < 0.1:
            records.append((Kind.CONSOLE, encode([0, 1, 2.0, "x" * dice.randrange(20)])))
        else:
            records.append((Kind.ROW, encode(Row(dice.randrange(300), 1.0, 1.0, {"a": dice.random()}))))
    body = b"".join(frame(int(kind), payload) for kind, payload in records)
    offsets = [64]
    for _, payload in records:
        offsets.append(offsets[-1] + 9 + len(payload))
    frames = frames_of(body, offset=64, wanted=64)
    assert [
        (kind, bytes(payload)) for kind, payload in zip(frames.kinds, frames.payloads, strict=True)
    ] == records
    assert [*frames.offsets, frames.end] == offsets
    for at in range(0, len(records), 7):
        rest = frames_of(body, offset=64, wanted=offsets[at])
        assert rest.offsets == offsets[at:-1] and rest.end == offsets[-1]
        if offsets[at] + 1 < offsets[-1]:
            with pytest.raises(Invalid):
                frames_of(body, offset=64, wanted=offsets[at] + 1)
        spoilt = bytearray(body)
        spoilt[offsets[at] - 64 + 9] ^= 0x20
        found = frames_of(bytes(spoilt), offset=64, wanted=64)
        assert isinstance(found.damage, JournalError) and found.damage.offset == offsets[at] == found.end
        assert found.offsets == offsets[:at]


def test_not_a_number_keeps_its_bits() -> None:
    payload = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_1234))[0]
    rows = [Row(n, 1.0, 1.0, {"a": payload if n % 2 else -0.0}) for n in range(10)]
    values = pivoted(RowPivot(), rows).columns["a"].values
    assert struct.pack("<d", values[1]) == struct.pack("<d", payload)
    assert math.copysign(1, values[0]) == -1
