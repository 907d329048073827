"""Files on a local disk: put in place whole, and what a full or broken disk says."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from runstone.server.domain.errors import Unavailable


def move_into_place(path: Path, target: Path) -> None:
    """Rename a file that was flushed, and flush the folders, so that it is there after a loss of
    power."""
    made = _ensure_folder(target.parent)
    path.replace(target)
    _sync_folder(target.parent)
    if made:
        _sync_folder(target.parent.parent)


def _ensure_folder(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def store_errors(folder: Path) -> Iterator[None]:
    """A full or read-only disk as what a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"There is no space left for blobs in {folder}. Free some, or move the data directory; "
                "clients send again by themselves.",
                reason="disk_full",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE):
            raise Unavailable(f"Blobs cannot be written in {folder}: {error.strerror}.") from error
        raise
