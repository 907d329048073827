"""The thread that looks at the machine for each live run, every so many seconds.

It is apart from shipping: a driver that hangs costs GPU series, and nothing else.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from runstone.uplink.log import Log
from runstone.uplink.watch import Watch

if TYPE_CHECKING:
    from runstone.uplink.machine import Machine

FIRST_SECONDS = 0.25  # percentages need two looks: the first sample comes this long after the run
SECONDS_MIN = 0.5
SECONDS_MAX = 60.0


class Sampler:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._watches: dict[str, Watch] = {}
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._machine: Machine | None = None

    def add(self, watch: Watch) -> None:
        """Sample this run from now on, until `remove` or until it is no longer live."""
        if watch.name in self._watches:
            return
        watch.sample_at = 0.0
        self._watches[watch.name] = watch
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sample", daemon=True)
            self._thread.start()
        self._wake.set()

    def remove(self, watch: Watch) -> None:
        self._watches.pop(watch.name, None)

    def close(self) -> None:
        """A sampler that hangs in a driver is left behind."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        from runstone.uplink.machine import Machine

        self._machine = Machine()
        while not self._closed:
            now = time.monotonic()
            due = now + SECONDS_MAX
            for watch in list(self._watches.values()):
                if not watch.live:
                    self._watches.pop(watch.name, None)
                    continue
                if now >= watch.sample_at:
                    self._sample(watch, now)
                due = min(due, watch.sample_at)
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
        self._machine.close()

    def _sample(self, watch: Watch, now: float) -> None:
        from runstone.uplink.machine import ProcessTree

        every = min(max(watch.entry.sample_seconds, SECONDS_MIN), SECONDS_MAX)
        if watch.tree is None:
            watch.tree = ProcessTree(watch.entry.pid)
            watch.tree.mark()
            watch.sample_at = now + FIRST_SECONDS
            return
        # At whole multiples of the interval, so that runs of one host are sampled by one look.
        watch.sample_at = (now // every + 1) * every
        if watch.sample_at - now < every / 2:
            watch.sample_at += every
        assert self._machine is not None and watch.side is not None
        try:
            ranks = self._ranks_here(watch)
            values = self._machine.sample(
                watch.tree,
                str(watch.path.parent),
                whole=ranks[0] is watch,
                others=[rank.tree for rank in ranks if rank is not watch and rank.tree is not None],
            )
            if watch.live:
                watch.side.sample(values)
        except OSError as error:
            self._log(f"{watch.path}: a sample of the machine could not be kept: {error}")
            watch.sample_at = now + SECONDS_MAX

    def _ranks_here(self, watch: Watch) -> list[Watch]:
        """The live writers of the same run on this host, lowest rank first: what is the machine's is
        told by that one, or by the next when it has ended."""
        run = _run_of(watch)
        found = [one for one in list(self._watches.values()) if one.live and _run_of(one) == run]
        return sorted(found, key=_by_rank) or [watch]


def _run_of(watch: Watch) -> tuple[str, ...]:
    assert watch.fields is not None  # it is known before a run is sampled
    return watch.entry.base_url, watch.fields.entity, watch.fields.project, watch.fields.run


def _by_rank(watch: Watch) -> tuple[bool, int, str]:
    rank = watch.fields.rank if watch.fields is not None else None
    return rank is None, rank or 0, watch.name
