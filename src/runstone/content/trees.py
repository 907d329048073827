"""Walking a folder: which files it holds, each with the stamp by which a change is noticed.

Links are followed only where they stay inside the tree: a link to `/etc/passwd` in a data folder must
not put that file into an artifact by itself.
"""

from __future__ import annotations

import gc
import os
import stat
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import starmap
from operator import itemgetter
from struct import Struct, error

import msgspec

from runstone.content.errors import ContentError
from runstone.content.paths import entry_path

STAMP_BYTES = 40
CONTENT_STAMP_BYTES = 32  # of these, without the time of the inode's last change
_pack = Struct("<QQQQQ").pack
_pack_usual = Struct("<QQQqq").pack  # the same bytes
_MASK = (1 << 64) - 1
# Names are looked up within an open folder where the system can: half the way of a whole path for the kernel.
_WITHIN = os.listdir in os.supports_fd and os.stat in os.supports_dir_fd
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def collector_resting() -> Iterator[None]:
    """While a great many values are made that all stay: looking for garbage among them again and again
    would be a tenth of the work."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Found(msgspec.Struct, frozen=True, order=True, gc=False):
    """A file: its path in the tree (slashes), where it lies, its bytes, its stamp."""

    path: str
    local: str
    size: int
    stamp: bytes

    def under(self, path: str) -> Found:
        """The same file, called otherwise in the tree."""
        return Found(path, self.local, self.size, self.stamp)


class Files:
    """Files in columns, each number one file: of a tree of 100,000, making a `Found` for each would take
    as long as asking the file system for half of them. Iterates as `Found`.

    paths, sizes, stamps: as the fields of `Found`.
    """

    __slots__ = ("_folders", "_locals", "paths", "sizes", "stamps")

    def __init__(self, files: Iterable[Found] = ()) -> None:
        listed = list(files)
        self.paths = [file.path for file in listed]
        self._locals: list[str] | dict[int, str] = [file.local for file in listed]
        self.sizes = [file.size for file in listed]
        self.stamps = [file.stamp for file in listed]
        self._folders: list[tuple[int, str]] = []

    def local(self, at: int) -> str:
        """Where a file lies."""
        if isinstance(self._locals, list):
            return self._locals[at]
        if at in self._locals:
            return self._locals[at]
        folder = self._folders[bisect_right(self._folders, at, key=itemgetter(0)) - 1][1]
        return os.path.join(folder, self.paths[at].rpartition("/")[2])

    def locals(self) -> list[str]:
        """Where each lies."""
        if isinstance(self._locals, list):
            return self._locals
        found: list[str] = []
        starts = [start for start, _ in self._folders] + [len(self.paths)]
        for (start, folder), end in zip(self._folders, starts[1:], strict=True):
            above = os.path.join(folder, "")
            found += [above + path.rpartition("/")[2] for path in self.paths[start:end]]
        for at, local in self._locals.items():
            found[at] = local
        return found

    def below(self, prefix: str) -> Files:
        """The same files under paths that begin with `prefix`."""
        found = Files()
        found.paths = [prefix + path for path in self.paths]
        found.sizes, found.stamps = self.sizes, self.stamps
        found._locals, found._folders = self._locals, self._folders
        return found

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> Found:
        return Found(self.paths[at], self.local(at), self.sizes[at], self.stamps[at])

    def __iter__(self) -> Iterator[Found]:
        return starmap(Found, zip(self.paths, self.locals(), self.sizes, self.stamps, strict=True))

    def _sort(self) -> None:
        """By path."""
        order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
        local = self.locals()
        self._locals = [local[at] for at in order]
        self._folders = []
        self.paths = [self.paths[at] for at in order]
        self.sizes = [self.sizes[at] for at in order]
        self.stamps = [self.stamps[at] for at in order]


def stamp_of(about: os.stat_result) -> bytes:
    """What changes when a file does: device, inode, size, and both times in nanoseconds. The time of
    the last change of the inode is in it, for the other can be set back."""
    return _pack(
        about.st_dev & _MASK,
        about.st_ino & _MASK,
        about.st_size,
        about.st_mtime_ns & _MASK,
        about.st_ctime_ns & _MASK,
    )


def changed_ns(stamp: bytes) -> int:
    """The later of a stamp's two times, Unix nanoseconds."""
    return max(int.from_bytes(stamp[24:32], "little"), int.from_bytes(stamp[32:40], "little"))


