"""The log of a sweep in a directory: acts in one order that all hosts agree on.

Act n is the file `log/…/n.json`. Whoever wants to act reads up to the end, works out what its act would
change, and gives the next number to a file that says so. The file system lets one of those who try
succeed; the others read what happened, and work out anew what is left to do. So each act is decided on
everything before it, and nothing else has to be agreed on: no locks, no leader, no clocks.

A number that was used stays used for ever: a reader who was asleep for long must not find it free. What
is old is therefore not removed but replaced by a mark, once a snapshot holds what it did.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.files import Files

SEGMENT = 1_000  # acts to a folder
SNAPSHOT_EVERY = 1_000
_STALE_SECONDS_MAX = 5.0  # how long a file system may hide a file of which it says that it exists
_SEALED = b'{"sealed":true}\n'


class Sealed(Exception):
    """The act is older than what is kept one by one: read the snapshot."""


class Log:
    """One process's view. Not for several threads at once."""

    def __init__(self, root: Path, files: Files, writer: str) -> None:
        self._root = root
        self._files = files
        self._writer = writer
        self._acts = 0
        self.snapshot_at = 0  # the newest known

    def read(self, number: int) -> dict[str, Any] | None:
        """The act; None where it has not happened. Raises Sealed."""
        content = self._files.read(self._path(number))
        if content is None:
            return None
        try:
            act = json.loads(content)
        except ValueError:
            raise FolderError(
                f"{self._path(number)} is damaged: it is no JSON. It was whole when it was written; "
                "put it back from a copy of the directory."
            ) from None
        if act.get("sealed"):
            raise Sealed
        return dict(act)

    def append(self, number: int, act: dict[str, Any]) -> bool:
        """Make it act `number`; False where that number was taken by somebody else's."""
        self._acts += 1
        own = f"{self._writer}-{self._acts}"
        path = self._path(number)
        content = json.dumps({"by": own, **act}, separators=(",", ":")).encode() + b"\n"
        if self._files.create(path, content):
            return True
        return self._is_ours(number, own)

    def after_append(self, number: int) -> bool:
        """Tidy a little, so that nobody has to tidy much. Whether a snapshot is due."""
        old = number - 2 * SNAPSHOT_EVERY
        if 0 < old <= self.snapshot_at:
            sealed = self._path(old).parent / "sealed"
            if not sealed.exists():
                self._files.create(sealed, _SEALED)
            self._files.alias(sealed, self._path(old))
        if number % SNAPSHOT_EVERY == 0:
            return True
        if number - self.snapshot_at >= 2 * SNAPSHOT_EVERY:  # whoever should have made one died
            self.snapshot_at = max(self._snapshots(), default=0)
            return number - self.snapshot_at >= 2 * SNAPSHOT_EVERY
        return False

    def write_snapshot(self, number: int, state: dict[str, Any]) -> None:
        self._files.replace(self._snapshot(number), json.dumps(state, separators=(",", ":")).encode())
        self.snapshot_at = number
        for older in sorted(self._snapshots())[:-2]:
            self._files.remove(self._snapshot(older))

    def read_snapshot(self) -> tuple[int, dict[str, Any]] | None:
        """The newest, with the number of the last act in it."""
        for _ in range(10):
            numbers = self._snapshots()
            if not numbers:
                return None
            content = self._files.read(self._snapshot(max(numbers)))
            if content is not None:  # else a newer one came, and this was removed
                self.snapshot_at = max(numbers)
                return max(numbers), json.loads(content)
        raise TimeoutError(f"{self._root / 'state'}: snapshots go faster than they can be read")

    def _is_ours(self, number: int, own: str) -> bool:
        """Whether the number was taken by this very act: the answer to a link may get lost."""
        until = time.monotonic() + _STALE_SECONDS_MAX
        while True:
            try:
                found = self.read(number)
            except Sealed:
                return False
            if found is not None:
                return bool(found.get("by") == own)
            if time.monotonic() > until:
                raise TimeoutError(f"{self._path(number)} exists and cannot be read yet")
            list(self._path(number).parent.iterdir())  # makes a client of NFS ask its server
            time.sleep(0.01 + random.random() * 0.05)  # noqa: S311 (no secret)

    def _path(self, number: int) -> Path:
        return self._root / "log" / f"{number // SEGMENT:06d}" / f"{number:09d}.json"

    def _snapshot(self, number: int) -> Path:
        return self._root / "state" / f"{number:09d}.json"

    def _snapshots(self) -> list[int]:
        folder = self._root / "state"
        return [int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()]
