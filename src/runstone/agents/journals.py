"""What a trial's run has logged, read from its journals on this host: for sources that do not read runs
themselves. Needs no server, and sees what was logged up to the moment the process died."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from runstone.agents.source import Ending
from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import JOURNAL_SUFFIX, home_path
from runstone.journal.kinds import Kind, MetricDefinition, Patch, Row
from runstone.journal.reader import JournalReader
from runstone.sdk.metrics import Definitions, Derived
from runstone.search.config import SweepConfig
from runstone.search.values import number_at, objective_of

Json = Any


class TrialJournal:
    """The journals of one run. Reads only what was added since the last time."""

    def __init__(self, root: Path, run_id: str, config: SweepConfig) -> None:
        """root: the folder of run folders."""
        self._root = root
        self._run_id = run_id
        self._config = config
        self._read_to: dict[Path, int] = {}
        self._definitions = Definitions()
        self._derived = Derived(self._definitions)
        self._explicit: dict[str, Json] = {}
        self._new: list[tuple[int, float]] = []
        self._rows = msgspec.msgpack.Decoder(Row)
        self._patches = msgspec.msgpack.Decoder(Patch)
        self._defined = msgspec.msgpack.Decoder(MetricDefinition)

    @classmethod
    def of(cls, run_id: str, environ: Mapping[str, str], config: SweepConfig) -> TrialJournal:
        """Where a process with these variables keeps it."""
        named = environ.get("RUNSTONE_DIR") or environ.get("WANDB_DIR")
        if named:
            return cls(Path(named).expanduser().absolute() / "runstone", run_id, config)
        return cls(Path(environ.get("RUNSTONE_DATA") or home_path()) / "runs", run_id, config)

    def points(self) -> list[tuple[int, float]]:
        """(step, value) of the first objective, logged since the last call."""
        self._read()
        found, self._new = self._new, []
        return found

    def summary(self) -> dict[str, Json]:
        """As it stands: derived from rows and definitions, what was set by hand over it."""
        self._read()
        return self._derived.values | self._explicit

    def with_values(self, ending: Ending) -> Ending:
        """The ending, with what the run came to."""
        summary = self.summary()
        bounds = {bound.name: number_at(summary, bound.name) for bound in self._config.constraints}
        numbers = {name: value for name, value in bounds.items() if value is not None}
        values = objective_of(self._config, summary) if summary else ()
        measured = any(value is not None for value in values)
        return replace(ending, values=list(values) if measured else None, metrics=numbers)

    # -- inside

    def _read(self) -> None:
        for path in self._paths():
            try:
                self._read_one(path)
            except (OSError, JournalError, msgspec.MsgspecError):
                continue  # what is sound before it counts, and a writer may be at work

    def _read_one(self, path: Path) -> None:
        at = self._read_to.get(path, HEADER_BYTES)
        if path.stat().st_size <= at:
            return
        metric = self._config.metrics[0].key if self._config.metrics else ""
        with JournalReader(path) as reader:
            for record in reader.records(at):
                if record.kind == Kind.ROW:
                    row = self._rows.decode(record.payload)
                    self._derived.take(row.step, row.timestamp, row.runtime, row.values)
                    value = row.values.get(metric)
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        self._new.append((row.step, float(value)))
                elif record.kind == Kind.METRIC:
                    self._definitions.add(self._defined.decode(record.payload))
                elif record.kind == Kind.SUMMARY:
                    _apply(self._patches.decode(record.payload), self._explicit)
                self._read_to[path] = record.end

    def _paths(self) -> list[Path]:
        ending = f"-{self._run_id}"
        try:
            return [
                path
                for folder in sorted(self._root.iterdir())
                if folder.name.startswith("run-") and folder.name.endswith(ending)
                for path in sorted(folder.iterdir())
                if path.suffix == JOURNAL_SUFFIX
            ]
        except OSError:
            return []


def _apply(patch: Patch, to: dict[str, Json]) -> None:
    for path, value in patch.set:
        holder = to
        for part in path[:-1]:
            inner = holder.get(part)
            if not isinstance(inner, dict):
                inner = holder[part] = {}
            holder = inner
        holder[path[-1]] = value
    for path in patch.unset:
        if len(path) == 1:
            to.pop(path[0], None)
