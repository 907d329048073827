"""A body's records, sorted by what is done with them; pure but for the check of file names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runstone.journal.kinds import ConsoleLine, FileLogged, Kind, MetricDefinition, RunFields, SystemRow
from runstone.server.domain.errors import Invalid, RunstoneError
from runstone.server.domain.files import check_file_name
from runstone.server.domain.ingest_records import Item, Refused
from runstone.server.domain.journal_batches import Frames, RowPivot, decode, decode_rows, system_batch
from runstone.server.domain.row_templates import Grid
from runstone.server.stores.console.contract import Line
from runstone.server.stores.history.contract import RowBatch

LINE_NUMBER_MAX = 2**53


class Sorted:
    """The records of a body by what is done with them.

    items: what the record store takes, in order. files: (offset, name) that must have arrived.
    end: the offset behind the last record to be applied; `error` is raised once they are.
    """

    def __init__(self, frames: Frames, pivot: RowPivot) -> None:
        self._frames = frames
        self._pivot = pivot
        self.end = frames.end
        self.error: RunstoneError | None = None
        self.items: list[Item] = []
        self.refused: list[Refused] = []
        self.files: list[tuple[int, str]] = []
        self.system: list[tuple[int, SystemRow]] = []
        self.lines: list[Line] = []
        self._line_offsets: list[int] = []
        self.fork: RunFields | None = None
        if frames.kinds.count(Kind.ROW) < len(frames.kinds):
            self._sort()

    def _sort(self) -> None:
        frames = self._frames
        for kind, offset, payload in zip(frames.kinds, frames.offsets, frames.payloads, strict=True):
            if kind == Kind.ROW:
                continue
            try:
                value = decode(kind, payload, offset=offset)
            except Invalid as error:
                self.stop_at(offset, error)
                return
            if kind == Kind.CONSOLE:
                self._line(offset, value)
            elif kind == Kind.SYSTEM:
                self.system.append((offset, value))
            elif kind == Kind.FILE:
                self._file(offset, value)
            else:
                self.items.append(Item(offset, kind, value))

    def _line(self, offset: int, line: ConsoleLine) -> None:
        if not 0 <= line.line <= LINE_NUMBER_MAX:
            self.refused.append(Refused(offset, "CONSOLE", f"Line number {line.line} is out of range."))
            return
        self.lines.append(Line(line.line, 1 if line.stream else 0, line.timestamp, line.text))
        self._line_offsets.append(offset)

    def _file(self, offset: int, logged: FileLogged) -> None:
        try:
            self.files.append((offset, check_file_name(logged.name)))
        except Invalid as error:
            self.refused.append(Refused(offset, "FILE", error.message))

    def stop_at(self, offset: int, error: RunstoneError) -> None:
        """Apply only what comes before `offset`, then raise."""
        if offset >= self.end:
            return
        self.end, self.error = offset, error
        self.items = [item for item in self.items if item.offset < offset]
        self.refused = [one for one in self.refused if one.offset < offset]
        self.files = [one for one in self.files if one[0] < offset]
        self.system = [one for one in self.system if one[0] < offset]
        count = sum(at < offset for at in self._line_offsets)
        self.lines, self._line_offsets = self.lines[:count], self._line_offsets[:count]

    def batches(self) -> list[RowBatch | Item]:
        """Rows as batches, parted where a metric is defined: it concerns the rows behind it only.
        The definitions stand between. Also settles `fork` and what of `system` is sound."""
        self._check_system()
        while True:
            try:
                prepared = list(self._batches())
                break
            except _Unreadable as error:
                self.stop_at(error.offset, error.cause)
        for item in self.items:
            if isinstance(item.value, RunFields) and item.value.fork_of:
                self.fork = item.value
        return prepared

    def _batches(self) -> Iterator[RowBatch | Item]:
        frames = self._frames
        defined = [item for item in self.items if isinstance(item.value, MetricDefinition | RunFields)]
        if not defined and self.end == frames.end and len(frames.kinds) == frames.kinds.count(Kind.ROW):
            yield from self._batch(range(len(frames.kinds)), self.end, frames.rows)
            return
        rows = [
            at
            for at, (kind, offset) in enumerate(zip(frames.kinds, frames.offsets, strict=True))
            if kind == Kind.ROW and offset < self.end
        ]
        start = 0
        for item in defined:
            stop = start
            while stop < len(rows) and frames.offsets[rows[stop]] < item.offset:
                stop += 1
            if stop > start:
                yield from self._batch(rows[start:stop], item.offset)
            yield item
            start = stop
        if start < len(rows):
            yield from self._batch(rows[start:], self.end)

    def _batch(self, positions: Sequence[int], end: int, grid: Grid | None = None) -> Iterator[RowBatch]:
        frames, pivot = self._frames, self._pivot
        whole = len(positions) == len(frames.offsets)
        payloads = frames.payloads if whole else [frames.payloads[at] for at in positions]
        offsets = frames.offsets if whole else [frames.offsets[at] for at in positions]
        try:
            yield pivot.batch(payloads, offsets, end_offset=end, grid=grid)
            return
        except Invalid:
            pass
        # One cannot be read, or breaks a rule of rows: find out which.
        try:
            rows = decode_rows(payloads, offsets)
        except Invalid as error:
            raise _Unreadable(error.fields["offset"], error) from None
        kept = []
        for at, row in enumerate(rows):
            try:
                pivot.careful([row], [offsets[at]], end_offset=end)
                kept.append(at)
            except Invalid as error:
                if all(one.offset != offsets[at] for one in self.refused):
                    self.refused.append(Refused(offsets[at], "ROW", error.message))
        if kept:
            yield pivot.careful([rows[at] for at in kept], [offsets[at] for at in kept], end_offset=end)

    def _check_system(self) -> None:
        """Only rows that a batch can hold are left."""
        if not self.system:
            return
        try:
            self.system_rows()
            return
        except Invalid:
            pass
        sound = []
        for offset, row in self.system:
            try:
                system_batch([row], [offset], end_offset=self.end, label=self._pivot.label)
                sound.append((offset, row))
            except Invalid as error:
                self.refused.append(Refused(offset, "SYSTEM", error.message))
        self.system = sound

    def system_rows(self) -> RowBatch:
        rows = [row for _, row in self.system]
        offsets = [offset for offset, _ in self.system]
        return system_batch(rows, offsets, end_offset=self.end, label=self._pivot.label)


class _Unreadable(Exception):
    def __init__(self, offset: int, cause: Invalid) -> None:
        super().__init__(str(cause))
        self.offset = offset
        self.cause = cause
