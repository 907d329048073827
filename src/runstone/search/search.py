"""What to try next.

Everything is worked out from records that are handed in, and from the sweep's seed and the trial's
number, so whoever has the same records proposes the same, on any replica and in a folder without one.
A `Search` keeps a study built from records between calls, as a cache: a proposal costs what has
changed since, not what there is.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from runstone.search.config import SweepConfig
from runstone.search.ranking import combined
from runstone.search.records import OPEN, Proposal, Record
from runstone.search.shown import shown
from runstone.search.space import REJECTED_MAX, Flat, Grid, NoCombination

if TYPE_CHECKING:
    from runstone.search.study import Model

STARTUP_TRIALS = 10  # that a model must have seen before it says anything
_SOBOL_DIMENSIONS_MAX = 21_201
_SOBOL_BLOCK = 256


class Search:
    """Proposals for one sweep. Safe from several threads; one proposes at a time."""

    def __init__(self, config: SweepConfig, *, seed: int | None = None) -> None:
        """seed: where the configuration names none."""
        self.config = config
        self.seed = config.seed if config.seed is not None else (seed or 0)
        self._lock = threading.Lock()
        self._grid = Grid(config.space) if config.sampler == "grid" else None
        self._sobol = _Sobol(max(1, len(config.space.free)), self.seed)
        self._model: Model | None = None

    def count(self) -> int | None:
        """How many combinations there are to try; None without an end."""
        return self._grid.count if self._grid is not None else None

    def preview(self, count: int = 5) -> list[Proposal]:
        """What the first trials would be, results unknown."""
        return self.propose((), range(count))

    def propose(
        self, records: Iterable[Record], numbers: Sequence[int], *, seconds: float | None = None
    ) -> list[Proposal]:
        """For each number a combination, fewer where the grid ends. records: all trials there are.

        numbers count combinations, not repeats. seconds: how long a model may think over all of
        them; what it has not come to by then is drawn without it, and says so. Raises NoCombination
        where rules over parameters leave nothing.
        """
        with self._lock:
            if self._grid is not None:
                cells = ((number, self._grid.cell(number)) for number in numbers)
                return [
                    Proposal(cell, "grid", f"cell {number + 1} of the grid")
                    for number, cell in cells
                    if cell is not None
                ]
            if not self.config.is_adaptive:
                return [self._drawn(number) for number in numbers]
            return self._by_model(combined(self.config, records), numbers, seconds)

    # -- without a model

    def _drawn(self, number: int, reason: str = "", *, low_discrepancy: bool = False) -> Proposal:
        """From the space itself, by the number alone."""
        sobol = low_discrepancy or self.config.sampler == "sobol"
        sampler = "sobol" if sobol else "random"
        reason = reason or (
            "the next point of a sequence that fills the space evenly" if sobol else "drawn at random"
        )
        space = self.config.space
        for point in self._points(number, sobol=sobol):
            params = space.at(point)
            if space.allows(params):
                return Proposal(params, sampler, reason)
        raise NoCombination(
            f"{REJECTED_MAX} draws in a row broke a rule over parameters: "
            f"{', '.join(rule.text for rule in space.rules)}. Widen the parameters, or drop a rule."
        )

    def _points(self, number: int, *, sobol: bool) -> Iterator[Sequence[float]]:
        dimensions = len(self.config.space.free)
        if sobol and dimensions <= _SOBOL_DIMENSIONS_MAX:
            yield self._sobol.point(number)[:dimensions]
        own = random.Random(derived_seed(self.seed, number))  # noqa: S311 (no secret)
        for _ in range(REJECTED_MAX):
            yield [own.random() for _ in range(dimensions)]

    # -- with a model of the results

    def _by_model(
        self, records: Sequence[Record], numbers: Sequence[int], seconds: float | None
    ) -> list[Proposal]:
        until = None if seconds is None else time.monotonic() + seconds
        finished = sum(
            record.is_scored or bool(record.state == "pruned" and record.curve) for record in records
        )
        if finished < STARTUP_TRIALS:
            words = (
                f"{finished} of the {STARTUP_TRIALS} results that {self.config.sampler} begins with are there"
            )
            return [self._drawn(number, words, low_discrepancy=True) for number in numbers]
        from runstone.search.study import Model  # loads Optuna

        model = self._model = self._model or Model(self.config)
        model.learn(shown(self.config, records))
        found: list[Proposal] = []
        for number in numbers:
            if found and until is not None and time.monotonic() > until:
                words = "many asked at once: drawn without waiting for the model"
                found.append(self._drawn(number, words, low_discrepancy=True))
                continue
            found.append(self._valid(model, number))
        return found

    def _valid(self, model: Model, number: int) -> Proposal:
        """A proposal that breaks no rule over parameters: the model's, or else one drawn."""
        for turn in range(10 if self.config.space.rules else 1):
            proposal = model.propose(number, derived_seed(self.seed, number, turn))
            if self.config.space.allows(proposal.params):
                return proposal
            model.withdraw(number)
        return self._drawn(number, "the model's proposals broke a rule over parameters")


class _Sobol:
    """A scrambled Sobol sequence by number; blocks of it are kept."""

    def __init__(self, dimensions: int, seed: int) -> None:
        self._dimensions = dimensions
        self._seed = seed
        self._blocks: dict[int, list[list[float]]] = {}

    def point(self, number: int) -> Sequence[float]:
        block, place = divmod(max(0, number), _SOBOL_BLOCK)
        if block not in self._blocks:
            from scipy.stats import qmc  # heavy, loaded by the first sweep that needs it

            sequence = qmc.Sobol(self._dimensions, scramble=True, rng=self._seed)
            if block:
                sequence.fast_forward(block * _SOBOL_BLOCK)
            if len(self._blocks) > 8:
                self._blocks.clear()
            self._blocks[block] = sequence.random(_SOBOL_BLOCK).tolist()
        return self._blocks[block][place]


def derived_seed(seed: int, number: int, turn: int = 0) -> int:
    """One seed of 32 bits per (sweep, trial, turn), the same everywhere."""
    digest = hashlib.sha256(f"{seed}:{number}:{turn}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def next_numbers(records: Iterable[Record], count: int, *, repeats: int = 1) -> list[int]:
    """The lowest numbers of combinations that no record has."""
    taken = {record.number // repeats for record in records if record.number >= 0}
    found: list[int] = []
    number = 0
    while len(found) < count:
        if number not in taken:
            found.append(number)
        number += 1
    return found


def open_count(records: Iterable[Record]) -> int:
    """How many trials are waiting or running."""
    return sum(record.state in OPEN for record in records)


def valid_params(config: SweepConfig, params: Flat) -> list[str]:
    """What keeps a combination that somebody else chose from being tried; empty where nothing does."""
    return config.space.faults(params) if config.space.parameters else []
