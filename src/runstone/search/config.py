"""A sweep's configuration: what the published client's sweep files say, whole, and more in the same file.

Taken: method, metric, parameters with every distribution and nesting, run_cap, command, program, name,
description, early_terminate, controller and the launch keys. Ours beside them: `when` on a parameter,
`constraints`, `metrics` (several objectives), `repeats`, `max_parallel`, `retries`, `warm_start`, `seed`,
`sampler`, `prompts`, objectives such as `worst_slice(wer, by=language)`.

How it is read and checked: `config_reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runstone.search.expressions import Bound
from runstone.search.problems import Problem
from runstone.search.space import Grid, Space

Json = Any
Goal = Literal["minimize", "maximize"]
Sampler = Literal["grid", "random", "sobol", "tpe", "gp", "cmaes", "nsga2", "custom"]
PrunerKind = Literal["hyperband", "asha", "median", "wilcoxon", "custom"]

SAMPLERS: tuple[Sampler, ...] = ("grid", "random", "sobol", "tpe", "gp", "cmaes", "nsga2", "custom")
ADAPTIVE = frozenset({"tpe", "gp", "cmaes", "nsga2"})  # proposals follow results


@dataclass(frozen=True, slots=True)
class Metric:
    """One objective. `slice_by`: the column by which the worst slice of `key` counts, or ""."""

    name: str  # as written, and as it is shown
    goal: Goal = "minimize"
    target: float | None = None
    key: str = ""  # of the run's summary
    slice_by: str = ""

    @property
    def sign(self) -> float:
        """What to multiply by so that less is better."""
        return 1.0 if self.goal == "minimize" else -1.0


@dataclass(frozen=True, slots=True)
class EarlyTerminate:
    kind: PrunerKind
    eta: float = 3.0
    min_iter: int = 1  # reports before anything is stopped; the first rung
    rungs: tuple[int, ...] = ()  # given ones (max_iter and s); empty: min_iter × eta^k
    strict: bool = False
    startup_trials: int = 5  # that must have come as far before the median says anything
    p_threshold: float = 0.1


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Earlier runs whose results the search begins with: run ids, a filter over runs, sweeps."""

    runs: tuple[str, ...] = ()
    filter: Mapping[str, Json] | None = None
    sweeps: tuple[str, ...] = ()
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class SweepConfig:
    raw: Mapping[str, Json]  # as it is kept: what was given, with distributions filled in
    method: str
    sampler: Sampler
    space: Space
    metrics: tuple[Metric, ...] = ()
    constraints: tuple[Bound, ...] = ()
    early_terminate: EarlyTerminate | None = None
    repeats: int = 1
    run_cap: int | None = None
    max_parallel: int | None = None
    retries: int = 0
    warm_start: WarmStart | None = None
    seed: int | None = None
    name: str = ""
    description: str = ""
    program: str = ""
    command: tuple[str, ...] = ()
    is_local: bool = False  # a controller at the client's decides what runs
    warnings: tuple[Problem, ...] = field(default=())

    @property
    def is_adaptive(self) -> bool:
        return self.sampler in ADAPTIVE

    @property
    def trials_expected(self) -> int | None:
        """How many trials there will be, repeats counted; None without an end."""
        ends = [] if self.run_cap is None else [self.run_cap]
        if self.sampler == "grid":
            ends.append(Grid(self.space).count * self.repeats)
        return min(ends) if ends else None
