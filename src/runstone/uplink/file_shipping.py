"""Files that records name: their bytes go before the records; a blank record stands for one that is gone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runstone.journal.format import FRAME_BYTES, frame
from runstone.journal.kinds import FileLogged, Kind
from runstone.uplink.reading import FileRecord, JournalDamaged

if TYPE_CHECKING:
    from runstone.client.native import Client

_CHUNK_BYTES = 1024 * 1024


class FileShipper:
    """Carries the files of one journal. folder: the run's; trusted: files outside it are sent too."""

    def __init__(self, folder: Path, *, trusted: bool) -> None:
        self._folder = folder
        self._trusted = trusted
        self._sent: dict[str, tuple[str, int, int]] = {}  # by name: path, size, time of change

    def forget(self, name: str) -> None:
        """The server lacks it: the next `send` sends it again."""
        self._sent.pop(name, None)

    def send(self, client: Client, address: tuple[str, str, str], logged: FileLogged) -> bool:
        """False where the file is not here (any more); its record is then tried all the same, for
        the bytes may have come by an earlier uplink."""
        path = self._folder / logged.path
        if not self._trusted and not _is_inside(path, self._folder):
            return False
        try:
            number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return False
        with os.fdopen(number, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return False
            seen = (str(path), about.st_size, about.st_mtime_ns)
            if self._sent.get(logged.name) == seen:
                return True
            body = _FileBody(file.fileno())
            for _ in range(2):
                stored = client.put_file(*address, logged.name, body)
                if stored.sha256 in ("", body.sha256):
                    break
            self._sent[logged.name] = seen
        return True


def blank_record(named: FileRecord) -> bytes:
    """A MARK that says nothing, exactly as long as the record it stands for."""
    payload = named.end - named.start - FRAME_BYTES
    # {"_": "…"}: a map of one key that no reader knows. The map takes 1 byte, the key 2, the string's
    # head 1 to 5; a string may have a longer head than it needs, so every length can be made.
    for code, size, most in ((0xA0, 0, 31), (0xD9, 1, 0xFF), (0xDA, 2, 0xFFFF), (0xDB, 4, 1 << 31)):
        length = payload - 4 - size
        if 0 <= length <= most:
            head = bytes((code | length,)) if size == 0 else bytes((code,)) + length.to_bytes(size, "big")
            return frame(int(Kind.MARK), b"\x81\xa1_" + head + b" " * length)
    raise JournalDamaged(f"A FILE record of {payload} bytes is too short to stand for.", offset=named.start)


class _FileBody:
    """An open file's bytes as it is now, from its start, anew for each attempt at sending them."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.sha256 = ""  # of what the last attempt sent

    def __call__(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        at, size = 0, os.fstat(self._number).st_size
        while at < size:
            data = os.pread(self._number, min(_CHUNK_BYTES, size - at), at)
            if not data:
                break
            digest.update(data)
            at += len(data)
            yield data
        self.sha256 = digest.hexdigest()


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
