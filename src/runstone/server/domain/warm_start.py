"""Earlier results that a search begins with: runs of the project, or trials of its other sweeps.

They are kept as finished trials with numbers below 0: they teach the search, and no agent is ever
handed one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runstone.search.config import SweepConfig
from runstone.search.records import Record
from runstone.search.values import excess_of, objective_of
from runstone.server.domain.identity import Actor
from runstone.server.domain.run_model import RunQuery
from runstone.server.domain.runs import Run, Runs
from runstone.server.domain.sweep_model import Sweep, config_of
from runstone.server.stores.records import sweeps as statements
from runstone.server.stores.records import trials as trial_statements
from runstone.server.stores.records.contract import Records

_PAGE = 500


class WarmStarts:
    def __init__(self, records: Records, runs: Runs) -> None:
        self._records = records
        self._runs = runs

    def load(
        self,
        actor: Actor,
        sweep: Sweep,
        config: SweepConfig,
        *,
        prior_runs: Mapping[str, Any] | None = None,
    ) -> int:
        """Add them, as the actor sees them; how many. What lies outside the space, or ended without
        a value of the objective, teaches nothing and is left out; runs that were named stay listed."""
        warm = config.warm_start
        limit = warm.limit if warm is not None else 1_000
        found: list[dict[str, Any]] = []
        filters: list[Mapping[str, Any]] = [prior_runs] if prior_runs else []
        if warm is not None and warm.runs:
            filters.append({"id": {"$in": list(warm.runs)}})
        if warm is not None and warm.filter is not None:
            filters.append(warm.filter)
        seen: set[str] = set()
        for filter_ in filters:
            for run in self._matching(actor, sweep, filter_, limit - len(found)):
                if run.id not in seen:
                    seen.add(run.id)
                    found.append(_from_run(config, run))
        for name in warm.sweeps if warm is not None else ():
            found += self._of_sweep(sweep, config, name, limit - len(found))
        now = time.time()
        trials = [{"number": -1 - place, **values} for place, values in enumerate(found)]
        if trials:
            self._records.write(lambda conn: trial_statements.add_trials(conn, sweep.key, trials, now=now))
        return len(trials)

    def _matching(self, actor: Actor, sweep: Sweep, filter_: Mapping[str, Any], limit: int) -> Iterable[Run]:
        cursor = ""
        while limit > 0:
            query = RunQuery(filter=filter_, order=("+created_at",), cursor=cursor, limit=min(limit, _PAGE))
            page = self._runs.find(actor, sweep.entity, sweep.project, query)
            yield from page.runs
            limit -= len(page.runs)
            cursor = page.next_cursor
            if not cursor:
                return

    def _of_sweep(self, sweep: Sweep, config: SweepConfig, name: str, limit: int) -> list[dict[str, Any]]:
        """Finished trials of another sweep of the project, whose space may be another one."""
        with self._records.read() as conn:
            row = statements.sweep(conn, sweep.project_id, name)
            if row is None or limit <= 0:
                return []
            rows = trial_statements.find_trials(conn, row.id, states=["finished"], limit=limit)
        theirs = config_of(row)
        names = [metric.name for metric in theirs.metrics]
        places = [names.index(metric.name) if metric.name in names else None for metric in config.metrics]
        found = []
        for trial in rows:
            params = config.space.found_in(theirs.space.arguments(trial.params))
            values = [
                None if place is None or place >= len(trial.objective) else trial.objective[place]
                for place in places
            ]
            if params is not None and values and None not in values:
                found.append(
                    _prior(params, values, [], trial.run_id, f"trial {trial.number} of sweep {name}")
                )
        return found


def _from_run(config: SweepConfig, run: Run) -> dict[str, Any]:
    params = config.space.found_in(run.config)
    values = objective_of(config, run.summary)
    taught = params is not None and None not in values and run.state != "running"
    return _prior(
        params or {},
        list(values) if taught else [],
        excess_of(config, run.summary) if taught else [],
        run.id,
        f"run {run.id}",
        state="finished" if taught else "stopped",
    )


def _prior(
    params: Mapping[str, Any],
    values: Sequence[float | None],
    excess: Sequence[float],
    run_id: str,
    origin: str,
    *,
    state: str = "finished",
) -> dict[str, Any]:
    return {
        "params": dict(params),
        "state": state,
        "objective": list(values),
        "excess": list(excess),
        "run_id": run_id,
        "settled": True,
        "sampler": "prior",
        "reason": f"an earlier result: {origin}",
    }


def taught(records: Iterable[Record]) -> int:
    """How many of them are earlier results."""
    return sum(record.number < 0 for record in records)
