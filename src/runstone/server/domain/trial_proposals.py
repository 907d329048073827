"""What is to be tried: proposed by the sweep's method, or chosen by a caller.

Proposals are made before they are asked for where results do not matter to them, and as they are asked
for where they do; a number is proposed once, whoever proposes it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.search.config import SweepConfig
from runstone.search.numbering import MODEL_SECONDS, next_combinations, trials_of
from runstone.search.records import Record
from runstone.search.search import valid_params
from runstone.search.space import NoCombination
from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.domain.identity import Actor, Permission, SweepKey, check_run_id
from runstone.server.domain.sweep_model import (
    OVER,
    Sweep,
    Trial,
    sweep_of,
    trial_of,
)
from runstone.server.domain.sweep_search import Kept
from runstone.server.domain.trial_base import TrialsBase
from runstone.server.domain.trial_endings import (
    finish_if_done,
)
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.rows import AnyRow

ENQUEUE_MAX = 10_000


class TrialProposals(TrialsBase):
    """Fills the queue that trials are handed out from."""

    def _propose(self, sweep: Sweep, wanted: int) -> bool:
        """Have proposals in the queue for whoever asks now. False where there is nothing more to try."""
        kept = self._searches.of(sweep)
        with kept.reading:
            kept.asking += wanted
        try:
            with kept.lock:
                with self._records.read() as conn:
                    if statements.count_of(conn, sweep.key, "queued"):
                        return True  # somebody else proposed while we waited for our turn
                return self._propose_for(sweep, kept, kept.asking)
        finally:
            with kept.reading:
                kept.asking -= wanted

    def _propose_for(self, sweep: Sweep, kept: Kept, asking: int) -> bool:
        config = kept.config
        records: Sequence[Record] = ()
        if config.is_adaptive:
            records = self._searches.read(sweep)
        with self._records.read() as conn:
            first = statements.next_number(conn, sweep.key)
        numbers = next_combinations(config, first=first, asking=asking)
        if not numbers:
            return False
        try:
            proposals = kept.search.propose(records, numbers, seconds=MODEL_SECONDS)
        except (NoCombination, ImportError) as error:
            raise Invalid(str(error), sweep=sweep.id) from None
        trials = trials_of(config, numbers, proposals)
        if not trials:
            return False
        now = time.time()

        def work(conn: Connection) -> None:
            row = sweep_statements.sweep_by_key(conn, sweep.key, hold=True)
            if row is not None and row.deleted_at is None and row.state not in OVER:
                statements.add_trials(conn, sweep.key, trials, now=now)

        self._records.write(work)
        return True

    def enqueue(
        self,
        actor: Actor,
        sweep: SweepKey,
        params: Sequence[Mapping[str, Any]],
        *,
        reason: str = "",
        run_ids: Sequence[str] = (),
        check: bool = True,
    ) -> list[Trial]:
        """Combinations of the caller's own choice, to be tried before what the method proposes. Flat
        names or nested as the program gets them. Raises Invalid for one outside the space."""
        if not 1 <= len(params) <= ENQUEUE_MAX:
            raise Invalid(f"{len(params)} combinations; send 1 to {ENQUEUE_MAX:,} at once.")
        for run_id in run_ids:
            check_run_id(run_id)
        own = self._sweeps.get_by_key(actor, sweep, Permission.WRITE)
        config = self._searches.of(own).config
        if config.sampler == "grid" and not config.is_local:
            raise Invalid(
                "A grid has its own cells; nothing can be added to it. Use method custom or random."
            )
        flat = [self._flat(config, given, place, check) for place, given in enumerate(params)]
        now = time.time()

        def work(conn: Connection) -> list[AnyRow]:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            if row.state in OVER:
                raise Conflict(f"Sweep {row.sweep_id!r} is {row.state}: it takes no more trials.")
            first = -(-statements.next_number(conn, sweep) // config.repeats) * config.repeats
            trials = [
                {
                    "number": first + place * config.repeats + repeat,
                    "params": values,
                    "sampler": "custom",
                    "reason": reason or f"chosen by {actor.username or actor.system or 'a strategy'}",
                    "run_id": run_ids[place] if place < len(run_ids) and not repeat else "",
                }
                for place, values in enumerate(flat)
                for repeat in range(config.repeats)
            ]
            statements.add_trials(conn, sweep, trials, now=now)
            return list(statements.find_trials(conn, sweep, after=first - 1, limit=len(trials)))

        rows = self._records.write(work)
        self._feed.publish(own.event())
        return [trial_of(row, config) for row in rows]

    @staticmethod
    def _flat(config: SweepConfig, given: Mapping[str, Any], place: int, check: bool) -> dict[str, Any]:
        known = config.space.by_name
        values = dict(given) if given.keys() <= known.keys() or not known else config.space.found_in(given)
        faults = ["it is no combination of this space"] if values is None else valid_params(config, values)
        if faults and check:
            raise Invalid(
                f"Combination {place} cannot be tried: {'; '.join(faults[:5])}. Send every parameter "
                "whose condition holds, by its dotted name, within its distribution.",
                combination=place,
            )
        return dict(given) if values is None else values

    def _finish_if_done(self, key: SweepKey) -> bool:
        """Where nothing more can be proposed: whether the sweep is over, with the end noted."""
        now = time.time()

        def work(conn: Connection) -> tuple[bool, Sweep | None]:
            row = sweep_statements.sweep_by_key(conn, key, hold=True)
            if row is None or row.state in OVER:
                return True, None
            ended = finish_if_done(conn, row, now=now)
            return ended, sweep_of(sweep_statements.sweep_by_key(conn, key)) if ended else None

        over, sweep = self._records.write(work)
        if sweep is not None:
            self._feed.publish(sweep.event(state=sweep.state))
        return over
