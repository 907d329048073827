"""Removing what no version that waits refers to. An uplink does it, so that who logs never loads this."""

from __future__ import annotations

import contextlib
import os

from runstone.content.store import _PLACE, LocalStore, _flock


def tidy(store: LocalStore) -> int | None:
    """See `LocalStore.tidy`."""
    if not os.path.isdir(store.folder):
        return 0
    number = store._open_lock()
    try:
        if not _flock(number, shared=False):
            return None
        return _remove_unwanted(store)
    finally:
        os.close(number)


def _remove_unwanted(store: LocalStore) -> int:
    wanted: set[bytes] = set()
    manifests: set[str] = set()
    for name in store._names("pending"):
        if name.endswith(".tmp"):
            # Whoever was writing it has died, for writers hold the lock that is ours now.
            _remove(os.path.join(store.folder, "pending", name))
            continue
        # Another process may settle it meanwhile: then it wants nothing any more.
        with (
            contextlib.suppress(FileNotFoundError),
            open(os.path.join(store.folder, "pending", name), "rb") as file,
        ):
            manifests.add(file.read().decode())
    for manifest in manifests:
        try:
            wanted.update(entry.sha256 for entry in store.manifest(manifest))
        except (OSError, ValueError):
            return 0  # what it needs is not known: nothing may go
    freed = 0
    hexes = {digest.hex() for digest in wanted}
    for kind, keep in (("objects", hexes), ("manifests", manifests)):
        for name in store._names(kind):
            if name not in keep:
                freed += _remove(os.path.join(store.folder, kind, name))
    with store._lock:
        store._packed.clear()
        store._indices.clear()
        store._read_indices()
        live = {_PLACE.unpack(place)[0] for digest, place in store._packed.items() if digest in wanted}
        for name in store._names("packs"):
            if int(name[:16], 16) not in live:
                freed += _remove(os.path.join(store.folder, "packs", name))
        store._packed.clear()
        store._indices.clear()
    return freed


def _remove(path: str) -> int:
    try:
        size = os.stat(path).st_size
        os.unlink(path)
    except OSError:
        return 0
    return size
