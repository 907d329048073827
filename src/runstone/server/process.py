"""What every process over the stores begins with, whether it answers requests or not."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.house import upgrade_records
from runstone.server.settings import ServerSettings


@contextlib.contextmanager
def own_directory(data: Path) -> Iterator[None]:
    """Make the data directory, and hold it: a second server on it would break what the first has in
    memory. Raises Invalid where it cannot be made, Conflict where another process has it."""
    os.umask(0o077)  # what we keep is for nobody else on this machine
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(
            f"The data directory {str(data)!r} cannot be made: {error}. Name another by --data."
        ) from None
    path = data / "server.lock"
    file: IO[str] = path.open("a")
    with file:
        if not _lock(file):
            other = ""
            with contextlib.suppress(OSError, ValueError):
                other = str(json.loads((data / "server.json").read_text()).get("url", ""))
            raise Conflict(
                f"Another server{' at ' + other if other else ''} uses the data directory {str(data)!r}. "
                "Stop it first, or name another directory by --data."
            )
        yield


def _lock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # not on Windows, where the record store's own lock still guards
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def migrate_apart(settings: ServerSettings) -> None:
    """Bring the record store to this release in a child process, whose memory goes with it: what a
    migration loads is not needed again. What goes wrong there, opening the store says once more."""
    if not hasattr(os, "fork"):
        return
    child = os.fork()  # nothing runs in this process yet but this thread
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            logging.disable(logging.ERROR)
            upgrade_records(settings.storage)
            status = 0
        os._exit(status)
    os.waitpid(child, 0)


class _Lines(logging.Formatter):
    """Time, level, words; a request's fields as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        words = msgspec.json.encode(fields).decode() if fields else record.getMessage()
        line = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {record.levelname.lower()} {words}"
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def log_to_stderr() -> None:
    """Ours from INFO on; of what serves HTTP, warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    ours = logging.getLogger("runstone")
    if not ours.handlers:
        ours.addHandler(handler)
        ours.propagate = False
    ours.setLevel(logging.INFO)
    theirs = logging.getLogger("uvicorn")
    if not theirs.handlers:
        theirs.addHandler(handler)
        theirs.propagate = False
    theirs.setLevel(logging.WARNING)
