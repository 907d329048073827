"""The summary and the end of a run that the published client logged offline, out of its `.wandb` file.

The file is LevelDB's log format, blocks of 32 KiB, around one protobuf message to a record (seen in wandb
0.31: `core/internal/transactionlog`, `wandb/proto/wandb_internal.proto`). Of those messages only what a
trial needs is read, by field numbers, which protobuf never reassigns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_HEADER_BYTES, _BLOCK_BYTES, _CHUNK_HEADER_BYTES = 7, 32 * 1024, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_BYTES_MAX = 512 * 1024 * 1024
# Of Record; of HistoryRecord and SummaryRecord; of their items; of RunExitRecord.
_HISTORY, _SUMMARY, _EXIT = 2, 3, 18
_ITEM, _REMOVED = 1, 2
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_EXIT_CODE = 1


class WandbFile(NamedTuple):
    """exit_code: None while it has not ended. rows: in the order in which they were logged."""

    summary: dict[str, Any]
    exit_code: int | None
    rows: list[dict[str, Any]]


def read_wandb_file(path: Path, metric: str) -> WandbFile:
    """What the file says so far; of its rows `_step` and that metric. Raises OSError."""
    last: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    exit_code: int | None = None
    if path.stat().st_size > _BYTES_MAX:
        return WandbFile({}, None, [])
    for record in _records(path.read_bytes()):
        try:
            for number, value in _fields(record):
                if not isinstance(value, bytes):
                    continue
                if number == _HISTORY:
                    row: dict[str, Any] = {}
                    _fold(row, value)
                    last |= row
                    rows.append({"_step": len(rows), **{k: row[k] for k in ("_step", metric) if k in row}})
                elif number == _SUMMARY:
                    _fold(summary, value)
                elif number == _EXIT:
                    exit_code = int(dict(_fields(value)).get(_EXIT_CODE, 0))
        except (ValueError, IndexError):
            continue
    # What the client made of the rows, as metric definitions ask, stands before their last values.
    return WandbFile({**last, **summary}, exit_code, rows)


def _fold(summary: dict[str, Any], message: bytes) -> None:
    for number, item in _fields(message):
        if not isinstance(item, bytes) or number not in (_ITEM, _REMOVED):
            continue
        path: list[str] = []
        value: Any = None
        for inner, content in _fields(item):
            if isinstance(content, bytes) and inner in (_KEY, _NESTED_KEY):
                path += [content.decode()] if content else []
            elif isinstance(content, bytes) and inner == _VALUE_JSON:
                value = json.loads(content)
        at = summary
        for key in path[:-1]:
            below = at.get(key)
            if not isinstance(below, dict):
                below = at[key] = {}
            at = below
        if path and number == _ITEM:
            at[path[-1]] = value


def _records(content: bytes) -> Iterator[bytes]:
    """Whole records; what is torn ends them."""
    at = _HEADER_BYTES
    parts: list[bytes] = []
    while at + _CHUNK_HEADER_BYTES <= len(content):
        left = _BLOCK_BYTES - at % _BLOCK_BYTES
        if left < _CHUNK_HEADER_BYTES:
            at += left
            continue
        size, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        begin = at + _CHUNK_HEADER_BYTES
        at = begin + size
        if at > len(content) or kind not in (_FULL, _FIRST, _MIDDLE, _LAST):
            return
        if kind in (_FULL, _FIRST):
            parts = []
        parts.append(content[begin:at])
        if kind in (_FULL, _LAST):
            yield b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of a protobuf message's fields. Raises ValueError or IndexError where it is none."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("cut off")
            yield number, message[at : at + size]
            at += size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("no number is so long")
