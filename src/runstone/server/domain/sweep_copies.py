"""Sweeps that ran where no server was: their trials as a directory has them, laid down here.

A copy is brought as often as one likes; each time it is as the directory then is. Until it is over it is
paused here, so that nobody tries here what is tried there. Once agents of this server have taken part it is
a sweep of this server's, and copies are refused.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor, Permission, check_run_id
from runstone.server.domain.sweep_model import OVER, Sweep, sweep_of
from runstone.server.domain.sweeps import Sweeps
from runstone.server.stores.records import sweeps as statements
from runstone.server.stores.records import trials as trial_statements
from runstone.server.stores.records.contract import Records

TRIALS_AT_ONCE = 1_000
_ORIGIN = {"copied_from": "folder"}  # in what the sweep's row keeps beside its configuration


@dataclass(frozen=True, slots=True)
class SweepCopy:
    """state: as the directory says. trials: columns of a trial by name, with its number."""

    id: str
    config: Mapping[str, Any]
    config_text: str
    seed: int
    state: str
    created_at: float
    finished_at: float | None
    trials: Sequence[Mapping[str, Any]]


class SweepCopies:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid, Conflict."""

    def __init__(self, records: Records, sweeps: Sweeps, feed: Feed) -> None:
        self._records = records
        self._sweeps = sweeps
        self._feed = feed

    def bring(self, actor: Actor, entity: str, project: str, copy: SweepCopy) -> Sweep:
        """The sweep, made if absent, with these trials as they are; others of it stay. Trials that run there
        wait here: only their own host can tell how they do."""
        if len(copy.trials) > TRIALS_AT_ONCE:
            raise Invalid(f"At most {TRIALS_AT_ONCE:,} trials at once, met {len(copy.trials):,}.")
        for trial in copy.trials:
            if trial["run_id"]:
                check_run_id(trial["run_id"])
        try:
            own = self._sweeps.get(actor, entity, project, copy.id)
        except NotFound:
            own = self._sweeps.create(
                actor,
                entity,
                project,
                copy.config,
                config_text=copy.config_text,
                sweep_id=copy.id,
                wire=_ORIGIN,
                strict=False,
            )
        now = time.time()

        def work(conn: Connection) -> Sweep:
            row = self._sweeps.checked_row(conn, actor, own.key, Permission.WRITE, hold=True)
            if row.wire.get("copied_from") != "folder" or statements.agents_of(conn, own.key, limit=1):
                raise Conflict(
                    f"Sweep {row.sweep_id!r} goes on at this server: its trials are not taken from a "
                    "directory any more.",
                    sweep=row.sweep_id,
                )
            trial_statements.lay_trials(conn, own.key, [_laid(trial) for trial in copy.trials], now=now)
            statements.change_sweep(
                conn,
                own.key,
                state=copy.state if copy.state in OVER else "paused",
                seed=copy.seed,
                created_at=copy.created_at,
                finished_at=copy.finished_at if copy.state in OVER else None,
                updated_at=now,
            )
            return sweep_of(statements.sweep_by_key(conn, own.key))

        changed = self._records.write(work)
        self._feed.publish(changed.event(state=changed.state))
        return self._sweeps.get_by_key(actor, own.key)


def _laid(trial: Mapping[str, Any]) -> dict[str, Any]:
    """As a row; nothing more is to be learned here from its run."""
    waits = trial["state"] == "running"
    return {
        **trial,
        "state": "queued" if waits else trial["state"],
        "settled": True,
        "lease_until": None,
    }
