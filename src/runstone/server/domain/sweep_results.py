"""What came of a sweep: the best combinations, the front of several objectives, the last results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runstone.search.config import SweepConfig
from runstone.search.ranking import Front, Ranked, best_value, front, ranked
from runstone.search.records import Record
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, SweepKey
from runstone.server.domain.sweep_model import Sweep
from runstone.server.domain.sweep_search import Searches
from runstone.server.domain.sweeps import Sweeps


@dataclass(frozen=True, slots=True)
class Best:
    """A combination, its runs (of the repeats that count), and its place in the ranking."""

    ranked: Ranked
    arguments: dict[str, Any]
    run_ids: Sequence[str]


class SweepResults:
    """All need READ on the project; they raise what `Sweeps.get_by_key` does."""

    def __init__(self, sweeps: Sweeps, searches: Searches) -> None:
        self._sweeps = sweeps
        self._searches = searches

    def config(self, sweep: Sweep) -> SweepConfig:
        """The configuration, read into its parts."""
        return self._searches.of(sweep).config

    def records(self, sweep: Sweep) -> list[Record]:
        return self._searches.read(sweep)

    def run_of(self, sweep: Sweep, number: int) -> str:
        """Id of the run of a trial; "" where it has none."""
        self.records(sweep)
        return self._searches.of(sweep).run_ids.get(number) or ""

    def best(self, actor: Actor, sweep: SweepKey, *, robust: bool = True, limit: int = 1) -> list[Best]:
        """Best first; feasible ones before others. robust: by the bad end of the confidence interval
        of the mean over repeats; else by the luckiest single trial."""
        own, config, records = self._read(actor, sweep)
        return [self._best(own, config, item) for item in ranked(config, records, robust=robust)[:limit]]

    def best_runs(self, actor: Actor, sweep: SweepKey) -> Sequence[str]:
        """Ids of the runs of the best combination; none before any result, or where no metric is named."""
        own = self._sweeps.get_by_key(actor, sweep)
        config = self.config(own)
        found = ranked(config, self.records(own))[:1] if config.metrics else []
        return self._best(own, config, found[0]).run_ids if found else []

    def front(self, actor: Actor, sweep: SweepKey) -> tuple[Front, list[Best]]:
        """Of the objectives' means; the points as `best` gives them."""
        own, config, records = self._read(actor, sweep)
        found = front(config, records)
        return found, [self._best(own, config, item) for item in found.points]

    def best_value(self, sweep: Sweep) -> float | None:
        """The best value of the first objective by any one feasible trial; None before any."""
        return best_value(self.config(sweep), self.records(sweep))

    def _read(self, actor: Actor, sweep: SweepKey) -> tuple[Sweep, SweepConfig, list[Record]]:
        own = self._sweeps.get_by_key(actor, sweep)
        config = self.config(own)
        if not config.metrics:
            raise Invalid(
                f"Sweep {own.id!r} names no metric, so none of its trials is the best. Give it `metric`.",
                sweep=own.id,
            )
        return own, config, self.records(own)

    def _best(self, sweep: Sweep, config: SweepConfig, item: Ranked) -> Best:
        run_ids = self._searches.of(sweep).run_ids
        return Best(
            item,
            config.space.arguments(item.params),
            [run_ids[number] for number in item.trials if run_ids.get(number)],
        )
