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
from typing import IO, TYPE_CHECKING

from runstone.client.errors import BadAnswer, ClientError, ReferenceAway
from runstone.client.pointers import git_lfs
from runstone.client.pointers.bringing import (
    bring_file,
    bring_folder,
    folder_is_right,
    is_folder,
    is_pointer,
)
from runstone.client.pointers.places import Places
from runstone.client.pointers.proofs import proof_of
from runstone.client.references import check_bytes, reading
from runstone.content.cache import DownloadCache, begun, umask
from runstone.content.copying import Links
from runstone.content.digests import HashCache, hash_file, in_threads
from runstone.content.errors import ContentError
from runstone.content.manifest import NO_DIGEST, Entry, Reference
from runstone.content.paths import inside
from runstone.content.trees import Found, stamp_of, walk
from runstone.journal.home import home_path

if TYPE_CHECKING:
    import httpx

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
    """One download. open_file(path, start, etag): a request for a file's bytes from `start` on."""

    def __init__(
        self,
        open_file: Callable[[str, int, str], AbstractContextManager[httpx.Response]],
        *,
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
        self._links = links
        self._use_cache = use_cache
        self._allow_missing = allow_missing_references
        self._threads = threads
        self._lock = threading.Lock()
        self._places = Places()
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

    def _all(self, wanted: list[tuple[Entry, str]]) -> None:
        wanted = wanted[::-1]
        errors: list[BaseException] = []

        def loop() -> None:
            while not errors:
                try:
                    entry, target = wanted.pop()
                except IndexError:
                    return
                try:
                    self._one(entry, target)
                except BaseException as error:
                    errors.append(error)

        count = min(self._threads, len(wanted))
        helpers = [threading.Thread(target=loop, name="fetch", daemon=True) for _ in range(count - 1)]
        for helper in helpers:
            helper.start()
        loop()
        for helper in helpers:
            helper.join()
        if errors:
            raise errors[0]

    def _one(self, entry: Entry, target: str) -> None:
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
        sha256 = entry.sha256.hex()
        if self._is_there(entry, target):
            self._count("there")
            return
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
                if not self.cache.has(sha256, size):  # another process may just have brought it
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
            raise BadAnswer(
                f"File {entry.path!r} came damaged: its SHA-256 is {digest.hexdigest()}, not {sha256}."
            )
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


@dataclass(slots=True)
class Differences:
    """Between a folder and a version: paths."""

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def words(self) -> str:
        said = []
        for name in ("changed", "missing", "extra"):
            paths: Sequence[str] = getattr(self, name)
            if paths:
                more = f" and {len(paths) - 20} more" if len(paths) > 20 else ""
                said.append(f"{name}: {', '.join(paths[:20])}{more}")
        return "; ".join(said)


def compare(root: str, entries: Iterable[Entry]) -> Differences:
    """Hash all files below `root`, whatever is remembered of them. Raises ContentError."""
    listed = list(entries)
    wanted = {entry.path: entry for entry in listed if not is_folder(entry)}
    folders = {entry.path: entry for entry in listed if is_folder(entry)}
    holds = holding(listed)
    found = {file.path: file for file in walk(root)}
    different = Differences(
        missing=sorted(path for path in wanted if path not in found),
        extra=sorted(path for path in found if not holds(path)),
    )
    for path, entry in folders.items():
        folder = inside(root, path)
        if not os.path.isdir(folder):
            different.missing.append(path)
        elif not folder_is_right(entry, folder):
            different.changed.append(path)
    there = [path for path in wanted if path in found and proof_of(wanted[path]) is not None]

    def work(path: str) -> None:
        entry, file = wanted[path], found[path]
        if entry.sha256 != NO_DIGEST:
            right = file.size == entry.size and hash_file(file) == entry.sha256
        else:
            proof = proof_of(entry)
            right = entry.size in (-1, file.size) and proof is not None and proof.holds_for(file.local)
        if not right:
            different.changed.append(path)

    in_threads(work, there, sizes=[found[path].size for path in there])
    different.changed.sort()
    return different


def holding(entries: Iterable[Entry]) -> Callable[[str], bool]:
    """Whether a version with these entries has something to do with a file: it is one, or in a folder that
    a single entry stands for."""
    paths = set()
    folders = []
    for entry in entries:
        paths.add(entry.path)
        if is_folder(entry):
            folders.append(f"{entry.path}/")
    inner = tuple(folders)
    return lambda path: path in paths or path.startswith(inner)


__all__ = ["Differences", "Download", "Downloaded", "ReferenceAway", "compare", "holding"]
