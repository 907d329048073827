"""Where things lie on a host: the local home, run folders, and the queue the uplink reads.

HOME (RUNSTONE_DATA, default ~/.runstone)
  server.json        {"url", "pid"} while a local server runs (the server writes and removes it)
  admin.key          the local server's first key
  runs/              run folders of runs that named no `dir`
  uplink/lock        held (flock) by the one uplink of this home while it lives
  uplink/queue/*.json  one file per journal that is still to be watched or shipped: `QueueEntry`
  uplink/log         what the uplink has to say

run folder: [DIR/]runstone/run-YYYYMMDD_HHMMSS-ID/
  WRITER.journal     one per writing process; WRITER is the header's writer in hex
  files/             media and saved files, under their names
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

JOURNAL_SUFFIX = ".journal"


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


def home() -> Path:
    """The local home: `RUNSTONE_DATA`, else ~/.runstone."""
    return Path(os.environ.get("RUNSTONE_DATA") or Path.home() / ".runstone")
