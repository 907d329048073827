"""Reading back what a run wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from runstone.journal import kinds
from runstone.journal.check import check, decode
from runstone.journal.kinds import Kind
from runstone.journal.reader import read_records


def records(folder: Path | str, *of: Kind) -> list[Any]:
    """The decoded records of these kinds in all journals below `folder`, journal by journal."""
    found = []
    for path in sorted(Path(folder).rglob("*.journal")):
        report = check(path)
        assert report.sound, report.problems
        found += [decode(r.kind, r.payload) for r in read_records(path) if not of or r.kind in of]
    return found


def journals(folder: Path | str) -> dict[str, list[tuple[int, Any]]]:
    """(kind, value) of each record, by journal path."""
    return {
        str(path): [(r.kind, decode(r.kind, r.payload)) for r in read_records(path)]
        for path in sorted(Path(folder).rglob("*.journal"))
    }


def rows(folder: Path | str) -> list[kinds.Row]:
    return records(folder, Kind.ROW)


def merged(folder: Path | str) -> dict[int, dict[str, Any]]:
    """The rows of one writer as a reader sees them: by step, later values stand."""
    found: dict[int, dict[str, Any]] = {}
    for row in rows(folder):
        found.setdefault(row.step, {}).update(row.values)
    return found


def patched(folder: Path | str, kind: Kind = Kind.CONFIG) -> dict[str, Any]:
    """Config or summary patches, applied."""
    whole: dict[str, Any] = {}
    for patch in records(folder, kind):
        for path, value in patch.set:
            holder = whole
            for part in path[:-1]:
                holder = holder.setdefault(part, {})
            holder[path[-1]] = value
        for path in patch.unset:
            holder = whole
            for part in path[:-1]:
                holder = holder[part]
            holder.pop(path[-1], None)
    return whole


def console(folder: Path | str, stream: int | None = None) -> list[str]:
    """The lines as they stand at the end, writer by writer."""
    found = []
    for items in journals(folder).values():
        lines: dict[int, kinds.ConsoleLine] = {}
        for kind, value in items:
            if kind == Kind.CONSOLE:
                lines[value.line] = value
        found += [line.text for _, line in sorted(lines.items()) if stream is None or line.stream == stream]
    return found


def run_script(
    script: str, *arguments: str, environ: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a script of its own process with this interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environ or {})},
        **options,
    )
    out, err = done.stdout.decode(), done.stderr.decode()  # carriage returns as they are
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)
