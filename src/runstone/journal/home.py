"""Where things lie on a host: the local home, run folders, and the queue the uplink reads.

HOME (RUNSTONE_DATA, default ~/.runstone)
  server.json        {"url", "pid"} while a local server runs (the server writes and removes it)
  admin.key          the local server's first key
  runs/              run folders of runs that named no `dir`
  login.json         {"base_url"}: the server that `runstone login` named, for runs that name none
  uplink/lock-HOST   held (flock) by the one uplink of this home and host while it lives: `uplink_lock`
  uplink/queue/*.json  one file per journal that is still to be watched or shipped: `QueueEntry`
  uplink/queue/*.status  beside it, how that goes: `QueueStatus`
  uplink/refused/    entries that no server will take as they are, with the reason
  uplink/log         what the uplink has to say

run folder: [DIR/]runstone/run-YYYYMMDD_HHMMSS-ID/
  WRITER.journal     one per writing process; WRITER is the header's writer in hex
  WRITER.synced      beside it once all of it is on a server: `Synced`
  stop               somebody asked the run to stop
  files/             media and saved files, under their names
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:  # importing pathlib costs 5 ms in every training process
    from pathlib import Path

JOURNAL_SUFFIX = ".journal"
SYNCED_SUFFIX = ".synced"
STATUS_SUFFIX = ".status"


class QueueEntry(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """One journal for the uplink to care for.

    mode: "online" is shipped; "offline" is not (the machine is still sampled while `pid` lives).
    base_url: the server to ship to; "" is the local server, whenever there is one.
    The key itself is never written here: the uplink looks it up as the SDK does, or reads the
    inherited environment of `key_file`.
    """

    journal: str
    mode: str
    base_url: str = ""
    api_key_file: str = ""  # a 0600 file, where the key came from the environment or an argument
    pid: int = 0
    pid_started: float = 0.0  # process start time, so that a recycled pid is told apart
    sample_system: bool = True
    sample_seconds: float = 10.0
    capture_environment: bool = True
    host: str = ""  # `host_name()` of the writer, where the home is shared between nodes; "": this one


class QueueStatus(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How one journal's way to the server goes. Written when `state` or `message` changes, so a
    reader may poll it cheaply; it goes away together with its entry, when all has arrived.

    state: "waiting" (nothing tried yet, or no server known), "sending", "away" (the server does
    not answer), "refused" (401 or 403: waits for other credentials), "damaged" (the journal itself,
    or the server will never take it: see uplink/refused).
    """

    state: str
    message: str = ""
    base_url: str = ""
    next_offset: int = 0
    at: float = 0.0


class Synced(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What was shipped of one journal, and where it is. `complete`: up to its END record."""

    base_url: str
    entity: str
    project: str
    run: str
    offset: int
    records: int = 0
    rows: int = 0
    files: int = 0
    missing_files: list[str] = []
    troubles: list[str] = []  # what of artifacts could not be done
    complete: bool = False
    at: float = 0.0


def home() -> Path:
    """The local home: `RUNSTONE_DATA`, else ~/.runstone."""
    from pathlib import Path

    return Path(home_path())


def home_path() -> str:
    """`home` as text."""
    return os.environ.get("RUNSTONE_DATA") or os.path.join(os.path.expanduser("~"), ".runstone")


def host_name() -> str:
    """This host as lock files and queue entries name it: letters, digits, dots and dashes."""
    # Not socket.gethostname: importing socket costs 10 ms in every training process.
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return "".join(char if char.isalnum() or char in ".-" else "_" for char in name)[:64] or "localhost"


def queue_dir(root: Path) -> Path:
    return root / "uplink" / "queue"


def uplink_lock(root: Path) -> Path:
    """The file that the uplink of this host holds locked. Each host has its own, for a home on a
    network file system is shared by nodes whose processes only their own uplink can watch.

    Whoever wrote a queue entry and then finds this lock held may leave it at that: an uplink looks
    once more after it has let go.
    """
    return root / "uplink" / f"lock-{host_name()}"
