"""What the run folder of an attempt says: summary, curve, last words, how it ended.

Runs are logged offline, into the sweep's directory; nothing but their journals is needed, or what the
published client leaves in their place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runstone.agents.folder.wandb_files import WandbFile, read_wandb_file
from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import JOURNAL_SUFFIX
from runstone.journal.kinds import ConsoleLine, End, Kind, MetricDefinition, Patch, Row, RunFields
from runstone.journal.reader import JournalReader
from runstone.sdk.metrics import Definitions, Derived
from runstone.search.out_of_memory import LINES, out_of_memory_line
from runstone.search.records import TrialState, is_number
from runstone.uplink.side import KILLED_EXIT_CODE, side_path

RUNS_PER_FOLDER = 1_000


def run_folder(root: Path, run_id: str, number: int) -> Path:
    """Where an attempt's process is told to log; few folders to a directory."""
    return root / "runs" / f"{number // RUNS_PER_FOLDER:04d}" / run_id


class RunLog:
    """One attempt's, read on from where it was left. Not for several threads at once."""

    def __init__(self, folder: Path, metric: str) -> None:
        """metric: whose values make the curve, or ""."""
        self._folder = folder
        self._metric = metric
        self._definitions = Definitions()
        self._derived = Derived(self._definitions)
        self._explicit: dict[str, Any] = {}
        self._writers: dict[Path, _Writer] = {}
        self._lines: deque[str] = deque(maxlen=LINES)
        self._wandb: WandbFile | None = None
        self._wandb_bytes = 0
        self.points: list[tuple[int, float]] = []  # (step, value), as logged

    def read(self) -> int:
        """Take in what is new; how many bytes of records there are by now. Damage and absence are read as
        far as that goes: nobody waits for a run that cannot be read."""
        for path in sorted(self._folder.glob(f"runstone/run-*/*{JOURNAL_SUFFIX}")):
            writer = self._writers.setdefault(path, _Writer())
            try:
                self._read_one(path, writer)
            except (OSError, JournalError, msgspec.MsgspecError):
                continue
        return sum(writer.at for writer in self._writers.values()) or self._read_wandb()

    def summary(self) -> dict[str, Any]:
        """As a server would have it: what rows say, and over it what was set."""
        if self._wandb is not None:
            return self._wandb.summary
        return {**self._derived.values, **self._explicit}

    def ended(self) -> tuple[TrialState | None, int | None, str]:
        """(state, exit code, error) by the run's own word. None: it has not ended, or was killed, which
        says nothing of the trial."""
        if self._wandb is not None:
            code = self._wandb.exit_code
            # The client's own end of a process that was told to end is told from a failure by nothing.
            return ("finished", 0, "") if code == 0 else (None, code, "")
        sides = {side_path(path) for path in self._writers}
        ends = [
            writer.end
            for path, writer in self._writers.items()
            if writer.end is not None and writer.primary and path not in sides
        ]
        if not ends:
            return None, None, ""
        end = ends[-1]
        if end.state == "killed" or end.exit_code == KILLED_EXIT_CODE:
            return None, end.exit_code, ""
        if end.exit_code == 0:
            return "finished", 0, ""
        memory = out_of_memory_line(self._lines)
        return "oom" if memory else "failed", end.exit_code, memory or (end.traceback or "")[-1_000:]

    def _read_wandb(self) -> int:
        """Of a script that logs by the published client; the whole file again where it grew."""
        for path in self._folder.glob("wandb/*run-*/*.wandb"):
            try:
                size = path.stat().st_size
                if size != self._wandb_bytes:
                    self._wandb = read_wandb_file(path, self._metric)
                    self._wandb_bytes = size
            except OSError:
                continue
            rows = self._wandb.rows if self._wandb is not None else []
            pairs = [(row["_step"], row[self._metric]) for row in rows if self._metric in row]
            self.points = [(int(step), float(value)) for step, value in pairs if is_number(value)]
        return self._wandb_bytes

    def _read_one(self, path: Path, writer: _Writer) -> None:
        with JournalReader(path) as reader:
            for record in reader.records(writer.at):
                self._take(record.kind, record.payload, writer)
                writer.at = record.end

    def _take(self, kind: int, payload: bytes | memoryview, writer: _Writer) -> None:
        if kind == Kind.ROW:
            row = _row(payload)
            self._derived.take(row.step, row.timestamp, row.runtime, row.values)
            value = row.values.get(self._metric)
            if value is not None and is_number(value):
                self.points.append((row.step, float(value)))
        elif kind == Kind.SUMMARY:
            _patched(self._explicit, _patch(payload))
        elif kind == Kind.METRIC:
            self._definitions.add(_metric(payload))
        elif kind == Kind.CONSOLE:
            self._lines.append(_line(payload).text)
        elif kind == Kind.RUN:
            fields = _fields(payload)
            writer.primary = writer.primary if fields.primary is None else fields.primary
        elif kind == Kind.END:
            writer.end = _end(payload)


class _Writer:
    """One journal, as far as it was read."""

    def __init__(self) -> None:
        self.at = HEADER_BYTES
        self.primary = True
        self.end: End | None = None


_row = msgspec.msgpack.Decoder(Row).decode
_patch = msgspec.msgpack.Decoder(Patch).decode
_metric = msgspec.msgpack.Decoder(MetricDefinition).decode
_line = msgspec.msgpack.Decoder(ConsoleLine).decode
_fields = msgspec.msgpack.Decoder(RunFields).decode
_end = msgspec.msgpack.Decoder(End).decode


def _patched(tree: dict[str, Any], patch: Patch) -> None:
    for path in patch.unset:
        inner = _inner(tree, path)
        if inner is not None:
            inner.pop(path[-1], None)
    for path, value in patch.set:
        at = tree
        for key in path[:-1]:
            below = at.get(key)
            if not isinstance(below, dict):
                below = at[key] = {}
            at = below
        at[path[-1]] = value


def _inner(tree: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any] | None:
    at: Any = tree
    for key in path[:-1]:
        at = at.get(key) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None
