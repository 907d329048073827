"""What a file_stream request says, read into plain values. Pure: no store is touched.

The body is strict JSON whose lines are texts; the lines are JSON (of the extended kind), or console
text. A line that cannot be read is left out and counted: one bad line must not end a client's
stream, and any 4xx would.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from runstone.server.domain.batches import WrittenRow
from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb import clock, jsonx
from runstone.server.stores.console.contract import Line

HISTORY, EVENTS, SUMMARY = "wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json"
CONSOLE = "output.log"
_INTERNAL = "_wandb"

# `[ERROR ]<time> [\[label\] ]<text>`, as 0.16 to 0.31 write it where structured lines are off.
_TEXT_LINE = re.compile(
    r"(?P<error>ERROR )?"
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?) "
    r"(?:\[(?P<label>[^\]]*)\] )?(?P<text>.*)",
    re.DOTALL,
)


_LineNumber = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_ExitCode = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_STEP_MIN, _STEP_MAX = -(2**63), 2**63 - 1
_SECONDS_MAX = 1e12  # since 1970; thirty thousand years


class _Part(msgspec.Struct):
    offset: _LineNumber = 0
    content: list[str] = []


class _Body(msgspec.Struct):
    """Unknown keys are passed over."""

    files: dict[str, _Part] | None = None
    uploaded: list[str] | None = None
    preempting: bool | None = None
    complete: bool | None = None
    exitcode: _ExitCode | None = None
    dropped: int | None = None
    failed: bool | None = None


_decode = msgspec.json.Decoder(_Body).decode


@dataclass(frozen=True, slots=True)
class Rows:
    """`rows` of a stream whose next line has the number `end_offset`."""

    rows: Sequence[WrittenRow]
    end_offset: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. None and empty: not sent. exit_code is set where the writer ended."""

    history: Rows | None = None
    system: Rows | None = None
    summary: Mapping[str, Any] | None = None
    console: Mapping[str, Sequence[Line]] = field(default_factory=dict)  # by label
    preempting: bool = False
    exit_code: int | None = None
    unreadable: int = 0  # lines left out
    dropped: int = 0  # lines that the client says it left out itself


def read(body: bytes, *, now: float | None = None) -> Sent:
    """Raises Invalid where the body is not one of this wire at all."""
    if not body.strip():
        return Sent()
    try:
        sent = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sent = _decode_leniently(body)
    files = sent.files or {}
    moment = time.time() if now is None else now
    history, bad_rows = _history(files.get(HISTORY), moment)
    system, bad_samples = _system(files.get(EVENTS), moment)
    summary, bad_summary = _summary(files.get(SUMMARY))
    ended = sent.exitcode if sent.complete else None
    if sent.complete and ended is None:
        ended = 1 if sent.failed else 0
    return Sent(
        history=history,
        system=system,
        summary=summary,
        console=_console(files.get(CONSOLE), moment),
        preempting=bool(sent.preempting),
        exit_code=ended,
        unreadable=bad_rows + bad_samples + bad_summary,
        dropped=sent.dropped or 0,
    )


def _decode_leniently(body: bytes) -> _Body:
    try:
        return msgspec.convert(jsonx.parse(body), _Body, strict=False)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise Invalid(f"The file_stream body cannot be read: {error}.") from None


def _history(part: _Part | None, now: float) -> tuple[Rows | None, int]:
    if part is None or not part.content:
        return None, 0
    rows: list[WrittenRow] = []
    bad = 0
    step = part.offset - 1
    for number, values in enumerate(jsonx.parse_lines(part.content), part.offset):
        if type(values) is not dict:
            bad += 1
            continue
        step = _step(values.pop("_step", None), step + 1)
        timestamp = _number(values.pop("_timestamp", None), now)
        runtime = _number(values.pop("_runtime", None), 0.0)
        values.pop(_INTERNAL, None)
        rows.append(WrittenRow(number, step, timestamp, runtime, values))
    return Rows(rows, part.offset + len(part.content)), bad


def _system(part: _Part | None, now: float) -> tuple[Rows | None, int]:
    """A system sample's step is its time in milliseconds."""
    if part is None or not part.content:
        return None, 0
    rows: list[WrittenRow] = []
    bad = 0
    for number, values in enumerate(jsonx.parse_lines(part.content), part.offset):
        if type(values) is not dict:
            bad += 1
            continue
        timestamp = _number(values.pop("_timestamp", None), now)
        runtime = _number(values.pop("_runtime", None), 0.0)
        values.pop(_INTERNAL, None)
        rows.append(WrittenRow(number, int(timestamp * 1000), timestamp, runtime, values))
    return Rows(rows, part.offset + len(part.content)), bad


def _summary(part: _Part | None) -> tuple[Mapping[str, Any] | None, int]:
    """The last line stands."""
    if part is None or not part.content:
        return None, 0
    values = jsonx.parse_lines(part.content[-1:])[0]
    return (values, 0) if type(values) is dict else (None, 1)


def _console(part: _Part | None, now: float) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    if part is not None:
        structured = _structured(part.content)
        for number, text in enumerate(part.content, part.offset):
            one = structured[number - part.offset] if structured is not None else None
            if one is None:
                label, line = console_line(number, text, now)
            else:
                label, line = one.label or "", _line(number, one.level == "error", one.ts, one.content, now)
            found.setdefault(label, []).append(line)
    return found


class _Structured(msgspec.Struct):
    """A console line of clients from 0.19 on."""

    ts: str
    content: str
    level: str | None = None
    label: str | None = None


_decode_structured = msgspec.json.Decoder(list[_Structured]).decode


def _structured(lines: Sequence[str]) -> Sequence[_Structured] | None:
    """All of them in one decoder call where each is structured, which is nearly always."""
    if not lines or not lines[0].startswith("{"):
        return None
    try:
        found = _decode_structured("[" + ",".join(lines) + "]")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return found if len(found) == len(lines) else None


def _line(number: int, error: bool, at: str, text: str, now: float) -> Line:
    seconds = clock.seconds_of(at)
    return Line(number, int(error), now if seconds is None else seconds, text)


def console_line(number: int, text: str, now: float) -> tuple[str, Line]:
    """(label, line) of a console line in either format; text of neither is kept as it stands."""
    text = text.removesuffix("\n")
    if text.startswith("{"):
        try:
            found = jsonx.parse(text)
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("content"), str) and "ts" in found:
            label, error = str(found.get("label") or ""), found.get("level") == "error"
            return label, _line(number, error, str(found["ts"]), found["content"], now)
    match = _TEXT_LINE.fullmatch(text)
    if match is None:
        return "", Line(number, 0, now, text)
    error = match["error"] is not None
    return match["label"] or "", _line(number, error, match["at"], match["text"], now)


def _step(value: Any, otherwise: int) -> int:
    """Of a row; the one after the row before it where that is none, or does not fit 64 bits."""
    if type(value) is int and _STEP_MIN <= value <= _STEP_MAX:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _STEP_MAX:
        return int(value)
    return min(otherwise, _STEP_MAX)


def _number(value: Any, otherwise: float) -> float:
    """Seconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _SECONDS_MAX:
        return float(value)
    return otherwise
