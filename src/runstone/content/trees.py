"""Walking a folder: which files it holds, each with the stamp by which a change is noticed.

Links are followed only where they stay inside the tree: a link to `/etc/passwd` in a data folder must
not put that file into an artifact by itself.
"""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

from runstone.content.errors import ContentError
from runstone.content.paths import entry_path

STAMP_BYTES = 40
_pack = Struct("<QQQQQ").pack
_MASK = (1 << 64) - 1
_new = tuple.__new__  # a third of what the class itself takes, for trees of 100,000 files


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


class Found(NamedTuple):
    """A file: its path in the tree (slashes), where it lies, its bytes, its stamp."""

    path: str
    local: str
    size: int
    stamp: bytes


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


def walk(root: str, *, follow_links: bool = False) -> list[Found]:
    """Every regular file below `root`, by path. Sockets and pipes are passed over. Raises
    ContentError for a folder that cannot be read, a name that cannot be an entry's, and, unless
    `follow_links`, a link that leads out of the tree; and always for links that lead in a circle.
    """
    if not os.path.isdir(root):
        raise ContentError(f"{root!r} is not a folder that is there.")
    top = os.path.abspath(root)
    with collector_resting():
        found = _walked(top, follow_links)
    found.sort(key=itemgetter(0))
    return found


def _walked(top: str, follow_links: bool) -> list[Found]:
    found: list[Found] = []
    folders: list[tuple[str, str, frozenset[str]]] = [("", top, frozenset((os.path.realpath(top),)))]
    while folders:
        prefix, folder, above = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if not name.isascii() or "\\" in name or not name.isprintable():
                        entry_path(name)
                    if entry.is_symlink():
                        _linked(entry, prefix, top, above, folders, found, follow_links)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append((f"{prefix}{name}/", entry.path, above))
                    else:
                        about = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(about.st_mode):
                            one = (prefix + name, entry.path, about.st_size, stamp_of(about))
                            found.append(_new(Found, one))
        except OSError as error:
            raise ContentError(f"Folder {folder!r} cannot be read: {error.strerror}.") from None
    return found


def _linked(
    entry: os.DirEntry[str],
    prefix: str,
    top: str,
    above: frozenset[str],
    folders: list[tuple[str, str, frozenset[str]]],
    found: list[Found],
    follow_links: bool,
) -> None:
    target = os.path.realpath(entry.path)
    base = os.path.realpath(top)
    if not follow_links and target != base and not target.startswith(base.rstrip(os.sep) + os.sep):
        raise ContentError(
            f"{entry.path!r} is a link that leads out of {top!r}, to {target!r}. Remove it, or say that "
            "links may be followed: add_dir(…, follow_links=True)."
        )
    try:
        about = os.stat(target)
    except OSError:
        raise ContentError(f"{entry.path!r} is a link to nothing that is there.") from None
    if stat.S_ISDIR(about.st_mode):
        if target in above or base.startswith(target.rstrip(os.sep) + os.sep):
            raise ContentError(f"{entry.path!r} is a link that leads in a circle.")
        folders.append((f"{prefix}{entry.name}/", target, above | {target}))
    elif stat.S_ISREG(about.st_mode):
        found.append(Found(prefix + entry.name, target, about.st_size, stamp_of(about)))
