"""What a version will hold, while it is put together.

Where the files' bytes are taken from is decided when they are added: with policy "mutable" they are
kept, as they are then, in the store beside the run folders (by shared blocks where the file system
has them, else by a copy that does not go through the page cache), until a server has them. With
"immutable" nothing is kept: they are sent from where they lie, and one that was changed meanwhile is
noticed by its digest and told, never sent as something else. Without a live run there is no store
yet: the files are then taken as they are when the version is logged.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from runstone.content.digests import HashCache, digests_of
from runstone.content.errors import ContentError
from runstone.content.manifest import (
    NO_DIGEST,
    Entry,
    Reference,
    encode_columns,
    encode_manifest,
    entries_of,
)
from runstone.content.paths import entry_path
from runstone.content.trees import Files, Found, one_file, stamp_of, walk
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runstone.content.store import LocalStore

Policy = Literal["mutable", "immutable"]
ENTRIES_MAX = 10_000_000


class Draft:
    """Entries by path; some of them perhaps not read yet."""

    def __init__(self, cache: HashCache) -> None:
        self.cache = cache
        self._entries: dict[str, Entry] = {}
        # One folder, and nothing else yet: its files' paths, sizes and digests, by path. Most versions are
        # that, and 20,000 entries of it are not made for nothing.
        self._only: tuple[list[str], list[int], list[bytes]] | None = None
        self.roots: dict[tuple[str, str], None] = {}
        self._waiting: dict[str, tuple[Found, Policy]] = {}
        self._store: LocalStore | None = None  # held
        self._elsewhere: dict[bytes, bytes] = {}

    def keep_in(self, store: LocalStore, elsewhere: dict[bytes, bytes]) -> None:
        """From now on bytes are kept here. elsewhere: digests that the run's server has already."""
        if self._store is None:
            store.hold()
            self._store, self._elsewhere = store, elsewhere

    @property
    def entries(self) -> dict[str, Entry]:
        if self._only is not None:
            self._entries, self._only = entries_of(*self._only), None
        return self._entries

    def let_go(self) -> None:
        if self._store is not None:
            self._store.release()
            self._store = None

    # --- adding

    def add_file(self, local: str, path: str, policy: Policy, *, replace: bool) -> str:
        path = _checked(path)
        try:
            found = one_file(local)
        except ContentError as error:
            raise UsageError(str(error)) from None
        self._refuse_other(path, replace)
        self._add(Files([found.under(path)]), policy)
        self.roots[(path, found.local)] = None
        return path

    def add_dir(self, local: str, prefix: str, policy: Policy, *, replace: bool, follow_links: bool) -> int:
        """How many files it holds."""
        prefix = prefix.strip("/")
        if prefix:
            prefix = _checked(prefix) + "/"
        try:
            found = walk(local, follow_links=follow_links)
        except ContentError as error:
            raise UsageError(str(error)) from None
        if prefix:
            found = found.below(prefix)
        if self.count():
            for path in found.paths:
                self._refuse_other(path, replace)
        self._add(found, policy)
        self.roots[(prefix, os.path.abspath(local))] = None
        return len(found)

    def add_bytes(self, data: bytes, path: str, *, replace: bool, scratch: str) -> str:
        """`data` as a file; where there is no store yet, by way of a file in the folder `scratch`."""
        path = _checked(path)
        self._refuse_other(path, replace)
        if self._store is not None:
            self._put(Entry(path, len(data), self._store.keep(data)))
            return path
        local = os.path.join(scratch, f"{len(os.listdir(scratch)):08d}")
        with open(local, "xb") as file:
            file.write(data)
        self._add(Files([one_file(local).under(path)]), "mutable")
        return path

    def add_reference(self, path: str, size: int, reference: Reference, sha256: bytes = NO_DIGEST) -> str:
        path = _checked(path)
        self._refuse_other(path, replace=True)
        self._put(Entry(path, size, sha256, reference))
        return path

    def take_over(self, entries: Iterable[Entry]) -> None:
        """Entries of an earlier version."""
        for entry in entries:
            self._put(entry)

    def remove(self, path: str) -> list[str]:
        """An entry, or all below a folder. Returns their paths; none is no error here."""
        path = path.strip("/")
        everything = [*self.entries, *self._waiting]
        gone = [name for name in everything if name == path or name.startswith(path + "/")]
        for name in gone:
            self.entries.pop(name, None)
            self._waiting.pop(name, None)
        return gone

    def _add(self, found: Files, policy: Policy) -> None:
        if self.count() + len(found) > ENTRIES_MAX:
            raise UsageError(f"An artifact holds at most {ENTRIES_MAX} files.")
        if self._store is None and policy == "mutable":
            for file in found:
                self.entries.pop(file.path, None)
                self._waiting[file.path] = (file, policy)
            return
        try:
            self._read(found, policy)
        except ContentError as error:
            raise UsageError(str(error)) from None
        except OSError:  # nothing more can be kept just now: tried again when it is logged
            self._waiting.update({file.path: (file, policy) for file in found})

    def _read(self, found: Files, policy: Policy) -> None:
        """found: by path, none twice."""
        if self._store is not None and policy == "mutable":
            digests, sizes = self._store.collect(found, self.cache, elsewhere=self._elsewhere)
        else:
            digests, sizes = digests_of(found, self.cache), found.sizes
        if not self.count():
            self._only = (found.paths, sizes, digests)
            return
        self.entries.update(entries_of(found.paths, sizes, digests))
        if self._waiting:
            for path in found.paths:
                self._waiting.pop(path, None)

    def _put(self, entry: Entry) -> None:
        self._waiting.pop(entry.path, None)
        self.entries[entry.path] = entry

    def _refuse_other(self, path: str, replace: bool) -> None:
        if not replace and (path in self.entries or path in self._waiting):
            raise UsageError(
                f"The artifact has a file {path!r} already. Pass overwrite=True (add_dir: merge=True), or "
                "remove it first."
            )

    # --- what there is

    def count(self) -> int:
        """How many there are."""
        return len(self._only[0] if self._only is not None else self._entries) + len(self._waiting)

    def paths(self) -> list[str]:
        if self._only is not None and not self._waiting:
            return list(self._only[0])
        return sorted([*self.entries, *self._waiting])

    def read_waiting(self) -> list[str]:
        """Read what was added before there was a run. Returns the files that were written to between
        being added and now: they are taken as they are now."""
        waiting, self._waiting = self._waiting, {}
        changed = []
        found: list[Found] = []
        for path, (file, _) in waiting.items():
            try:
                now = os.stat(file.local)
            except OSError as error:
                raise UsageError(
                    f"File {file.local!r} was added to an artifact and cannot be read now: {error.strerror}. "
                    "Log artifacts before their files are removed, or add the files after init()."
                ) from None
            stamp = stamp_of(now)
            if stamp != file.stamp:
                changed.append(file.local)
            found.append(Found(path, file.local, now.st_size, stamp))
        if found:
            found.sort()
            try:
                self._read(Files(found), "mutable")
            except ContentError as error:
                raise UsageError(str(error)) from None
        return changed

    def manifest(self) -> bytes:
        """As bytes; everything is read then."""
        self.read_waiting()
        if self._only is not None:
            return encode_columns(*self._only)
        return encode_manifest(self.entries.values())

    def size(self) -> int:
        """Bytes of all entries whose size is known."""
        waiting = sum(file.size for file, _ in self._waiting.values())
        if self._only is not None:
            return waiting + sum(self._only[1])
        return waiting + sum(entry.size for entry in self._entries.values() if entry.size > 0)

    def local_of(self, path: str) -> str | None:
        """Where an entry's bytes were added from."""
        for prefix, local in reversed(self.roots):
            if prefix == path:
                return local
            if path.startswith(prefix) and (not prefix or prefix.endswith("/")):
                return os.path.join(local, *path[len(prefix) :].split("/"))
        return None

    def path_of(self, local: str) -> str | None:
        """The entry that was added from this local path."""
        for prefix, root in reversed(self.roots):
            if root == local and prefix and not prefix.endswith("/"):
                return prefix
            if local.startswith(root + os.sep):
                path = prefix + os.path.relpath(local, root).replace(os.sep, "/")
                if path in self.entries or path in self._waiting:
                    return path
        return None


def _checked(path: str) -> str:
    try:
        return entry_path(path)
    except ContentError as error:
        raise UsageError(str(error)) from None
