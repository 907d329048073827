"""What became of a version on a server: left in the run folder by who ships it, for the process
that waits for it.

run folder:
  artifacts/ID.json   `ArtifactOutcome`, under the id of the ARTIFACT record
  artifacts/moving    touched while what the run has logged gets further: who waits for a version waits on
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import msgspec


class ArtifactOutcome(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """state: "committed", or "refused" (`message` says why; nobody will take it as it is).

    version: "v3"; id: the server's; digest: as the server made it.
    """

    state: str
    message: str = ""
    base_url: str = ""
    entity: str = ""
    project: str = ""
    name: str = ""
    version: str = ""
    id: str = ""
    digest: str = ""
    sha256: str = ""
    at: float = 0.0


def read_outcome(run_folder: str, record_id: str) -> ArtifactOutcome | None:
    """None while there is none."""
    try:
        with open(_path(run_folder, record_id), "rb") as file:
            return msgspec.json.decode(file.read(), type=ArtifactOutcome)
    except (OSError, msgspec.MsgspecError):
        return None


def write_outcome(run_folder: str, record_id: str, outcome: ArtifactOutcome) -> None:
    """A reader meets all of it or nothing. Raises OSError."""
    path = _path(run_folder, record_id)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(msgspec.json.encode(outcome))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def note_moving(run_folder: str) -> None:
    """Something of this run got to the server, or a word that more is on its way. Raises nothing."""
    path = os.path.join(run_folder, "artifacts", "moving")
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "ab"):
            os.utime(path)


def moving(run_folder: str) -> int:
    """Another number each time that something was noted; 0 for nothing yet."""
    try:
        return os.stat(os.path.join(run_folder, "artifacts", "moving")).st_mtime_ns
    except OSError:
        return 0


def _path(run_folder: str, record_id: str) -> str:
    return os.path.join(run_folder, "artifacts", f"{record_id}.json")
