"""Is this journal sound, and what is in it?  `python -m runstone.journal.check FILE-OR-FOLDER…`"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from runstone.journal import kinds
from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import JOURNAL_SUFFIX
from runstone.journal.kinds import Kind
from runstone.journal.reader import JournalReader

SHAPES: dict[Kind, Any] = {
    Kind.RUN: kinds.RunFields,
    Kind.CONFIG: kinds.Patch,
    Kind.SUMMARY: kinds.Patch,
    Kind.ROW: kinds.Row,
    Kind.SYSTEM: kinds.SystemRow,
    Kind.CONSOLE: kinds.ConsoleLine,
    Kind.METRIC: kinds.MetricDefinition,
    Kind.FILE: kinds.FileLogged,
    Kind.ARTIFACT: kinds.ArtifactLogged,
    Kind.USE: kinds.ArtifactUsed,
    Kind.ALERT: kinds.AlertRaised,
    Kind.MARK: kinds.Mark,
    Kind.END: kinds.End,
    Kind.ENVIRONMENT: dict[str, Any],
}
_DECODERS = {int(kind): msgspec.msgpack.Decoder(shape) for kind, shape in SHAPES.items()}


@dataclass(slots=True)
class Report:
    """What a journal holds. `end` is the offset behind its last sound record."""

    path: str
    run: kinds.RunFields | None = None
    counts: dict[str, int] = field(default_factory=dict)
    end: int = 0
    torn_bytes: int = 0  # behind `end`, of a record whose writing was cut off
    ended: kinds.End | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.problems


def decode(kind: int, payload: bytes | memoryview) -> Any:
    """A record's payload as the shape of its kind. Raises msgspec.DecodeError or ValidationError,
    and KeyError for a kind this release does not know."""
    return _DECODERS[kind].decode(payload)


def check(path: str | os.PathLike[str]) -> Report:
    """Read all of one journal. Raises OSError only where the file cannot be read at all."""
    report = Report(os.fspath(path))
    try:
        reader = JournalReader(path)
    except JournalError as error:
        report.problems.append(str(error))
        return report
    with reader:
        report.end = HEADER_BYTES
        try:
            for record in reader.records():
                report.end = record.end
                _take(report, record.offset, record.kind, record.payload)
        except JournalError as error:
            report.problems.append(f"at offset {error.offset}: {error}")
        else:
            with Path(path).open("rb") as file:
                file.seek(report.end)
                report.torn_bytes = len(file.read().rstrip(b"\0"))
    if report.run is None and report.sound:
        report.problems.append("no RUN record: the writer died before the run began")
    return report


def _take(report: Report, offset: int, kind: int, payload: memoryview) -> None:
    name = Kind(kind).name if kind in _DECODERS else f"kind {kind}"
    report.counts[name] = report.counts.get(name, 0) + 1
    if kind not in _DECODERS:
        report.problems.append(f"at offset {offset}: kind {kind} is not known to this release")
        return
    try:
        value = decode(kind, payload)
    except (msgspec.DecodeError, ValueError) as error:
        report.problems.append(f"at offset {offset}: {name}: {error}")
        return
    if kind == Kind.RUN and report.run is None:
        report.run = value
    elif kind == Kind.END:
        report.ended = value


def journals_in(paths: Iterable[str]) -> list[Path]:
    """Files as they are named, and every journal below folders."""
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        found += sorted(path.rglob(f"*{JOURNAL_SUFFIX}")) if path.is_dir() else [path]
    return found


def main(arguments: list[str]) -> int:
    files = journals_in(arguments)
    if not files:
        print("usage: python -m runstone.journal.check FILE-OR-FOLDER…", file=sys.stderr)
        return 2
    bad = 0
    for path in files:
        try:
            report = check(path)
        except OSError as error:
            print(f"{path}: {error}", file=sys.stderr)
            bad += 1
            continue
        counts = ", ".join(f"{count} {name}" for name, count in report.counts.items()) or "nothing"
        state = f"exit code {report.ended.exit_code}" if report.ended else "no end"
        torn = f", {report.torn_bytes} torn bytes at the end" if report.torn_bytes else ""
        run = f"run {report.run.run!r}: " if report.run else ""
        print(f"{path}: {run}{counts}; {state}{torn}")
        for problem in report.problems:
            print(f"  {problem}", file=sys.stderr)
        bad += not report.sound
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
