"""What the uplink notes beside journals, in files that are never half written."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from runstone.journal.home import SYNCED_SUFFIX, Synced


def read_synced(journal: Path) -> Synced | None:
    """What the marker beside a journal says; None where there is none that can be read."""
    try:
        return msgspec.json.decode(journal.with_suffix(SYNCED_SUFFIX).read_bytes(), type=Synced)
    except (OSError, msgspec.MsgspecError):
        return None


def write_whole(path: Path, data: bytes) -> None:
    """A reader meets the old file or the new one, never half of one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
