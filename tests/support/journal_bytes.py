"""Journals as bytes in memory, for tests of what takes them in: any record, any cut, any damage."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from runstone.journal.format import HEADER_BYTES, encode_header, frame
from runstone.journal.kinds import (
    AlertRaised,
    ConsoleLine,
    End,
    FileLogged,
    Kind,
    Mark,
    MetricDefinition,
    Patch,
    Row,
    RunFields,
    SystemRow,
)

encode = msgspec.msgpack.encode


class JournalBytes:
    """One writer's journal. `data` is all of it; `ends` are the offsets behind each record."""

    def __init__(self, run: str = "r1", project: str = "p", *, writer: str = "", **fields: Any) -> None:
        self.run = run
        self.project = project
        self.writer = writer or secrets.token_hex(16)
        self.data = bytearray(encode_header(bytes.fromhex(self.writer), 1))
        self.starts: list[int] = []
        self.step = 0
        self.add(Kind.RUN, RunFields(run=run, project=project, writer=self.writer, **fields))

    @property
    def end(self) -> int:
        return len(self.data)

    @property
    def ends(self) -> list[int]:
        return [*self.starts[1:], self.end]

    def since(self, offset: int) -> bytes:
        return bytes(self.data[offset:])

    def raw(self, record: bytes) -> JournalBytes:
        self.starts.append(self.end)
        self.data += record
        return self

    def add(self, kind: int, value: Any) -> JournalBytes:
        return self.raw(frame(int(kind), encode(value)))

    def row(self, _step: int | None = None, **values: Any) -> JournalBytes:
        return self.row_of(values, step=_step)

    def row_of(self, values: dict[str, Any], *, step: int | None = None) -> JournalBytes:
        step = self.step if step is None else step
        self.step = step + 1
        return self.add(Kind.ROW, Row(step, 1_700_000_000.0 + step, float(step), values))

    def rows(self, count: int, *, keys: int = 3) -> JournalBytes:
        """Rows of numbers whose value says which step and key they are."""
        for _ in range(count):
            self.row_of({f"k{n}": self.step + n / 8 for n in range(keys)})
        return self

    def system(self, at: float, **values: float) -> JournalBytes:
        return self.add(Kind.SYSTEM, SystemRow(at, at - 1_700_000_000.0, values))

    def line(self, number: int, text: str, *, stream: int = 0) -> JournalBytes:
        return self.add(Kind.CONSOLE, ConsoleLine(stream, number, 1_700_000_000.0 + number, text))

    def config(
        self, *set_values: tuple[list[str], Any], unset: list[list[str]] | None = None
    ) -> JournalBytes:
        return self.add(Kind.CONFIG, Patch(set=list(set_values), unset=unset or [], at=1_700_000_000.0))

    def summary(
        self, *set_values: tuple[list[str], Any], unset: list[list[str]] | None = None
    ) -> JournalBytes:
        return self.add(Kind.SUMMARY, Patch(set=list(set_values), unset=unset or []))

    def metric(self, name: str, *summary: str, goal: str | None = None) -> JournalBytes:
        return self.add(Kind.METRIC, MetricDefinition(name=name, summary=list(summary), goal=goal))

    def file(self, name: str) -> JournalBytes:
        return self.add(Kind.FILE, FileLogged(name=name, path=name))

    def alert(self, title: str, *, at: float = 1_700_000_000.0, level: str = "INFO") -> JournalBytes:
        return self.add(Kind.ALERT, AlertRaised(title=title, at=at, level=level))

    def preempting(self) -> JournalBytes:
        return self.add(Kind.MARK, Mark(preempting=True))

    def finish(self, exit_code: int = 0, **fields: Any) -> JournalBytes:
        return self.add(Kind.END, End(exit_code=exit_code, at=1_700_000_100.0, **fields))


FIRST = HEADER_BYTES
