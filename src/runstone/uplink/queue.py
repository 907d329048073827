"""The queue folder: who wants what cared for, and how that goes."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from runstone.journal.home import STATUS_SUFFIX, QueueEntry, QueueStatus, queue_dir
from runstone.uplink.markers import write_whole

LIST_SECONDS = 5.0  # a folder on a network file system may not show its changes in its own time


class Queue:
    """Reads entries, writes their status, and puts away those that nobody will ever take."""

    def __init__(self, root: Path) -> None:
        self.folder = queue_dir(root)
        self.refused = root / "uplink" / "refused"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._seen_ns = -1
        self._listed_at = float("-inf")
        self._unreadable: dict[str, float] = {}

    def changed(self) -> bool:
        """Whether it is worth while to call `entries`: one stat call."""
        now = time.monotonic()
        try:
            seen = self.folder.stat().st_mtime_ns
        except OSError:
            return False
        if seen == self._seen_ns and now - self._listed_at < LIST_SECONDS:
            return False
        self._seen_ns, self._listed_at = seen, now
        return True

    def names(self) -> list[str]:
        try:
            return sorted(path.stem for path in self.folder.glob("*.json"))
        except OSError:
            return []

    def read(self, name: str) -> QueueEntry | None:
        """None for one that has just gone, or cannot be understood (yet)."""
        try:
            return msgspec.json.decode((self.folder / f"{name}.json").read_bytes(), type=QueueEntry)
        except (OSError, msgspec.MsgspecError):
            return None

    def write_status(self, name: str, status: QueueStatus) -> None:
        status.at = time.time()
        try:
            write_whole(self.folder / f"{name}{STATUS_SUFFIX}", msgspec.json.encode(status))
        except OSError:
            pass  # a full disk: nothing depends on it

    def read_status(self, name: str) -> QueueStatus | None:
        try:
            data = (self.folder / f"{name}{STATUS_SUFFIX}").read_bytes()
            return msgspec.json.decode(data, type=QueueStatus)
        except (OSError, msgspec.MsgspecError):
            return None

    def remove(self, name: str) -> None:
        """Done with."""
        (self.folder / f"{name}.json").unlink(missing_ok=True)
        (self.folder / f"{name}{STATUS_SUFFIX}").unlink(missing_ok=True)

    def put_away(self, name: str, status: QueueStatus) -> None:
        """Out of the queue, with the reason beside it: no uplink tries it again by itself."""
        status.at = time.time()
        self.refused.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.refused / f"{name}{STATUS_SUFFIX}", msgspec.json.encode(status))
        try:
            (self.folder / f"{name}.json").replace(self.refused / f"{name}.json")
        except FileNotFoundError:
            pass
        (self.folder / f"{name}{STATUS_SUFFIX}").unlink(missing_ok=True)
