"""Bytes that were fetched from servers, kept by their digest for the next time; bounded from the first
byte on, least recently used go first.

CACHE (HOME/artifacts/cache, or RUNSTONE_CACHE_DIR)
  objects/ab/SHA256   whole files, read-only, with a fixed time of change
  parts/SHA256        files that were begun; fetching goes on from their end
  size                bytes of all objects, about

A file that is placed by hard link is the cached file itself, and somebody may write into it all the
same (root may). Such a one has another time of change or size than it was given here: it is noticed at
its next use, and fetched again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator

from runstone.content.copying import Links, Placed, place
from runstone.content.errors import ContentError

BYTES_MAX = 20_000_000_000
DISK_SHARE = 0.1
_MARK_NS = 1_000_000_000 * 10**9  # 2001-09-09
_TRIM_TO = 0.9
PART_SECONDS_MAX = 7 * 86400


class DownloadCache:
    """Several processes may use one folder. Safe for threads."""

    def __init__(self, folder: str, *, bytes_max: int | None = None) -> None:
        """bytes_max: RUNSTONE_CACHE_BYTES, else 20 GB or a tenth of the disk, whichever is less; 0 keeps
        nothing."""
        self.folder = folder
        self.bytes_max = _bound(folder) if bytes_max is None else bytes_max
        self._added = 0
        self._lock = threading.Lock()

    def path(self, sha256: str) -> str:
        return os.path.join(self.folder, "objects", sha256[:2], sha256)

    def has(self, sha256: str, size: int) -> bool:
        """Whether it is here and as it was put; one that is not is removed."""
        path = self.path(sha256)
        try:
            about = os.stat(path)
        except OSError:
            return False
        if about.st_size == size and about.st_mtime_ns == _MARK_NS:
            with contextlib.suppress(OSError):
                os.utime(path, ns=(time.time_ns(), _MARK_NS))
            return True
        with contextlib.suppress(OSError):
            os.unlink(path)
        return False

    def is_same_file(self, sha256: str, about: os.stat_result) -> bool:
        """Whether a placed file is the cached one under another name, and unchanged."""
        try:
            mine = os.stat(self.path(sha256))
        except OSError:
            return False
        same = (mine.st_dev, mine.st_ino) == (about.st_dev, about.st_ino)
        return same and mine.st_mtime_ns == _MARK_NS

    def place(self, sha256: str, target: str, *, links: Links) -> Placed:
        """Raises OSError."""
        how = place(self.path(sha256), target, links=links)
        if how != "link":
            now = time.time_ns()
            os.utime(target, ns=(now, now))
            os.chmod(target, 0o666 & ~umask())
        return how

    @contextlib.contextmanager
    def part(self, sha256: str) -> Iterator[str]:
        """The path of a begun file, for this process alone; where another has it, a path of one's own.
        `keep` it, or leave it for the next attempt."""
        folder = os.path.join(self.folder, "parts")
        os.makedirs(folder, exist_ok=True)
        with begun(os.path.join(folder, sha256)) as path:
            yield path

    def keep(self, sha256: str, part: str) -> None:
        """Take in a whole file, whose digest was checked. Raises OSError."""
        size = os.stat(part).st_size
        target = self.path(sha256)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.chmod(part, 0o444)
        os.utime(part, ns=(time.time_ns(), _MARK_NS))
        os.replace(part, target)
        with self._lock:
            self._added += size

    def trim(self) -> int:
        """Bring it below its bound; how many bytes that freed. Cheap where nothing was added."""
        with self._lock:
            added, self._added = self._added, 0
        if not added:
            return 0
        self._sweep_parts()
        os.makedirs(self.folder, exist_ok=True)
        number = os.open(os.path.join(self.folder, "size"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock_alone(number, wait=True)
            text = os.pread(number, 32, 0).strip()
            size = (int(text) if text.isdigit() else 0) + added
            freed = 0
            if size > self.bytes_max:
                size, freed = self._evict()
            os.pwrite(number, str(size).encode().ljust(32), 0)
            return freed
        finally:
            os.close(number)

    def size(self) -> int:
        """Bytes of all objects, counted."""
        return sum(size for _, size, _ in self._objects())

    def clear(self) -> int:
        """Remove everything; how many bytes that freed."""
        freed = self.size()
        for name in ("objects", "parts"):
            shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.folder, "size"))
        return freed

    def _evict(self) -> tuple[int, int]:
        objects = sorted(self._objects())
        total = sum(size for _, size, _ in objects)
        freed = 0
        for _, size, path in objects:
            if total - freed <= self.bytes_max * _TRIM_TO:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                freed += size
        return total - freed, freed

    def _sweep_parts(self) -> None:
        """Remove what killed processes left behind and nobody will go on with: parts of files that are here
        by now, parts under a process's own name, and old ones."""
        old = time.time() - PART_SECONDS_MAX
        try:
            parts = list(os.scandir(os.path.join(self.folder, "parts")))
        except OSError:
            return
        for part in parts:
            sha256, _, own = part.name.partition(".")
            with contextlib.suppress(OSError):
                if not own and part.stat().st_mtime >= old and not os.path.exists(self.path(sha256)):
                    continue
                number = os.open(part.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
                try:
                    if _lock_alone(number):
                        os.unlink(part.path)
                finally:
                    os.close(number)

    def _objects(self) -> Iterator[tuple[int, int, str]]:
        """(last used, bytes, path)"""
        try:
            folders = [entry.path for entry in os.scandir(os.path.join(self.folder, "objects"))]
        except OSError:
            return
        for folder in folders:
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    about = entry.stat()
                    yield about.st_atime_ns, about.st_size, entry.path


@contextlib.contextmanager
def begun(path: str) -> Iterator[str]:
    """The file `path`, which may hold the beginning of what is fetched into it, for this process alone;
    where another has it, one of one's own, which is gone afterwards. Raises OSError."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    own = ""
    try:
        if not _lock_alone(number) or not _is_at(number, path):
            os.close(number)
            own = f"{path}.{os.getpid()}-{threading.get_ident()}"
            number = os.open(own, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            _lock_alone(number)  # so that nobody takes it for one that was left behind
        yield own or path
    finally:
        os.close(number)
        if own and os.path.exists(own):
            os.unlink(own)


def _is_at(number: int, path: str) -> bool:
    """Not so where another process had finished it, and moved it away, before it was locked here."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except OSError:
        return False


def _bound(folder: str) -> int:
    given = os.environ.get("RUNSTONE_CACHE_BYTES", "")
    if given.isdigit():
        return int(given)
    if given:
        raise ContentError(f"RUNSTONE_CACHE_BYTES is a count of bytes, as 20000000000; met {given!r}.")
    at = folder
    while not os.path.isdir(at) and os.path.dirname(at) != at:
        at = os.path.dirname(at)
    try:
        return min(BYTES_MAX, int(shutil.disk_usage(at).total * DISK_SHARE))
    except OSError:
        return BYTES_MAX


def umask() -> int:
    """This process's; read once, for reading it changes it for a moment."""
    global _umask
    if _umask < 0:
        _umask = os.umask(0o022)
        os.umask(_umask)
    return _umask


_umask = -1


def _lock_alone(number: int, *, wait: bool = False) -> bool:
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
