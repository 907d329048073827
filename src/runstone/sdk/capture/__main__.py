"""`python -m runstone.sdk.capture RUN_FOLDER [--primary=JOURNAL] [--only=environment,git,packages,code]`

Writes ENVIRONMENT and FILE records of a run into a journal of its own in the run's folder, beside
`--primary`, the journal of the process that began it. `--watching` (JSON) says how the uplink is to
be told of that journal; without it nobody is told.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import msgspec

from runstone.journal.format import JournalError
from runstone.journal.kinds import End, FileLogged, Kind, RunFields
from runstone.journal.reader import read_records
from runstone.sdk.recorder import Recorder, Watching
from runstone.sdk.redact import Redactor, environment_secrets

PARTS = ("environment", "git", "packages", "code")
CODE_BYTES_MAX = 4 * 1024 * 1024


def main(arguments: list[str]) -> int:
    given = dict(word[2:].partition("=")[::2] for word in arguments if word.startswith("--"))
    folders = [word for word in arguments if not word.startswith("--")]
    unknown = set(given) - {"primary", "only", "program", "watching"}
    if len(folders) != 1 or unknown:
        print(__doc__, file=sys.stderr)
        return 2
    only = given.get("only", "environment,git,packages").split(",")
    if set(only) - set(PARTS):
        print(f"--only takes {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    if hasattr(os, "nice"):
        os.nice(10)  # training goes first
    folder = os.path.abspath(folders[0])
    fields = run_fields(given.get("primary") or _primary(folder))
    if fields is None:
        print(f"{folder} holds no journal of a run.", file=sys.stderr)
        return 1
    watching = (
        msgspec.json.decode(given["watching"], type=Watching)
        if given.get("watching")
        else Watching(home="", mode="offline", queue=False)
    )
    capture(folder, fields, watching, only, program=given.get("program", ""))
    return 0


def capture(folder: str, fields: RunFields, watching: Watching, only: list[str], *, program: str) -> None:
    """Find what `only` asks for and write it. Parts that fail are left out."""
    first = msgspec.structs.replace(
        fields, primary=False, resume="allow", fork_of=None, fork_step=None, tags=None, label=fields.label
    )
    recorder = Recorder(folder, first, watching, secondary=True)
    recorder.wake_uplink()
    redactor = Redactor(environment_secrets(os.environ))
    here = os.getcwd()
    for part in PARTS:
        if part in only:
            try:
                _PARTS[part](recorder, redactor, here, program)
            except Exception as error:  # whatever a strange machine does, the other parts are wanted
                recorder.write(Kind.ENVIRONMENT, {f"{part}_left_out": str(error)[:500]})
    recorder.close(End(at=time.time()))


def _environment(recorder: Recorder, redactor: Redactor, here: str, program: str) -> None:
    from runstone.sdk.capture import machine

    found = machine.read(recorder.folder)
    found["variables"] = {k: redactor.value(v, k) for k, v in machine.variables(os.environ).items()}
    recorder.write(Kind.ENVIRONMENT, found)


def _git(recorder: Recorder, redactor: Redactor, here: str, program: str) -> None:
    from runstone.sdk.capture import git

    where = os.path.dirname(os.path.abspath(program)) if os.path.isfile(program) else here
    found = git.read(where)
    if found is None:
        return
    recorder.write(Kind.ENVIRONMENT, {"git": redactor.value(found.facts)})
    if found.patch:
        lines = redactor.text(found.patch)
        _keep(recorder, "diff.patch", lines.encode("utf-8", "replace"))


def _packages(recorder: Recorder, redactor: Redactor, here: str, program: str) -> None:
    from runstone.sdk.capture import packages

    _keep(recorder, "requirements.txt", redactor.text(packages.requirements()).encode())


def _code(recorder: Recorder, redactor: Redactor, here: str, program: str) -> None:
    path = os.path.abspath(program)
    if os.path.isfile(path) and os.path.getsize(path) <= CODE_BYTES_MAX:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = redactor.text(file.read())
        _keep(recorder, f"code/{os.path.basename(path)}", text.encode())


_PARTS: dict[str, Any] = {"environment": _environment, "git": _git, "packages": _packages, "code": _code}


def _keep(recorder: Recorder, name: str, data: bytes) -> None:
    """The bytes first, then the record that names them."""
    relative = os.path.join("files", *name.split("/"))
    path = os.path.join(recorder.folder, relative)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
    recorder.write(Kind.FILE, FileLogged(name=name, path=relative, at=time.time()))


def run_fields(journal: str) -> RunFields | None:
    """The first record of a journal."""
    try:
        for record in read_records(journal):
            if record.kind == Kind.RUN:
                return msgspec.msgpack.decode(record.payload, type=RunFields)
            return None
    except (OSError, JournalError, msgspec.DecodeError):
        pass
    return None


def _primary(folder: str) -> str:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".journal"))
    except OSError:
        return ""
    for name in names:
        path = os.path.join(folder, name)
        fields = run_fields(path)
        if fields is not None and fields.primary is not False:
            return path
    return ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
