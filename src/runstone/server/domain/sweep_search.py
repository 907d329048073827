"""The search of each sweep, kept in this process with the records it has learned.

A cache and nothing more: dropped, it is read again. A sweep with 10,000 trials is read once; from then
on only the trials that changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from sqlalchemy import Connection

from runstone.search.config import SweepConfig
from runstone.search.records import Record
from runstone.search.search import Search
from runstone.server.domain.identity import SweepKey
from runstone.server.domain.sweep_model import Sweep, config_of, record_of
from runstone.server.stores.records import changes
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.contract import Records

_KEPT_MAX = 64


@dataclass(slots=True)
class Kept:
    """One sweep's. `lock` is held by whoever proposes; `asking` counts who waits for proposals."""

    config: SweepConfig
    search: Search
    updated_at: float
    records: dict[int, Record] = field(default_factory=dict)
    run_ids: dict[int, str] = field(default_factory=dict)
    since: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: threading.Lock = field(default_factory=threading.Lock)
    asking: int = 0


class Searches:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: OrderedDict[SweepKey, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, sweep: Sweep) -> Kept:
        """Made anew where the sweep's configuration changed."""
        with self._lock:
            kept = self._kept.get(sweep.key)
            if kept is not None and kept.config.raw == sweep.config:
                self._kept.move_to_end(sweep.key)
                return kept
        config = config_of(sweep)
        made = Kept(config, Search(config, seed=sweep.seed), sweep.updated_at)
        with self._lock:
            kept = self._kept.get(sweep.key)
            if kept is not None and kept.config.raw == sweep.config:
                return kept
            self._kept[sweep.key] = made
            while len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return made

    def read(self, sweep: Sweep) -> list[Record]:
        """All trials of the sweep as they are now, by number."""
        kept = self.of(sweep)
        with kept.reading:
            with self._records.read() as conn:
                self._read_in(conn, sweep.key, kept)
            return [kept.records[number] for number in sorted(kept.records)]

    @staticmethod
    def _read_in(conn: Connection, key: SweepKey, kept: Kept) -> None:
        # The horizon first: what is committed while we read is met again, never missed.
        horizon = changes.horizon(conn)
        for row in statements.trials_changed(conn, key, since=kept.since):
            kept.records[row.number] = record_of(row)
            kept.run_ids[row.number] = row.run_id
        kept.since = horizon

    def forget(self, key: SweepKey) -> None:
        with self._lock:
            self._kept.pop(key, None)
