"""Rows and summaries that break a rule, cut down to what keeps them all.

Refusing them would end the client's stream for good, with all that comes after; the one value that
cannot be kept (an empty name, one of thousands of characters, a map without bottom) is left out in
its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Invalid
from runstone.server.domain.run_values import JSON_CHARS_MAX, JSON_DEPTH_MAX, depth_of
from runstone.server.doors.wandb import jsonx
from runstone.server.doors.wandb.stream.body import Rows
from runstone.server.stores.history.contract import RowBatch


def batch_of_acceptable(sent: Rows) -> tuple[RowBatch, int]:
    """(the batch, how many values were left out)."""
    try:
        return batch_of(sent.rows, end_offset=sent.end_offset), 0
    except Invalid:
        pass
    rows = [row if _fits([row]) else _mended(row) for row in sent.rows]
    left_out = sum(len(old.values) - len(new.values) for old, new in zip(sent.rows, rows, strict=True))
    if not _fits(rows):  # each row fits, all of them together have too many names
        rows = [WrittenRow(row.offset, row.step, row.timestamp, row.runtime, {}) for row in rows]
        left_out = sum(len(row.values) for row in sent.rows)
    return batch_of(rows, end_offset=sent.end_offset), left_out


def _mended(row: WrittenRow) -> WrittenRow:
    kept = {key: value for key, value in row.values.items() if _fits([_with(row, {key: value})])}
    whole = _with(row, kept)
    return whole if _fits([whole]) else _with(row, {})


def _with(row: WrittenRow, values: dict[str, Any]) -> WrittenRow:
    return WrittenRow(row.offset, row.step, row.timestamp, row.runtime, values)


def _fits(rows: Sequence[WrittenRow]) -> bool:
    try:
        batch_of(rows, end_offset=rows[-1].offset + 1 if rows else 0)
    except Invalid:
        return False
    return True


def acceptable_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Of a summary that was refused: what is not nested too deeply, the small before the large."""
    sized = [
        (len(jsonx.dump_bytes({key: value})), key)
        for key, value in summary.items()
        if depth_of(value) < JSON_DEPTH_MAX
    ]
    kept: set[str] = set()
    total = 0
    for size, key in sorted(sized):
        total += size
        if total > JSON_CHARS_MAX // 2:
            break
        kept.add(key)
    return {key: value for key, value in summary.items() if key in kept}
