"""Places: where the points of a (key, kind) are kept, given once and never changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from runstone.server.stores.history.sql.append import text_bytes
from runstone.server.stores.history.sql.database import Tx
from runstone.server.stores.history.sql.stats import SLOTS_MAX, Stats


class Place(NamedTuple):
    """`sid` numbers the series within its branch."""

    kind: int
    bucket: int
    slot: int

    @property
    def sid(self) -> int:
        return self.bucket * SLOTS_MAX + self.slot


Places = dict[str, tuple[Place, ...]]  # by key; several where a key had values of several kinds

_CACHED_KEYS_MAX = 400_000


class PlaceCache:
    """Places of the branches that were merged last: they are read at each merge and never change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Places] = OrderedDict()
        self._keys = 0

    def get(self, branch: int) -> Places:
        with self._lock:
            found = self._kept.get(branch)
            if found is None:
                return {}
            self._kept.move_to_end(branch)
            return found

    def put(self, branch: int, places: Places) -> None:
        """`places` holds at least what `get` answered; it must not be changed afterwards."""
        with self._lock:
            self._keys += len(places) - len(self._kept.get(branch, ()))
            self._kept[branch] = places
            self._kept.move_to_end(branch)
            while self._keys > _CACHED_KEYS_MAX and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._keys -= len(dropped)

    def drop(self, branch: int) -> None:
        with self._lock:
            self._keys -= len(self._kept.pop(branch, ()))


def places_of(tx: Tx, branch: int, keys: Iterable[str]) -> Places:
    """Those of `keys` that have a place."""
    by_bytes = {text_bytes(key): key for key in keys}
    rows = tx.all_in(
        f"SELECT key, kind, bucket, slot FROM hist_key WHERE branch = {int(branch)} "
        "AND key IN (VALUES {values})",
        [(key,) for key in by_bytes],
    )
    found: dict[str, list[Place]] = {}
    for key, kind, bucket, slot in rows:
        found.setdefault(by_bytes[bytes(key)], []).append(Place(kind, bucket, slot))
    return {key: tuple(places) for key, places in found.items()}


def stats_of(tx: Tx, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Stats]:
    """The stats of (branch, bucket) pairs that exist."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    rows = tx.all_in(
        "WITH w (branch, bucket) AS (VALUES {values}) "
        "SELECT b.branch, b.bucket, b.b FROM w CROSS JOIN hist_bucket b "
        "WHERE b.branch = w.branch AND b.bucket = w.bucket",
        wanted,
    )
    return {(branch, bucket): Stats.decode(data) for branch, bucket, data in rows}
