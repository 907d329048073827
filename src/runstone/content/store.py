"""Bytes of artifacts that wait on this host to be sent, each kept once, whatever logged it.

STORE, beside the run folders:
  objects/SHA256        a larger file
  packs/ID.pack         small files one after another; ID.index beside it, once the pack is whole
  manifests/SHA256      what is in a version (see `manifest`)
  pending/WRITER-ID     a version in a journal that no server has yet; its content names the manifest
  known-SERVER          digests that a server has: what is there need not be copied again
  lock                  held, shared, while a process collects bytes; alone, by who tidies up

Nothing becomes visible before it is whole: files are renamed into place, a pack counts from its index
on, a version from its record in the journal on, which comes last. Bytes are not flushed to the disk
one by one: who sends them checks each digest, and says what the power cut took.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from struct import Struct, iter_unpack

import msgspec

from runstone.content.copying import NewFile, copy_hashed
from runstone.content.digests import HashCache, cpus, in_threads, open_found, sha256
from runstone.content.errors import ContentError
from runstone.content.manifest import NO_DIGEST, Entry, decode_manifest
from runstone.content.trees import Files, Found, stamp_of

SMALL_BYTES_MAX = 64 * 1024
PACK_BYTES_MAX = 256 << 20
KNOWN_MAX = 262_144
_PLACE = Struct("<QQQ")  # pack, offset, size
_INDEX_FORMAT = f"32s{_PLACE.size}s"
_INDEX_BYTES = 32 + _PLACE.size
_NAME_BYTES = 256  # more than a name takes of its folder, in any of the usual file systems


class Place(msgspec.Struct, frozen=True):
    """Where bytes lie: in a file, from an offset on."""

    path: str
    offset: int
    size: int


class LocalStore:
    """One store. Safe for threads; several processes may use one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._packed: dict[bytes, bytes] = {}
        self._indices: set[str] = set()
        self._lock = threading.RLock()
        self._held = 0
        self._lock_number = -1

    @classmethod
    def beside(cls, run_folder: str) -> LocalStore:
        """The store of the runs that lie in the same folder as this one."""
        return cls(os.path.join(os.path.dirname(os.path.abspath(run_folder)), "artifact-store"))

    # --- collecting

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """What is collected meanwhile stays, also before a journal names it."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        with self._lock:
            if not self._held:
                for name in ("objects", "packs", "manifests", "pending"):
                    os.makedirs(os.path.join(self.folder, name), exist_ok=True)
                self._lock_number = self._open_lock()
                _flock(self._lock_number, shared=True)
                self._read_indices()
            self._held += 1

    def release(self) -> None:
        with self._lock:
            self._held -= 1
            if not self._held:
                os.close(self._lock_number)
                self._lock_number = -1

    def has(self, digest: bytes) -> bool:
        return digest in self._packed or os.path.exists(self._object(digest))

    def collect(
        self, files: Files, cache: HashCache, *, elsewhere: dict[bytes, bytes] | None = None
    ) -> tuple[list[bytes], list[int]]:
        """Keep the bytes of `files` as they are now; the digest and the bytes of each, in order. Files that
        are known by stamp and kept already, or whose digest is in `elsewhere`, are not even opened.
        Within `holding`. Raises ContentError where a file cannot be read, OSError where it cannot be
        kept."""
        digests, sizes = cache.get_all(files.stamps), files.sizes
        packed = self._packed
        missing = [at for at, digest in enumerate(digests) if digest not in packed]
        if missing:
            there = self._kept([digests[at] for at in missing], elsewhere or {})
            missing = [at for at in missing if digests[at] not in there]
        if missing:
            sizes = list(sizes)
            pack = _Pack(os.path.join(self.folder, "packs"))
            try:

                def work(at: int) -> None:
                    file = files[at]
                    keep = self._keep_small if file.size <= SMALL_BYTES_MAX else self._keep_large
                    digests[at], sizes[at] = keep(file, cache, pack)

                # While one waits for the disk another hashes.
                in_threads(work, missing, sizes=[sizes[at] for at in missing], threads=min(8, 2 * cpus()))
            except BaseException:
                pack.discard()
                raise
            pack.finish()
            self._packed.update(pack.placed)
            cache.flush()
        return digests, sizes  # type: ignore[return-value]

    def _kept(self, digests: list[bytes | None], elsewhere: dict[bytes, bytes]) -> set[bytes]:
        """Those of which the bytes are in a file of their own, or elsewhere."""
        wanted = {digest for digest in digests if digest is not None}
        found = {digest for digest in wanted if digest in elsewhere} if elsewhere else set()
        wanted -= found
        # A name of a listing costs a seventh of asking for a file, so where there are not many more than
        # are wanted they are all read. A folder's size says roughly how many there may be.
        folder = f"{self.folder}/objects"
        if len(wanted) > 16 and os.stat(folder).st_size < _NAME_BYTES * len(wanted):
            absent = set(map(bytes.hex, wanted)).difference(os.listdir(folder))
            return found | (wanted.difference(map(bytes.fromhex, absent)) if absent else wanted)
        return found | {digest for digest in wanted if os.path.exists(self._object(digest))}

    def keep(self, data: bytes) -> bytes:
        """Keep bytes that are in memory; their digest."""
        digest = sha256(data).digest()
        if not self.has(digest):
            self._write_whole(self._object(digest), data)
        return digest

    def _keep_small(self, file: Found, cache: HashCache, pack: _Pack) -> tuple[bytes, int]:
        began = time.time_ns()
        number = open_found(file)
        try:
            data = os.read(number, SMALL_BYTES_MAX + 1)
            after = stamp_of(os.fstat(number))
        except OSError as error:
            raise ContentError(f"File {file.local!r} cannot be read: {error.strerror}.") from None
        finally:
            os.close(number)
        if len(data) > SMALL_BYTES_MAX:
            return self._keep_large(file, cache, pack)
        digest = sha256(data).digest()
        if after == file.stamp:
            cache.put(after, digest, read_at_ns=began)
        if digest not in self._packed and digest not in pack.placed:
            pack.add(digest, data)
        return digest, len(data)

    def _keep_large(self, file: Found, cache: HashCache, _: _Pack) -> tuple[bytes, int]:
        began = time.time_ns()
        number = open_found(file)
        temporary = self._temporary("objects")
        try:
            digest, size = copy_hashed(number, temporary)
            if stamp_of(os.fstat(number)) == file.stamp:
                cache.put(file.stamp, digest, read_at_ns=began)
        finally:
            os.close(number)
        os.replace(temporary, self._object(digest))
        return digest, size

    # --- versions

    def put_manifest(self, data: bytes) -> bytes:
        digest = sha256(data).digest()
        path = os.path.join(self.folder, "manifests", digest.hex())
        if not os.path.exists(path):
            self._write_whole(path, data)
        return digest

    def manifest(self, digest: str) -> list[Entry]:
        """Raises OSError where it is not here, ValueError where it is damaged."""
        with open(os.path.join(self.folder, "manifests", digest), "rb") as file:
            data = file.read()
        if sha256(data).hexdigest() != digest:
            raise ValueError(f"Manifest {digest} is damaged on this host.")
        return list(decode_manifest(data))

    def pend(self, name: str, manifest: bytes) -> None:
        """From now on the bytes of this version stay until `settle(name)`."""
        with self.holding():
            self._write_whole(os.path.join(self.folder, "pending", name), manifest.hex().encode())

    def settle(self, prefix: str) -> None:
        """The versions whose pending name begins so are on a server, or are given up."""
        for name in self._names("pending"):
            if name.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.folder, "pending", name))

    def pending(self, *, prefix: str = "", suffix: str = "") -> str:
        """The pending name, of a version, that begins and ends so; "" for none."""
        names = self._names("pending")
        return next((name for name in names if name.startswith(prefix) and name.endswith(suffix)), "")

    def locate(self, digest: bytes) -> Place | None:
        """Where the bytes of this digest lie; None where they are not here (any more)."""
        path = self._object(digest)
        try:
            return Place(path, 0, os.stat(path).st_size)
        except OSError:
            pass
        with self._lock:
            found = self._packed.get(digest)
            if found is None:
                self._read_indices()
                found = self._packed.get(digest)
        if found is None:
            return None
        pack, offset, size = _PLACE.unpack(found)
        return Place(os.path.join(self.folder, "packs", f"{pack:016x}.pack"), offset, size)

    # --- what servers have

    def known(self, server: str) -> dict[bytes, bytes]:
        """Digests (as keys) that this server had when they were sent there from here."""
        try:
            with open(self._known_path(server), "rb") as file:
                data = file.read()
        except OSError:
            return {}
        whole = len(data) - len(data) % 32
        return dict(iter_unpack("32s0s", memoryview(data)[:whole]))

    def note_known(self, server: str, digests: Iterable[bytes]) -> None:
        had = self.known(server)
        new = [digest for digest in digests if digest not in had and digest != NO_DIGEST]
        if not new:
            return
        kept = (
            list(had)[-(KNOWN_MAX - min(len(new), KNOWN_MAX)) :] if len(had) + len(new) > KNOWN_MAX else had
        )
        self._write_whole(self._known_path(server), b"".join([*kept, *new[-KNOWN_MAX:]]))

    def _known_path(self, server: str) -> str:
        return os.path.join(self.folder, f"known-{sha256(server.encode()).hexdigest()[:16]}")

    # --- tidying up

    def tidy(self) -> int | None:
        """Remove what no pending version refers to; how many bytes that freed. None where somebody is
        collecting just now: then it is for the next one to do."""
        from runstone.content.tidying import tidy

        return tidy(self)

    # ---------------------------------------------------------------------------------------------

    def _object(self, digest: bytes) -> str:
        return f"{self.folder}/objects/{digest.hex()}"

    def _names(self, kind: str) -> list[str]:
        try:
            return os.listdir(os.path.join(self.folder, kind))
        except OSError:
            return []

    def _temporary(self, kind: str) -> str:
        return os.path.join(
            self.folder, kind, f".{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}"
        )

    def _write_whole(self, path: str, data: bytes) -> None:
        temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _read_indices(self) -> None:
        """Take in the indices of packs that are new."""
        for name in self._names("packs"):
            if name.endswith(".index") and name not in self._indices:
                try:
                    with open(os.path.join(self.folder, "packs", name), "rb") as file:
                        data = file.read()
                except FileNotFoundError:
                    continue  # another process has tidied it away
                if len(data) % _INDEX_BYTES == 0:
                    self._packed.update(iter_unpack(_INDEX_FORMAT, data))
                self._indices.add(name)

    def _open_lock(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        return os.open(os.path.join(self.folder, "lock"), flags, 0o644)


class _Pack:
    """Packs under construction: the next begins when one is full. For one thread."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: NewFile | None = None
        self._id = 0
        self._here: list[bytes] = []
        self.placed: dict[bytes, bytes] = {}

    def add(self, digest: bytes, data: bytes) -> None:
        if self._file is not None and self._file.size + len(data) > PACK_BYTES_MAX:
            self.finish()
        if self._file is None:
            self._id = int.from_bytes(os.urandom(8), "little")
            self._file = NewFile(os.path.join(self._folder, f"{self._id:016x}.pack"))
        place = _PLACE.pack(self._id, self._file.size, len(data))
        self._file.write(data)
        self.placed[digest] = place
        self._here.append(digest + place)

    def finish(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        file.close()
        index = file.path.removesuffix(".pack") + ".index"
        with open(index + ".tmp", "wb") as out:
            out.write(b"".join(self._here))
        os.replace(index + ".tmp", index)
        self._here = []

    def discard(self) -> None:
        if self._file is not None:
            self._file.close(keep=False)
            self._file = None


def _flock(number: int, *, shared: bool) -> bool:
    """shared: waits. alone: False where somebody holds it."""
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