def one_file(local: str) -> Found:
    """A single file, by its own name. Raises ContentError for what is no regular file."""
    try:
        about = os.stat(local)
    except OSError as error:
        raise ContentError(f"File {local!r} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder; use add_dir()" if stat.S_ISDIR(about.st_mode) else "no regular file"
        raise ContentError(f"{local!r} is {kind}.")
    return Found(os.path.basename(local), os.path.abspath(local), about.st_size, stamp_of(about))


def walk(root: str, *, follow_links: bool = False) -> Files:
    """Every regular file below `root`, by path. Sockets and pipes are passed over. Raises
    ContentError for a folder that cannot be read, a name that cannot be an entry's, and, unless
    `follow_links`, a link that leads out of the tree; and always for links that lead in a circle.
    """
    if not os.path.isdir(root):
        raise ContentError(f"{root!r} is not a folder that is there.")
    with collector_resting():
        return _walked(os.path.abspath(root), follow_links)


_LONG = 190  # so many characters, at 4 bytes each, and a name of 255 bytes are within what a path may have
_Folder = tuple[str, str, frozenset[str]]  # prefix of paths, where it lies, where those above it lie


def _walked(top: str, follow_links: bool) -> Files:
    found = Files()
    links: dict[int, str] = {}
    paths = found.paths
    in_order = True
    folders: list[_Folder] = [("", top, frozenset((os.path.realpath(top),)))]
    while folders:
        at = folders.pop()
        prefix, folder, _ = at
        try:
            names, below = _looked_into(at, top, follow_links, found, links)
        except OSError as error:
            raise ContentError(f"Folder {folder!r} cannot be read: {error.strerror}.") from None
        if names:
            if paths and prefix + names[0] < paths[-1]:
                in_order = False
            found._folders.append((len(paths), folder))
            paths += [prefix + name for name in names] if prefix else names
        # The last one is next. With their slashes, for "a-b/" comes before "a/".
        below.sort(reverse=True)
        folders += below
    found._locals = links
    if not in_order:
        found._sort()
    return found


def _looked_into(
    at: _Folder, top: str, follow_links: bool, found: Files, links: dict[int, str]
) -> tuple[list[str], list[_Folder]]:
    """The names of a folder's files, sorted, and its folders; sizes and stamps are added to `found`."""
    prefix, folder, above = at
    below: list[_Folder] = []
    others: list[str] = []
    add_size, add_stamp = found.sizes.append, found.stamps.append
    number = os.open(folder, _FOLDER_FLAGS) if _WITHIN else -1
    try:
        names = os.listdir(number if _WITHIN else folder)
        names.sort()
        text = "".join(names)
        if not text.isascii() or "\\" in text or not text.isprintable():
            for name in names:
                if not name.isascii() or "\\" in name or not name.isprintable():
                    entry_path(name)
        if len(prefix) > _LONG or (not prefix and ":" in text):  # too long; or as of a drive
            for name in names:
                entry_path(prefix + name)
        look = partial(os.stat, dir_fd=number, follow_symlinks=False) if _WITHIN else _look_at(folder)
        for name, about in zip(names, map(look, names), strict=True):
            if about.st_mode & 0o170000 != stat.S_IFREG:
                local = os.path.join(folder, name)
                target = local
                if stat.S_ISLNK(about.st_mode):
                    target, about = _linked(local, top, above, follow_links)
                if stat.S_ISDIR(about.st_mode):
                    below.append((f"{prefix}{name}/", target, above if target is local else above | {target}))
                if not stat.S_ISREG(about.st_mode):
                    others.append(name)
                    continue
                links[len(found.sizes)] = target
            size = about.st_size
            try:
                stamp = _pack_usual(about.st_dev, about.st_ino, size, about.st_mtime_ns, about.st_ctime_ns)
            except error:
                stamp = stamp_of(about)
            add_size(size)
            add_stamp(stamp)
    finally:
        if _WITHIN:
            os.close(number)
    if others:
        left = set(others)
        names = [name for name in names if name not in left]
    return names, below


def _look_at(folder: str) -> Callable[[str], os.stat_result]:
    return lambda name: os.lstat(os.path.join(folder, name))


def _linked(path: str, top: str, above: frozenset[str], follow_links: bool) -> tuple[str, os.stat_result]:
    """Where a link leads, and what is there."""
    target = os.path.realpath(path)
    base = os.path.realpath(top)
    if not follow_links and target != base and not target.startswith(base.rstrip(os.sep) + os.sep):
        raise ContentError(
            f"{path!r} is a link that leads out of {top!r}, to {target!r}. Remove it, or say that "
            "links may be followed: add_dir(…, follow_links=True)."
        )
    try:
        about = os.stat(target)
    except OSError:
        raise ContentError(
            f"{path!r} is a link to nothing that is there. Remove it, or put there what it names."
        ) from None
    if stat.S_ISDIR(about.st_mode) and (target in above or base.startswith(target.rstrip(os.sep) + os.sep)):
        raise ContentError(f"{path!r} is a link that leads in a circle. Remove it.")
    return target, about
