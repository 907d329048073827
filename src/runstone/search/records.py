"""What the search knows of a trial, and what it proposes: plain data, whoever keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any
TrialState = Literal["queued", "running", "finished", "failed", "pruned", "stopped", "crashed", "oom"]

OPEN: frozenset[TrialState] = frozenset({"queued", "running"})
ENDED: frozenset[TrialState] = frozenset({"finished", "failed", "pruned", "stopped", "crashed", "oom"})
FAILED: frozenset[TrialState] = frozenset({"failed", "crashed", "oom"})


@dataclass(frozen=True, slots=True)
class Record:
    """One trial. With repeats, `number` counts them all: trial n is repeat n % repeats of the
    combination n // repeats. Earlier runs that the search was started with have numbers below 0.

    params: flat, by dotted name. values: one per objective, as logged (not negated); None where it was
    not. excess: one per constraint over metrics, 0 or less where it holds. curve: (step, value) of the
    first objective while it ran, steps rising. memo: what the sampler wrote down when it proposed it.
    """

    number: int
    params: Mapping[str, Json]
    state: TrialState
    values: tuple[float | None, ...] = ()
    excess: tuple[float, ...] = ()
    curve: Sequence[tuple[int, float]] = ()
    memo: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_scored(self) -> bool:
        """Finished with a number for every objective."""
        return self.state == "finished" and bool(self.values) and all(map(is_number, self.values))

    @property
    def is_feasible(self) -> bool:
        return all(over <= 0 for over in self.excess)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A combination to try. `sampler` made it, for `reason`; `parents`: numbers of the trials it was
    drawn from. memo: to be kept with the trial, and handed back in its Record."""

    params: dict[str, Json]
    sampler: str
    reason: str
    parents: tuple[int, ...] = ()
    memo: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a running trial is stopped early: the rule, at which step, by which value against which."""

    rule: str
    step: int
    value: float
    threshold: float
    reason: str


def is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
