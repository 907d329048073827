"""The jobs of every server, and what each of them is for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from runstone.server.domain.files import Files, Referrer
from runstone.server.domain.identity import RunKey
from runstone.server.domain.leases import Leases
from runstone.server.domain.runs import Runs
from runstone.server.domain.trial_runs import TrialRuns
from runstone.server.jobs.runner import Job, Turn
from runstone.server.stores.history.contract import HistoryStore, SetKey, Space
from runstone.server.stores.records import leases as statements
from runstone.server.stores.records.contract import Records

SEAL_AFTER_SECONDS = 60.0  # an ended run's last words, from other ranks, may come that late
MAINTAIN_STEP_SECONDS = 0.25
_AT_ONCE = 100
_SPACES: tuple[Space, ...] = ("history", "system")
_PURGE_AT_ONCE = 200


def standard_jobs(
    *,
    records: Records,
    history: HistoryStore,
    runs: Runs,
    files: Files,
    leases: Leases,
    trial_runs: TrialRuns,
    blob_referrers: Sequence[Referrer] = (),
) -> list[Job]:
    """Handed to a `Runner`. `blob_referrers`: who refers to blobs beside files of runs."""

    def maintain(turn: Turn) -> bool:
        """Merge appended rows into segments."""
        while turn.goes_on():
            if not history.maintain(seconds=MAINTAIN_STEP_SECONDS):
                return True
        return False

    def expire(turn: Turn) -> None:
        """Crash the runs that were not heard of for five minutes."""
        leases.expire(now=time.time())

    def seal(turn: Turn) -> bool:
        """Bring the history of ended runs to its smallest lasting form."""
        before = time.time() - SEAL_AFTER_SECONDS
        with records.read() as conn:
            ended = statements.unsealed_runs(conn, changed_before=before, limit=_AT_ONCE)
        for row in ended:
            if not turn.goes_on():
                return True
            for space in _SPACES:
                history.seal(SetKey(RunKey(row.id), space))
            records.write(
                lambda conn, row=row: statements.set_sealed(conn, row.id, updated_at=row.updated_at)  # type: ignore[misc]
            )
        return len(ended) < _AT_ONCE

    def settle(turn: Turn) -> None:
        """End trials whose runs have ended, judge those that run, take back what agents left."""
        trial_runs.settle_all(now=time.time())
        if turn.goes_on():
            trial_runs.recover(now=time.time())

    def purge(turn: Turn) -> bool:
        """Delete for good what lay in the trash for 30 days."""
        while turn.goes_on():
            if runs.purge_expired(now=time.time(), limit=_PURGE_AT_ONCE) < _PURGE_AT_ONCE:
                return True
        return True

    def collect(turn: Turn) -> None:
        """Delete blobs that nothing has referred to for a day."""
        files.collect_blobs(others=blob_referrers, stop=lambda: not turn.goes_on())

    return [
        Job("history.maintain", 1.0, maintain, shared=True, lane="history"),
        Job("leases.expire", 10.0, expire),
        Job("history.seal", 20.0, seal, lane="history"),
        Job("sweeps.settle", 5.0, settle, lane="sweeps"),
        Job("trash.purge", 3600.0, purge),
        Job("blobs.collect", 6 * 3600.0, collect),
    ]
