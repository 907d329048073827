"""SHA-256 of files, each computed once: in parallel, and remembered by the file's stamp.

The memory is a set of files of fixed records (stamp, digest), chosen by inode, so that the files of
one folder lie in a few of them; reading one is a single C call. It is bounded: a file that grows too
long loses its older half. What was changed in the last moments is not remembered, for a further
change within the same tick of the file system's clock could not be told from it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from struct import iter_unpack
from typing import TypeVar

from runstone.content.errors import ContentError, FileChangedError
from runstone.content.trees import CONTENT_STAMP_BYTES, STAMP_BYTES, Files, Found, changed_ns, stamp_of

CHUNK_BYTES = 1 << 20
SHARDS = 64
SHARD_RECORDS_MAX = 16_384  # 64 · 16,384 · 72 bytes: 75 MB at the most
# How long after its last change a file must have been read for its digest to be remembered. A time
# that says more than milliseconds comes from a clock that ticks every 10 ms or faster; one that does
# not may be of a file system that counts whole seconds, or two.
SETTLED_NS = 100_000_000
SETTLED_COARSE_NS = 2_000_000_000
_RECORD_BYTES = STAMP_BYTES + 32
_LINKED_TRIES = 20  # how often a file is read while others make links to it
_FORMAT = f"{STAMP_BYTES}s32s"
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_T = TypeVar("_T")

try:
    # What `hashlib` would give; itself it tries out every other algorithm when it is imported.
    from _hashlib import openssl_sha256
except ImportError:
    from hashlib import sha256 as openssl_sha256
sha256 = openssl_sha256


class HashCache:
    """Digests known by stamp. Several processes may use one folder. Trouble with it costs time only,
    so nothing here raises for a disk's sake."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: dict[bytes, bytes] = {}
        self._read: set[int] = set()  # the shards that are in it
        self._new: dict[int, list[bytes]] = {}
        self._lock = threading.Lock()

    def get(self, stamp: bytes) -> bytes | None:
        self._need(_shard(stamp))
        return self._known.get(stamp)

    def get_all(self, stamps: Sequence[bytes]) -> list[bytes | None]:
        """As `get`, for many."""
        for shard in set(map(_shard_of, set(map(_SHARD_PART, stamps)))) - self._read:
            self._need(shard)
        return list(map(self._known.get, stamps))

    def put(self, stamp: bytes, digest: bytes, *, read_at_ns: int) -> None:
        """read_at_ns: when the reading began, Unix nanoseconds."""
        changed = changed_ns(stamp)
        if changed > read_at_ns - (SETTLED_NS if changed % 1_000_000 else SETTLED_COARSE_NS):
            return
        shard = _shard(stamp)
        self._need(shard)  # before: what is put now is the newer
        with self._lock:
            self._known[stamp] = digest
            self._new.setdefault(shard, []).append(stamp + digest)

    def flush(self) -> None:
        """Write down what is new."""
        with self._lock:
            new, self._new = self._new, {}
        for shard, records in new.items():
            try:
                self._append(shard, b"".join(records))
            except OSError:
                return

    def _path(self, shard: int) -> str:
        return os.path.join(self._folder, f"{shard:02x}")

    def _need(self, shard: int) -> None:
        with self._lock:
            if shard in self._read:
                return
            self._read.add(shard)
            try:
                with open(self._path(shard), "rb", buffering=0) as file:
                    data = file.read()
            except OSError:
                return
            whole = len(data) - len(data) % _RECORD_BYTES
            # iter_unpack gives pairs: a dict takes them without a loop of ours.
            self._known.update(iter_unpack(_FORMAT, memoryview(data)[:whole]))

    def _append(self, shard: int, data: bytes) -> None:
        path = self._path(shard)
        try:
            size = os.stat(path).st_size
        except OSError:
            os.makedirs(self._folder, exist_ok=True)
            size = 0
        if size % _RECORD_BYTES or size + len(data) > SHARD_RECORDS_MAX * _RECORD_BYTES:
            # A torn record would shift all that follow; and there is a bound.
            with open(path, "rb") as file:
                old = file.read()
            whole = len(old) - len(old) % _RECORD_BYTES
            room = max(0, SHARD_RECORDS_MAX // 2 * _RECORD_BYTES - len(data))
            kept = old[max(0, whole - room) : whole] + data[-SHARD_RECORDS_MAX * _RECORD_BYTES :]
            temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
            with open(temporary, "wb") as file:
                file.write(kept)
            os.replace(temporary, path)
            return
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            os.write(number, data)
        finally:
            os.close(number)


_SHARD_PART = itemgetter(slice(9, 11))  # of a stamp


def _shard(stamp: bytes) -> int:
    return _shard_of(_SHARD_PART(stamp))


def _shard_of(part: bytes) -> int:
    """Of 64, by bits 13 to 18 of the inode: neighbours are together."""
    return part[0] >> 5 | (part[1] & 7) << 3


def hash_file(file: Found) -> bytes:
    """The digest of a file as it is now. Raises ContentError where it cannot be read, and
    FileChangedError where it is not, or does not stay, as it was found."""
    number = open_found(file)
    try:
        expected = file.stamp
        for _ in range(_LINKED_TRIES):
            digest = _read_digest(number, file.size)
            now = stamp_of(os.fstat(number))
            if now == expected:
                return digest
            if now[:CONTENT_STAMP_BYTES] != expected[:CONTENT_STAMP_BYTES]:
                break
            # Only its inode was touched, as by another process that made a link to it; or its time was set
            # back. What is read while nothing at all changes is what it holds.
            expected = now
            os.lseek(number, 0, os.SEEK_SET)
        raise changed(file)
    except OSError as error:
        raise ContentError(f"File {file.local!r} cannot be read: {error.strerror}.") from None
    finally:
        os.close(number)


def _read_digest(number: int, size: int) -> bytes:
    if size <= CHUNK_BYTES:
        return sha256(os.read(number, size + 1)).digest()
    hasher = sha256()
    buffer = memoryview(bytearray(CHUNK_BYTES))
    while count := os.readv(number, [buffer]):
        hasher.update(buffer[:count])
    return hasher.digest()


def open_found(file: Found) -> int:
    """A file descriptor for reading. Raises ContentError."""
    try:
        return os.open(file.local, _READ_FLAGS)
    except OSError as error:
        raise ContentError(f"File {file.local!r} cannot be read: {error.strerror}.") from None


def changed(file: Found) -> FileChangedError:
    return FileChangedError(
        f"File {file.local!r} was written to while it was being read. Log it when it is complete."
    )


def digests_of(files: Iterable[Found], cache: HashCache, *, threads: int | None = None) -> list[bytes]:
    """The digest of each file, in order; files that are known are not read. Raises as `hash_file`."""
    listed = files if isinstance(files, Files) else Files(files)
    digests = cache.get_all(listed.stamps)
    missing = [at for at, digest in enumerate(digests) if digest is None]

    def work(at: int) -> None:
        file, began = listed[at], time.time_ns()
        digest = digests[at] = hash_file(file)
        cache.put(file.stamp, digest, read_at_ns=began)

    in_threads(work, missing, sizes=[listed.sizes[at] for at in missing], threads=threads)
    cache.flush()
    return digests  # type: ignore[return-value]


def in_threads(
    work: Callable[[_T], object], items: list[_T], *, sizes: list[int], threads: int | None = None
) -> None:
    """Do `work` for each item: large ones in parallel (reading and hashing let go of the interpreter
    lock), small ones in this thread, where changing threads would cost more than the work. The first
    error ends it and is raised."""
    large = [item for item, size in zip(items, sizes, strict=True) if size > 64 * 1024]
    count = min(threads or cpus(), len(large))
    if count < 2:
        for item in items:
            work(item)
        return
    large.reverse()
    errors: list[BaseException] = []

    def loop() -> None:
        while not errors:
            try:
                item = large.pop()
            except IndexError:
                return
            try:
                work(item)
            except BaseException as error:
                errors.append(error)

    helpers = [threading.Thread(target=loop, name="runstone-hash", daemon=True) for _ in range(count - 1)]
    for helper in helpers:
        helper.start()
    try:
        for item, size in zip(items, sizes, strict=True):
            if errors:
                break
            if size <= 64 * 1024:
                work(item)
        loop()
    except BaseException as error:
        errors.append(error)
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


def cpus() -> int:
    """How many this process may use, at most 8: more only wait for the disk."""
    try:
        return min(8, len(os.sched_getaffinity(0)))
    except AttributeError:
        return min(8, os.cpu_count() or 1)
