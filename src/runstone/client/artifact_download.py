"""A version's files brought to a folder: in parallel, each checked, going on where it was cut.

A file that lies there already with the right bytes stays. Else it is placed from the cache, or fetched
into the cache and placed. It appears under its name when it is whole and its SHA-256 is right. Nothing
that is fetched is ever loaded or run.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, TypeVar

from runstone.client.artifact_batches import Batches, Open, Pair, batches, damaged
from runstone.client.errors import ClientError
from runstone.client.pointers import git_lfs
from runstone.client.pointers.bringing import (
    bring_file,
    bring_folder,
    is_folder,
    is_pointer,
)
from runstone.client.pointers.places import Places
from runstone.client.pointers.proofs import proof_of
from runstone.client.references import check_bytes, reading
from runstone.content.cache import DownloadCache, begun, umask
from runstone.content.copying import Links
from runstone.content.digests import HashCache, hash_file
from runstone.content.errors import ContentError
from runstone.content.manifest import NO_DIGEST, Entry, Reference
from runstone.content.paths import inside
from runstone.content.trees import Found, stamp_of
from runstone.journal.home import home_path

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
THREADS = 8
_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class Downloaded:
    """What was done: files that were there already, that came from the cache, that were fetched."""

    there: int = 0
    placed: int = 0
    fetched: int = 0
    fetched_bytes: int = 0
    missing_references: list[str] = field(default_factory=list)


class Download:
    """One download. open_file(path, start, etag): a request for a file's bytes from `start` on.
    open_files(paths): one for many small files, see `artifact_batches`; without it each is asked for."""

    def __init__(
        self,
        open_file: Callable[[str, int, str], AbstractContextManager[httpx.Response]],
        *,
        open_files: Open | None = None,
        links: Links = "auto",
        use_cache: bool = True,
        allow_missing_references: bool = False,
        threads: int = THREADS,
    ) -> None:
        home = home_path()
        folder = os.environ.get("RUNSTONE_CACHE_DIR") or os.path.join(home, "artifacts", "cache")
        self.cache = DownloadCache(folder)
        self._hashes = HashCache(os.path.join(home, "artifacts", "hashes"))
        self._open_file = open_file
        self._batches = None if open_files is None else Batches(open_files, self._keep)
        self._links = links
        self._use_cache = use_cache
        self._allow_missing = allow_missing_references
        self._threads = threads
        self._lock = threading.Lock()
        self._places = Places()
        self._errors: list[BaseException] = []
        self._left: list[Pair] = []
        self.done = Downloaded()

    def run(self, entries: Iterable[Entry], root: str) -> Downloaded:
        """Raises ContentError for a name that would lead out of `root`, before anything is fetched;
        ClientError kinds; OSError."""
        os.makedirs(root, exist_ok=True)
        wanted = [(entry, inside(root, entry.path)) for entry in entries]
        git_lfs.expect((entry for entry, _ in wanted), self._places)
        for folder in {os.path.dirname(target) for _, target in wanted}:
            os.makedirs(folder, exist_ok=True)
        try:
            self._all(wanted)
        finally:
            self._places.close()
            self._hashes.flush()
            if self._use_cache:
                try:
                    self.cache.trim()
                except OSError as error:
                    self._without_cache(error)
        return self.done

    def _all(self, wanted: list[Pair]) -> None:
        self._errors.clear()
        self._left.clear()
        if self._batches is not None:
            together, wanted = batches(wanted)
            self._in_threads(self._together, together)
            wanted += self._left
        self._in_threads(self._one, wanted)

    def _in_threads(self, work: Callable[[T], None], wanted: Sequence[T]) -> None:
        waiting = list(wanted)[::-1]
        errors = self._errors

        def loop() -> None:
            while not errors:
                try:
                    item = waiting.pop()
                except IndexError:
                    return
                try:
                    work(item)
                except BaseException as error:
                    errors.append(error)

        count = min(self._threads, len(waiting))
        helpers = [threading.Thread(target=loop, name="fetch", daemon=True) for _ in range(count - 1)]
        for helper in helpers:
            helper.start()
        loop()
        for helper in helpers:
            helper.join()
        if errors:
            raise errors[0]

    def _together(self, some: list[Pair]) -> None:
        """Of small files those that neither lie there nor in the cache, in one request."""
        assert self._batches is not None
        lacking = [pair for pair in some if not self._is_at_hand(*pair)]
        left = self._batches.fetch(lacking, lambda: bool(self._errors))
        with self._lock:
            self._left += left

    def _is_at_hand(self, entry: Entry, target: str) -> bool:
        if self._is_there(entry, target):
            self._count("there")
            return True
        return (
            self._use_cache
            and entry.size <= self.cache.bytes_max
            and self.cache.has(entry.sha256.hex(), entry.size)
            and self._placed(entry, target)
        )

    def _placed(self, entry: Entry, target: str) -> bool:
        """Whether it could be placed from the cache: another process may just have evicted it."""
        try:
            self.cache.place(entry.sha256.hex(), target, links=self._links)
        except OSError:  # then the whole way is gone, which knows what to do without a cache
            return False
        self._count("placed")
        return True

    def _keep(self, entry: Entry, target: str, data: bytes) -> None:
        """A small file's bytes, which are right, to its place, by the cache."""

        def write(part: str) -> None:
            with open(part, "wb") as file:
                file.write(data)
            with self._lock:
                self.done.fetched += 1
                self.done.fetched_bytes += len(data)

        self._bring_in(entry, target, write)

    def _one(self, pair: Pair) -> None:
        entry, target = pair
        if entry.reference is None:
            self._place(entry, target, lambda part: self._fetch(entry, part))
            return
        try:
            if is_folder(entry):
                self._folder(entry, target)
            elif is_pointer(entry.reference) and entry.sha256 != NO_DIGEST:
                self._place(entry, target, lambda part: self._bring(entry, part))
            else:
                self._reference(entry, entry.reference, target)
        except ClientError as error:
            if not self._allow_missing:
                raise
            with self._lock:
                self.done.missing_references.append(f"{entry.path}: {error}")

    def _place(self, entry: Entry, target: str, fetch: Callable[[str], None]) -> None:
        """What is known by its SHA-256. fetch: writes all of it to a path."""
        if self._is_there(entry, target):
            self._count("there")
        else:
            self._bring_in(entry, target, fetch)

    def _bring_in(self, entry: Entry, target: str, fetch: Callable[[str], None]) -> None:
        sha256 = entry.sha256.hex()
        if self._use_cache and entry.size <= self.cache.bytes_max:
            try:
                self._through_cache(entry.size, sha256, target, fetch)
                return
            except OSError as error:
                if error.filename is not None and not self._is_in_cache(str(error.filename)):
                    raise
                self._without_cache(error)
        with begun(f"{target}.{sha256[:16]}.part") as part:
            fetch(part)
            os.chmod(part, 0o666 & ~umask())
            os.replace(part, target)

    def _is_in_cache(self, path: str) -> bool:
        folder = os.path.abspath(self.cache.folder)
        return os.path.abspath(path) == folder or os.path.abspath(path).startswith(folder + os.sep)

    def _without_cache(self, error: OSError) -> None:
        """A cache that cannot be written to (full, read-only, no folder) is no reason to fetch nothing."""
        with self._lock:
            if self._use_cache:
                self._use_cache = False
                print(
                    f"runstone: the download cache {self.cache.folder} cannot be used ({error}). Files are "
                    "fetched without it; RUNSTONE_CACHE_DIR names another.",
                    file=sys.stderr,
                )

    def _through_cache(self, size: int, sha256: str, target: str, fetch: Callable[[str], None]) -> None:
        if self.cache.has(sha256, size):
            self._count("placed")
        else:
            with self.cache.part(sha256) as part:
                if self.cache.has(sha256, size):  # another process or thread may just have brought it
                    self._count("placed")
                else:
                    fetch(part)
                    self.cache.keep(sha256, part)
        try:
            self.cache.place(sha256, target, links=self._links)
        except FileNotFoundError:  # evicted just now by another process
            with begun(f"{target}.{sha256[:16]}.part") as part:
                fetch(part)
                os.replace(part, target)

    def _is_there(self, entry: Entry, target: str) -> bool:
        try:
            about = os.lstat(target)
        except OSError:
            return False
        if about.st_size != entry.size or not os.path.isfile(target) or os.path.islink(target):
            return False
        if self._use_cache and self.cache.is_same_file(entry.sha256.hex(), about):
            return True
        found = Found(entry.path, target, about.st_size, stamp_of(about))
        known = self._hashes.get(found.stamp)
        if known is None:
            import time

            began = time.time_ns()
            try:
                known = hash_file(found)
            except ContentError:
                return False
            self._hashes.put(found.stamp, known, read_at_ns=began)
        return known == entry.sha256

    def _fetch(self, entry: Entry, part: str) -> None:
        """All of a file into `part`, which may hold its beginning. Raises BadAnswer where the bytes are
        not those that the version holds."""
        from runstone.client.errors import ServerAway

        sha256 = entry.sha256.hex()
        failures = 0
        while True:
            with open(part, "ab+") as file:
                digest, start = _begun(file, entry.size)
                if start == entry.size and start:
                    break  # whole already, when whoever fetched it was killed
                began = start
                try:
                    with self._open_file(entry.path, start, sha256) as answer:
                        if start and answer.status_code != 206:
                            file.truncate(0)
                            digest, start = hashlib.sha256(), 0
                        for chunk in answer.iter_bytes(_CHUNK_BYTES):
                            digest.update(chunk)
                            file.write(chunk)
                            start += len(chunk)
                except ServerAway:
                    failures = 1 if start > began else failures + 1
                    if failures > 5:
                        raise
                    continue  # cut on the way: go on from what has come
            break
        if start != entry.size or digest.digest() != entry.sha256:
            os.unlink(part)
            raise damaged(entry, digest.hexdigest())
        with self._lock:
            self.done.fetched += 1
            self.done.fetched_bytes += entry.size

    def _bring(self, entry: Entry, part: str) -> None:
        count = bring_file(entry, part, self._places)
        with self._lock:
            self.done.fetched += 1
            self.done.fetched_bytes += count

    def _reference(self, entry: Entry, reference: Reference, target: str) -> None:
        if self._is_right(entry, target):
            self._count("there")
            return
        part = f"{target}.{os.getpid()}-{threading.get_ident()}.part"
        try:
            if is_pointer(reference):
                self._bring(entry, part)
            else:
                digest = hashlib.sha256()
                with reading(reference) as chunks, open(part, "wb") as file:
                    for chunk in chunks:
                        digest.update(chunk)
                        file.write(chunk)
                check_bytes(reference, entry.sha256, digest)
                self._count("fetched")
            os.replace(part, target)
        finally:
            if os.path.exists(part):
                os.unlink(part)

    def _folder(self, entry: Entry, target: str) -> None:
        part = f"{target}.{os.getpid()}-{threading.get_ident()}.part"
        try:
            count = bring_folder(entry, target, self._places, part)
        finally:
            if os.path.exists(part):
                os.unlink(part)
        self._count("fetched" if count else "there")
        with self._lock:
            self.done.fetched_bytes += count

    def _is_right(self, entry: Entry, target: str) -> bool:
        """Whether what lies there is a reference's, where a digest tells."""
        if entry.sha256 != NO_DIGEST:
            return self._is_there(entry, target)
        proof = proof_of(entry)
        if proof is None or not os.path.isfile(target) or os.path.islink(target):
            return False
        return entry.size in (-1, os.path.getsize(target)) and proof.holds_for(target)

    def _count(self, what: str) -> None:
        with self._lock:
            setattr(self.done, what, getattr(self.done, what) + 1)


def _begun(file: IO[bytes], size: int) -> tuple[hashlib._Hash, int]:
    """The digest so far of a file that was begun, and how long it is."""
    digest = hashlib.sha256()
    file.seek(0, os.SEEK_END)
    start = file.tell()
    if start > size:
        file.truncate(0)
        return digest, 0
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest, start
